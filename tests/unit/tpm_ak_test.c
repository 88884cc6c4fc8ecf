/* SPDX-License-Identifier: BSD-3-Clause */
#include <stdlib.h>

#include <openssl/ec.h>
#include <openssl/rsa.h>

#include "common/writer.h"
#include "tests/unit/tpm_fixture.h"
#include "tpm/ak.h"

static struct hasher h;

/* A key, a quote and a signature from files; buffers stay with the case. */
struct quote_case {
    struct tpm_ak ak;
    struct buffer quote;
    struct buffer sig_bytes;
    struct tpm_signature sig;
};

static void quote_case_clear(struct quote_case *c)
{
    tpm_ak_clear(&c->ak);
    buffer_clear(&c->quote);
    buffer_clear(&c->sig_bytes);
}

static bool load(struct quote_case *c, const char *key, const char *scheme, const char *quote,
        const char *sig)
{
    struct buffer key_bytes CLEANUP(buffer_clear) = fixture(key);
    struct tpm_scheme s;
    struct error err = { 0 };

    c->quote = fixture(quote);
    c->sig_bytes = fixture(sig);
    return CHECKF((scheme == NULL || tpm_scheme_from_text(scheme, &s, &err)) &&
                    tpm_ak_read(&h, buffer_view(&key_bytes), scheme != NULL ? &s : NULL, &c->ak,
                            &err) &&
                    tpm_signature_read(buffer_view(&c->sig_bytes), &c->sig, &err),
            "%s", err.text);
}

static bool verifies(struct quote_case *c, struct error *why)
{
    return tpm_check_signature(&c->ak, &h, buffer_view(&c->quote), &c->sig, why);
}

static void a_quote_verifies_with_its_key_in_either_form_again_and_again(void)
{
    static const struct {
        const char *key;
        const char *scheme;
        const char *quote;
        const char *sig;
    } cases[] = {
        { "p256.pub", NULL, "p256.quote", "p256.sig" },
        { "p256.pub", "ecdsa", "p256.quote", "p256.sig" },
        { "p256.pem", NULL, "p256.quote", "p256.sig" },
        { "p384.pub", NULL, "p384.quote", "p384.sig" },
        { "p384.pem", "ecdsa:sha384", "p384.quote", "p384.sig" },
        { "rsassa.pub", NULL, "rsassa.quote", "rsassa.sig" },
        { "rsassa.pem", NULL, "rsassa.quote", "rsassa.sig" },
        { "rsapss.pub", NULL, "rsapss.quote", "rsapss.sig" },
        { "rsapss.pem", "rsapss:sha256", "rsapss.quote", "rsapss.sig" },
        { "p256.pub", NULL, "banks.quote", "banks.sig" },
        { "p256.pub", NULL, "time.attest", "time.sig" },
    };

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct quote_case c CLEANUP(quote_case_clear) = { 0 };
        struct error why = { 0 };

        check_case = cases[i].key;
        if (!load(&c, cases[i].key, cases[i].scheme, cases[i].quote, cases[i].sig)) {
            continue;
        }
        for (int again = 0; again < 3; again++) {
            CHECKF(verifies(&c, &why), "%s", why.text);
            c.quote.data[c.quote.len - 1] ^= 1;
            CHECK(!verifies(&c, &why));
            CHECK_UINT(why.code, ERROR_MALFORMED);
            c.quote.data[c.quote.len - 1] ^= 1;
        }
        CHECK(c.ak.has_public == (strstr(cases[i].key, ".pub") != NULL));
        CHECK(tpm_check_attributes(&c.ak, &why) == c.ak.has_public);
        CHECK_UINT(c.ak.name.len, c.ak.has_public ? 34 : 0);
    }
    check_case = "";
}

