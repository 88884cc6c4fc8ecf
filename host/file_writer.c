/* SPDX-License-Identifier: BSD-3-Clause */
#include "host/file_writer.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static bool failed(const char *path, struct error *err)
{
    return error_set(err, ERROR_IO, "%s: %s", path, strerror(errno));
}

/* Moving a file over a device or a link would replace that, not write to what it stands for. */
static bool check_target(const char *path, enum file_existing existing, struct error *err)
{
    struct stat st;

    if (lstat(path, &st) != 0) {
        return errno == ENOENT || failed(path, err);
    }
    if (existing == FILE_REFUSE) {
        return error_set(err, ERROR_IO, "%s: it is there already", path);
    }
    return S_ISREG(st.st_mode) || error_set(err, ERROR_IO, "%s: not an ordinary file", path);
}

static void text_free(char **text)
{
    free(*text);
}

/* What is there keeps its mode; a new file gets the one that open() would give it. */
static bool take_mode(int fd, const char *path)
{
    struct stat old;

    if (stat(path, &old) == 0) {
        return fchmod(fd, old.st_mode & 07777) == 0;
    }
    mode_t mask = umask(0);

    (void)umask(mask);
    return fchmod(fd, 0666 & ~mask) == 0;
}

bool file_writer_open(struct file_writer *out, const char *path, enum file_existing existing,
        struct error *err)
{
    struct file_writer w CLEANUP(file_writer_clear) = { .existing = existing };
    char *real CLEANUP(text_free) = existing == FILE_UPDATE ? realpath(path, NULL) : NULL;
    char *temp = NULL;

    if (real != NULL) {
        path = real;
    }
    if (!check_target(path, existing, err)) {
        return false;
    }
    if (asprintf(&temp, "%s.XXXXXX", path) < 0) {
        return error_set(err, ERROR_NOMEM, "%s", path);
    }
    w.fd = mkostemp(temp, O_CLOEXEC); /* mode 0600 */
    if (w.fd < 0) {
        free(temp);
        return failed(path, err);
    }
    w.temp = temp;
    w.path = strdup(path);
    if (w.path == NULL) {
        (void)close(w.fd);
        (void)unlink(w.temp);
        return error_set(err, ERROR_NOMEM, "%s", path);
    }
    if (existing == FILE_UPDATE && !take_mode(w.fd, path)) {
        return failed(path, err);
    }
    *out = w;
    w = (struct file_writer){ 0 };
    return true;
}

bool file_writer_add(struct file_writer *w, struct bytes b, struct error *err)
{
    while (b.len > 0) {
        ssize_t n = write(w->fd, b.ptr, b.len);

        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n < 0) {
            return failed(w->path, err);
        }
        b.ptr += n;
        b.len -= (size_t)n;
    }
    return true;
}

/* link() does not replace what is there, even if it came after we looked. */
static bool give_name(struct file_writer *w)
{
    if (w->existing != FILE_REFUSE) {
        return rename(w->temp, w->path) == 0;
    }
    return link(w->temp, w->path) == 0 && unlink(w->temp) == 0;
}

/* A name survives a loss of power only when its folder is on the disk, too. A folder that may be
 * written but not read cannot be synced, nor one of a file system that does not do it. */
static bool sync_folder(const char *path)
{
    const char *slash = strrchr(path, '/');
    char *folder = slash == NULL ? strdup(".") : strndup(path, (size_t)(slash - path) + 1);

    if (folder == NULL) {
        return false;
    }
    int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    free(folder);
    if (fd < 0) {
        return errno == EACCES;
    }
    bool ok = fsync(fd) == 0 || errno == EINVAL;

    (void)close(fd);
    return ok;
}

bool file_writer_commit(struct file_writer *w, struct error *err)
{
    if (fsync(w->fd) != 0 || !give_name(w) || !sync_folder(w->path)) {
        return failed(w->path, err);
    }
    free(w->temp);
    w->temp = NULL;
    file_writer_clear(w);
    return true;
}

void file_writer_clear(struct file_writer *w)
{
    if (w->path != NULL) {
        (void)close(w->fd);
    }
    if (w->temp != NULL) {
        (void)unlink(w->temp);
    }
    free(w->temp);
    free(w->path);
    *w = (struct file_writer){ 0 };
}

bool file_write(const char *path, enum file_existing existing, struct bytes b, struct error *err)
{
    struct file_writer w CLEANUP(file_writer_clear) = { 0 };

    return file_writer_open(&w, path, existing, err) && file_writer_add(&w, b, err) &&
            file_writer_commit(&w, err);
}
