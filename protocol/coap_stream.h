/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/attributes.h"
#include "common/bytes.h"
#include "common/error.h"
#include "host/buffer.h"
#include "protocol/wire.h"

/*
 * One accepted CoAP connection over TCP (RFC 8323): bytes in, whole messages out, and back.
 *
 * libcoap's own is not used here: it answers whatever arrives without end, whether the peer reads
 * or not, and goes on reading as long as a fast peer goes on sending. Here one message is handled
 * at a time, nothing is read while an answer waits to be sent, and memory is bounded by what a
 * request and the answers to a few of them need.
 */

/* RFC 8323 section 5.3.1: what a peer takes that does not say. */
#define COAP_STREAM_MESSAGE_DEFAULT 1152

struct coap_stream {
    int fd; /* -1: closed */
    uint8_t *in;
    size_t in_size; /* longest message that is taken */
    size_t in_len;
    size_t taken;      /* bytes of in that are the message that was handed out */
    struct buffer out; /* what is still to be sent begins at sent */
    size_t sent;
    bool settled;       /* the peer's settings have arrived */
    size_t message_max; /* longest message that the peer takes */
    bool over;          /* to be closed: it has ended, or broken the rules */
};

/** Take over fd, which is accepted and does not block, and send our settings.
 * @param err  ERROR_NOMEM */
MUST_USE bool coap_stream_open(struct coap_stream *s, int fd, size_t message_max,
        struct error *err);
void coap_stream_close(struct coap_stream *s);

/** Read once. False when nothing is to be read now: no bytes, or it is over. */
bool coap_stream_receive(struct coap_stream *s);

/** The next whole message for the server, valid until the next call: a request. Signals are handled
 * on the way. False when there is none, or while something is to be sent first. */
bool coap_stream_next(struct coap_stream *s, struct bytes *out);

/** Send a message of two parts: what fits now; the rest is kept. @param err  ERROR_NOMEM */
MUST_USE bool coap_stream_send(struct coap_stream *s, struct bytes head, struct bytes payload,
        struct error *err);
/** Go on sending. True when some bytes went out. */
bool coap_stream_flush(struct coap_stream *s);

/** True while something is still to be sent. */
bool coap_stream_is_sending(const struct coap_stream *s);
