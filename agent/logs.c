/* SPDX-License-Identifier: BSD-3-Clause */
#include "agent/logs.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ima/digest_format.h"

/* Read at a time where bytes are hashed and forgotten. */
#define PIECE ((size_t)16 * 1024)

static void close_log(struct log_file *f)
{
    if (f->open) {
        (void)close(f->fd);
    }
    *f = (struct log_file){ .path = f->path };
}

void logs_set(struct logs *logs, const char *const path[LOG_KIND_COUNT])
{
    for (size_t i = 0; i < LOG_KIND_COUNT; i++) {
        logs->file[i].path = path[i];
    }
    logs->ima_format =
            ima_digest_format_of_path(path[LOG_KIND_IMA] != NULL ? path[LOG_KIND_IMA] : "");
}

void logs_clear(struct logs *logs)
{
    for (size_t i = 0; i < LOG_KIND_COUNT; i++) {
        close_log(&logs->file[i]);
    }
}

/* The path is no business of the peer's, who sees this. */
static bool failed(enum log_kind kind, int number, struct error *err)
{
    return error_set(err, ERROR_IO, "the %s cannot be read: %s", log_kind_name(kind),
            strerror(number));
}

/* Opening a FIFO would wait for its writer. */
static bool open_log(struct log_file *f, enum log_kind kind, struct error *err)
{
    struct stat st;
    int fd = open(f->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);

    if (fd < 0) {
        return failed(kind, errno, err);
    }
    if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode)) {
        (void)close(fd);
        return error_set(err, ERROR_IO, "the %s is not an ordinary file", log_kind_name(kind));
    }
    f->open = true;
    f->fd = fd;
    f->device = st.st_dev;
    f->inode = st.st_ino;
    f->size = st.st_size;
    f->reached = 0;
    return true;
}

bool logs_look(struct logs *logs, enum log_kind kind, bool *out_there, struct error *err)
{
    struct log_file *f = &logs->file[kind];
    struct stat st;

    if (f->path == NULL || stat(f->path, &st) != 0) {
        int number = f->path == NULL ? ENOENT : errno;
        bool missing = number == ENOENT || number == ENOTDIR;

        /* What is open may be all that we are allowed to read: it stays so unless the log is gone.
         */
        if (missing) {
            close_log(f);
        }
        *out_there = f->open;
        return missing || f->open || failed(kind, number, err);
    }
    if (f->open && (st.st_dev != f->device || st.st_ino != f->inode)) {
        close_log(f);
    }
    if (f->open && st.st_size < f->size) {
        f->reached = 0;
    }
    f->size = st.st_size;
    *out_there = true;
    return f->open || open_log(f, kind, err);
}

/* One pread() that gives at least a byte unless the log ends there (*out_len 0). */
static bool read_some(struct log_file *f, enum log_kind kind, uint64_t offset, uint8_t *dst,
        size_t size, size_t *out_len, struct error *err)
{
    ssize_t n;

    if (offset > (uint64_t)INT64_MAX - size) { /* no file is that long, but the peer may say so */
        *out_len = 0;
        return true;
    }
    do {
        n = pread(f->fd, dst, size, (off_t)offset);
    } while (n < 0 && errno == EINTR);
    if (n < 0) {
        int number = errno;

        f->reached = 0;
        return failed(kind, number, err);
    }
    if (n > 0) {
        f->reached = offset + (uint64_t)n;
    }
    *out_len = (size_t)n;
    return true;
}

bool logs_read(struct logs *logs, enum log_kind kind, uint64_t offset, uint8_t *dst, size_t max,
        size_t *out_len, bool *out_last, struct error *err)
{
    struct log_file *f = &logs->file[kind];
    size_t len = 0;
    size_t n;

    /* securityfs gives a page or less at a time. */
    do {
        if (!read_some(f, kind, offset + len, dst + len, max - len, &n, err)) {
            return false;
        }
        len += n;
    } while (n > 0 && len < max);
    *out_len = len;
    *out_last = n == 0;
    return true;
}

bool logs_reach(struct logs *logs, enum log_kind kind, uint64_t offset, bool *out,
        struct error *err)
{
    struct log_file *f = &logs->file[kind];
    uint8_t byte;
    size_t n = 1;

    /* Where the last read ended there is nothing to ask, and asking would cost the kernel the
     * whole way. */
    if (offset > 0 && offset != f->reached && !read_some(f, kind, offset - 1, &byte, 1, &n, err)) {
        return false;
    }
    *out = n == 1;
    return true;
}

bool logs_digest(struct logs *logs, enum log_kind kind, struct hasher *h, uint64_t max,
        uint8_t *out, uint64_t *out_len, struct error *err)
{
    uint8_t piece[PIECE];
    uint64_t len = 0;
    bool last = false;

    if (!hasher_begin(h, DIGEST_SHA256, err)) {
        return false;
    }
    while (!last && len <= max) {
        size_t n;

        if (!logs_read(logs, kind, len, piece, sizeof(piece), &n, &last, err) ||
                !hasher_update(h, DIGEST_SHA256, (struct bytes){ piece, n }, err)) {
            return false;
        }
        len += n;
    }
    *out_len = len;
    return hasher_finish(h, DIGEST_SHA256, out, err);
}
