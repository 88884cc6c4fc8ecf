/* SPDX-License-Identifier: BSD-3-Clause */
#include "protocol/coap_rate.h"

#include <string.h>

/* The bucket of key; a new one takes the place of the one that rested longest. */
static struct coap_rate_bucket *find_bucket(struct coap_rate *r, const struct coap_address_key *key,
        uint64_t full, uint64_t now_ms)
{
    struct coap_rate_bucket *oldest = &r->bucket[0];

    for (size_t i = 0; i < COAP_RATE_BUCKETS; i++) {
        struct coap_rate_bucket *b = &r->bucket[i];

        if (b->used && memcmp(&b->key, key, sizeof(*key)) == 0) {
            return b;
        }
        if (!b->used || (oldest->used && b->last_ms < oldest->last_ms)) {
            oldest = b;
        }
    }
    *oldest = (struct coap_rate_bucket){ .key = *key,
        .used = true,
        .level = full,
        .last_ms = now_ms };
    return oldest;
}

unsigned int coap_rate_take(struct coap_rate *r, const struct coap_address_key *key,
        unsigned int cost, uint64_t now_ms)
{
    /* per_second units a second are as many thousandths a millisecond. */
    uint64_t per_ms = (uint64_t)r->per_second * COAP_RATE_COST_QUOTE;
    uint64_t full = per_ms * 1000 * COAP_RATE_BURST_SECONDS;
    uint64_t want = (uint64_t)cost * 1000;

    if (r->per_second == 0) {
        return 0;
    }
    struct coap_rate_bucket *b = find_bucket(r, key, full, now_ms);
    uint64_t rested = (now_ms - b->last_ms) * per_ms;

    b->level = b->level + rested < full ? b->level + rested : full;
    b->last_ms = now_ms;
    if (b->level < want) {
        return (unsigned int)((want - b->level + per_ms * 1000 - 1) / (per_ms * 1000));
    }
    b->level -= want;
    return 0;
}
