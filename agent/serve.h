/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "agent/attester.h"
#include "agent/logs.h"
#include "common/attributes.h"
#include "common/bytes.h"
#include "common/error.h"
#include "protocol/coap_server.h"

/*
 * Requests to answers: what stands between a coap_server and an attester.
 *
 * A request with a challenge waits its turn at the worker, then the logs are read, after the quote,
 * and the answer goes out; a request for more log bytes is answered at once. Not thread-safe: all
 * of this belongs to the thread of the coap_server.
 */

struct serve; /* on the heap */

struct serve_options {
    struct attester attester; /* called from the worker's thread only */
    size_t queue_max;         /* challenges that wait beside the one in hand; more are refused */
    struct logs *logs;        /* that outlive serve and belong to its thread */
    struct tpm_name ak_name;  /* if it is known already: a change is logged */
};

/** Start the worker. */
MUST_USE bool serve_new(const struct serve_options *options, struct serve **out, struct error *err);

/**
 * End the worker; requests that still wait are not answered. Free the coap_server first.
 *
 * @return false: the attester does not come back, and is still in use (worker_free())
 */
MUST_USE bool serve_free(struct serve *s);

/* For struct coap_server_options; ctx is the struct serve. */
void serve_request(void *ctx, struct coap_exchange *x, struct bytes payload, const char *peer);
void serve_gone(void *ctx, struct coap_exchange *x);

/** Readable when serve_process() has something to do. */
int serve_fd(const struct serve *s);
/** Answer what the worker is done with. */
void serve_process(struct serve *s);

/** Forget all requests: their coap_server is gone. */
void serve_abandon(struct serve *s);

/** Refuse challenges from now on: the end is near. */
void serve_drain(struct serve *s);
/** Requests that wait for their answers. */
size_t serve_waiting(const struct serve *s);
