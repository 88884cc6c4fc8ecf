/* SPDX-License-Identifier: BSD-3-Clause */
#include "host/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

void buffer_clear(struct buffer *buf)
{
    free(buf->data);
    *buf = (struct buffer){ 0 };
}

static void close_fd(int *fd)
{
    if (*fd >= 0) {
        (void)close(*fd);
    }
}

static bool grow(struct buffer *buf, size_t *room, size_t max)
{
    size_t bigger = *room == 0 ? 64 * 1024 : *room * 2;

    bigger = bigger > max ? max : bigger;
    uint8_t *data = realloc(buf->data, bigger);
    if (data == NULL) {
        return false;
    }
    buf->data = data;
    *room = bigger;
    return true;
}

bool file_read(const char *path, size_t max, struct buffer *out, struct error *err)
{
    struct buffer buf CLEANUP(buffer_clear) = { 0 };
    int fd CLEANUP(close_fd) = open(path, O_RDONLY | O_CLOEXEC);
    size_t room = 0;

    if (fd < 0) {
        return error_set(err, ERROR_IO, "%s: %s", path, strerror(errno));
    }
    for (;;) {
        /* One byte of room past max tells "exactly max" from "too long". */
        if (buf.len == room && !grow(&buf, &room, max + 1)) {
            return error_set(err, ERROR_NOMEM, "%s", path);
        }
        ssize_t n = read(fd, buf.data + buf.len, room - buf.len);
        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n < 0) {
            return error_set(err, ERROR_IO, "%s: %s", path, strerror(errno));
        }
        if (n == 0) {
            break;
        }
        buf.len += (size_t)n;
        if (buf.len > max) {
            return error_set(err, ERROR_LIMIT, "%s: more than %zu bytes", path, max);
        }
    }
    *out = buf;
    buf = (struct buffer){ 0 };
    return true;
}
