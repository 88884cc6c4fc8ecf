/* SPDX-License-Identifier: BSD-3-Clause */
#include <stdlib.h>

#include "tests/unit/tpm_fixture.h"
#include "tpm/public.h"
#include "tpm/quote.h"

static struct hasher h;

static void an_ecc_key_is_read_and_has_the_tpm_s_own_name(void)
{
    struct buffer in CLEANUP(buffer_clear) = fixture("p256.pub");
    struct buffer want CLEANUP(buffer_clear) = fixture("p256.name");
    struct tpm_public p;
    struct tpm_name name;
    struct error err = { 0 };

    if (!CHECKF(tpm_public_read(buffer_view(&in), &p, &err), "%s", err.text)) {
        return;
    }
    CHECK_UINT(p.type, TPM_ALG_ECC);
    CHECK_UINT(p.name_alg, DIGEST_SHA256);
    CHECK_UINT(p.attributes, 0x00050072);
    CHECK_UINT(p.symmetric, TPM_ALG_NULL);
    CHECK_UINT(p.scheme, TPM_ALG_ECDSA);
    CHECK_UINT(p.scheme_hash, 0x000b);
    CHECK_UINT(p.curve, TPM_CURVE_P256);
    CHECK_UINT(p.x.len, 32);
    CHECK(tpm_public_name(&h, &p, &name, &err));
    CHECK(bytes_equal(tpm_name_view(&name), buffer_view(&want)));
}

static void an_rsa_key_has_exponent_65537_where_the_tpm_says_0(void)
{
    struct buffer in CLEANUP(buffer_clear) = fixture("rsassa.pub");
    struct tpm_public p;
    struct error err = { 0 };

    if (!CHECKF(tpm_public_read(buffer_view(&in), &p, &err), "%s", err.text)) {
        return;
    }
    CHECK_UINT(p.type, TPM_ALG_RSA);
    CHECK_UINT(p.scheme, TPM_ALG_RSASSA);
    CHECK_UINT(p.rsa_bits, 2048);
    CHECK_UINT(p.rsa_exponent, 65537);
    CHECK_UINT(p.modulus.len, 256);
}

static void an_endorsement_key_is_read_with_its_symmetric_part(void)
{
    struct buffer in CLEANUP(buffer_clear) = fixture("ek.pub");
    struct tpm_public p;
    struct error err = { 0 };

    if (!CHECKF(tpm_public_read(buffer_view(&in), &p, &err), "%s", err.text)) {
        return;
    }
    CHECK_UINT(p.symmetric, TPM_ALG_AES);
    CHECK_UINT(p.symmetric_bits, 128);
    CHECK_UINT(p.symmetric_mode, 0x43);
    CHECK_UINT(p.scheme, TPM_ALG_NULL);
    CHECK_UINT(p.policy.len, 32);
}

/* R12: every quote of these keys names the AK by the chain endorsement hierarchy, EK, AK. */
static void r12_the_qualified_name_is_what_the_tpm_signed(void)
{
    static const char *const keys[] = { "p256", "p384", "rsassa", "rsapss" };
    struct buffer ek_in CLEANUP(buffer_clear) = fixture("ek.pub");
    struct tpm_public ek;
    struct error err = { 0 };

    if (!CHECK(tpm_public_read(buffer_view(&ek_in), &ek, &err))) {
        return;
    }
    for (size_t i = 0; i < ARRAY_LEN(keys); i++) {
        char file[32];
        struct tpm_public ak;
        struct tpm_name qualified;
        struct tpm_name name;
        struct tpm_attest a;

        check_case = keys[i];
        (void)snprintf(file, sizeof(file), "%s.pub", keys[i]);
        struct buffer ak_in CLEANUP(buffer_clear) = fixture(file);
        (void)snprintf(file, sizeof(file), "%s.quote", keys[i]);
        struct buffer quote CLEANUP(buffer_clear) = fixture(file);

        if (!CHECK(tpm_public_read(buffer_view(&ak_in), &ak, &err) &&
                    tpm_attest_read(buffer_view(&quote), &a, &err) &&
                    tpm_public_name(&h, &ak, &name, &err) &&
                    tpm_qualified_name(&h, &ek, &ak, &qualified, &err))) {
            continue;
        }
        CHECKF(tpm_check_signer(&a, tpm_name_view(&qualified), &err), "%s", err.text);
        CHECK(!tpm_check_signer(&a, tpm_name_view(&name), &err));
        CHECK(!tpm_check_signer(&a, (struct bytes){ 0 }, &err));
        CHECK(tpm_qualified_name(&h, &ak, &ak, &qualified, &err));
        CHECK(!tpm_check_signer(&a, tpm_name_view(&qualified), &err));
    }
    check_case = "";
}

