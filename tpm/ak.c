/* SPDX-License-Identifier: BSD-3-Clause */
#include "tpm/ak.h"

#include <inttypes.h>
#include <limits.h>
#include <string.h>

#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/param_build.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

#define RSA_BITS_MIN 2048
#define RSA_BITS_MAX 4096
/* Longest coordinate we accept: P-384. */
#define FIELD_MAX 48

/* One OpenSSL object each, freed where its scope ends. */
static void free_bn(BIGNUM **p)
{
    BN_free(*p);
}

static void free_bld(OSSL_PARAM_BLD **p)
{
    OSSL_PARAM_BLD_free(*p);
}

static void free_params(OSSL_PARAM **p)
{
    OSSL_PARAM_free(*p);
}

static void free_ctx(EVP_PKEY_CTX **p)
{
    EVP_PKEY_CTX_free(*p);
}

static void free_bio(BIO **p)
{
    (void)BIO_free(*p);
}

static void free_x509(X509 **p)
{
    X509_free(*p);
}

static void free_sig(ECDSA_SIG **p)
{
    ECDSA_SIG_free(*p);
}

static void free_openssl(void *p)
{
    OPENSSL_free(*(void **)p);
}

void tpm_ak_clear(struct tpm_ak *ak)
{
    EVP_PKEY_CTX_free(ak->verify);
    EVP_PKEY_free(ak->key);
    *ak = (struct tpm_ak){ 0 };
}

/* OpenSSL's own words would be of no help to the operator, and its queue must not grow. */
static bool failed(enum error_code code, const char *what, struct error *err)
{
    ERR_clear_error();
    return error_set(err, code, "%s", what);
}

static bool key_from_params(const char *type, OSSL_PARAM *params, EVP_PKEY **out, struct error *err)
{
    EVP_PKEY_CTX *ctx CLEANUP(free_ctx) = EVP_PKEY_CTX_new_from_name(NULL, type, NULL);

    if (ctx == NULL || EVP_PKEY_fromdata_init(ctx) != 1) {
        return failed(ERROR_CRYPTO, "libcrypto cannot build a public key", err);
    }
    if (EVP_PKEY_fromdata(ctx, out, EVP_PKEY_PUBLIC_KEY, params) != 1) {
        return failed(ERROR_MALFORMED,
                "the public key is no valid one (a point that is not on its curve?)", err);
    }
    return true;
}

static bool key_from_rsa(const struct tpm_public *p, EVP_PKEY **out, struct error *err)
{
    BIGNUM *n CLEANUP(free_bn) = BN_bin2bn(p->modulus.ptr, (int)p->modulus.len, NULL);
    OSSL_PARAM_BLD *bld CLEANUP(free_bld) = OSSL_PARAM_BLD_new();
    OSSL_PARAM *params CLEANUP(free_params) = NULL;

    if (n == NULL || bld == NULL || OSSL_PARAM_BLD_push_BN(bld, OSSL_PKEY_PARAM_RSA_N, n) != 1 ||
            OSSL_PARAM_BLD_push_uint32(bld, OSSL_PKEY_PARAM_RSA_E, p->rsa_exponent) != 1 ||
            (params = OSSL_PARAM_BLD_to_param(bld)) == NULL) {
        return failed(ERROR_NOMEM, "RSA key", err);
    }
    return key_from_params("RSA", params, out, err);
}

static bool key_from_ecc(const struct tpm_public *p, EVP_PKEY **out, struct error *err)
{
    bool p256 = p->curve == TPM_CURVE_P256;
    char group[] = "P-384";
    size_t field = p256 ? 32 : FIELD_MAX;
    uint8_t point[1 + 2 * FIELD_MAX] = { POINT_CONVERSION_UNCOMPRESSED };
    OSSL_PARAM params[3];

    /* Coordinates may have lost their leading zeros: right-align them. */
    memcpy(point + 1 + field - p->x.len, p->x.ptr, p->x.len);
    memcpy(point + 1 + 2 * field - p->y.len, p->y.ptr, p->y.len);
    if (p256) {
        memcpy(group, "P-256", sizeof(group));
    }
    params[0] = OSSL_PARAM_construct_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, group, 0);
    params[1] = OSSL_PARAM_construct_octet_string(OSSL_PKEY_PARAM_PUB_KEY, point, 1 + 2 * field);
    params[2] = OSSL_PARAM_construct_end();
    return key_from_params("EC", params, out, err);
}

