/* SPDX-License-Identifier: BSD-3-Clause */
#include <stdlib.h>
#include <sys/socket.h>

#include "protocol/coap_server_internal.h"

/* A separate response whose acknowledgement was lost must not hold back the next. */
#define RESPONSES_AT_ONCE COAP_WAITING_PEER_MAX
/* RFC 7252 section 4.8.1: not less than a second. */
#define ACK_TIMEOUT_SECONDS 1

struct coap_peer *coap_peer_of(const coap_session_t *session)
{
    return coap_session_get_app_data(session);
}

/* Without memory the session has no peer, and its requests are refused. */
void coap_peer_appears(struct coap_listener *l, coap_session_t *session)
{
    struct coap_peer *p = calloc(1, sizeof(*p));

    if (p == NULL) {
        return;
    }
    p->listener = l;
    p->session = session;
    p->key = coap_address_key(coap_session_get_addr_remote(session));
    p->asked_ms = coap_server_now();
    p->socket = l->reliable
            ? coap_address_find_socket(SOCK_STREAM, coap_session_get_addr_local(session),
                      coap_session_get_addr_remote(session))
            : -1;
    coap_session_set_app_data(session, p);
    coap_session_set_nstart(session, RESPONSES_AT_ONCE);
    coap_session_set_ack_timeout(session,
            (coap_fixed_point_t){ .integer_part = ACK_TIMEOUT_SECONDS });
    TAILQ_INSERT_TAIL(&l->server->peers, p, link);
}

bool coap_peer_is_known(const struct coap_listener *l, const coap_address_t *address)
{
    const struct coap_peer *p;

    TAILQ_FOREACH(p, &l->server->peers, link)
    {
        if (p->listener == l &&
                coap_address_equals(coap_session_get_addr_remote(p->session), address)) {
            return true;
        }
    }
    return false;
}

void coap_peer_hold(struct coap_peer *p)
{
    if (p->held++ == 0) {
        coap_session_reference(p->session);
    }
}

void coap_peer_unhold(struct coap_peer *p)
{
    if (--p->held == 0) {
        coap_session_release(p->session);
    }
}

static void drop_waiting(struct coap_peer *p)
{
    struct coap_server *s = p->listener->server;
    struct coap_exchange *x = TAILQ_FIRST(&s->waiting);

    while (x != NULL) {
        struct coap_exchange *next = TAILQ_NEXT(x, link);

        if (x->peer == p) {
            s->options.gone(s->options.ctx, x);
            coap_exchange_drop(x);
        }
        x = next;
    }
}

static void drop_kept(struct coap_peer *p)
{
    struct coap_server *s = p->listener->server;
    struct coap_answer *a = TAILQ_FIRST(&s->kept);

    while (a != NULL) {
        struct coap_answer *next = TAILQ_NEXT(a, link);

        if (a->peer == p) {
            coap_answer_drop(s, a);
        }
        a = next;
    }
}

void coap_peer_closes(struct coap_peer *p)
{
    p->closed = true;
    drop_waiting(p);
    drop_kept(p);
}

void coap_peer_vanishes(struct coap_peer *p)
{
    coap_peer_closes(p);
    coap_session_set_app_data(p->session, NULL);
    TAILQ_REMOVE(&p->listener->server->peers, p, link);
    free(p);
}
