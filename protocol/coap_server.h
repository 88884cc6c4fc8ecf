/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/attributes.h"
#include "common/bytes.h"
#include "common/error.h"
#include "host/buffer.h"
#include "protocol/uri.h"

/*
 * The agent's side of CoAP: one resource, "attest", one method, FETCH (docs/protocol.md).
 *
 * Below the handler: endpoints, .well-known/core, duplicates of a request, Block2 (RFC 7959) cut
 * from the kept answer, separate responses, Echo (RFC 9175) for UDP peers beyond loopback, rate
 * limit by address, problem details (RFC 9290), limits of sessions and memory. Error answers are
 * never longer than the request over UDP unless the peer's address is validated.
 */

struct coap_server;   /* on the heap; not thread-safe */
struct coap_exchange; /* one request that waits for its answer; owned by the server */

/** Why a request gets no content. */
enum coap_refusal {
    COAP_REFUSAL_BAD_REQUEST, /* 4.00 */
    COAP_REFUSAL_UNAVAILABLE, /* 5.03, with Max-Age: ask again */
    COAP_REFUSAL_INTERNAL,    /* 5.00 */
};

struct coap_server_options {
    /**
     * A request message has arrived. Answer it now or later, exactly once, with
     * coap_exchange_answer() or coap_exchange_refuse().
     *
     * @param peer  "[2001:db8::1]:40000", valid during the call
     */
    void (*request)(void *ctx, struct coap_exchange *x, struct bytes payload, const char *peer);
    /** The peer is gone; x must not be used any more and needs no answer. */
    void (*gone)(void *ctx, struct coap_exchange *x);
    void *ctx;
    size_t request_max;      /* longest payload; longer ones are 4.13 */
    unsigned int rate_limit; /* requests a second and peer address; 0: none */
    unsigned int sessions_max;
};

MUST_USE bool coap_server_new(const struct coap_server_options *options, struct coap_server **out,
        struct error *err);
void coap_server_free(struct coap_server *s);

/** Listen on every address that the host of uri has. @param err  ERROR_IO: says which and why */
MUST_USE bool coap_server_listen(struct coap_server *s, const struct uri *uri, struct error *err);

/** The port of the index-th address that is listened on, for a uri with port 0: the kernel chooses
 * one for all addresses of that host. */
uint16_t coap_server_port(const struct coap_server *s, size_t index);

/** Readable when coap_server_process() has something to do, timers included. */
int coap_server_fd(const struct coap_server *s);
/** Do what is to be done, without waiting. @param err  ERROR_IO: the server is of no use any more
 */
MUST_USE bool coap_server_process(struct coap_server *s, struct error *err);

/** How many bytes an answer to x should have at most: what suits its transport. */
size_t coap_exchange_limit(const struct coap_exchange *x);

/** Answer with content (2.05, application/cbor-seq). body is handed over: the server keeps it until
 * the peer has all blocks. x is gone afterwards. */
void coap_exchange_answer(struct coap_exchange *x, struct buffer *body);
/** Answer with an error. title and detail: short texts. x is gone afterwards. */
void coap_exchange_refuse(struct coap_exchange *x, enum coap_refusal why, const char *title,
        const char *detail);
