/* SPDX-License-Identifier: BSD-3-Clause */
#include "agent/serve.h"

#include <stdlib.h>
#include <string.h>

#include "agent/answer.h"
#include "agent/worker.h"
#include "host/log.h"
#include "protocol/message.h"

/* Enough to tell one complaint from the next. */
#define COMPLAINT_MAX 160

/* A request that waits for its quote. */
struct pending {
    struct job job;
    struct coap_exchange *exchange; /* NULL: the peer is gone */
    struct message_request request; /* borrows from payload */
    uint8_t payload[MESSAGE_REQUEST_MAX];
    struct pending *next;
};

/* What is wrong with one thing, so that it is said once and not for every request. */
struct complaint {
    char text[COMPLAINT_MAX];
};

struct serve {
    struct worker *worker;
    struct logs *logs;
    struct hasher hasher;
    uint8_t *scratch;
    struct pending *pending; /* all of them, in no order */
    bool drain;
    struct tpm_name ak_name; /* that the last quote was made with */
    struct complaint tpm;
    struct complaint log[LOG_KIND_COUNT];
};

static bool is_new(struct complaint *c, const struct error *err)
{
    char shown[COMPLAINT_MAX];

    (void)bytes_print(shown, sizeof(shown), bytes_of_text(err->text));
    if (strcmp(c->text, shown) == 0) {
        return false;
    }
    memcpy(c->text, shown, sizeof(c->text));
    return true;
}

static void complain_of_log(struct serve *s, enum log_kind kind, const struct error *err)
{
    char path[128];

    if (is_new(&s->log[kind], err)) {
        log_warning("event=log-unreadable path=\"%s\" reason=\"%s\"",
                bytes_print(path, sizeof(path), bytes_of_text(s->logs->file[kind].path)),
                s->log[kind].text);
    }
}

static void praise_logs(struct serve *s, const struct message_request *request)
{
    for (enum log_kind kind = LOG_KIND_BOOT; kind < LOG_KIND_COUNT; kind++) {
        if (request->want[kind].wanted && s->log[kind].text[0] != '\0') {
            s->log[kind].text[0] = '\0';
            log_info("event=log-readable log=\"%s\"", log_kind_name(kind));
        }
    }
}

static void complain_of_tpm(struct serve *s, const struct error *err)
{
    if (is_new(&s->tpm, err)) {
        log_warning("event=quote-failed reason=\"%s\"", s->tpm.text);
    }
}

static void praise_tpm(struct serve *s, const struct attester_proof *proof)
{
    char name[2 * sizeof(proof->ak_name.data) + 1];

    if (s->tpm.text[0] != '\0') {
        s->tpm.text[0] = '\0';
        log_info("event=quote-works");
    }
    if (bytes_equal(tpm_name_view(&s->ak_name), tpm_name_view(&proof->ak_name))) {
        return;
    }
    (void)bytes_hex(name, sizeof(name), tpm_name_view(&proof->ak_name));
    if (s->ak_name.len == 0) {
        log_info("event=attestation-key ak-name=%s%s", name, proof->ak_created ? " new=yes" : "");
    } else {
        log_warning("event=attestation-key-changed ak-name=%s", name);
    }
    s->ak_name = proof->ak_name;
}

static void forget(struct serve *s, struct pending *p)
{
    struct pending **at = &s->pending;

    while (*at != p) {
        at = &(*at)->next;
    }
    *at = p->next;
    free(p);
}

/* A bank, a log or an offset that we do not have is the request's fault. */
static enum coap_refusal refusal_of(const struct error *err)
{
    return err->code == ERROR_CONFIG || error_is_about_input(err) ? COAP_REFUSAL_BAD_REQUEST
                                                                  : COAP_REFUSAL_INTERNAL;
}

static void answer(struct serve *s, struct coap_exchange *x, const struct message_request *request,
        const struct attester_proof *proof)
{
    struct answer_source from = { s->logs, &s->hasher, s->scratch };
    struct buffer body = { 0 };
    struct error err = { 0 };
    enum log_kind failed;

    if (!answer_make(&from, request, proof, coap_exchange_limit(x), &body, &failed, &err)) {
        if (err.code == ERROR_IO) {
            complain_of_log(s, failed, &err);
        }
        coap_exchange_refuse(x, refusal_of(&err), "no answer", err.text);
        return;
    }
    praise_logs(s, request);
    coap_exchange_answer(x, &body);
}

/* A log that cannot be read is no reason to trouble the TPM. */
static bool look_ahead(struct serve *s, const struct message_request *request, struct error *err)
{
    for (enum log_kind kind = LOG_KIND_BOOT; kind < LOG_KIND_COUNT; kind++) {
        bool there;

        if (request->want[kind].wanted && !logs_look(s->logs, kind, &there, err)) {
            complain_of_log(s, kind, err);
            return false;
        }
    }
    return true;
}