static void a_key_with_a_wrong_value_is_refused(void)
{
    static const struct {
        const char *name;
        const char *file;
        size_t at;
        const char *with;
        size_t len;
        enum error_code want;
        const char *says;
    } cases[] = {
        { "size larger than the bytes", "p256.pub", 0, "\0\x59", 2, ERROR_TRUNCATED, "" },
        { "size smaller than the bytes", "p256.pub", 0, "\0\x57", 2, ERROR_MALFORMED, "after" },
        { "a key for HMAC", "p256.pub", 2, "\0\x08", 2, ERROR_UNSUPPORTED, "keyedhash (0x0008)" },
        { "a symmetric key", "p256.pub", 2, "\0\x25", 2, ERROR_UNSUPPORTED, "symcipher" },
        { "no name algorithm", "p256.pub", 4, "\0\x10", 2, ERROR_UNSUPPORTED, "null (0x0010)" },
        { "SHA-3 name algorithm", "p256.pub", 4, "\0\x27", 2, ERROR_UNSUPPORTED, "sha3_256" },
        { "policy of one byte", "p256.pub", 10, "\0\1", 2, ERROR_MALFORMED, "authPolicy" },
        { "XOR as symmetric algorithm", "p256.pub", 12, "\0\x0a", 2, ERROR_UNSUPPORTED, "0x000a" },
        { "AES in a signing key eats the scheme", "p256.pub", 12, "\0\x06", 2, ERROR_UNSUPPORTED,
                "scheme" },
        { "HMAC as scheme", "p256.pub", 14, "\0\x05", 2, ERROR_UNSUPPORTED, "scheme" },
        { "curve P-224", "p256.pub", 18, "\0\2", 2, ERROR_UNSUPPORTED, "curve P-224 (0x0002)" },
        { "curve BN P-256", "p256.pub", 18, "\0\x10", 2, ERROR_UNSUPPORTED, "BN-256" },
        { "curve SM2", "p256.pub", 18, "\0\x20", 2, ERROR_UNSUPPORTED, "curve SM2" },
        { "curve P-521", "p521.pub", 0, "", 0, ERROR_UNSUPPORTED, "curve P-521" },
        { "an unknown kdf", "p256.pub", 20, "\x12\x34", 2, ERROR_UNSUPPORTED, "kdf" },
        { "no x", "p256.pub", 22, "\0\0", 2, ERROR_TRUNCATED, "" },
        { "a P-384 point on P-256", "p384.pub", 18, "\0\3", 2, ERROR_MALFORMED, "48 and 48" },
        { "RSA of 1024 bits", "rsassa.pub", 18, "\4\0", 2, ERROR_LIMIT, "1024 bits" },
        { "RSA of 16384 bits", "rsassa.pub", 18, "\x40\0", 2, ERROR_LIMIT, "16384 bits" },
        { "RSA of 2052 bits", "rsassa.pub", 18, "\x08\4", 2, ERROR_LIMIT, "2052 bits" },
        { "RSA of 3072 bits with fewer", "rsassa.pub", 18, "\x0c\0", 2, ERROR_MALFORMED, "3072" },
        { "RSA exponent 1", "rsassa.pub", 20, "\0\0\0\1", 4, ERROR_MALFORMED, "exponent 1" },
        { "RSA exponent 3", "rsassa.pub", 20, "\0\0\0\3", 4, ERROR_MALFORMED, "exponent 3" },
        { "an even RSA exponent", "rsassa.pub", 20, "\0\1\0\2", 4, ERROR_MALFORMED, "65538" },
        { "RSA modulus with a leading zero", "rsassa.pub", 26, "\0", 1, ERROR_MALFORMED, "2048" },
    };

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct buffer in CLEANUP(buffer_clear) = fixture(cases[i].file);
        struct tpm_public p;
        struct error err = { 0 };

        check_case = cases[i].name;
        if (!CHECK(in.len > cases[i].at + cases[i].len)) {
            continue;
        }
        memcpy(in.data + cases[i].at, cases[i].with, cases[i].len);
        CHECK(!tpm_public_read(buffer_view(&in), &p, &err));
        CHECKF(err.code == cases[i].want && strstr(err.text, cases[i].says) != NULL, "%s (%s)",
                err.text, error_code_name(err.code));
    }
    check_case = "";
}

