/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "common/attributes.h"
#include "common/bytes.h"
#include "common/error.h"

/** TPMT_SIGNATURE of an asymmetric key. Views point into the bytes it was read from. */
struct tpm_signature {
    uint16_t alg;     /* TPM_ALG_ID of the scheme */
    uint16_t hash;    /* TPM_ALG_ID */
    struct bytes rsa; /* RSASSA, RSAPSS */
    struct bytes r;   /* the schemes over curves; big-endian, leading zeros or not */
    struct bytes s;
};

/**
 * Read a TPMT_SIGNATURE (TPM 2.0 Part 2, 11.3.4), which must fill in exactly.
 *
 * Schemes we refuse (ECDAA, SM2, EC Schnorr) are read, so that tpm_check_algorithm() can name them.
 *
 * @param err  ERROR_TRUNCATED, ERROR_MALFORMED, ERROR_LIMIT, ERROR_UNSUPPORTED (HMAC and others)
 */
MUST_USE bool tpm_signature_read(struct bytes in, struct tpm_signature *out, struct error *err);
