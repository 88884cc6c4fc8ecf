/* SPDX-License-Identifier: BSD-3-Clause */
#include "protocol/stream.h"

#include <assert.h>
#include <inttypes.h>

#include "protocol/envelope.h"

struct message_stream message_stream_init(uint8_t *buffer, size_t size)
{
    assert(size >= MESSAGE_SIZE_MAX);
    return (struct message_stream){ .buffer = buffer, .size = size };
}

uint8_t *message_stream_space(struct message_stream *s, size_t *out_room)
{
    /* A message is moved once at most: it then starts the buffer, which holds the longest. */
    if (s->start == s->end || s->end == s->size) {
        memmove(s->buffer, s->buffer + s->start, s->end - s->start);
        s->end -= s->start;
        s->start = 0;
    }
    *out_room = s->size - s->end;
    return s->buffer + s->end;
}

void message_stream_added(struct message_stream *s, size_t n)
{
    assert(n <= s->size - s->end);
    s->end += n;
}

bool message_stream_next(struct message_stream *s, struct bytes *out, struct error *err)
{
    struct bytes held = { s->buffer + s->start, s->end - s->start };
    bool whole = item_walk(&s->walk, held, err);

    if (!whole && err->code != ERROR_TRUNCATED) {
        return error_wrap(err, "message %" PRIu64 " at offset %" PRIu64, s->count, s->offset);
    }
    if ((whole ? s->walk.pos : held.len + 1) > MESSAGE_SIZE_MAX) {
        return error_set(err, ERROR_LIMIT,
                "message %" PRIu64 " at offset %" PRIu64 ": more than %d bytes", s->count,
                s->offset, MESSAGE_SIZE_MAX);
    }
    if (!whole) {
        *out = (struct bytes){ 0 };
        return true;
    }
    *out = (struct bytes){ held.ptr, s->walk.pos };
    s->start += s->walk.pos;
    s->offset += s->walk.pos;
    s->count++;
    s->walk = (struct item_walk){ 0 };
    return true;
}

bool message_stream_finish(const struct message_stream *s, struct error *err)
{
    if (s->start != s->end) {
        return error_set(err, ERROR_TRUNCATED,
                "message %" PRIu64 " at offset %" PRIu64 " ends after %zu bytes", s->count,
                s->offset, s->end - s->start);
    }
    return true;
}
