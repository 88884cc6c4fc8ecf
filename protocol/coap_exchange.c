/* SPDX-License-Identifier: BSD-3-Clause */
#include <stdlib.h>
#include <string.h>

#include "protocol/coap_server_internal.h"

bool coap_identity_same_payload(const struct coap_identity *id, struct bytes payload)
{
    return bytes_equal(buffer_view(&id->payload), payload);
}

/* A peer that asks the same again wants a new answer, unless the message is the same. Message ids
 * do not exist over TCP, and nothing arrives twice there. */
bool coap_identity_is_duplicate(const struct coap_identity *id, const coap_pdu_t *request,
        struct bytes payload)
{
    coap_bin_const_t token = coap_pdu_get_token(request);

    return coap_identity_same_payload(id, payload) &&
            (id->mid == coap_pdu_get_mid(request) ||
                    (token.length > 0 &&
                            bytes_equal((struct bytes){ id->token, id->token_len },
                                    (struct bytes){ token.s, token.length })));
}

void coap_identity_clear(struct coap_identity *id)
{
    buffer_clear(&id->payload);
}

/* libcoap lets no longer tokens through (RFC 7252 section 3). */
static void set_message(struct coap_identity *id, const coap_pdu_t *request)
{
    coap_bin_const_t token = coap_pdu_get_token(request);

    id->token_len = token.length < sizeof(id->token) ? token.length : sizeof(id->token);
    memcpy(id->token, token.s, id->token_len);
    id->mid = coap_pdu_get_mid(request);
}

static bool set_identity(struct coap_identity *id, const coap_pdu_t *request, struct bytes payload)
{
    set_message(id, request);
    id->payload.data = malloc(payload.len);
    if (id->payload.data == NULL) {
        return false;
    }
    memcpy(id->payload.data, payload.ptr, payload.len);
    id->payload.len = payload.len;
    return true;
}

struct coap_exchange *coap_exchange_new(struct coap_peer *p, const coap_pdu_t *request,
        const struct coap_fetch *fetch)
{
    struct coap_server *s = p->listener->server;
    struct coap_exchange *x = calloc(1, sizeof(*x));

    if (x == NULL || !set_identity(&x->id, request, fetch->payload)) {
        free(x);
        return NULL;
    }
    x->peer = p;
    x->confirmable = coap_pdu_get_type(request) == COAP_MESSAGE_CON;
    x->block2 = fetch->block2;
    TAILQ_INSERT_TAIL(&s->waiting, x, link);
    s->waiting_count++;
    p->waiting++;
    coap_peer_hold(p);
    return x;
}

void coap_exchange_repeat(struct coap_exchange *x, const coap_pdu_t *request)
{
    x->confirmable = coap_pdu_get_type(request) == COAP_MESSAGE_CON;
    set_message(&x->id, request);
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
    if (x->peer->listener->reliable &&
            coap_session_max_pdu_size(x->peer->session) > COAP_ANSWER_MAX_TCP) {
        return COAP_ANSWER_MAX_TCP;
    }
    return COAP_ANSWER_MAX_UDP;
}

/* Where the answer goes: the response that libcoap has prepared while the handler runs, later a
 * message of its own (RFC 7252 section 5.2.2). */
static coap_pdu_t *open_response(const struct coap_exchange *x)
{
    coap_session_t *session = x->peer->session;

    if (x->response != NULL) {
        return x->response;
    }
    coap_pdu_t *pdu = coap_pdu_init(x->confirmable ? COAP_MESSAGE_CON : COAP_MESSAGE_NON, 0,
            coap_new_message_id(session), coap_session_max_pdu_size(session));

    if (pdu != NULL && !coap_add_token(pdu, x->id.token_len, x->id.token)) {
        coap_delete_pdu(pdu);
        return NULL;
    }
    return pdu;
}

/* Nothing can be done when sending fails: the peer asks again. */
static void close_response(const struct coap_exchange *x, coap_pdu_t *pdu)
{
    if (pdu != x->response) {
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
