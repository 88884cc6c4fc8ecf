/* SPDX-License-Identifier: BSD-3-Clause */
#include <stdlib.h>

#include "tests/unit/tpm_fixture.h"
#include "tpm/algorithm.h"
#include "tpm/signature.h"

static void signatures_of_both_kinds_are_read(void)
{
    struct buffer ecc CLEANUP(buffer_clear) = fixture("p256.sig");
    struct buffer rsa CLEANUP(buffer_clear) = fixture("rsapss.sig");
    struct tpm_signature sig;
    struct error err = { 0 };

    if (CHECKF(tpm_signature_read(buffer_view(&ecc), &sig, &err), "%s", err.text)) {
        CHECK_UINT(sig.alg, TPM_ALG_ECDSA);
        CHECK_UINT(sig.hash, 0x000b);
        CHECK_UINT(sig.r.len, 32);
        CHECK_UINT(sig.s.len, 32);
    }
    if (CHECKF(tpm_signature_read(buffer_view(&rsa), &sig, &err), "%s", err.text)) {
        CHECK_UINT(sig.alg, TPM_ALG_RSAPSS);
        CHECK_UINT(sig.rsa.len, 256);
    }
}

static void r10_r77_what_is_no_marshalled_signature_is_refused(void)
{
    static const struct {
        const char *name;
        const char *file;
        size_t at;
        const char *with;
        size_t len;
        enum error_code want;
    } cases[] = {
        { "HMAC", "p256.sig", 0, "\0\x05", 2, ERROR_UNSUPPORTED },
        { "no algorithm", "p256.sig", 0, "\0\x10", 2, ERROR_UNSUPPORTED },
        /* The algorithm as a C struct has it in memory on x86. */
        { "R77 host byte order", "p256.sig", 0, "\x18\0\x0b\0", 4, ERROR_UNSUPPORTED },
        { "ECDSA bytes called RSASSA", "p256.sig", 0, "\0\x14", 2, ERROR_MALFORMED },
        { "RSASSA bytes called ECDSA", "rsassa.sig", 0, "\0\x18", 2, ERROR_LIMIT },
        { "r longer than the rest", "p256.sig", 4, "\0\x7f", 2, ERROR_TRUNCATED },
        { "s shorter than its bytes", "p256.sig", 38, "\0\x1f", 2, ERROR_MALFORMED },
        { "RSA number of 64 kB", "rsassa.sig", 4, "\xff\xff", 2, ERROR_TRUNCATED },
    };

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct buffer in CLEANUP(buffer_clear) = fixture(cases[i].file);
        struct tpm_signature sig;
        struct error err = { 0 };

        check_case = cases[i].name;
        if (!CHECK(in.len > cases[i].at + cases[i].len)) {
            continue;
        }
        memcpy(in.data + cases[i].at, cases[i].with, cases[i].len);
        CHECK(!tpm_signature_read(buffer_view(&in), &sig, &err));
        CHECKF(err.code == cases[i].want, "%s (%s)", err.text, error_code_name(err.code));
    }
    check_case = "";
}

static void r11_a_signature_longer_than_it_says_is_refused(void)
{
    struct buffer in CLEANUP(buffer_clear) = fixture("p256.sig");
    uint8_t copy[128] = { 0 };
    struct tpm_signature sig;
    struct error err = { 0 };

    memcpy(copy, in.data, in.len);
    CHECK(!tpm_signature_read((struct bytes){ copy, in.len + 1 }, &sig, &err));
    CHECK_UINT(err.code, ERROR_MALFORMED);
}

static void every_prefix_is_refused_as_truncated(void)
{
    static const char *const files[] = { "p256.sig", "p384.sig", "rsassa.sig" };

    for (size_t i = 0; i < ARRAY_LEN(files); i++) {
        struct buffer in CLEANUP(buffer_clear) = fixture(files[i]);

        for (size_t cut = 0; cut < in.len; cut++) {
            uint8_t *copy = malloc(cut + 1);
            struct tpm_signature sig;
            struct error err = { 0 };

            memcpy(copy, in.data, cut);
            CHECKF(!tpm_signature_read((struct bytes){ copy, cut }, &sig, &err), "%s cut at %zu",
                    files[i], cut);
            CHECKF(err.code == ERROR_TRUNCATED, "%s cut at %zu: %s", files[i], cut, err.text);
            free(copy);
        }
    }
}

int main(void)
{
    static const struct test tests[] = {
        { "signatures of both kinds are read", signatures_of_both_kinds_are_read },
        { "R10 R77 what is no marshalled signature is refused",
                r10_r77_what_is_no_marshalled_signature_is_refused },
        { "R11 a signature longer than it says is refused",
                r11_a_signature_longer_than_it_says_is_refused },
        { "every prefix is refused as truncated", every_prefix_is_refused_as_truncated },
    };

    return run_tests("tpm_signature", tests, ARRAY_LEN(tests));
}