static bool scheme_fits(const struct tpm_scheme *scheme, bool rsa)
{
    return rsa ? scheme->alg == TPM_ALG_RSASSA || scheme->alg == TPM_ALG_RSAPSS
               : scheme->alg == TPM_ALG_ECDSA;
}

/* The hashes we accept in a signature: SHA-256 or better. */
static bool strong_hash(uint16_t id, enum digest_alg *out)
{
    return digest_from_tpm_id(id, out) &&
            (*out == DIGEST_SHA256 || *out == DIGEST_SHA384 || *out == DIGEST_SHA512);
}

/* Leaves ak->verify NULL when the scheme is one that tpm_check_algorithm() refuses. */
static bool prepare(struct hasher *h, struct tpm_ak *ak, bool rsa, struct error *err)
{
    enum digest_alg hash;

    if (!scheme_fits(&ak->scheme, rsa) || !strong_hash(ak->scheme.hash, &hash)) {
        return true;
    }
    ak->verify = EVP_PKEY_CTX_new_from_pkey(NULL, ak->key, NULL);
    bool ok = ak->verify != NULL && EVP_PKEY_verify_init(ak->verify) == 1;

    if (ok && rsa) {
        ok = EVP_PKEY_CTX_set_rsa_padding(ak->verify,
                     ak->scheme.alg == TPM_ALG_RSAPSS ? RSA_PKCS1_PSS_PADDING
                                                      : RSA_PKCS1_PADDING) == 1;
    }
    ok = ok && EVP_PKEY_CTX_set_signature_md(ak->verify, h->md[hash]) == 1;
    if (ok && ak->scheme.alg == TPM_ALG_RSAPSS) {
        /* Older TPMs take the longest salt that fits, newer ones the digest's length. */
        ok = EVP_PKEY_CTX_set_rsa_pss_saltlen(ak->verify, RSA_PSS_SALTLEN_AUTO) == 1;
    }
    return ok || failed(ERROR_CRYPTO, "libcrypto cannot verify with this key", err);
}

bool tpm_ak_from_public(struct hasher *h, struct bytes in, struct tpm_ak *out, struct error *err)
{
    struct tpm_ak ak CLEANUP(tpm_ak_clear) = { 0 };
    struct tpm_public p;

    if (!tpm_public_read(in, &p, err) || !tpm_public_name(h, &p, &ak.name, err)) {
        return false;
    }
    bool rsa = p.type == TPM_ALG_RSA;

    if (!(rsa ? key_from_rsa(&p, &ak.key, err) : key_from_ecc(&p, &ak.key, err))) {
        return false;
    }
    ak.has_public = true;
    ak.attributes = p.attributes;
    ak.name_alg = p.name_alg;
    ak.scheme = (struct tpm_scheme){ p.scheme, p.scheme_hash };
    if (!prepare(h, &ak, rsa, err)) {
        return false;
    }
    *out = ak;
    ak = (struct tpm_ak){ 0 };
    return true;
}

static EVP_PKEY *key_of_certificate(const uint8_t **at, long len)
{
    X509 *cert CLEANUP(free_x509) = d2i_X509(NULL, at, len);

    return cert != NULL ? X509_get_pubkey(cert) : NULL;
}

