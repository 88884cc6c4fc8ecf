/* SPDX-License-Identifier: BSD-3-Clause */
/* Input: an AK as TPM2B_PUBLIC or PEM. Must never crash or read outside it. */
#include "tpm/ak.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct hasher h;
    struct tpm_ak ak CLEANUP(tpm_ak_clear) = { 0 };
    struct tpm_signature sig = { TPM_ALG_ECDSA, 0x000b, { 0 }, { data, size > 32 ? 32 : size },
        { data, size > 32 ? 32 : size } };
    struct error err = { 0 };

    if (h.md[DIGEST_SHA256] == NULL && !hasher_init(&h, &err)) {
        return 0;
    }
    if (tpm_ak_read(&h, (struct bytes){ data, size }, NULL, &ak, &err)) {
        (void)!tpm_check_attributes(&ak, &err);
        (void)!tpm_check_signature(&ak, &h, (struct bytes){ data, size }, &sig, &err);
    }
    return 0;
}
