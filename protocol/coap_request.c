/* SPDX-License-Identifier: BSD-3-Clause */
#include "protocol/coap_server_internal.h"
#include "protocol/request.h"

static const struct coap_problem overloaded = {
    .code = COAP_RESPONSE_CODE_SERVICE_UNAVAILABLE,
    .title = "Too many requests wait",
    .detail = "ask again",
    .max_age = COAP_RETRY_SECONDS,
};

/* What a match is looked for with. */
struct wanted {
    const coap_pdu_t *request;
    struct bytes payload;
};

static bool answers_anything(const struct coap_answer *a, const void *ctx)
{
    (void)a;
    (void)ctx;
    return true;
}

static bool answers_payload(const struct coap_answer *a, const void *ctx)
{
    const struct wanted *w = ctx;

    return coap_identity_same_payload(&a->id, w->payload);
}

static bool answers_duplicate(const struct coap_answer *a, const void *ctx)
{
    const struct wanted *w = ctx;

    return coap_identity_is_duplicate(&a->id, w->request, w->payload);
}

/* RFC 7959 section 2.4 repeats the payload with each block; others send it once. */
static void continue_answer(struct coap_peer *p, const struct coap_fetch *fetch,
        coap_pdu_t *response)
{
    static const struct coap_problem not_kept = {
        .code = COAP_RESPONSE_CODE_INCOMPLETE,
        .title = "No answer is kept",
        .detail = "begin again without Block2",
    };
    struct wanted w = { .payload = fetch->payload };
    const struct coap_answer *a = coap_answer_find(p->listener->server, p,
            fetch->payload.len > 0 ? answers_payload : answers_anything, &w);

    if (a == NULL) {
        coap_problem_write(response, &not_kept);
        return;
    }
    coap_answer_write(response, a, &fetch->block2);
}

/* True when the request is known: its answer is still to come, or goes out again. Over TCP nothing
 * arrives twice. */
static bool is_handled(struct coap_peer *p, const coap_pdu_t *request,
        const struct coap_fetch *fetch, coap_pdu_t *response)
{
    struct coap_server *s = p->listener->server;
    struct wanted w = { .request = request, .payload = fetch->payload };
    struct coap_exchange *x;

    if (p->listener->reliable) {
        return false;
    }
    TAILQ_FOREACH (x, &s->waiting, link) {
        if (x->peer == p && coap_identity_same_payload(&x->id, fetch->payload)) {
            coap_exchange_repeat(x, request);
            return true;
        }
    }
    const struct coap_answer *a = coap_answer_find(s, p, answers_duplicate, &w);

    if (a != NULL) {
        coap_answer_write(response, a, &fetch->block2);
    }
    return a != NULL;
}

/* A piece of a log is cheap; what cannot be read costs as much as a quote. */
static unsigned int cost_of(struct bytes payload)
{
    struct message_request m;
    struct error err;

    return message_request_decode(payload, &m, &err) && m.challenge.len == 0 ? COAP_RATE_COST_CHUNK
                                                                             : COAP_RATE_COST_QUOTE;
}

static bool is_within_rate(struct coap_peer *p, struct bytes payload, coap_pdu_t *response)
{
    struct coap_server *s = p->listener->server;
    unsigned int wait = coap_rate_take(&s->rate, &p->key, cost_of(payload), coap_server_now());

    if (wait > 0) {
        coap_problem_write(response,
                &(struct coap_problem){ .code = COAP_RESPONSE_CODE_TOO_MANY_REQUESTS,
                        .title = "Too many requests",
                        .detail = "wait for Max-Age seconds",
                        .max_age = wait });
    }
    return wait == 0;
}

static void begin(struct coap_peer *p, const coap_pdu_t *request, const struct coap_fetch *fetch,
        coap_pdu_t *response)
{
    struct coap_server *s = p->listener->server;
    char shown[COAP_ADDRESS_TEXT_MAX];

    if (p->waiting >= COAP_WAITING_PEER_MAX || s->waiting_count >= COAP_WAITING_MAX) {
        coap_problem_write(response, &overloaded);
        return;
    }
    struct coap_exchange *x = coap_exchange_new(p, request, fetch);

    if (x == NULL) {
        coap_problem_write(response, &overloaded);
        return;
    }
    coap_address_print(shown, &p->address);
    s->answering = x;
    x->response = response;
    s->options.request(s->options.ctx, x, buffer_view(&x->id.payload), shown);
    /* Answered already: x is gone. */
    if (s->answering != NULL) {
        s->answering = NULL;
        x->response = NULL;
        coap_exchange_wait(x, response);
    }
}

void coap_request_handle(struct coap_peer *p, const coap_pdu_t *request, coap_pdu_t *response)
{
    struct coap_fetch fetch;
    struct coap_problem problem;

    p->active_ms = coap_server_now();
    if (!coap_fetch_read(request, p->listener->server->options.request_max, &fetch, &problem)) {
        coap_problem_write(response, &problem);
    } else if (fetch.block2.num > 0) {
        continue_answer(p, &fetch, response);
    } else if (!is_handled(p, request, &fetch, response) &&
            is_within_rate(p, fetch.payload, response)) {
        begin(p, request, &fetch, response);
    }
}