static bool key_from_pem(struct bytes in, EVP_PKEY **out, struct error *err)
{
    BIO *bio CLEANUP(free_bio) = in.len <= INT_MAX ? BIO_new_mem_buf(in.ptr, (int)in.len) : NULL;
    char *name CLEANUP(free_openssl) = NULL;
    char *header CLEANUP(free_openssl) = NULL;
    unsigned char *der CLEANUP(free_openssl) = NULL;
    char shown[64];
    long len;

    if (bio == NULL) {
        return failed(ERROR_NOMEM, "PEM", err);
    }
    if (PEM_read_bio(bio, &name, &header, &der, &len) != 1) {
        return failed(ERROR_MALFORMED, "no complete PEM block", err);
    }
    const uint8_t *at = der;

    if (strcmp(name, PEM_STRING_PUBLIC) == 0) {
        *out = d2i_PUBKEY(NULL, &at, len);
    } else if (strcmp(name, PEM_STRING_X509) == 0) {
        *out = key_of_certificate(&at, len);
    } else {
        return error_set(err, ERROR_UNSUPPORTED,
                "a PEM block \"%s\", want \"PUBLIC KEY\" or \"CERTIFICATE\"",
                bytes_print(shown, sizeof(shown), bytes_of_text(name)));
    }
    if (*out == NULL || at != der + len) {
        return failed(ERROR_MALFORMED, "the PEM block holds no public key we can read", err);
    }
    return true;
}

static bool check_pem_rsa(EVP_PKEY *key, struct error *err)
{
    BIGNUM *e CLEANUP(free_bn) = NULL;
    int bits = EVP_PKEY_get_bits(key);

    if (bits < RSA_BITS_MIN || bits > RSA_BITS_MAX) {
        return error_set(err, ERROR_LIMIT, "RSA key of %d bits, want %d to %d", bits, RSA_BITS_MIN,
                RSA_BITS_MAX);
    }
    if (EVP_PKEY_get_bn_param(key, OSSL_PKEY_PARAM_RSA_E, &e) != 1 || BN_is_odd(e) == 0 ||
            BN_num_bits(e) < 17 || BN_num_bits(e) > 32) {
        ERR_clear_error();
        return error_set(err, ERROR_MALFORMED,
                "RSA exponent that is even, less than 65537 or longer than a TPM's 32 bits");
    }
    return true;
}

static bool check_pem_ec(EVP_PKEY *key, struct error *err)
{
    char group[32] = "";
    int explicit = 0;

    /* A key may bring the parameters of a curve of its own, which would make any point fit. */
    (void)EVP_PKEY_get_int_param(key, OSSL_PKEY_PARAM_EC_DECODED_FROM_EXPLICIT_PARAMS, &explicit);
    if (explicit != 0) {
        return error_set(err, ERROR_UNSUPPORTED, "an EC key with explicit curve parameters");
    }
    if (EVP_PKEY_get_group_name(key, group, sizeof(group), NULL) != 1 ||
            (strcmp(group, SN_X9_62_prime256v1) != 0 && strcmp(group, SN_secp384r1) != 0)) {
        ERR_clear_error();
        return error_set(err, ERROR_UNSUPPORTED, "curve %s, want P-256 or P-384",
                *group != '\0' ? group : "unknown");
    }
    return true;
}

static bool check_pem_key(EVP_PKEY *key, struct error *err)
{
    EVP_PKEY_CTX *ctx CLEANUP(free_ctx) = NULL;
    const char *type = EVP_PKEY_get0_type_name(key);

    if (EVP_PKEY_is_a(key, "RSA")) {
        if (!check_pem_rsa(key, err)) {
            return false;
        }
    } else if (EVP_PKEY_is_a(key, "EC")) {
        if (!check_pem_ec(key, err)) {
            return false;
        }
    } else {
        return error_set(err, ERROR_UNSUPPORTED, "a key of type %s, want RSA or EC",
                type != NULL ? type : "unknown");
    }
    ctx = EVP_PKEY_CTX_new_from_pkey(NULL, key, NULL);
    if (ctx == NULL) {
        return failed(ERROR_NOMEM, "PEM key", err);
    }
    return EVP_PKEY_public_check(ctx) == 1 ||
            failed(ERROR_MALFORMED, "the public key is no valid one", err);
}

