/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <openssl/evp.h>

#include "common/attributes.h"
#include "common/bytes.h"
#include "common/error.h"

/**
 * Hash algorithms of TPM banks (TCG Algorithm Registry). The order is the order banks are shown in.
 * Algorithms of file digests inside IMA records are a longer list: ima/algorithm.h.
 */
enum digest_alg {
    DIGEST_SHA1 = 0,
    DIGEST_SHA256,
    DIGEST_SHA384,
    DIGEST_SHA512,
    DIGEST_SM3_256,
    DIGEST_ALG_COUNT,
};

#define DIGEST_SIZE_MAX 64
/* Longest name with its NUL: "sm3_256". */
#define DIGEST_NAME_MAX 8

/** Bytes in a digest. */
size_t digest_size(enum digest_alg alg);

/** tpm2-tools' name of the bank: "sha1", "sha256", "sha384", "sha512", "sm3_256". */
const char *digest_name(enum digest_alg alg);

/** TPM_ALG_ID. */
uint16_t digest_tpm_id(enum digest_alg alg);

/** False for an identifier that is no hash, or none of ours. */
MUST_USE bool digest_from_tpm_id(uint16_t id, enum digest_alg *out);

/** The names of digest_name(), and "sm3"; lower case. */
MUST_USE bool digest_from_name(struct bytes name, enum digest_alg *out);

/**
 * Fetched algorithms and one reused context for each: an implicit fetch costs more than the hash.
 *
 * All zero is a valid empty hasher. Not thread-safe; one per thread.
 */
struct hasher {
    EVP_MD *md[DIGEST_ALG_COUNT];
    EVP_MD_CTX *ctx[DIGEST_ALG_COUNT];
    EVP_MD_CTX
    *fresh[DIGEST_ALG_COUNT]; /* started and never fed: copying it is the fastest start */
};

/**
 * Fetch every algorithm this libcrypto offers. SM3 may be missing: see hasher_has().
 *
 * @param err  ERROR_CRYPTO when a SHA algorithm is missing, ERROR_NOMEM
 */
MUST_USE bool hasher_init(struct hasher *out, struct error *err);

/** Free the contexts; fits CLEANUP(). */
void hasher_clear(struct hasher *h);

bool hasher_has(const struct hasher *h, enum digest_alg alg);

/** out = H(in). @param out  digest_size(alg) bytes; may overlap in */
MUST_USE bool hasher_digest(struct hasher *h, enum digest_alg alg, struct bytes in, uint8_t *out,
        struct error *err);

/** out = H(a || b). @param out  digest_size(alg) bytes; may overlap a or b */
MUST_USE bool hasher_digest2(struct hasher *h, enum digest_alg alg, struct bytes a, struct bytes b,
        uint8_t *out, struct error *err);

/* The same in pieces, for input that is not in one place. One computation per algorithm at a time;
 * begin throws away an unfinished one. */
MUST_USE bool hasher_begin(struct hasher *h, enum digest_alg alg, struct error *err);
MUST_USE bool hasher_update(struct hasher *h, enum digest_alg alg, struct bytes in,
        struct error *err);
MUST_USE bool hasher_finish(struct hasher *h, enum digest_alg alg, uint8_t *out, struct error *err);
