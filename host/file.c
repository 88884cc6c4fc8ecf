/* SPDX-License-Identifier: BSD-3-Clause */
#include "host/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

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

/* One read() that gives at least a byte unless the file ends (*out_len 0). */
static bool read_some(int fd, const char *path, uint8_t *dst, size_t size, size_t *out_len,
        struct error *err)
{
    ssize_t n;

    do {
        n = read(fd, dst, size);
    } while (n < 0 && errno == EINTR);
    if (n < 0) {
        return error_set(err, ERROR_IO, "%s: %s", path, strerror(errno));
    }
    *out_len = (size_t)n;
    return true;
}

bool file_read_open(int fd, const char *path, size_t max, struct buffer *out, struct error *err)
{
    struct buffer buf CLEANUP(buffer_clear) = { 0 };
    size_t room = 0;

    for (;;) {
        size_t n;

        /* One byte of room past max tells "exactly max" from "too long". */
        if (buf.len == room && !grow(&buf, &room, max + 1)) {
            return error_set(err, ERROR_NOMEM, "%s", path);
        }
        if (!read_some(fd, path, buf.data + buf.len, room - buf.len, &n, err)) {
            return false;
        }
        if (n == 0) {
            break;
        }
        buf.len += n;
        if (buf.len > max) {
            return error_set(err, ERROR_LIMIT, "%s: more than %zu bytes", path, max);
        }
    }
    *out = buf;
    buf = (struct buffer){ 0 };
    return true;
}

bool file_read(const char *path, size_t max, struct buffer *out, struct error *err)
{
    int fd CLEANUP(close_fd) = open(path, O_RDONLY | O_CLOEXEC);

    if (fd < 0) {
        return error_set(err, ERROR_IO, "%s: %s", path, strerror(errno));
    }
    return file_read_open(fd, path, max, out, err);
}

bool file_source_open(struct file_source *out, const char *path, struct error *err)
{
    struct file_source f CLEANUP(file_source_clear) = { 0 };
    int fd = open(path, O_RDONLY | O_CLOEXEC);

    if (fd < 0) {
        return error_set(err, ERROR_IO, "%s: %s", path, strerror(errno));
    }
    f.fd = fd;
    f.path = strdup(path);
    if (f.path == NULL) {
        (void)close(fd);
        return error_set(err, ERROR_NOMEM, "%s", path);
    }
    f.chunk = malloc(FILE_CHUNK_SIZE);
    if (f.chunk == NULL) {
        return error_set(err, ERROR_NOMEM, "%s", path);
    }
    *out = f;
    f = (struct file_source){ 0 };
    return true;
}

static bool next_chunk(void *ctx, struct bytes *out, struct error *err)
{
    struct file_source *f = ctx;
    size_t len = 0;
    size_t n;

    /* securityfs gives a page or less per read(); whole chunks keep the caller's loop short. */
    do {
        if (!read_some(f->fd, f->path, f->chunk + len, FILE_CHUNK_SIZE - len, &n, err)) {
            return false;
        }
        len += n;
    } while (n > 0 && len < FILE_CHUNK_SIZE);
    *out = (struct bytes){ f->chunk, len };
    return true;
}

static bool rewind_source(void *ctx, struct error *err)
{
    struct file_source *f = ctx;
    struct stat st;

    /* A pipe opened again holds nothing, or waits for ever. */
    if (fstat(f->fd, &st) != 0 || S_ISFIFO(st.st_mode) || S_ISSOCK(st.st_mode)) {
        return error_set(err, ERROR_IO, "%s: cannot be read a second time; give a regular file",
                f->path);
    }
    int fd = open(f->path, O_RDONLY | O_CLOEXEC);

    if (fd < 0) {
        return error_set(err, ERROR_IO, "%s: %s", f->path, strerror(errno));
    }
    (void)close(f->fd);
    f->fd = fd;
    return true;
}

struct source file_source(struct file_source *f)
{
    return (struct source){ .next = next_chunk, .rewind = rewind_source, .ctx = f };
}

void file_source_clear(struct file_source *f)
{
    if (f->path != NULL) {
        (void)close(f->fd);
    }
    free(f->path);
    free(f->chunk);
    *f = (struct file_source){ 0 };
}
