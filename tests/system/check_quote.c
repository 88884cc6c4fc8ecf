/* SPDX-License-Identifier: BSD-3-Clause */
/* A quote that another program took: check_quote AK QUOTE SIGNATURE NONCE [SCHEME]. */
#include <stdio.h>
#include <stdlib.h>

#include "host/file.h"
#include "tpm/ak.h"
#include "tpm/quote.h"

struct input {
    struct buffer key;
    struct buffer quote;
    struct buffer signature;
};

static void input_clear(struct input *in)
{
    buffer_clear(&in->key);
    buffer_clear(&in->quote);
    buffer_clear(&in->signature);
}

static bool check(char *argv[], const struct tpm_scheme *scheme, struct error *err)
{
    struct input in CLEANUP(input_clear) = { 0 };
    struct hasher h CLEANUP(hasher_clear) = { 0 };
    struct tpm_ak ak CLEANUP(tpm_ak_clear) = { 0 };
    struct tpm_signature sig;
    struct tpm_attest a;
    uint8_t nonce[64];
    size_t nonce_len;

    return file_read(argv[1], 1 << 16, &in.key, err) &&
            file_read(argv[2], 1 << 16, &in.quote, err) &&
            file_read(argv[3], 1 << 16, &in.signature, err) && hasher_init(&h, err) &&
            tpm_ak_read(&h, buffer_view(&in.key), scheme, &ak, err) &&
            tpm_attest_read(buffer_view(&in.quote), &a, err) &&
            tpm_signature_read(buffer_view(&in.signature), &sig, err) && tpm_check_magic(&a, err) &&
            tpm_check_type(&a, err) &&
            tpm_check_signature(&ak, &h, buffer_view(&in.quote), &sig, err) &&
            (!ak.has_public || tpm_check_attributes(&ak, err)) &&
            bytes_from_hex(bytes_of_text(argv[4]), nonce, sizeof(nonce), &nonce_len) &&
            tpm_check_nonce(&a, (struct bytes){ nonce, nonce_len }, err);
}

int main(int argc, char *argv[])
{
    struct tpm_scheme scheme;
    struct error err = { 0 };

    if (argc < 5 || argc > 6 || (argc == 6 && !tpm_scheme_from_text(argv[5], &scheme, &err)) ||
            !check(argv, argc == 6 ? &scheme : NULL, &err)) {
        fprintf(stderr, "check_quote: %s\n", err.text);
        return EXIT_FAILURE;
    }
    return EXIT_SUCCESS;
}