static void no_bit_of_quote_or_signature_may_change(void)
{
    static const char *const names[] = { "p256", "rsapss" };

    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        struct quote_case c CLEANUP(quote_case_clear) = { 0 };
        struct error why = { 0 };
        char key[32];
        char quote[32];
        char sig[32];

        (void)snprintf(key, sizeof(key), "%s.pub", names[i]);
        (void)snprintf(quote, sizeof(quote), "%s.quote", names[i]);
        (void)snprintf(sig, sizeof(sig), "%s.sig", names[i]);
        if (!load(&c, key, NULL, quote, sig)) {
            continue;
        }
        for (size_t bit = 0; bit < c.quote.len * 8; bit++) {
            c.quote.data[bit / 8] ^= (uint8_t)(1u << bit % 8);
            CHECKF(!verifies(&c, &why), "quote bit %zu", bit);
            c.quote.data[bit / 8] ^= (uint8_t)(1u << bit % 8);
        }
        for (size_t bit = 0; bit < c.sig_bytes.len * 8; bit++) {
            c.sig_bytes.data[bit / 8] ^= (uint8_t)(1u << bit % 8);
            CHECKF(!(tpm_signature_read(buffer_view(&c.sig_bytes), &c.sig, &why) &&
                           verifies(&c, &why)),
                    "signature bit %zu", bit);
            c.sig_bytes.data[bit / 8] ^= (uint8_t)(1u << bit % 8);
        }
    }
}

/* R10: the enrolled key says how it signs, not the message. */
static void r10_another_algorithm_than_the_key_s_is_refused_by_name(void)
{
    static const struct {
        const char *name;
        const char *key;
        const char *scheme;
        const char *quote;
        const char *sig;
        uint16_t alg;  /* what the message claims; 0: as it is */
        uint16_t hash; /* likewise */
        const char *says;
    } cases[] = {
        { "SHA-1 key", "sha1.pub", NULL, "sha1.quote", "sha1.sig", 0, 0,
                "the key signs with sha1, want sha256, sha384 or sha512" },
        { "SHA-1 signature by an RSA key of no said hash", "rsassa.pem", NULL, "rsassa.quote",
                "rsassa.sig", 0, 0x0004,
                "the signature is rsassa:sha1, the key's is rsassa:sha256" },
        { "hash the key does not use", "p256.pub", NULL, "p256.quote", "p256.sig", 0, 0x000c,
                "the signature is ecdsa:sha384, the key's is ecdsa:sha256" },
        { "PSS for RSASSA", "rsassa.pub", NULL, "rsapss.quote", "rsapss.sig", 0, 0,
                "the signature is rsapss:sha256, the key's is rsassa:sha256" },
        { "RSASSA for PSS", "rsapss.pem", "rsapss", "rsassa.quote", "rsassa.sig", 0, 0,
                "the signature is rsassa:sha256, the key's is rsapss:sha256" },
        { "SM2", "p256.pub", NULL, "p256.quote", "p256.sig", TPM_ALG_SM2, 0,
                "the signature is sm2:sha256, the key's is ecdsa:sha256" },
        { "ECDAA", "p256.pub", NULL, "p256.quote", "p256.sig", TPM_ALG_ECDAA, 0,
                "the signature is ecdaa:sha256, the key's is ecdsa:sha256" },
        { "ECDAA key", "ecdaa.pub", NULL, "p256.quote", "p256.sig", TPM_ALG_ECDAA, 0,
                "the key's scheme is ecdaa, want rsassa, rsapss or ecdsa" },
        { "key of no scheme", "ek.pub", NULL, "p256.quote", "p256.sig", 0, 0,
                "the key's scheme is null, want rsassa, rsapss or ecdsa" },
        { "RSA signature for an ECC key", "p256.pub", NULL, "rsassa.quote", "rsassa.sig", 0, 0,
                "the signature is rsassa:sha256, the key's is ecdsa:sha256" },
    };

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct quote_case c CLEANUP(quote_case_clear) = { 0 };
        struct error why = { 0 };

        check_case = cases[i].name;
        if (!load(&c, cases[i].key, cases[i].scheme, cases[i].quote, cases[i].sig)) {
            continue;
        }
        c.sig.alg = cases[i].alg != 0 ? cases[i].alg : c.sig.alg;
        c.sig.hash = cases[i].hash != 0 ? cases[i].hash : c.sig.hash;
        CHECK(!tpm_check_algorithm(&c.ak, &c.sig, &why));
        CHECK_TEXT(bytes_of_text(why.text), cases[i].says);
        CHECK(!verifies(&c, &why));
        CHECK_TEXT(bytes_of_text(why.text), cases[i].says);
    }
    check_case = "";
}

