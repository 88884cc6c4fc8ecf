/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/attributes.h"
#include "common/bytes.h"
#include "common/error.h"
#include "protocol/item.h"

/**
 * Cuts a CBOR sequence (RFC 8742) into messages while its bytes arrive.
 *
 * Add bytes at message_stream_space(), then take messages with message_stream_next() until it wants
 * more. Holds one message at most; work is linear in the input however it is cut.
 */
struct message_stream {
    uint8_t *buffer; /* memory of the caller, MESSAGE_SIZE_MAX bytes or more */
    size_t size;
    size_t start; /* bytes that have not been handed out are buffer[start..end) */
    size_t end;
    struct item_walk walk; /* over the message at start */
    uint64_t offset;       /* of the message at start, in the whole input */
    uint64_t count;        /* messages handed out */
};

/** Start at the beginning of a sequence. buffer must outlive the stream. */
struct message_stream message_stream_init(uint8_t *buffer, size_t size);

/** Where the next bytes of the input belong, and how many there is room for: more than 0 after
 * message_stream_next() wanted more. Invalidates the message handed out last. */
uint8_t *message_stream_space(struct message_stream *s, size_t *out_room);

/** n bytes, at most the room, were put there. */
void message_stream_added(struct message_stream *s, size_t n);

/**
 * The next message, checked to be deterministic CBOR (item_walk).
 *
 * @param out  a view into the buffer, valid until message_stream_space(); empty when more bytes are
 *             needed
 * @param err  ERROR_MALFORMED, or ERROR_LIMIT for more than MESSAGE_SIZE_MAX bytes; the stream is
 *             of no use afterwards
 */
MUST_USE bool message_stream_next(struct message_stream *s, struct bytes *out, struct error *err);

/** The input has ended. @param err  ERROR_TRUNCATED when it ended inside a message */
MUST_USE bool message_stream_finish(const struct message_stream *s, struct error *err);
