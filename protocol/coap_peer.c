/* SPDX-License-Identifier: BSD-3-Clause */
#include <stdlib.h>

#include "protocol/coap_server_internal.h"

struct coap_peer *coap_peer_new(struct coap_listener *l, const coap_address_t *address)
{
    struct coap_peer *p = calloc(1, sizeof(*p));

    if (p == NULL) {
        return NULL;
    }
    p->listener = l;
    p->address = *address;
    p->key = coap_address_key(address);
    p->active_ms = coap_server_now();
    p->stream.fd = -1;
    TAILQ_INSERT_TAIL(&l->server->peers, p, link);
    return p;
}

bool coap_peer_is_known(const struct coap_listener *l, const coap_address_t *address)
{
    uint64_t now = coap_server_now();
    const struct coap_peer *p;

    TAILQ_FOREACH (p, &l->server->peers, link) {
        if (p->listener == l && coap_address_equals(&p->address, address)) {
            return now - p->active_ms <= COAP_ECHO_SECONDS * UINT64_C(1000);
        }
    }
    return false;
}

void coap_peer_hold(struct coap_peer *p)
{
    if (p->held++ == 0 && p->session != NULL) {
        coap_session_reference(p->session);
    }
}

void coap_peer_unhold(struct coap_peer *p)
{
    if (--p->held == 0 && p->session != NULL) {
        coap_session_release(p->session);
    }
}

size_t coap_peer_room(const struct coap_peer *p)
{
    size_t max = p->session != NULL ? coap_session_max_pdu_size(p->session) : p->stream.message_max;

    max = max < COAP_RESPONSE_MAX_TCP ? max : COAP_RESPONSE_MAX_TCP;
    return max > COAP_RESPONSE_OVERHEAD ? max - COAP_RESPONSE_OVERHEAD : 0;
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

void coap_peer_free(struct coap_peer *p)
{
    drop_waiting(p);
    drop_kept(p);
    if (p->session != NULL) {
        coap_session_set_app_data(p->session, NULL);
    }
    TAILQ_REMOVE(&p->listener->server->peers, p, link);
    free(p);
}