static void another_key_does_not_verify(void)
{
    static const struct {
        const char *key;
        const char *quote;
        const char *sig;
    } cases[] = {
        { "free.pub", "p256.quote", "p256.sig" },
        { "p256.pub", "p256.quote", "free.sig" },
        { "p256.pub", "banks.quote", "p256.sig" },
        { "cert.pem", "p256.quote", "p256.sig" },
    };

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct quote_case c CLEANUP(quote_case_clear) = { 0 };
        struct error why = { 0 };

        if (load(&c, cases[i].key, NULL, cases[i].quote, cases[i].sig)) {
            CHECK(!verifies(&c, &why));
            CHECKF(strstr(why.text, "not the key's") != NULL, "%s", why.text);
        }
    }
}

/* The signature is good and the bytes are those of a quote: only the attributes tell. */
static void r16_a_key_that_signs_anything_is_refused(void)
{
    struct quote_case c CLEANUP(quote_case_clear) = { 0 };
    struct error why = { 0 };

    if (load(&c, "free.pub", NULL, "p256.quote", "free.sig")) {
        CHECK(verifies(&c, &why));
        CHECK(!tpm_check_attributes(&c.ak, &why));
        CHECK_TEXT(bytes_of_text(why.text),
                "the key is not restricted; its attributes are 0x00040072");
    }
}

static void r16_each_attribute_counts(void)
{
    static const struct {
        uint32_t flip;
        const char *says;
    } cases[] = {
        { TPM_OBJECT_RESTRICTED, "not restricted" },
        { TPM_OBJECT_SIGN, "not for signing" },
        { TPM_OBJECT_DECRYPT, "for decryption" },
        { TPM_OBJECT_FIXED_TPM, "fixedTPM" },
        { TPM_OBJECT_FIXED_PARENT, "fixedParent" },
        { TPM_OBJECT_SENSITIVE_DATA_ORIGIN, "sensitiveDataOrigin" },
    };

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct buffer in CLEANUP(buffer_clear) = fixture("p256.pub");
        struct tpm_ak ak CLEANUP(tpm_ak_clear) = { 0 };
        struct writer w = writer_init(in.data + 6, 4);
        struct error err = { 0 };

        writer_u32be(&w, 0x00050072 ^ cases[i].flip);
        if (!CHECKF(tpm_ak_from_public(&h, buffer_view(&in), &ak, &err), "%s", err.text)) {
            continue;
        }
        CHECK(!tpm_check_attributes(&ak, &err));
        CHECKF(strstr(err.text, cases[i].says) != NULL, "%s", err.text);
    }
}

static void a_name_of_sha1_is_too_weak(void)
{
    struct buffer in CLEANUP(buffer_clear) = fixture("p256.pub");
    struct tpm_ak ak CLEANUP(tpm_ak_clear) = { 0 };
    struct error err = { 0 };

    in.data[5] = 0x04;
    CHECKF(tpm_ak_from_public(&h, buffer_view(&in), &ak, &err), "%s", err.text);
    CHECK_UINT(ak.name.len, 22);
    CHECK(!tpm_check_attributes(&ak, &err));
}

