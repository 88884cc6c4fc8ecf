/* SPDX-License-Identifier: BSD-3-Clause */
#include "agent/worker.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

/* Longer than any quote takes. */
#define END_WAIT_S 2

/* Jobs in the order they came. */
struct line {
    struct job *first;
    struct job **last; /* the pointer that a further job goes to */
    size_t count;
};

struct worker {
    struct attester attester;
    size_t queue_max;
    int fd;
    pthread_t thread;
    pthread_mutex_t lock; /* guards what follows */
    pthread_cond_t wake;
    bool end;
    struct line waiting;
    struct line done;
};

static void line_add(struct line *l, struct job *job)
{
    job->next = NULL;
    if (l->first == NULL) {
        l->last = &l->first;
    }
    *l->last = job;
    l->last = &job->next;
    l->count++;
}

static struct job *line_take(struct line *l)
{
    struct job *job = l->first;

    if (job != NULL) {
        l->first = job->next;
        l->count--;
    }
    return job;
}

static bool line_remove(struct line *l, const struct job *job)
{
    struct line rest = { 0 };
    struct job *each;
    bool found = false;

    while ((each = line_take(l)) != NULL) {
        if (each == job) {
            found = true;
        } else {
            line_add(&rest, each);
        }
    }
    *l = rest;
    return found;
}

static void prove(const struct attester *a, struct job *job)
{
    job->ok = a->prove(a->ctx, job->challenge, &job->selection, &job->proof, &job->err);
}

static void *work(void *ctx)
{
    struct worker *w = ctx;
    bool busy = false;

    (void)pthread_mutex_lock(&w->lock);
    while (!w->end) {
        struct job *job = line_take(&w->waiting);

        if (job == NULL && !busy) {
            (void)pthread_cond_wait(&w->wake, &w->lock);
            continue;
        }
        (void)pthread_mutex_unlock(&w->lock);
        if (job != NULL) {
            prove(&w->attester, job);
        } else {
            w->attester.rest(w->attester.ctx);
        }
        (void)pthread_mutex_lock(&w->lock);
        busy = job != NULL;
        if (job != NULL) {
            line_add(&w->done, job);
            (void)eventfd_write(w->fd, 1);
        }
    }
    (void)pthread_mutex_unlock(&w->lock);
    w->attester.rest(w->attester.ctx);
    return NULL;
}

/* Signals are the main thread's. */
static int start_thread(struct worker *w)
{
    sigset_t all;
    sigset_t before;

    (void)sigfillset(&all);
    (void)pthread_sigmask(SIG_SETMASK, &all, &before);
    int rc = pthread_create(&w->thread, NULL, work, w);

    (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
    return rc;
}

bool worker_new(const struct attester *attester, size_t queue_max, struct worker **out,
        struct error *err)
{
    struct worker *w = calloc(1, sizeof(*w));

    if (w == NULL) {
        return error_set(err, ERROR_NOMEM, "the TPM's thread");
    }
    w->attester = *attester;
    w->queue_max = queue_max;
    (void)pthread_mutex_init(&w->lock, NULL);
    (void)pthread_cond_init(&w->wake, NULL);
    w->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    int rc = w->fd >= 0 ? start_thread(w) : errno;

    if (rc != 0) {
        if (w->fd >= 0) {
            (void)close(w->fd);
        }
        free(w);
        return error_set(err, ERROR_IO, "cannot start the TPM's thread: %s", strerror(rc));
    }
    *out = w;
    return true;
}

bool worker_free(struct worker *w)
{
    struct timespec until;

    (void)pthread_mutex_lock(&w->lock);
    w->end = true;
    (void)pthread_cond_signal(&w->wake);
    (void)pthread_mutex_unlock(&w->lock);
    (void)clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += END_WAIT_S;
    if (pthread_timedjoin_np(w->thread, NULL, &until) != 0) {
        (void)pthread_detach(w->thread);
        return false;
    }
    (void)pthread_cond_destroy(&w->wake);
    (void)pthread_mutex_destroy(&w->lock);
    (void)close(w->fd);
    free(w);
    return true;
}

int worker_fd(const struct worker *w)
{
    return w->fd;
}

bool worker_submit(struct worker *w, struct job *job)
{
    (void)pthread_mutex_lock(&w->lock);
    bool room = w->waiting.count < w->queue_max;

    if (room) {
        line_add(&w->waiting, job);
        (void)pthread_cond_signal(&w->wake);
    }
    (void)pthread_mutex_unlock(&w->lock);
    return room;
}

bool worker_withdraw(struct worker *w, struct job *job)
{
    (void)pthread_mutex_lock(&w->lock);
    bool found = line_remove(&w->waiting, job);

    (void)pthread_mutex_unlock(&w->lock);
    return found;
}

struct job *worker_take(struct worker *w)
{
    eventfd_t ignored;

    (void)pthread_mutex_lock(&w->lock);
    struct job *job = line_take(&w->done);

    if (w->done.count == 0) {
        (void)eventfd_read(w->fd, &ignored);
    }
    (void)pthread_mutex_unlock(&w->lock);
    return job;
}
