/* SPDX-License-Identifier: BSD-3-Clause */
/* Input: a TPMT_SIGNATURE. Must never crash or read outside it, and never verify. */
#include <stdlib.h>

#include "tpm/ak.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* tests/fixtures/tpm/p256.pem: its private half went with the TPM that made it. */
static const char key[] = "-----BEGIN PUBLIC KEY-----\n"
                          "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE/DmApjYg92hail1EUde/qhbLL7Lm\n"
                          "fWkkD3SDUKVkaQ1O+bWuud5kpWgbbE8b34YqJpcPZHRINSI1MJ0DOTlbDQ==\n"
                          "-----END PUBLIC KEY-----\n";

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct hasher h;
    static struct tpm_ak ak;
    struct tpm_signature sig;
    struct error err = { 0 };

    if (ak.key == NULL &&
            (!hasher_init(&h, &err) || !tpm_ak_read(&h, bytes_of_text(key), NULL, &ak, &err))) {
        abort();
    }
    if (tpm_signature_read((struct bytes){ data, size }, &sig, &err) &&
            tpm_check_signature(&ak, &h, bytes_of_text("not signed"), &sig, &err)) {
        __builtin_trap();
    }
    return 0;
}
