/* SPDX-License-Identifier: BSD-3-Clause */
#include <linux/tcp.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include "protocol/coap_server_internal.h"

/*
 * What libcoap leaves open over TCP: it accepts connections without end, keeps those whose peer
 * does not read, and answers there whatever arrives; and it opens a connection of its own to a peer
 * that goes on talking after it has said goodbye.
 */

/* Without a request for so long, a connection is closed. libcoap itself closes those that are
 * silent, but not those that drip, or that leave an answer unread. */
#define IDLE_MS 120000u
/* What a peer may send while it leaves unread what it was sent: more than a few requests. */
#define UNREAD_MAX ((uint64_t)16 * 1024)
/* Events before the caller gets its turn. */
#define EVENTS_MAX 16

static bool is_open(const struct coap_peer *p)
{
    return p->listener->reliable && !p->closed;
}

static bool same_host(const struct coap_peer *a, const struct coap_peer *b)
{
    return memcmp(&a->key, &b->key, sizeof(a->key)) == 0;
}

static size_t count_of_host(const struct coap_server *s, const struct coap_peer *like)
{
    const struct coap_peer *p;
    size_t count = 0;

    TAILQ_FOREACH(p, &s->peers, link)
    {
        count += is_open(p) && same_host(p, like) ? 1 : 0;
    }
    return count;
}

/*
 * Which connection makes room for another: of the host that has most of them the one that has asked
 * nothing for longest. Hosts that have few cannot be pushed out by one that opens many.
 */
static struct coap_peer *find_victim(struct coap_server *s)
{
    struct coap_peer *victim = NULL;
    struct coap_peer *p;
    size_t most = 0;

    TAILQ_FOREACH(p, &s->peers, link)
    {
        if (!is_open(p) || p->waiting > 0) {
            continue;
        }
        size_t count = count_of_host(s, p);

        if (count > most || (count == most && p->asked_ms < victim->asked_ms)) {
            most = count;
            victim = p;
        }
    }
    return victim;
}

static void close_connection(struct coap_peer *p)
{
    coap_session_disconnected(p->session, COAP_NACK_NOT_DELIVERABLE);
}

/* Connections are only closed between events: inside one, libcoap still uses what it would free. */
static void make_room(struct coap_server *s)
{
    struct coap_peer *victim;
    const struct coap_peer *p;
    size_t count = 0;

    TAILQ_FOREACH(p, &s->peers, link)
    {
        count += is_open(p) ? 1 : 0;
    }
    for (; count > s->options.sessions_max && (victim = find_victim(s)) != NULL; count--) {
        close_connection(victim);
    }
}

/* True when the peer goes on sending and does not read. */
static bool is_unread(struct coap_peer *p)
{
    struct tcp_info info = { 0 };
    socklen_t len = sizeof(info);

    if (p->socket < 0 || getsockopt(p->socket, IPPROTO_TCP, TCP_INFO, &info, &len) != 0) {
        return false;
    }
    if (info.tcpi_notsent_bytes == 0) {
        p->read_up_to = info.tcpi_bytes_received;
    }
    return info.tcpi_bytes_received - p->read_up_to > UNREAD_MAX;
}

static void check(struct coap_listener *l)
{
    struct coap_peer *p;

    TAILQ_FOREACH(p, &l->server->peers, link)
    {
        if (p->listener != l) {
            continue;
        }
        bool reopened = p->closed && coap_session_get_state(p->session) != COAP_SESSION_STATE_NONE;

        if (reopened || (!p->closed && is_unread(p))) {
            close_connection(p);
        }
    }
}

/* Sessions of connections that were closed. */
static void free_closed(struct coap_listener *l)
{
    struct epoll_event none;

    coap_io_do_epoll(l->context, &none, 0);
}

void coap_connection_process(struct coap_listener *l)
{
    struct epoll_event events[EVENTS_MAX];
    int n = epoll_wait(coap_context_get_coap_fd(l->context), events, EVENTS_MAX, 0);

    if (n > 0) {
        coap_io_do_epoll(l->context, events, (size_t)n);
        check(l);
        make_room(l->server);
        free_closed(l);
    }
}

void coap_connection_expire(struct coap_server *s)
{
    uint64_t now = coap_server_now();
    struct coap_peer *p;

    TAILQ_FOREACH(p, &s->peers, link)
    {
        if (is_open(p) && p->waiting == 0 && p->asked_ms + IDLE_MS <= now) {
            close_connection(p);
        }
    }
    for (size_t i = 0; i < s->listener_count; i++) {
        free_closed(&s->listeners[i]);
    }
}

bool coap_connection_any(const struct coap_server *s)
{
    const struct coap_peer *p;

    TAILQ_FOREACH(p, &s->peers, link)
    {
        if (p->listener->reliable) {
            return true;
        }
    }
    return false;
}