/* p is the worker's, or refused and free. */
static void enqueue(struct serve *s, struct pending *p)
{
    struct error err = { 0 };

    p->job.challenge = p->request.challenge;
    p->job.selection = p->request.selection;
    if (s->drain) {
        coap_exchange_refuse(p->exchange, COAP_REFUSAL_UNAVAILABLE, "no quote",
                "the agent is about to stop");
    } else if (!look_ahead(s, &p->request, &err)) {
        coap_exchange_refuse(p->exchange, COAP_REFUSAL_INTERNAL, "no quote", err.text);
    } else if (!worker_submit(s->worker, &p->job)) {
        coap_exchange_refuse(p->exchange, COAP_REFUSAL_UNAVAILABLE, "no quote",
                "too many challenges wait for the TPM");
    } else {
        p->next = s->pending;
        s->pending = p;
        return;
    }
    free(p);
}

/* Keeps what it decodes: the request waits longer than the payload is there. */
static bool decode(struct pending *p, struct bytes payload, struct error *err)
{
    if (payload.len == 0 || payload.len > sizeof(p->payload)) {
        return error_set(err, ERROR_LIMIT, "%zu bytes, want 1 to %zu", payload.len,
                sizeof(p->payload));
    }
    memcpy(p->payload, payload.ptr, payload.len);
    return message_request_decode((struct bytes){ p->payload, payload.len }, &p->request, err);
}

void serve_request(void *ctx, struct coap_exchange *x, struct bytes payload, const char *peer)
{
    struct serve *s = ctx;
    struct pending *p = calloc(1, sizeof(*p));
    struct error err = { 0 };

    (void)peer;
    if (p == NULL) {
        coap_exchange_refuse(x, COAP_REFUSAL_INTERNAL, "no answer", "out of memory");
        return;
    }
    p->exchange = x;
    if (!decode(p, payload, &err)) {
        coap_exchange_refuse(x, COAP_REFUSAL_BAD_REQUEST, "not a request message", err.text);
        free(p);
    } else if (p->request.challenge.len > 0) {
        enqueue(s, p);
    } else {
        answer(s, x, &p->request, NULL);
        free(p);
    }
}

/* Nobody waits for it any more: spare the TPM, if it has not begun. */
static void abandon(struct serve *s, struct pending *p)
{
    p->exchange = NULL;
    if (worker_withdraw(s->worker, &p->job)) {
        forget(s, p);
    }
}

void serve_gone(void *ctx, struct coap_exchange *x)
{
    struct serve *s = ctx;
    struct pending *p = s->pending;

    while (p != NULL && p->exchange != x) {
        p = p->next;
    }
    if (p != NULL) {
        abandon(s, p);
    }
}

void serve_abandon(struct serve *s)
{
    struct pending *next;

    for (struct pending *p = s->pending; p != NULL; p = next) {
        next = p->next;
        abandon(s, p);
    }
}

int serve_fd(const struct serve *s)
{
    return worker_fd(s->worker);
}

static void finish(struct serve *s, struct pending *p)
{
    if (p->job.ok) {
        praise_tpm(s, &p->job.proof);
    } else if (p->job.err.code != ERROR_CONFIG) {
        complain_of_tpm(s, &p->job.err);
    }
    if (p->exchange == NULL) {
        return;
    }
    if (p->job.ok) {
        answer(s, p->exchange, &p->request, &p->job.proof);
    } else {
        coap_exchange_refuse(p->exchange, refusal_of(&p->job.err), "no quote", p->job.err.text);
    }
}

void serve_process(struct serve *s)
{
    struct job *job;

    while ((job = worker_take(s->worker)) != NULL) {
        struct pending *p = s->pending;

        while (&p->job != job) {
            p = p->next;
        }
        finish(s, p);
        forget(s, p);
    }
}

void serve_drain(struct serve *s)
{
    s->drain = true;
}

size_t serve_waiting(const struct serve *s)
{
    size_t count = 0;

    for (const struct pending *p = s->pending; p != NULL; p = p->next) {
        count += p->exchange != NULL;
    }
    return count;
}

static void free_parts(struct serve *s)
{
    while (s->pending != NULL) {
        forget(s, s->pending);
    }
    hasher_clear(&s->hasher);
    free(s->scratch);
    free(s);
}

bool serve_new(const struct serve_options *options, struct serve **out, struct error *err)
{
    struct serve *s = calloc(1, sizeof(*s));

    if (s == NULL) {
        return error_set(err, ERROR_NOMEM, "the agent");
    }
    s->logs = options->logs;
    s->ak_name = options->ak_name;
    s->scratch = malloc(MESSAGE_CHUNK_DATA_MAX);
    if ((s->scratch == NULL && !error_set(err, ERROR_NOMEM, "the agent")) ||
            !hasher_init(&s->hasher, err) ||
            !worker_new(&options->attester, options->queue_max, &s->worker, err)) {
        free_parts(s);
        return false;
    }
    *out = s;
    return true;
}

bool serve_free(struct serve *s)
{
    if (!worker_free(s->worker)) {
        return false;
    }
    free_parts(s);
    return true;
}
