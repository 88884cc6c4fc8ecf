/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Reading a quote and its signature and verifying it with a parsed key. Peer: SHA-256 and
 * EVP_PKEY_verify() with a context that is set up once, OpenSSL's fastest way.
 */
#include <stdio.h>

#include <openssl/evp.h>
#include <openssl/rsa.h>

#include "host/file.h"
#include "tests/bench/sample.h"
#include "tpm/ak.h"
#include "tpm/quote.h"
#include "tpm/signature.h"

#define QUOTE_FILE_MAX 4096
#define DER_ROOM       128

struct work {
    struct buffer quote;
    struct buffer signature;
    struct buffer pem;
    struct hasher hasher;
    struct tpm_ak ak;
    EVP_PKEY_CTX *ctx;
    uint8_t der[DER_ROOM]; /* an ECDSA signature as OpenSSL wants it */
    struct bytes raw;
};

static bool verify_ours(void *ctx, size_t count, struct error *err)
{
    struct work *w = ctx;

    for (size_t i = 0; i < count; i++) {
        struct tpm_attest attest;
        struct tpm_signature signature;

        if (!tpm_attest_read(buffer_view(&w->quote), &attest, err) ||
                !tpm_signature_read(buffer_view(&w->signature), &signature, err) ||
                !tpm_check_signature(&w->ak, &w->hasher, buffer_view(&w->quote), &signature, err)) {
            return false;
        }
    }
    return true;
}

static bool verify_peer(void *ctx, size_t count, struct error *err)
{
    struct work *w = ctx;
    uint8_t digest[DIGEST_SIZE_MAX];

    for (size_t i = 0; i < count; i++) {
        if (!hasher_digest(&w->hasher, DIGEST_SHA256, buffer_view(&w->quote), digest, err)) {
            return false;
        }
        if (EVP_PKEY_verify(w->ctx, w->raw.ptr, w->raw.len, digest, 32) != 1) {
            return error_set(err, ERROR_CRYPTO, "OpenSSL refuses the signature");
        }
    }
    return true;
}

/* r and s of tally-generate have 32 bytes; DER wants no leading zeros and no sign bit. */
static size_t der_integer(uint8_t *dst, struct bytes value)
{
    while (value.len > 1 && value.ptr[0] == 0) {
        value.ptr++;
        value.len--;
    }
    size_t pad = value.ptr[0] >> 7;

    dst[0] = 2;
    dst[1] = (uint8_t)(value.len + pad);
    dst[2] = 0;
    memcpy(dst + 2 + pad, value.ptr, value.len);
    return 2 + pad + value.len;
}

static bool prepare_peer(struct work *w, struct error *err)
{
    struct tpm_signature signature;
    bool rsa = EVP_PKEY_is_a(w->ak.key, "RSA") == 1;

    if (!tpm_signature_read(buffer_view(&w->signature), &signature, err)) {
        return false;
    }
    w->raw = signature.rsa;
    if (!rsa) {
        size_t len = der_integer(w->der + 2, signature.r);

        len += der_integer(w->der + 2 + len, signature.s);
        w->der[0] = 0x30;
        w->der[1] = (uint8_t)len;
        w->raw = (struct bytes){ w->der, 2 + len };
    }
    w->ctx = EVP_PKEY_CTX_new(w->ak.key, NULL);
    if (w->ctx == NULL || EVP_PKEY_verify_init(w->ctx) != 1 ||
            (rsa && EVP_PKEY_CTX_set_rsa_padding(w->ctx, RSA_PKCS1_PADDING) != 1) ||
            EVP_PKEY_CTX_set_signature_md(w->ctx, EVP_sha256()) != 1) {
        return error_set(err, ERROR_CRYPTO, "peer cannot be set up");
    }
    return true;
}

static bool read_part(const char *prefix, const char *suffix, struct buffer *out, struct error *err)
{
    char path[4096];

    (void)snprintf(path, sizeof(path), "%s.%s", prefix, suffix);
    return file_read(path, QUOTE_FILE_MAX, out, err);
}

static bool run(struct work *w, size_t rounds, const char *prefix, struct error *err)
{
    if (!read_part(prefix, "quote", &w->quote, err) ||
            !read_part(prefix, "signature", &w->signature, err) ||
            !read_part(prefix, "pem", &w->pem, err) || !hasher_init(&w->hasher, err) ||
            !tpm_ak_read(&w->hasher, buffer_view(&w->pem), NULL, &w->ak, err) ||
            !prepare_peer(w, err)) {
        return false;
    }
    bool rsa = EVP_PKEY_is_a(w->ak.key, "RSA") == 1;

    return sample_compare(&(struct sample_pair){ rsa ? "RSA-2048" : "ECDSA P-256", verify_ours,
                                  verify_peer, w, 300 },
            rounds, err);
}

bool micro_quote(size_t rounds, char *const args[], struct error *err)
{
    struct work w = { 0 };
    bool done = run(&w, rounds, args[0], err);

    EVP_PKEY_CTX_free(w.ctx);
    tpm_ak_clear(&w.ak);
    hasher_clear(&w.hasher);
    buffer_clear(&w.quote);
    buffer_clear(&w.signature);
    buffer_clear(&w.pem);
    return done;
}