bool tpm_ak_from_pem(struct hasher *h, struct bytes in, const struct tpm_scheme *scheme,
        struct tpm_ak *out, struct error *err)
{
    struct tpm_ak ak CLEANUP(tpm_ak_clear) = { 0 };

    if (!key_from_pem(in, &ak.key, err) || !check_pem_key(ak.key, err)) {
        return false;
    }
    bool rsa = EVP_PKEY_is_a(ak.key, "RSA") == 1;

    ak.scheme = scheme != NULL ? *scheme
                               : (struct tpm_scheme){ rsa ? TPM_ALG_RSASSA : TPM_ALG_ECDSA,
                                     digest_tpm_id(DIGEST_SHA256) };
    if (!scheme_fits(&ak.scheme, rsa)) {
        return error_set(err, ERROR_MALFORMED, "scheme %s does not fit a key of type %s",
                tpm_alg_name(ak.scheme.alg), rsa ? "RSA" : "EC");
    }
    if (!prepare(h, &ak, rsa, err)) {
        return false;
    }
    *out = ak;
    ak = (struct tpm_ak){ 0 };
    return true;
}

bool tpm_ak_read(struct hasher *h, struct bytes in, const struct tpm_scheme *scheme,
        struct tpm_ak *out, struct error *err)
{
    static const char begin[] = "-----BEGIN ";
    struct tpm_ak ak CLEANUP(tpm_ak_clear) = { 0 };

    if (in.len > 0 && memmem(in.ptr, in.len, begin, strlen(begin)) != NULL) {
        return tpm_ak_from_pem(h, in, scheme, out, err);
    }
    if (!tpm_ak_from_public(h, in, &ak, err)) {
        return error_wrap(err, "neither PEM nor TPM2B_PUBLIC");
    }
    if (scheme != NULL && (scheme->alg != ak.scheme.alg || scheme->hash != ak.scheme.hash)) {
        return error_set(err, ERROR_MALFORMED, "the key's own scheme is %s:%s, not %s:%s",
                tpm_alg_name(ak.scheme.alg), tpm_alg_name(ak.scheme.hash),
                tpm_alg_name(scheme->alg), tpm_alg_name(scheme->hash));
    }
    *out = ak;
    ak = (struct tpm_ak){ 0 };
    return true;
}

bool tpm_scheme_from_text(const char *text, struct tpm_scheme *out, struct error *err)
{
    static const uint16_t algs[] = { TPM_ALG_RSASSA, TPM_ALG_RSAPSS, TPM_ALG_ECDSA };
    size_t len = strcspn(text, ":");
    const char *hash_name = text[len] == ':' ? text + len + 1 : "sha256";
    struct bytes alg_name = { (const uint8_t *)text, len };
    enum digest_alg hash;
    char shown[64];

    if (digest_from_name(bytes_of_text(hash_name), &hash) &&
            strong_hash(digest_tpm_id(hash), &hash)) {
        for (size_t i = 0; i < ARRAY_LEN(algs); i++) {
            if (bytes_equal_text(alg_name, tpm_alg_name(algs[i]))) {
                *out = (struct tpm_scheme){ algs[i], digest_tpm_id(hash) };
                return true;
            }
        }
    }
    return error_set(err, ERROR_CONFIG,
            "scheme \"%s\", want rsassa, rsapss or ecdsa, and perhaps :sha256, :sha384 or :sha512",
            bytes_print(shown, sizeof(shown), bytes_of_text(text)));
}

