/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/attributes.h"
#include "common/bytes.h"
#include "common/error.h"

/** Bytes on the heap that this struct owns. All zero is a valid, empty buffer. */
struct buffer {
    uint8_t *data;
    size_t len;
};

/** Free the contents and leave an empty buffer. Safe on an empty one; fits CLEANUP(). */
void buffer_clear(struct buffer *buf);

static inline struct bytes buffer_view(const struct buffer *buf)
{
    return (struct bytes){ .ptr = buf->data, .len = buf->len };
}

/**
 * Put more at the end.
 *
 * @param room  bytes that buf->data has room for; 0 for an empty buffer, kept by the caller
 * @param max   that buf may come to hold
 * @param err   ERROR_LIMIT, ERROR_NOMEM; buf is unchanged then
 */
MUST_USE bool buffer_append(struct buffer *buf, size_t *room, struct bytes more, size_t max,
        struct error *err);
