/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/attributes.h"
#include "common/bytes.h"
#include "common/digest.h"
#include "common/error.h"
#include "tpm/algorithm.h"

/* TPMA_OBJECT. */
#define TPM_OBJECT_FIXED_TPM             0x00000002u
#define TPM_OBJECT_FIXED_PARENT          0x00000010u
#define TPM_OBJECT_SENSITIVE_DATA_ORIGIN 0x00000020u
#define TPM_OBJECT_RESTRICTED            0x00010000u
#define TPM_OBJECT_DECRYPT               0x00020000u
#define TPM_OBJECT_SIGN                  0x00040000u

#define TPM_RH_ENDORSEMENT 0x4000000bu

/** TPM2B_PUBLIC of an RSA or ECC key. All views point into the bytes it was read from. */
struct tpm_public {
    struct bytes area; /* TPMT_PUBLIC: what the Name is computed over */
    uint16_t type;     /* TPM_ALG_RSA or TPM_ALG_ECC */
    enum digest_alg name_alg;
    uint32_t attributes; /* TPM_OBJECT_* */
    struct bytes policy;
    uint16_t symmetric;      /* TPM_ALG_NULL unless the key protects children */
    uint16_t symmetric_bits; /* 0 with TPM_ALG_NULL */
    uint16_t symmetric_mode; /* 0 with TPM_ALG_NULL */
    uint16_t scheme;         /* TPM_ALG_NULL: each use of the key says one */
    uint16_t scheme_hash;    /* TPM_ALG_ID; 0 where the scheme has none */
    uint16_t rsa_bits;
    uint32_t rsa_exponent; /* never 0 for RSA: the TPM's 0 is read as 65537 */
    struct bytes modulus;  /* big-endian, rsa_bits / 8 bytes */
    uint16_t curve;        /* enum tpm_curve; P-256 or P-384 */
    struct bytes x;        /* big-endian, at most the size of the field */
    struct bytes y;
};

/**
 * Read a TPM2B_PUBLIC (TPM 2.0 Part 2, 12.2.5), which must fill in exactly.
 *
 * Keys we could not use are refused by name: other types and curves, RSA outside 2048 to 4096 bits.
 * Whether the point is on the curve is seen when the key is built (tpm_ak_read()).
 *
 * @param err  ERROR_TRUNCATED, ERROR_MALFORMED, ERROR_UNSUPPORTED, ERROR_LIMIT
 */
MUST_USE bool tpm_public_read(struct bytes in, struct tpm_public *out, struct error *err);

/** The Name of an object, or a qualified name: an algorithm and a digest. len 0 is no name. */
struct tpm_name {
    uint8_t data[2 + DIGEST_SIZE_MAX];
    size_t len;
};

static inline struct bytes tpm_name_view(const struct tpm_name *n)
{
    return (struct bytes){ n->data, n->len };
}

/** Name = nameAlg || H(TPMT_PUBLIC) (TPM 2.0 Part 1, 16). @param err  ERROR_CRYPTO */
MUST_USE bool tpm_public_name(struct hasher *h, const struct tpm_public *p, struct tpm_name *out,
        struct error *err);

/**
 * Qualified name of an AK whose parent is a primary key of the endorsement hierarchy, normally the
 * EK: what a TPM writes into qualifiedSigner (TPM 2.0 Part 1, 26.5).
 *
 * @param err  ERROR_CRYPTO
 */
MUST_USE bool tpm_qualified_name(struct hasher *h, const struct tpm_public *ek,
        const struct tpm_public *ak, struct tpm_name *out, struct error *err);
