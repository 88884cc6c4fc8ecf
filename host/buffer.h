/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "common/bytes.h"

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