static void keys_we_cannot_trust_are_refused_by_name(void)
{
    static const struct {
        const char *file;
        const char *scheme;
        enum error_code want;
        const char *says;
    } cases[] = {
        { "p521.pem", NULL, ERROR_UNSUPPORTED, "curve secp521r1, want P-256 or P-384" },
        { "p521.pub", NULL, ERROR_UNSUPPORTED, "curve P-521" },
        { "explicit.pem", NULL, ERROR_UNSUPPORTED, "explicit curve parameters" },
        { "rsa1024.pem", NULL, ERROR_LIMIT, "1024 bits" },
        { "exponent3.pem", NULL, ERROR_MALFORMED, "less than 65537" },
        { "ed25519.pem", NULL, ERROR_UNSUPPORTED, "type ED25519, want RSA or EC" },
        { "rsassa.pem", "ecdsa", ERROR_MALFORMED, "scheme ecdsa does not fit" },
        { "p256.pem", "rsapss", ERROR_MALFORMED, "scheme rsapss does not fit" },
        { "p256.pub", "ecdsa:sha384", ERROR_MALFORMED, "own scheme is ecdsa:sha256" },
        { "p256.quote", NULL, ERROR_TRUNCATED, "neither PEM nor TPM2B_PUBLIC" },
    };

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct buffer in CLEANUP(buffer_clear) = fixture(cases[i].file);
        struct tpm_ak ak CLEANUP(tpm_ak_clear) = { 0 };
        struct tpm_scheme scheme;
        struct error err = { 0 };

        check_case = cases[i].file;
        CHECK(cases[i].scheme == NULL || tpm_scheme_from_text(cases[i].scheme, &scheme, &err));
        CHECK(!tpm_ak_read(&h, buffer_view(&in), cases[i].scheme != NULL ? &scheme : NULL, &ak,
                &err));
        CHECKF(err.code == cases[i].want && strstr(err.text, cases[i].says) != NULL, "%s (%s)",
                err.text, error_code_name(err.code));
        CHECK(ak.key == NULL && ak.verify == NULL);
    }
    check_case = "";
}

static void a_point_off_its_curve_is_refused(void)
{
    struct buffer in CLEANUP(buffer_clear) = fixture("p256.pub");
    struct tpm_ak ak CLEANUP(tpm_ak_clear) = { 0 };
    struct error err = { 0 };

    in.data[in.len - 1] ^= 1;
    CHECK(!tpm_ak_from_public(&h, buffer_view(&in), &ak, &err));
    CHECK_UINT(err.code, ERROR_MALFORMED);
    CHECKF(strstr(err.text, "curve") != NULL, "%s", err.text);
}

static void pem_that_is_no_public_key_is_refused(void)
{
    static const char *const cases[] = {
        "-----BEGIN PUBLIC KEY-----\n",
        "-----BEGIN PUBLIC KEY-----\n-----END PUBLIC KEY-----\n",
        "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n",
        "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n",
        "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
        "-----BEGIN \x1b[31m-----\nAAAA\n-----END \x1b[31m-----\n",
    };

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct tpm_ak ak CLEANUP(tpm_ak_clear) = { 0 };
        struct error err = { 0 };

        CHECKF(!tpm_ak_read(&h, bytes_of_text(cases[i]), NULL, &ak, &err), "%s", cases[i]);
        CHECKF(strchr(err.text, '\x1b') == NULL, "%zu", i);
    }
}

