/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "common/attributes.h"
#include "common/error.h"
#include "protocol/coap_client.h"
#include "protocol/uri.h"
#include "verifier/link.h"

/** An agent behind a URI. Must not be moved. */
struct remote {
    struct link link; /* what rounds and fetches use */

    /* set by remote_init() */
    const char *name; /* the URI as it was given */
    struct uri uri;
    struct coap_client *client; /* NULL: there is none, and why says why */
    struct error why;
    bool failed; /* the last question: begin with a new client */
    unsigned int timeout_ms;
    const int64_t *deadline_ms; /* of what goes on, by clock_now_ms(); NULL: none */

    /* progress on a terminal */
    bool draws;
    bool drawn;
    uint64_t received;
    int64_t started_ms;
};

/**
 * Prepare to talk to an agent; nothing is sent.
 *
 * @param timeout_ms   without progress; 0: the client's own
 * @param deadline_ms  where the end of the current round is found; may be NULL
 * @param err          ERROR_CONFIG: the URI
 */
MUST_USE bool remote_init(struct remote *out, const char *uri, unsigned int timeout_ms,
        const int64_t *deadline_ms, struct error *err);

/** To be called before the first question of a transfer. On a terminal, bytes and rate are shown
 * while it takes long. */
void remote_begin(struct remote *r);
/** After the last one: what was drawn is erased. */
void remote_end(struct remote *r);

void remote_clear(struct remote *r);
