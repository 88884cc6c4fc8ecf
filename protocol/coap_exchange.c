/* SPDX-License-Identifier: BSD-3-Clause */
#include <stdlib.h>
#include <string.h>

#include "protocol/coap_server_internal.h"

bool coap_identity_same_payload(const struct coap_identity *id, struct bytes payload)
{
    return bytes_equal(buffer_view(&id->payload), payload);
}

/* A copy of a message has its id. A peer that asks the same in a new one wants a new answer: a log
 * may have grown. There are no ids over TCP, and nothing arrives twice there. */
bool coap_identity_is_duplicate(const struct coap_identity *id, const coap_pdu_t *request,
        struct bytes payload)
{
    return id->mid == coap_pdu_get_mid(request) && coap_identity_same_payload(id, payload);
}

void coap_identity_clear(struct coap_identity *id)
{
    buffer_clear(&id->payload);
}

/* libcoap lets no longer tokens through (RFC 7252 section 3). */
static void set_message(struct coap_exchange *x, const coap_pdu_t *request)
{
    coap_bin_const_t token = coap_pdu_get_token(request);

    x->token_len = token.length < sizeof(x->token) ? token.length : sizeof(x->token);
    memcpy(x->token, token.s, x->token_len);
    x->confirmable = coap_pdu_get_type(request) == COAP_MESSAGE_CON;
    x->id.mid = coap_pdu_get_mid(request);
}

static bool copy(struct buffer *out, struct bytes b)
{
    out->data = malloc(b.len);
    if (out->data == NULL) {
        return false;
    }
    memcpy(out->data, b.ptr, b.len);
    out->len = b.len;
    return true;
}

struct coap_exchange *coap_exchange_new(struct coap_peer *p, const coap_pdu_t *request,
        const struct coap_fetch *fetch)
{
    struct coap_server *s = p->listener->server;
    struct coap_exchange *x = calloc(1, sizeof(*x));

    if (x == NULL || !copy(&x->id.payload, fetch->payload)) {
        free(x);
        return NULL;
    }
    set_message(x, request);
    x->peer = p;
    x->block2 = fetch->block2;
    TAILQ_INSERT_TAIL(&s->waiting, x, link);
    s->waiting_count++;
    p->waiting++;
    coap_peer_hold(p);
    return x;
}

/* libcoap acknowledges what has no answer yet. */
void coap_exchange_repeat(struct coap_exchange *x, const coap_pdu_t *request)
{
    set_message(x, request);
    x->acknowledged = true;
}

/* An answer that comes soon is the acknowledgement (RFC 7252 section 5.2.1): half the messages, and
 * libcoap's own client takes blocks in no other way. A response of type NON without a code is one
 * that libcoap does not send. */
void coap_exchange_wait(struct coap_exchange *x, coap_pdu_t *response)
{
    if (x->peer->session != NULL && x->confirmable) {
        coap_pdu_set_type(response, COAP_MESSAGE_NON);
        x->acknowledge_ms = coap_server_now() + COAP_ACKNOWLEDGE_MS;
        coap_server_set_timer(x->peer->listener->server);
    }
}

static void acknowledge(struct coap_exchange *x)
{
    coap_pdu_t *pdu = coap_pdu_init(COAP_MESSAGE_ACK, 0, x->id.mid, 0);

    x->acknowledged = true;
    if (pdu != NULL) {
        coap_send(x->peer->session, pdu);
    }
}

static bool is_unacknowledged(const struct coap_exchange *x)
{
    return x->acknowledge_ms != 0 && !x->acknowledged;
}

void coap_exchange_acknowledge_due(struct coap_server *s)
{
    uint64_t now = coap_server_now();
    struct coap_exchange *x;

    TAILQ_FOREACH (x, &s->waiting, link) {
        if (is_unacknowledged(x) && x->acknowledge_ms <= now) {
            acknowledge(x);
        }
    }
}

uint64_t coap_exchange_next_due(const struct coap_server *s)
{
    const struct coap_exchange *x;

    /* They came in this order, and all wait as long. */
    TAILQ_FOREACH (x, &s->waiting, link) {
        if (is_unacknowledged(x)) {
            return x->acknowledge_ms;
        }
    }
    return UINT64_MAX;
}

