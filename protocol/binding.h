/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "common/attributes.h"
#include "common/bytes.h"
#include "common/digest.h"
#include "common/error.h"

#define BINDING_SIZE 32

/** What the quote's qualifyingData ties together. */
struct binding {
    struct bytes challenge; /* MESSAGE_CHALLENGE_MIN to _MAX bytes */
    struct bytes ak_name;   /* TPM2B_NAME without its size */
    struct bytes verifier;  /* certificate name or PSK identity; empty on plain CoAP and in files */
    struct bytes channel;   /* from the (D)TLS session; empty likewise */
    struct bytes host_claims; /* as in the evidence message; may be empty */
};

/**
 * SHA-256 over the deterministic CBOR array of docs/protocol.cddl, "binding".
 *
 * @param err  ERROR_LIMIT for the length of the challenge, ERROR_CRYPTO
 */
MUST_USE bool binding_digest(struct hasher *h, const struct binding *b, uint8_t out[BINDING_SIZE],
        struct error *err);
