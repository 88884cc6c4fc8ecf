/* SPDX-License-Identifier: BSD-3-Clause */
#include "verifier/state_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "host/file.h"
#include "host/file_writer.h"

static void close_fd(int *fd)
{
    if (*fd >= 0) {
        (void)close(*fd);
    }
}

static void text_free(char **text)
{
    free(*text);
}

static bool failed(const char *path, struct error *err)
{
    return error_set(err, ERROR_IO, "%s: %s", path, strerror(errno));
}

/* The state itself is replaced with each round, and a lock on it would go with it. */
static bool lock(const char *path, int *out, struct error *err)
{
    char *name CLEANUP(text_free) = NULL;

    if (asprintf(&name, "%s.lock", path) < 0) {
        name = NULL;
        return error_set(err, ERROR_NOMEM, "%s", path);
    }
    int fd CLEANUP(close_fd) = open(name, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);

    if (fd < 0) {
        return failed(name, err);
    }
    if (flock(fd, LOCK_EX | LOCK_NB) != 0) {
        return errno == EWOULDBLOCK
                ? error_set(err, ERROR_CONFIG, "%s: in use by another tally", path)
                : failed(name, err);
    }
    *out = fd;
    fd = -1;
    return true;
}

static bool check_owner(const char *path, const struct stat *st, struct error *err)
{
    if (!S_ISREG(st->st_mode)) {
        return error_set(err, ERROR_CONFIG, "%s: not an ordinary file", path);
    }
    if (st->st_uid != geteuid()) {
        return error_set(err, ERROR_CONFIG, "%s: belongs to another user", path);
    }
    if ((st->st_mode & 077) != 0) {
        return error_set(err, ERROR_CONFIG, "%s: mode %03o, want 600: only its owner may use it",
                path, (unsigned int)st->st_mode & 0777);
    }
    return true;
}

/* What is read is what was looked at: through the descriptor. */
static bool read_state(const char *path, struct host_state *out, struct error *err)
{
    struct buffer text CLEANUP(buffer_clear) = { 0 };
    int fd CLEANUP(close_fd) = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    struct stat st;

    if (fd < 0) {
        return errno == ENOENT || failed(path, err);
    }
    if (fstat(fd, &st) != 0) {
        return failed(path, err);
    }
    return check_owner(path, &st, err) &&
            file_read_open(fd, path, HOST_STATE_SIZE_MAX, &text, err) &&
            (host_state_decode(buffer_view(&text), out, err) ||
                    error_wrap(err, "%s: not a state that can be used", path));
}

bool state_file_open(struct state_file *f, const char *path, struct host_state *out,
        struct error *err)
{
    char *copy = strdup(path);

    if (copy == NULL) {
        return error_set(err, ERROR_NOMEM, "%s", path);
    }
    if (!lock(path, &f->lock, err)) {
        free(copy);
        return false;
    }
    f->path = copy;
    return read_state(path, out, err);
}

bool state_file_save(struct state_file *f, const struct host_state *s, struct error *err)
{
    struct buffer text CLEANUP(buffer_clear) = { 0 };

    return host_state_encode(s, &text, err) &&
            file_write(f->path, FILE_REPLACE, buffer_view(&text), err);
}

void state_file_close(struct state_file *f)
{
    if (f->path != NULL) {
        (void)close(f->lock);
    }
    free(f->path);
    *f = (struct state_file){ 0 };
}
