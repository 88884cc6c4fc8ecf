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
/* How often kept answers are looked at. */
#define SWEEP_SECONDS 5
/* Events handled before the caller gets its turn. */
#define EVENTS_MAX 16

uint64_t coap_server_now(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

bool coap_server_watch(struct coap_server *s, int fd, struct coap_listener *l, struct error *err)
{
    struct epoll_event event = { .events = EPOLLIN, .data.ptr = l };

    if (epoll_ctl(s->epoll, EPOLL_CTL_ADD, fd, &event) != 0) {
        return error_set(err, ERROR_IO, "epoll: %s", strerror(errno));
    }
    return true;
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
    return coap_echo_init(&s->echo, err) && coap_server_watch(s, s->timer, NULL, err);
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

void coap_server_free(struct coap_server *s)
{
    if (s == NULL) {
        return;
    }
    /* libcoap asserts that nobody holds its sessions any more. */
    while (!TAILQ_EMPTY(&s->peers)) {
        coap_peer_vanishes(TAILQ_FIRST(&s->peers));
    }
    for (size_t i = 0; i < s->listener_count; i++) {
        coap_free_context(s->listeners[i].context);
    }
    if (s->timer >= 0) {
        close(s->timer);
    }
    if (s->epoll >= 0) {
        close(s->epoll);
    }
    free(s);
}

/* An idle agent is not woken up: the timer runs while there is something that can expire. */
void coap_server_set_timer(struct coap_server *s)
{
    const struct itimerspec once = { .it_value.tv_sec = SWEEP_SECONDS };

    if (!s->timer_runs && (!TAILQ_EMPTY(&s->kept) || coap_connection_any(s))) {
        s->timer_runs = timerfd_settime(s->timer, 0, &once, NULL) == 0;
    }
}

static void sweep(struct coap_server *s)
{
    uint64_t count;

    if (read(s->timer, &count, sizeof(count)) == sizeof(count)) {
        s->timer_runs = false;
        coap_answers_expire(s);
        coap_connection_expire(s);
    }
}

int coap_server_fd(const struct coap_server *s)
{
    return s->epoll;
}

bool coap_server_process(struct coap_server *s, struct error *err)
{
    struct epoll_event events[EVENTS_MAX];
    int n = epoll_wait(s->epoll, events, EVENTS_MAX, 0);

    if (n < 0 && errno != EINTR) {
        return error_set(err, ERROR_IO, "epoll: %s", strerror(errno));
    }
    for (int i = 0; i < n; i++) {
        struct coap_listener *l = events[i].data.ptr;

        if (l == NULL) {
            sweep(s);
        } else if (l->reliable) {
            coap_connection_process(l);
        } else {
            coap_guard_process(l);
        }
    }
    coap_server_set_timer(s);
    return true;
}