void coap_exchange_drop(struct coap_exchange *x)
{
    struct coap_peer *p = x->peer;
    struct coap_server *s = p->listener->server;

    if (s->answering == x) {
        s->answering = NULL;
    }
    TAILQ_REMOVE(&s->waiting, x, link);
    s->waiting_count--;
    p->waiting--;
    coap_identity_clear(&x->id);
    free(x);
    coap_peer_unhold(p);
}

size_t coap_exchange_limit(const struct coap_exchange *x)
{
    /* A peer that takes short messages only gets blocks over TCP, too. */
    return x->peer->listener->reliable && coap_peer_room(x->peer) >= COAP_ANSWER_MAX_TCP
            ? COAP_ANSWER_MAX_TCP
            : COAP_ANSWER_MAX_UDP;
}

/* Where the answer goes: the response that is prepared while the handler runs; soon after, the
 * acknowledgement; later a message of its own (RFC 7252 section 5.2.2). */
static coap_pdu_t *open_response(const struct coap_exchange *x)
{
    struct coap_peer *p = x->peer;
    coap_pdu_t *pdu = x->response;

    if (pdu != NULL) {
        return pdu;
    }
    if (p->session == NULL) {
        pdu = coap_pdu_init(COAP_MESSAGE_CON, 0, 0, COAP_RESPONSE_MAX_TCP);
    } else if (is_unacknowledged(x)) {
        pdu = coap_pdu_init(COAP_MESSAGE_ACK, 0, x->id.mid, coap_session_max_pdu_size(p->session));
    } else {
        pdu = coap_pdu_init(x->confirmable ? COAP_MESSAGE_CON : COAP_MESSAGE_NON, 0,
                coap_new_message_id(p->session), coap_session_max_pdu_size(p->session));
    }
    if (pdu != NULL && !coap_add_token(pdu, x->token_len, x->token)) {
        coap_delete_pdu(pdu);
        return NULL;
    }
    return pdu;
}

/* Nothing can be done when sending fails: the peer asks again. */
static void close_response(const struct coap_exchange *x, coap_pdu_t *pdu)
{
    if (pdu == x->response) {
        return;
    }
    if (x->peer->session == NULL) {
        coap_connection_send(x->peer, pdu);
    } else {
        coap_send(x->peer->session, pdu);
    }
}

void coap_exchange_answer(struct coap_exchange *x, struct buffer *body)
{
    const struct coap_problem no_memory = { .code = COAP_RESPONSE_CODE_INTERNAL_ERROR,
        .title = "Internal error",
        .detail = "out of memory" };
    struct coap_server *s = x->peer->listener->server;
    coap_pdu_t *pdu = open_response(x);
    struct coap_answer *a = coap_answer_keep(x, body);

    if (pdu != NULL) {
        if (a != NULL) {
            coap_answer_write(pdu, a, &x->block2);
        } else {
            coap_problem_write(pdu, &no_memory);
        }
        close_response(x, pdu);
    }
    /* Nothing is lost over TCP: nobody asks for a whole answer again. */
    if (a != NULL && x->peer->listener->reliable && coap_answer_is_whole(a, &x->block2)) {
        coap_answer_drop(s, a);
    }
    buffer_clear(body);
    coap_exchange_drop(x);
}

void coap_exchange_refuse(struct coap_exchange *x, enum coap_refusal why, const char *title,
        const char *detail)
{
    static const coap_pdu_code_t codes[] = {
        [COAP_REFUSAL_BAD_REQUEST] = COAP_RESPONSE_CODE_BAD_REQUEST,
        [COAP_REFUSAL_UNAVAILABLE] = COAP_RESPONSE_CODE_SERVICE_UNAVAILABLE,
        [COAP_REFUSAL_INTERNAL] = COAP_RESPONSE_CODE_INTERNAL_ERROR,
    };
    coap_pdu_t *pdu = open_response(x);

    if (pdu != NULL) {
        coap_problem_write(pdu,
                &(struct coap_problem){ .code = codes[why],
                        .title = title,
                        .detail = detail,
                        .max_age = why == COAP_REFUSAL_UNAVAILABLE ? COAP_RETRY_SECONDS : 0 });
        close_response(x, pdu);
    }
    coap_exchange_drop(x);
}
