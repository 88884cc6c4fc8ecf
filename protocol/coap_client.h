/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/attributes.h"
#include "common/bytes.h"
#include "common/error.h"
#include "protocol/uri.h"

/*
 * The verifier's side of CoAP (RFC 7252, 8132, 8323, 7959, 9175): ask an agent, get its answer.
 *
 * Blocks are asked for and put together here, not by libcoap, which believes the size that the peer
 * states. Everything that arrives is bounded; nothing is allocated by what a length claims.
 */

struct coap_client; /* on the heap; one peer; not thread-safe */

struct coap_client_options {
    unsigned int timeout_ms; /* without progress; 0: 30 seconds */
    /* Called while an answer arrives, at most a few times a second; NULL: not. */
    void (*progress)(void *ctx, uint64_t bytes_received);
    void *ctx;
    /* Asked now and then while waiting; true ends the wait with ERROR_NO_ANSWER. NULL: never. */
    bool (*interrupted)(void *ctx);
};

/** Prepare to talk to uri. Nothing is sent yet: a peer that is not there shows in the first ask.
 * @param err  ERROR_NOMEM, ERROR_IO, ERROR_NO_ANSWER (host name that does not resolve) */
MUST_USE bool coap_client_new(const struct uri *uri, const struct coap_client_options *options,
        struct coap_client **out, struct error *err);
void coap_client_free(struct coap_client *c);

/** Bytes of log that one request should ask for: as much as suits the transport. */
size_t coap_client_chunk(const struct coap_client *c);

/**
 * Send FETCH attest with a request message and wait for the whole answer.
 *
 * UDP retransmits and survives loss, duplicates and reordering; a closed TCP connection is opened
 * again, once per ask. Echo (RFC 9175) and 4.29 with Max-Age are honoured within the time limit.
 *
 * @param max     bytes the answer may have
 * @param answer  valid until the next call
 * @param err     ERROR_NO_ANSWER: silence, unreachable, or an error answer, whose title and detail
 *                (RFC 9290) are shown escaped; ERROR_LIMIT, ERROR_MALFORMED: an answer that breaks
 *                the rules; ERROR_NOMEM, ERROR_IO: ours
 */
MUST_USE bool coap_client_ask(struct coap_client *c, struct bytes request, size_t max,
        struct bytes *answer, struct error *err);
