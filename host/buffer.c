/* SPDX-License-Identifier: BSD-3-Clause */
#include "host/buffer.h"

#include <stdlib.h>
#include <string.h>

void buffer_clear(struct buffer *buf)
{
    free(buf->data);
    *buf = (struct buffer){ 0 };
}

/* Twice as much room as before at least, so that many small pieces are moved a few times only. */
static bool grow(struct buffer *buf, size_t *room, size_t want, size_t max, struct error *err)
{
    want = want < 2 * *room ? 2 * *room : want;
    want = want < max ? want : max;
    uint8_t *data = realloc(buf->data, want);
    if (data == NULL) {
        return error_set(err, ERROR_NOMEM, "%zu bytes", want);
    }
    buf->data = data;
    *room = want;
    return true;
}

bool buffer_append(struct buffer *buf, size_t *room, struct bytes more, size_t max,
        struct error *err)
{
    if (more.len > max - buf->len) {
        return error_set(err, ERROR_LIMIT, "more than %zu bytes", max);
    }
    if (more.len == 0) {
        return true;
    }
    if (more.len > *room - buf->len && !grow(buf, room, buf->len + more.len, max, err)) {
        return false;
    }
    memcpy(buf->data + buf->len, more.ptr, more.len);
    buf->len += more.len;
    return true;
}
