/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include <stdbool.h>

#include "common/attributes.h"
#include "common/bytes.h"
#include "common/error.h"
#include "common/pcr.h"

/**
 * Sign a quote over all known values of one bank, as a TPM with a fresh key would: PREFIX.quote
 * (TPMS_ATTEST), PREFIX.signature (TPMT_SIGNATURE), PREFIX.pem (public key).
 *
 * @param kind  "rsa" (2048 bits, RSASSA) or "ecdsa" (P-256); SHA-256 both
 */
MUST_USE bool quote_write(const char *prefix, const char *kind, enum digest_alg bank,
        const struct pcr_values *values, struct bytes nonce, struct error *err);
