/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "protocol/coap_client.h"
#include "protocol/coap_server.h"

/*
 * A CoAP server in a thread of its own that does what the request tells it:
 *
 *   answer BYTES           a pattern of so many bytes, at once
 *   slow MILLISECONDS BYTES  the same, later
 *   refuse                 4.00
 *   busy                   5.03
 *   silence                nothing, ever
 */

#define SERVE_SLOW_MAX 16

struct serve_slow {
    struct coap_exchange *exchange;
    uint64_t due_ms;
    size_t len;
};

struct serve {
    struct coap_server *server;
    struct coap_server_options options;
    pthread_t thread;
    int stop;
    atomic_uint requests; /* that have reached the handler */
    atomic_uint gone;
    atomic_bool failed;
    struct serve_slow slow[SERVE_SLOW_MAX];
};

/** Start serving at each uri (a text, ended by NULL). options may be NULL. Prints why it cannot. */
bool serve_start(struct serve *s, const struct coap_server_options *options,
        const char *const *uris);
/** End the thread, then the server. False when the server had failed. */
bool serve_stop(struct serve *s);

/** The byte at this place of an answer. */
uint8_t serve_pattern(size_t at);
/** True when b is an answer of len bytes. */
bool serve_is_answer(struct bytes b, size_t len);

/** A client of the index-th address: uri with the port it has there. */
struct coap_client *serve_client(const struct serve *s, const char *uri, size_t index,
        const struct coap_client_options *options);

uint64_t serve_now(void);