bool tpm_check_attributes(const struct tpm_ak *ak, struct error *why)
{
    static const struct {
        uint32_t bit;
        bool want;
        const char *wrong;
    } rules[] = {
        { TPM_OBJECT_RESTRICTED, true, "not restricted" },
        { TPM_OBJECT_SIGN, true, "not for signing" },
        { TPM_OBJECT_DECRYPT, false, "for decryption" },
        { TPM_OBJECT_FIXED_TPM, true, "not bound to one TPM (fixedTPM)" },
        { TPM_OBJECT_FIXED_PARENT, true, "not bound to its parent (fixedParent)" },
        { TPM_OBJECT_SENSITIVE_DATA_ORIGIN, true, "not made in the TPM (sensitiveDataOrigin)" },
    };

    if (!ak->has_public) {
        return error_set(why, ERROR_MALFORMED, "a PEM key says nothing of its attributes");
    }
    for (size_t i = 0; i < ARRAY_LEN(rules); i++) {
        if (((ak->attributes & rules[i].bit) != 0) != rules[i].want) {
            return error_set(why, ERROR_MALFORMED, "the key is %s; its attributes are 0x%08" PRIx32,
                    rules[i].wrong, ak->attributes);
        }
    }
    if (ak->name_alg == DIGEST_SHA1) {
        return error_set(why, ERROR_MALFORMED,
                "the key's Name is a SHA-1, too weak to identify it");
    }
    return true;
}

bool tpm_check_algorithm(const struct tpm_ak *ak, const struct tpm_signature *sig,
        struct error *why)
{
    enum digest_alg hash;

    if (ak->scheme.alg != TPM_ALG_RSASSA && ak->scheme.alg != TPM_ALG_RSAPSS &&
            ak->scheme.alg != TPM_ALG_ECDSA) {
        return error_set(why, ERROR_MALFORMED,
                "the key's scheme is %s, want rsassa, rsapss or ecdsa",
                tpm_alg_name(ak->scheme.alg));
    }
    if (!strong_hash(ak->scheme.hash, &hash)) {
        return error_set(why, ERROR_MALFORMED,
                "the key signs with %s, want sha256, sha384 or sha512",
                tpm_alg_name(ak->scheme.hash));
    }
    if (sig->alg != ak->scheme.alg || sig->hash != ak->scheme.hash) {
        return error_set(why, ERROR_MALFORMED, "the signature is %s:%s, the key's is %s:%s",
                tpm_alg_name(sig->alg), tpm_alg_name(sig->hash), tpm_alg_name(ak->scheme.alg),
                tpm_alg_name(ak->scheme.hash));
    }
    return true;
}

/* OpenSSL takes ECDSA signatures as DER. r and s are integers: leading zeros do not count. */
static bool encode_ecdsa(const struct tpm_signature *sig, unsigned char **out, size_t *out_len)
{
    ECDSA_SIG *pair CLEANUP(free_sig) = ECDSA_SIG_new();
    BIGNUM *r = BN_bin2bn(sig->r.ptr, (int)sig->r.len, NULL);
    BIGNUM *s = BN_bin2bn(sig->s.ptr, (int)sig->s.len, NULL);

    if (pair == NULL || r == NULL || s == NULL || ECDSA_SIG_set0(pair, r, s) != 1) {
        BN_free(r);
        BN_free(s);
        return false;
    }
    int len = i2d_ECDSA_SIG(pair, out);

    *out_len = len > 0 ? (size_t)len : 0;
    return len > 0;
}

bool tpm_check_signature(struct tpm_ak *ak, struct hasher *h, struct bytes attest,
        const struct tpm_signature *sig, struct error *why)
{
    unsigned char *der CLEANUP(free_openssl) = NULL;
    struct bytes raw = sig->rsa;
    uint8_t digest[DIGEST_SIZE_MAX];
    enum digest_alg hash;

    if (!tpm_check_algorithm(ak, sig, why)) {
        return false;
    }
    if (ak->verify == NULL || !strong_hash(ak->scheme.hash, &hash)) {
        return error_set(why, ERROR_MALFORMED, "the key does not fit its scheme");
    }
    if (!hasher_digest(h, hash, attest, digest, why)) {
        return false;
    }
    if (ak->scheme.alg == TPM_ALG_ECDSA) {
        if (!encode_ecdsa(sig, &der, &raw.len)) {
            return failed(ERROR_NOMEM, "ECDSA signature", why);
        }
        raw.ptr = der;
    }
    if (EVP_PKEY_verify(ak->verify, raw.ptr, raw.len, digest, digest_size(hash)) != 1) {
        return failed(ERROR_MALFORMED, "the signature is not the key's over this attest", why);
    }
    return true;
}