static void schemes_are_read_from_text(void)
{
    static const struct {
        const char *text;
        uint16_t alg; /* 0: refused */
        uint16_t hash;
    } cases[] = {
        { "rsassa", TPM_ALG_RSASSA, 0x000b },
        { "rsapss:sha384", TPM_ALG_RSAPSS, 0x000c },
        { "ecdsa:sha512", TPM_ALG_ECDSA, 0x000d },
        { "ecdsa:sha256", TPM_ALG_ECDSA, 0x000b },
        { "", 0, 0 },
        { "rsa", 0, 0 },
        { "ECDSA", 0, 0 },
        { "ecdsa:", 0, 0 },
        { "ecdsa:sha1", 0, 0 },
        { "ecdsa:sm3_256", 0, 0 },
        { "ecdsa:sha256:", 0, 0 },
        { "ecdaa", 0, 0 },
        { "sm2", 0, 0 },
        { "unknown", 0, 0 },
    };

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct tpm_scheme s = { 0 };
        struct error err = { 0 };

        check_case = cases[i].text;
        CHECK(tpm_scheme_from_text(cases[i].text, &s, &err) == (cases[i].alg != 0));
        CHECK_UINT(s.alg, cases[i].alg);
        CHECK_UINT(s.hash, cases[i].hash);
    }
    check_case = "";
}

/* r and s are integers: how many leading zeros they bring says nothing. */
static void leading_zeros_of_r_and_s_do_not_count(void)
{
    struct quote_case c CLEANUP(quote_case_clear) = { 0 };
    uint8_t r[64] = { 0 };
    struct error why = { 0 };

    if (!load(&c, "p256.pub", NULL, "p256.quote", "p256.sig")) {
        return;
    }
    memcpy(r + 64 - c.sig.r.len, c.sig.r.ptr, c.sig.r.len);
    c.sig.r = (struct bytes){ r, sizeof(r) };
    CHECKF(verifies(&c, &why), "%s", why.text);
    r[0] = 1;
    CHECK(!verifies(&c, &why));
    c.sig.r = (struct bytes){ 0 };
    CHECK(!verifies(&c, &why));
    c.sig.s = (struct bytes){ 0 };
    CHECK(!verifies(&c, &why));
}

/* Some TPMs leave out the leading zeros of a coordinate. */
static void coordinates_that_lost_their_leading_zero_give_the_same_key(void)
{
    struct buffer in CLEANUP(buffer_clear) = fixture("p256.pub");
    uint8_t point[65] = { 0 };
    EVP_PKEY *key = NULL;
    size_t len;

    point[1] = 1;
    while (point[1] != 0) {
        EVP_PKEY_free(key);
        key = EVP_EC_gen("P-256");
        if (!CHECK(key != NULL &&
                    EVP_PKEY_get_octet_string_param(key, "encoded-pub-key", point, sizeof(point),
                            &len) == 1 &&
                    len == sizeof(point))) {
            break;
        }
    }
    for (size_t lost = 0; lost < 2; lost++) {
        struct tpm_ak ak CLEANUP(tpm_ak_clear) = { 0 };
        uint8_t public[90];
        struct writer w = writer_init(public, sizeof(public));
        struct bytes encoded;
        struct error err = { 0 };

        writer_u16be(&w, (uint16_t)(88 - lost));
        writer_bytes(&w, (struct bytes){ in.data + 2, 20 });
        writer_u16be(&w, (uint16_t)(32 - lost));
        writer_bytes(&w, (struct bytes){ point + 1 + lost, 32 - lost });
        writer_u16be(&w, 32);
        writer_bytes(&w, (struct bytes){ point + 33, 32 });
        CHECK(writer_done(&w, &encoded));
        CHECKF(tpm_ak_from_public(&h, encoded, &ak, &err), "%s", err.text);
        CHECK(ak.key != NULL && EVP_PKEY_eq(ak.key, key) == 1);
    }
    EVP_PKEY_free(key);
}

