/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "protocol/coap_address.h"

/*
 * How much each peer address may ask for: a token bucket per address in a table of fixed size, so
 * that a peer costs no memory.
 */

/* What requests cost. A quote keeps the TPM busy, a piece of a log does not: a verifier that
 * fetches a long list may ask for many in a row. */
#define COAP_RATE_COST_QUOTE 32u
#define COAP_RATE_COST_CHUNK 1u

/* Seconds of rest that are saved up. */
#define COAP_RATE_BURST_SECONDS 10u

#define COAP_RATE_BUCKETS 256

struct coap_rate_bucket {
    struct coap_address_key key;
    bool used;
    uint64_t level;   /* thousandths of a unit of cost */
    uint64_t last_ms; /* when level was right */
};

struct coap_rate {
    unsigned int per_second; /* quotes */
    struct coap_rate_bucket bucket[COAP_RATE_BUCKETS];
};

/**
 * Take cost from the bucket of key.
 *
 * @param now_ms  of a clock that only goes forward
 * @return 0 when it is granted, else the seconds after which it would be
 */
unsigned int coap_rate_take(struct coap_rate *r, const struct coap_address_key *key,
        unsigned int cost, uint64_t now_ms);
