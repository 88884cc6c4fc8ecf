/* SPDX-License-Identifier: BSD-3-Clause */
#include "protocol/coap_server.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/random.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#include "protocol/coap_server_internal.h"

#define SESSIONS_DEFAULT 64
/* How often kept answers and connections are looked at. */
#define SWEEP_MS 5000
/* Events before the caller gets its turn. */
#define EVENTS_AT_ONCE 16
/* Header and options of a request, generously. */
#define REQUEST_OVERHEAD 1024

uint64_t coap_server_now(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

bool coap_server_watch(struct coap_server *s, int fd, struct coap_watch *w, struct error *err)
{
    struct epoll_event event = { .events = EPOLLIN, .data.ptr = w };

    if (epoll_ctl(s->epoll, EPOLL_CTL_ADD, fd, &event) != 0) {
        return error_set(err, ERROR_IO, "epoll: %s", strerror(errno));
    }
    return true;
}

void coap_server_watch_writable(struct coap_server *s, int fd, struct coap_watch *w, bool writable)
{
    struct epoll_event event = { .events = writable ? EPOLLOUT : EPOLLIN, .data.ptr = w };

    epoll_ctl(s->epoll, EPOLL_CTL_MOD, fd, &event);
}

size_t coap_server_message_max(const struct coap_server *s)
{
    return s->options.request_max + REQUEST_OVERHEAD;
}

/* An idle agent is not woken up: the timer runs while something can expire. Where it runs out too
 * early, it is set anew. */
void coap_server_set_timer(struct coap_server *s)
{
    bool any = !TAILQ_EMPTY(&s->kept) || s->connection_count > 0;
    uint64_t now = coap_server_now();
    uint64_t due_ms = coap_exchange_next_due(s);

    if (any && now + SWEEP_MS < due_ms) {
        due_ms = now + SWEEP_MS;
    }
    if (due_ms == UINT64_MAX || (s->due_ms != 0 && s->due_ms <= due_ms)) {
        return;
    }
    uint64_t in_ms = due_ms > now ? due_ms - now : 1;
    const struct itimerspec once = { .it_value = { .tv_sec = (time_t)(in_ms / 1000),
                                             .tv_nsec = (long)(in_ms % 1000) * 1000000 } };

    s->due_ms = timerfd_settime(s->timer, 0, &once, NULL) == 0 ? due_ms : 0;
}

static void sweep(void *owner)
{
    struct coap_server *s = owner;
    uint64_t count;

    if (read(s->timer, &count, sizeof(count)) == sizeof(count)) {
        s->due_ms = 0;
        coap_exchange_acknowledge_due(s);
        coap_answers_expire(s);
        coap_connection_expire(s);
    }
}

static bool init(struct coap_server *s, const struct coap_server_options *options,
        struct error *err)
{
    s->options = *options;
    if (s->options.sessions_max == 0) {
        s->options.sessions_max = SESSIONS_DEFAULT;
    }
    s->rate.per_second = options->rate_limit;
    TAILQ_INIT(&s->peers);
    TAILQ_INIT(&s->waiting);
    TAILQ_INIT(&s->kept);
    s->epoll = epoll_create1(EPOLL_CLOEXEC);
    s->timer = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
    if (s->epoll < 0 || s->timer < 0) {
        return error_set(err, ERROR_IO, "epoll and timer: %s", strerror(errno));
    }
    /* An answer of before a restart is not the same one. */
    if (getrandom(&s->next_etag, sizeof(s->next_etag), 0) != sizeof(s->next_etag)) {
        return error_set(err, ERROR_IO, "random numbers: %s", strerror(errno));
    }
    s->timer_watch = (struct coap_watch){ sweep, s };
    return coap_echo_init(&s->echo, err) && coap_server_watch(s, s->timer, &s->timer_watch, err);
}

bool coap_server_new(const struct coap_server_options *options, struct coap_server **out,
        struct error *err)
{
    struct coap_server *s = calloc(1, sizeof(*s));

    if (s == NULL) {
        return error_set(err, ERROR_NOMEM, "out of memory");
    }
    s->epoll = -1;
    s->timer = -1;
    coap_library_start();
    if (!init(s, options, err)) {
        coap_server_free(s);
        return false;
    }
    *out = s;
    return true;
}

static void close_listener(struct coap_listener *l)
{
    if (l->reliable && l->socket >= 0) {
        close(l->socket);
    }
    coap_free_context(l->context);
}

void coap_server_free(struct coap_server *s)
{
    if (s == NULL) {
        return;
    }
    /* libcoap asserts that nobody holds its sessions any more. */
    for (struct coap_peer *p = TAILQ_FIRST(&s->peers); p != NULL; p = TAILQ_FIRST(&s->peers)) {
        if (p->listener->reliable) {
            coap_connection_close(p);
        } else {
            coap_peer_free(p);
        }
    }
    for (size_t i = 0; i < s->listener_count; i++) {
        close_listener(&s->listeners[i]);
    }
    if (s->timer >= 0) {
        close(s->timer);
    }
    if (s->epoll >= 0) {
        close(s->epoll);
    }
    free(s);
}

int coap_server_fd(const struct coap_server *s)
{
    return s->epoll;
}

bool coap_server_process(struct coap_server *s, struct error *err)
{
    /* One event at a time: what it is about may be gone after the one before. */
    for (int i = 0; i < EVENTS_AT_ONCE; i++) {
        struct epoll_event event;
        int n = epoll_wait(s->epoll, &event, 1, 0);

        if (n < 0 && errno != EINTR) {
            return error_set(err, ERROR_IO, "epoll: %s", strerror(errno));
        }
        if (n <= 0) {
            break;
        }
        const struct coap_watch *w = event.data.ptr;

        w->ready(w->owner);
    }
    coap_server_set_timer(s);
    return true;
}
