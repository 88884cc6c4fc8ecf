/* SPDX-License-Identifier: BSD-3-Clause */
#include "verifier/policy_watch.h"

#include <stdlib.h>

void policy_watch_clear(struct policy_watch *w)
{
    policy_clear(&w->policy);
    free(w->seen);
    *w = (struct policy_watch){ 0 };
}

static const char *path_of(const struct policy *p, size_t i)
{
    return i == 0 ? p->path : p->files[i - 1].path;
}

static bool before(struct timespec a, struct timespec b)
{
    return a.tv_sec < b.tv_sec || (a.tv_sec == b.tv_sec && a.tv_nsec < b.tv_nsec);
}

static bool same_time(struct timespec a, struct timespec b)
{
    return a.tv_sec == b.tv_sec && a.tv_nsec == b.tv_nsec;
}

/* A file that was written while it was loaded, or in the same tick of the file system's clock, may
 * have changed unseen. */
static bool is_unchanged(const struct policy_watch *w, size_t i)
{
    const struct stat *then = &w->seen[i];
    struct stat now;

    return stat(path_of(&w->policy, i), &now) == 0 && now.st_dev == then->st_dev &&
            now.st_ino == then->st_ino && now.st_size == then->st_size &&
            same_time(now.st_mtim, then->st_mtim) && same_time(now.st_ctim, then->st_ctim) &&
            before(now.st_mtim, w->loaded_at) && before(now.st_ctim, w->loaded_at);
}

static bool is_current(const struct policy_watch *w)
{
    for (size_t i = 0; i < w->count; i++) {
        if (!is_unchanged(w, i)) {
            return false;
        }
    }
    return w->loaded;
}

static bool note_files(struct policy_watch *w, struct error *err)
{
    w->count = 1 + w->policy.file_count;
    w->seen = calloc(w->count, sizeof(*w->seen));
    if (w->seen == NULL) {
        w->count = 0;
        return error_set(err, ERROR_NOMEM, "policy");
    }
    for (size_t i = 0; i < w->count; i++) {
        /* One that is gone already stays zero, and is not unchanged later. */
        (void)stat(path_of(&w->policy, i), &w->seen[i]);
    }
    return true;
}

bool policy_watch_update(struct policy_watch *w, const char *path, struct error *err)
{
    if (is_current(w)) {
        return true;
    }
    policy_watch_clear(w);
    (void)clock_gettime(CLOCK_REALTIME_COARSE, &w->loaded_at); /* the file systems' clock */
    if (!policy_load(path, &w->policy, err) || !note_files(w, err)) {
        policy_watch_clear(w);
        return false;
    }
    w->loaded = true;
    return true;
}
