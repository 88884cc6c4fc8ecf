/* SPDX-License-Identifier: BSD-3-Clause */
#include "common/digest.h"

static const struct {
    const char *name;
    const char *openssl_name;
    uint16_t tpm_id;
    uint8_t size;
} algs[DIGEST_ALG_COUNT] = {
    [DIGEST_SHA1] = { "sha1", "SHA1", 0x0004, 20 },
    [DIGEST_SHA256] = { "sha256", "SHA256", 0x000b, 32 },
    [DIGEST_SHA384] = { "sha384", "SHA384", 0x000c, 48 },
    [DIGEST_SHA512] = { "sha512", "SHA512", 0x000d, 64 },
    [DIGEST_SM3_256] = { "sm3_256", "SM3", 0x0012, 32 },
};

size_t digest_size(enum digest_alg alg)
{
    return algs[alg].size;
}

const char *digest_name(enum digest_alg alg)
{
    return algs[alg].name;
}

uint16_t digest_tpm_id(enum digest_alg alg)
{
    return algs[alg].tpm_id;
}

bool digest_from_tpm_id(uint16_t id, enum digest_alg *out)
{
    for (size_t i = 0; i < DIGEST_ALG_COUNT; i++) {
        if (algs[i].tpm_id == id) {
            *out = (enum digest_alg)i;
            return true;
        }
    }
    return false;
}

bool digest_from_name(struct bytes name, enum digest_alg *out)
{
    if (bytes_equal_text(name, "sm3")) {
        *out = DIGEST_SM3_256;
        return true;
    }
    for (size_t i = 0; i < DIGEST_ALG_COUNT; i++) {
        if (bytes_equal_text(name, algs[i].name)) {
            *out = (enum digest_alg)i;
            return true;
        }
    }
    return false;
}

bool hasher_init(struct hasher *out, struct error *err)
{
    struct hasher h CLEANUP(hasher_clear) = { 0 };

    for (size_t i = 0; i < DIGEST_ALG_COUNT; i++) {
        h.md[i] = EVP_MD_fetch(NULL, algs[i].openssl_name, NULL);
        if (h.md[i] == NULL) {
            if (i == DIGEST_SM3_256) {
                continue;
            }
            return error_set(err, ERROR_CRYPTO, "libcrypto offers no %s", algs[i].openssl_name);
        }
        h.ctx[i] = EVP_MD_CTX_new();
        h.fresh[i] = EVP_MD_CTX_new();
        if (h.ctx[i] == NULL || h.fresh[i] == NULL) {
            return error_set(err, ERROR_NOMEM, "hash context");
        }
        /* Started once: a copy of it costs less than starting anew. */
        if (EVP_DigestInit_ex2(h.fresh[i], h.md[i], NULL) != 1) {
            return error_set(err, ERROR_CRYPTO, "cannot start %s", algs[i].openssl_name);
        }
    }
    *out = h;
    h = (struct hasher){ 0 };
    return true;
}

void hasher_clear(struct hasher *h)
{
    for (size_t i = 0; i < DIGEST_ALG_COUNT; i++) {
        EVP_MD_CTX_free(h->ctx[i]);
        EVP_MD_CTX_free(h->fresh[i]);
        EVP_MD_free(h->md[i]);
    }
    *h = (struct hasher){ 0 };
}

bool hasher_has(const struct hasher *h, enum digest_alg alg)
{
    return h->ctx[alg] != NULL;
}

static bool hash_failed(enum digest_alg alg, struct error *err)
{
    return error_set(err, ERROR_CRYPTO, "libcrypto could not compute %s", algs[alg].name);
}

bool hasher_begin(struct hasher *h, enum digest_alg alg, struct error *err)
{
    if (h->ctx[alg] == NULL || EVP_MD_CTX_copy_ex(h->ctx[alg], h->fresh[alg]) != 1) {
        return hash_failed(alg, err);
    }
    return true;
}

bool hasher_update(struct hasher *h, enum digest_alg alg, struct bytes in, struct error *err)
{
    if (EVP_DigestUpdate(h->ctx[alg], in.ptr, in.len) != 1) {
        return hash_failed(alg, err);
    }
    return true;
}

bool hasher_finish(struct hasher *h, enum digest_alg alg, uint8_t *out, struct error *err)
{
    if (EVP_DigestFinal_ex(h->ctx[alg], out, NULL) != 1) {
        return hash_failed(alg, err);
    }
    return true;
}

bool hasher_digest(struct hasher *h, enum digest_alg alg, struct bytes in, uint8_t *out,
        struct error *err)
{
    return hasher_begin(h, alg, err) && hasher_update(h, alg, in, err) &&
            hasher_finish(h, alg, out, err);
}

bool hasher_digest2(struct hasher *h, enum digest_alg alg, struct bytes a, struct bytes b,
        uint8_t *out, struct error *err)
{
    return hasher_begin(h, alg, err) && hasher_update(h, alg, a, err) &&
            hasher_update(h, alg, b, err) && hasher_finish(h, alg, out, err);
}