static void every_prefix_is_refused_as_truncated(void)
{
    static const char *const files[] = { "p256.pub", "p384.pub", "rsassa.pub", "rsapss.pub",
        "ek.pub", "ecdaa.pub" };

    for (size_t i = 0; i < ARRAY_LEN(files); i++) {
        struct buffer in CLEANUP(buffer_clear) = fixture(files[i]);

        /* Cut from outside, and once more with the size made to fit, so that the cut is inside. */
        for (size_t cut = 0; cut < in.len; cut++) {
            for (int sized = 0; sized < (cut >= 2 ? 2 : 1); sized++) {
                uint8_t *copy = malloc(cut + 1);
                struct tpm_public p;
                struct error err = { 0 };

                memcpy(copy, in.data, cut);
                if (sized == 1) {
                    copy[0] = (uint8_t)((cut - 2) >> 8);
                    copy[1] = (uint8_t)(cut - 2);
                }
                CHECKF(!tpm_public_read((struct bytes){ copy, cut }, &p, &err), "%s cut at %zu",
                        files[i], cut);
                CHECKF(err.code == ERROR_TRUNCATED, "%s cut at %zu: %s", files[i], cut, err.text);
                free(copy);
            }
        }
    }
}

static void bytes_left_over_inside_the_area_are_refused(void)
{
    struct buffer in CLEANUP(buffer_clear) = fixture("p256.pub");
    uint8_t copy[128] = { 0 };
    struct tpm_public p;
    struct error err = { 0 };

    memcpy(copy, in.data, in.len);
    copy[1] += 1;
    CHECK(!tpm_public_read((struct bytes){ copy, in.len + 1 }, &p, &err));
    CHECK_UINT(err.code, ERROR_MALFORMED);
    CHECKF(strstr(err.text, "inside the public area") != NULL, "%s", err.text);
}

static void a_flipped_bit_never_crashes(void)
{
    static const char *const files[] = { "p256.pub", "rsassa.pub", "ek.pub", "ecdaa.pub" };

    for (size_t i = 0; i < ARRAY_LEN(files); i++) {
        struct buffer in CLEANUP(buffer_clear) = fixture(files[i]);

        for (size_t bit = 0; bit < in.len * 8; bit++) {
            struct tpm_public p;
            struct tpm_name name;
            struct error err = { 0 };

            in.data[bit / 8] ^= (uint8_t)(1u << bit % 8);
            if (tpm_public_read(buffer_view(&in), &p, &err)) {
                (void)!tpm_public_name(&h, &p, &name, &err);
            }
            in.data[bit / 8] ^= (uint8_t)(1u << bit % 8);
        }
    }
}

/* Sizes that add up, so that only the size of one coordinate is wrong. */
static void a_coordinate_longer_than_the_field_is_refused(void)
{
    static const size_t lengths[][2] = { { 33, 31 }, { 31, 33 }, { 64, 0 }, { 0, 64 } };

    for (size_t i = 0; i < ARRAY_LEN(lengths); i++) {
        struct buffer in CLEANUP(buffer_clear) = fixture("p256.pub");
        struct tpm_public p;
        struct error err = { 0 };

        if (CHECK_UINT(in.len, 90)) {
            in.data[23] = (uint8_t)lengths[i][0];
            in.data[24 + lengths[i][0]] = 0;
            in.data[25 + lengths[i][0]] = (uint8_t)lengths[i][1];
            CHECK(!tpm_public_read(buffer_view(&in), &p, &err));
            CHECKF(err.code == ERROR_MALFORMED, "%s", err.text);
        }
    }
}

int main(void)
{
    static const struct test tests[] = {
        { "a flipped bit never crashes", a_flipped_bit_never_crashes },
        { "a coordinate longer than the field is refused",
                a_coordinate_longer_than_the_field_is_refused },
        { "an ECC key is read and has the TPM's own Name",
                an_ecc_key_is_read_and_has_the_tpm_s_own_name },
        { "an RSA key has exponent 65537 where the TPM says 0",
                an_rsa_key_has_exponent_65537_where_the_tpm_says_0 },
        { "an endorsement key is read with its symmetric part",
                an_endorsement_key_is_read_with_its_symmetric_part },
        { "R12 the qualified name is what the TPM signed",
                r12_the_qualified_name_is_what_the_tpm_signed },
        { "a key with a wrong value is refused", a_key_with_a_wrong_value_is_refused },
        { "every prefix is refused as truncated", every_prefix_is_refused_as_truncated },
        { "bytes left over inside the area are refused",
                bytes_left_over_inside_the_area_are_refused },
    };
    struct error err = { 0 };

    if (!hasher_init(&h, &err)) {
        return EXIT_FAILURE;
    }
    int status = run_tests("tpm_public", tests, ARRAY_LEN(tests));

    hasher_clear(&h);
    return status;
}
