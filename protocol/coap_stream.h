/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/attributes.h"
#include "common/bytes.h"
#include "common/error.h"
#include "host/buffer.h"
#include "protocol/coap_library.h"
#include "protocol/wire.h"

/*
 * CoAP over one TCP connection (RFC 8323): bytes in, whole messages out, and back.
 *
 * libcoap's own is not used, on neither side: it answers whatever arrives without end, whether the
 * peer reads or not, goes on reading as long as a fast peer goes on sending, and allocates by the
 * length that a peer states. Here one message is handled at a time, nothing is read while something
 * waits to be sent, and memory grows with the bytes that have arrived, up to a limit.
 */

/* RFC 8323 section 5.3.1: what a peer takes that does not say. */
#define COAP_STREAM_MESSAGE_DEFAULT 1152
/* Token, options and payload marker of our messages, generously. */
#define COAP_STREAM_OVERHEAD 128

enum coap_stream_role {
    COAP_STREAM_SERVER, /* takes requests */
    COAP_STREAM_CLIENT, /* takes responses */
};

struct coap_stream {
    enum coap_stream_role role;
    int fd;        /* -1: closed */
    size_t in_max; /* longest message that is taken */
    uint8_t *in;
    size_t in_size;    /* allocated */
    size_t in_at;      /* what has arrived and not been taken is from here ... */
    size_t in_len;     /* ... to here */
    struct buffer out; /* what is still to be sent begins at sent */
    size_t sent;
    bool settled;       /* the peer's settings have arrived */
    size_t message_max; /* longest message that the peer takes */
    bool over;          /* to be closed */
    bool broken;        /* because the peer breaks the rules */
};

/** Take over fd, which is connected and does not block, and send our settings.
 * @param err  ERROR_NOMEM */
MUST_USE bool coap_stream_open(struct coap_stream *s, enum coap_stream_role role, int fd,
        size_t message_max, struct error *err);
void coap_stream_close(struct coap_stream *s);

/** Read once. False when nothing is to be read now: no bytes, or it is over. */
bool coap_stream_receive(struct coap_stream *s);

/** The next whole message of the kind that the role takes, valid until the next call. Signals are
 * handled on the way. False when there is none, or while something is to be sent first. */
bool coap_stream_next(struct coap_stream *s, struct bytes *out);

/** Send a request or response: what goes out now; the rest is kept. @param err  ERROR_NOMEM */
MUST_USE bool coap_stream_send(struct coap_stream *s, const coap_pdu_t *pdu, struct error *err);
/** Go on sending. True when some bytes went out. */
bool coap_stream_flush(struct coap_stream *s);

/** True while something is still to be sent. */
bool coap_stream_is_sending(const struct coap_stream *s);
