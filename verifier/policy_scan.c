/* SPDX-License-Identifier: BSD-3-Clause */
#include "verifier/policy_scan.h"

#include <errno.h>
#include <fcntl.h>
#include <fts.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ima/algorithm.h"
#include "verifier/allowlist_line.h"

#define READ_SIZE ((size_t)256 * 1024)
/* Bytes that tell an ELF file or a script. */
#define MAGIC_SIZE 4

/* One walk over the tree. */
struct walk {
    struct policy_scan *scan;
    struct hasher *hasher;
    const struct ima_algorithm *algorithm;
    size_t root_len; /* bytes of a path that belong to the root */
    uint64_t done;
    uint64_t all;
    uint8_t *chunk; /* READ_SIZE bytes */
};

static void close_fd(int *fd)
{
    if (*fd >= 0) {
        (void)close(*fd);
    }
}

static void close_tree(FTS **tree)
{
    if (*tree != NULL) {
        (void)fts_close(*tree);
    }
}

static void complain(struct walk *w, const char *path, int error)
{
    char shown[512];

    w->scan->failed++;
    fprintf(stderr, "%s: %s\n", bytes_escape(shown, sizeof(shown), bytes_of_text(path)),
            strerror(error));
}

static bool is_module(const char *name)
{
    static const char *const ends[] = { ".ko", ".ko.gz", ".ko.xz", ".ko.zst" };
    size_t n = strlen(name);

    for (size_t i = 0; i < ARRAY_LEN(ends); i++) {
        size_t m = strlen(ends[i]);

        if (n > m && strcmp(name + n - m, ends[i]) == 0) {
            return true;
        }
    }
    return false;
}

static bool is_code(const uint8_t *start, size_t len)
{
    return (len >= 4 && memcmp(start, "\177ELF", 4) == 0) ||
            (len >= 2 && memcmp(start, "#!", 2) == 0);
}

static ssize_t read_some(int fd, uint8_t *dst, size_t size)
{
    ssize_t n;

    do {
        n = read(fd, dst, size);
    } while (n < 0 && errno == EINTR);
    return n;
}

/* Hash the rest of a file whose first n bytes are in the chunk. */
static bool hash_file(struct walk *w, int fd, ssize_t n, uint8_t *digest, bool *out_read,
        struct error *err)
{
    *out_read = false;
    enum digest_alg alg = w->scan->alg;

    if (!hasher_begin(w->hasher, alg, err)) {
        return false;
    }
    for (; n > 0; n = read_some(fd, w->chunk, READ_SIZE)) {
        if (!hasher_update(w->hasher, alg, (struct bytes){ w->chunk, (size_t)n }, err)) {
            return false;
        }
    }
    *out_read = n == 0;
    return hasher_finish(w->hasher, alg, digest, err);
}

static bool add_file(struct walk *w, const FTSENT *entry, struct error *err)
{
    int fd CLEANUP(close_fd) =
            open(entry->fts_path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY);
    bool wanted = (entry->fts_statp->st_mode & 0111) != 0 || is_module(entry->fts_name);
    uint8_t digest[DIGEST_SIZE_MAX];
    bool whole = false;
    struct stat now;

    if (fd < 0 || fstat(fd, &now) != 0) {
        complain(w, entry->fts_path, errno);
        return true;
    }
    if (!S_ISREG(now.st_mode)) {
        return true; /* replaced since it was listed */
    }
    ssize_t n = read_some(fd, w->chunk, wanted ? READ_SIZE : MAGIC_SIZE);
    if (n < 0) {
        complain(w, entry->fts_path, errno);
        return true;
    }
    if (!wanted && !is_code(w->chunk, (size_t)n)) {
        return true;
    }
    if (!hash_file(w, fd, n, digest, &whole, err)) {
        return false;
    }
    if (!whole) {
        complain(w, entry->fts_path, errno);
        return true;
    }
    struct bytes path = bytes_of_text(entry->fts_path + w->root_len);

    allowlist_line_print(w->scan->rows, w->algorithm, false,
            (struct bytes){ digest, w->algorithm->size }, path);
    w->scan->files++;
    if (w->scan->saw != NULL) {
        w->scan->saw(w->scan->ctx, path);
    }
    return true;
}

static bool visit(struct walk *w, const FTSENT *entry, bool counting, struct error *err)
{
    switch (entry->fts_info) {
    case FTS_F:
        if (!S_ISREG(entry->fts_statp->st_mode)) {
            return true;
        }
        if (counting) {
            w->all += (uint64_t)entry->fts_statp->st_size;
            return true;
        }
        w->done += (uint64_t)entry->fts_statp->st_size;
        if (!add_file(w, entry, err)) {
            return false;
        }
        if (w->scan->progress != NULL) {
            w->scan->progress(w->scan->ctx, w->done, w->all);
        }
        return true;
    case FTS_DNR:
    case FTS_ERR:
    case FTS_NS:
        if (entry->fts_level == FTS_ROOTLEVEL) {
            return error_set(err, ERROR_IO, "%s: %s", w->scan->root, strerror(entry->fts_errno));
        }
        if (!counting) {
            complain(w, entry->fts_path, entry->fts_errno);
        }
        return true;
    default:
        return true;
    }
}

static bool walk_tree(struct walk *w, bool counting, struct error *err)
{
    char *root = w->root_len > 0 ? strndup(w->scan->root, w->root_len) : strdup("/");
    char *roots[] = { root, NULL };
    FTS *tree CLEANUP(close_tree) = root == NULL
            ? NULL
            : fts_open(roots, FTS_PHYSICAL | FTS_COMFOLLOW | FTS_XDEV | FTS_NOCHDIR, NULL);
    bool ok = tree != NULL || error_set(err, ERROR_IO, "%s: %s", w->scan->root, strerror(errno));

    for (FTSENT *entry; ok && (errno = 0, entry = fts_read(tree)) != NULL;) {
        ok = visit(w, entry, counting, err);
    }
    if (ok && errno != 0) {
        ok = error_set(err, ERROR_IO, "%s: %s", w->scan->root, strerror(errno));
    }
    free(root);
    return ok;
}

/* "/" and a slash at the end must not eat the slash that paths start with. */
static size_t length_of_root(const char *root)
{
    size_t n = strlen(root);

    while (n > 0 && root[n - 1] == '/') {
        n--;
    }
    return n;
}

bool policy_scan_run(struct policy_scan *s, struct hasher *h, struct error *err)
{
    struct stat root;
    struct walk w = {
        .scan = s,
        .hasher = h,
        .algorithm = ima_algorithm_find(
                bytes_of_text(s->alg == DIGEST_SM3_256 ? "sm3" : digest_name(s->alg))),
        .root_len = length_of_root(s->root),
    };

    if (stat(s->root, &root) != 0) {
        return error_set(err, ERROR_IO, "%s: %s", s->root, strerror(errno));
    }
    if (!S_ISDIR(root.st_mode)) {
        return error_set(err, ERROR_IO, "%s: not a folder", s->root);
    }
    w.chunk = malloc(READ_SIZE);
    if (w.chunk == NULL) {
        return error_set(err, ERROR_NOMEM, "%s", s->root);
    }
    bool ok = (s->progress == NULL || walk_tree(&w, true, err)) && walk_tree(&w, false, err);

    free(w.chunk);
    return ok;
}
