/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "common/attributes.h"
#include "common/bytes.h"
#include "common/digest.h"
#include "common/error.h"
#include "eventlog/event.h"

/** What the digests say about the data of an event; JSON's null, false and true. */
enum event_proof_state {
    EVENT_UNPROVABLE =
            0,       /* by its type the digest is of something else, or none could be computed */
    EVENT_DISPROVED, /* the digest should be of the data, and is not */
    EVENT_PROVEN,    /* measured is what was extended */
};

struct event_proof {
    enum event_proof_state state;
    /* The part of the data that the digest is of; empty unless proven. For EV_EFI_VARIABLE_BOOT it
     * may be the variable's value alone, and then the name is not proven. */
    struct bytes measured;
};

/**
 * Compare the data of an event with its digests.
 *
 * Proven means that one and the same stretch of the data hashes to every digest the event has in
 * these banks, as far as we can compute it. It does not mean that the type is right: that is never
 * measured, so also look at the register.
 *
 * @param banks  mask over enum digest_alg: digests of other banks count for nothing (a quote that
 *               does not cover a bank says nothing about it)
 * @param err    ERROR_CRYPTO
 */
MUST_USE bool event_proof_check(struct hasher *h, const struct event *e, uint32_t banks,
        struct event_proof *out, struct error *err);