/* Older TPMs take the longest salt that fits, newer ones as long as the digest. */
static void rsapss_salts_of_every_length_verify(void)
{
    static const int lengths[] = { RSA_PSS_SALTLEN_DIGEST, RSA_PSS_SALTLEN_MAX, 0 };
    EVP_PKEY *key = EVP_RSA_gen(2048);
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_pkey(NULL, key, NULL);
    uint8_t public[2 + 280];
    struct writer w = writer_init(public, sizeof(public));
    uint8_t modulus[256];
    BIGNUM *n = NULL;
    struct tpm_ak ak CLEANUP(tpm_ak_clear) = { 0 };
    struct bytes in;
    struct error err = { 0 };

    CHECK(EVP_PKEY_get_bn_param(key, "n", &n) == 1 && BN_bn2binpad(n, modulus, 256) == 256);
    writer_u16be(&w, 280);
    writer_u16be(&w, TPM_ALG_RSA);
    writer_u16be(&w, 0x000b);
    writer_u32be(&w, 0x00050072);
    writer_u16be(&w, 0);
    writer_u16be(&w, TPM_ALG_NULL);
    writer_u16be(&w, TPM_ALG_RSAPSS);
    writer_u16be(&w, 0x000b);
    writer_u16be(&w, 2048);
    writer_u32be(&w, 0);
    writer_u16be(&w, 256);
    writer_bytes(&w, (struct bytes){ modulus, 256 });
    CHECK(writer_done(&w, &in));
    CHECKF(tpm_ak_from_public(&h, in, &ak, &err), "%s", err.text);
    for (size_t i = 0; i < ARRAY_LEN(lengths); i++) {
        uint8_t digest[32];
        uint8_t raw[256];
        size_t len = sizeof(raw);
        struct bytes msg = { fixture_nonce, 32 };

        CHECK(hasher_digest(&h, DIGEST_SHA256, msg, digest, &err));
        CHECK(EVP_PKEY_sign_init(ctx) == 1 &&
                EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_PSS_PADDING) == 1 &&
                EVP_PKEY_CTX_set_signature_md(ctx, EVP_sha256()) == 1 &&
                EVP_PKEY_CTX_set_rsa_pss_saltlen(ctx, lengths[i]) == 1 &&
                EVP_PKEY_sign(ctx, raw, &len, digest, 32) == 1);
        struct tpm_signature sig = { TPM_ALG_RSAPSS, 0x000b, { raw, len }, { 0 }, { 0 } };

        CHECKF(tpm_check_signature(&ak, &h, msg, &sig, &err), "salt %d: %s", lengths[i], err.text);
        sig.rsa.len -= 1;
        CHECK(!tpm_check_signature(&ak, &h, msg, &sig, &err));
    }
    BN_free(n);
    EVP_PKEY_CTX_free(ctx);
    EVP_PKEY_free(key);
}

int main(void)
{
    static const struct test tests[] = {
        { "a quote verifies with its key in either form, again and again",
                a_quote_verifies_with_its_key_in_either_form_again_and_again },
        { "no bit of quote or signature may change", no_bit_of_quote_or_signature_may_change },
        { "R10 another algorithm than the key's is refused by name",
                r10_another_algorithm_than_the_key_s_is_refused_by_name },
        { "another key does not verify", another_key_does_not_verify },
        { "R16 a key that signs anything is refused", r16_a_key_that_signs_anything_is_refused },
        { "R16 each attribute counts", r16_each_attribute_counts },
        { "a Name of SHA-1 is too weak", a_name_of_sha1_is_too_weak },
        { "keys we cannot trust are refused by name", keys_we_cannot_trust_are_refused_by_name },
        { "a point off its curve is refused", a_point_off_its_curve_is_refused },
        { "PEM that is no public key is refused", pem_that_is_no_public_key_is_refused },
        { "schemes are read from text", schemes_are_read_from_text },
        { "leading zeros of r and s do not count", leading_zeros_of_r_and_s_do_not_count },
        { "coordinates that lost their leading zero give the same key",
                coordinates_that_lost_their_leading_zero_give_the_same_key },
        { "RSAPSS salts of every length verify", rsapss_salts_of_every_length_verify },
    };
    struct error err = { 0 };

    if (!hasher_init(&h, &err)) {
        return EXIT_FAILURE;
    }
    int status = run_tests("tpm_ak", tests, ARRAY_LEN(tests));

    hasher_clear(&h);
    return status;
}
