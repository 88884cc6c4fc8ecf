/* SPDX-License-Identifier: BSD-3-Clause */
#include "protocol/coap_client.h"

#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

#include "protocol/coap_client_internal.h"

#define TIMEOUT_DEFAULT_MS 30000
/* How often a waiting client looks around: interruption, time limit, progress. */
#define SLICE_MS 200
/* The slowest agent: half a KiB a second, a block of UDP in two. */
#define MS_PER_BYTE 2
/* Blocks over UDP cost a round trip each, and a lost answer begins again. */
#define CHUNK_UDP            ((size_t)64 * 1024)
#define CHUNK_TCP            ((size_t)256 * 1024)
#define FORMAT_CBOR          60
#define FORMAT_CBOR_SEQUENCE 63

uint64_t coap_client_now(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

static bool is_tcp(const struct coap_client *c)
{
    return c->uri.transport == URI_TCP;
}

static void close_connection(struct coap_client *c)
{
    if (is_tcp(c)) {
        coap_client_tcp_close(c);
    } else {
        coap_client_udp_close(c);
    }
    c->open = false;
}

bool coap_client_new(const struct uri *uri, const struct coap_client_options *options,
        struct coap_client **out, struct error *err)
{
    if (uri->port == 0) {
        return error_set(err, ERROR_NO_ANSWER, "port 0 is nobody's");
    }
    struct coap_client *c = calloc(1, sizeof(*c));

    if (c == NULL) {
        return error_set(err, ERROR_NOMEM, "out of memory");
    }
    c->uri = *uri;
    c->options = *options;
    c->stream.fd = -1;
    if (c->options.timeout_ms == 0) {
        c->options.timeout_ms = TIMEOUT_DEFAULT_MS;
    }
    coap_library_start();
    if (!coap_address_resolve(uri, &c->addresses, err)) {
        coap_client_free(c);
        return false;
    }
    *out = c;
    return true;
}

void coap_client_free(struct coap_client *c)
{
    if (c != NULL) {
        close_connection(c);
        buffer_clear(&c->body);
        free(c);
    }
}

size_t coap_client_chunk(const struct coap_client *c)
{
    return is_tcp(c) ? CHUNK_TCP : CHUNK_UDP;
}

void coap_client_lose(struct coap_client *c, const char *why)
{
    char shown[COAP_ADDRESS_TEXT_MAX];

    c->open = false;
    /* The first reason is the true one. */
    if (c->ask != NULL && (c->ask->step == STEP_WAIT || c->ask->step == STEP_PAUSE)) {
        error_set(&c->ask->error, ERROR_NO_ANSWER, "%s: %s",
                coap_address_print(shown, &c->addresses.address[c->at]), why);
        c->ask->step = STEP_REOPEN;
    }
}

static uint64_t bytes_so_far(const struct coap_client *c)
{
    return c->body.len + c->ask->arriving;
}

static uint64_t left_of(uint64_t limit, uint64_t passed)
{
    return passed >= limit ? 0 : limit - passed;
}

/*
 * What may still pass: without progress, and in all, lest an answer drips without end. While other
 * addresses wait for their turn, one that has never answered gets its share only.
 */
static unsigned int time_left(const struct coap_client *c)
{
    size_t turns = c->met ? 1 : c->addresses.count - c->at;
    uint64_t limit = c->options.timeout_ms / turns;
    uint64_t now = coap_client_now();
    uint64_t quiet = left_of(limit, now - c->ask->progress_ms);
    uint64_t all = left_of(limit + bytes_so_far(c) * MS_PER_BYTE, now - c->ask->began_ms);

    return (unsigned int)(quiet < all ? quiet : all);
}

bool coap_client_may_wait(struct coap_client *c, unsigned int *limit_ms, struct error *err)
{
    unsigned int left = time_left(c);

    if (c->options.interrupted != NULL && c->options.interrupted(c->options.ctx)) {
        c->ask->interrupted = true;
        return error_set(err, ERROR_NO_ANSWER, "interrupted");
    }
    *limit_ms = left < SLICE_MS ? left : SLICE_MS;
    return true;
}

static void show_progress(struct coap_client *c)
{
    uint64_t now = coap_client_now();

    if (c->options.progress != NULL && c->ask != NULL && c->ask->progress_ms > c->shown_ms &&
            now - c->shown_ms >= SLICE_MS) {
        c->shown_ms = now;
        c->options.progress(c->options.ctx, bytes_so_far(c));
    }
}

/* For a slice of the time at most. */
static bool wait(struct coap_client *c, unsigned int limit_ms, struct error *err)
{
    bool ok = is_tcp(c) ? coap_client_tcp_wait(c, limit_ms, err)
                        : coap_client_udp_wait(c, limit_ms, err);

    show_progress(c);
    return ok;
}

static bool wait_for_answer(struct coap_client *c, struct error *err)
{
    unsigned int limit_ms;

    if (!coap_client_may_wait(c, &limit_ms, err)) {
        return false;
    }
    if (limit_ms == 0) {
        coap_client_lose(c, "no answer in time");
        return true;
    }
    return wait(c, limit_ms, err);
}

static bool pause_sending(struct coap_client *c, struct coap_ask *ask, struct error *err)
{
    uint64_t until = coap_client_now() + ask->pause_ms;
    unsigned int limit_ms;

    if (ask->pause_ms >= time_left(c)) {
        ask->step = STEP_FAIL;
        return true;
    }
    for (uint64_t now = coap_client_now(); now < until && ask->step == STEP_PAUSE;
            now = coap_client_now()) {
        if (!coap_client_may_wait(c, &limit_ms, err) ||
                !wait(c, until - now < limit_ms ? (unsigned int)(until - now) : limit_ms, err)) {
            return false;
        }
    }
    if (ask->step == STEP_PAUSE) {
        ask->step = STEP_SEND;
    }
    return true;
}

/* Where the agent was met, a lost connection is made anew once; else the next address has its
 * turn. */
static void reopen(struct coap_client *c, struct coap_ask *ask)
{
    bool again = c->met && is_tcp(c) && !ask->reopened;
    bool next = !c->met && c->at + 1 < c->addresses.count;

    close_connection(c);
    if (!again && !next) {
        ask->step = STEP_FAIL;
        return;
    }
    ask->reopened = again;
    c->at += next ? 1 : 0;
    ask->began_ms = coap_client_now();
    ask->progress_ms = ask->began_ms;
    coap_client_begin(c, ask);
}

static bool add_option(coap_pdu_t *pdu, coap_option_num_t number, unsigned int value)
{
    uint8_t encoded[4];

    return coap_add_option(pdu, number, coap_encode_var_safe(encoded, sizeof(encoded), value),
                   encoded) > 0;
}

/* Options in the order of their numbers. Each block is asked for with the whole request (RFC 7959
 * section 2.4). */
static bool fill_request(coap_pdu_t *pdu, const struct coap_ask *ask)
{
    static const char path[] = "attest";

    return coap_add_token(pdu, sizeof(ask->token), ask->token) &&
            coap_add_option(pdu, COAP_OPTION_URI_PATH, strlen(path), (const uint8_t *)path) > 0 &&
            add_option(pdu, COAP_OPTION_CONTENT_FORMAT, FORMAT_CBOR) &&
            add_option(pdu, COAP_OPTION_ACCEPT, FORMAT_CBOR_SEQUENCE) &&
            (ask->num == 0 || add_option(pdu, COAP_OPTION_BLOCK2, ask->num << 4 | ask->szx)) &&
            (ask->echo_len == 0 ||
                    coap_add_option(pdu, COAP_OPTION_ECHO, ask->echo_len, ask->echo) > 0) &&
            coap_add_data(pdu, ask->request.len, ask->request.ptr);
}

static bool send_request(struct coap_client *c, struct coap_ask *ask, struct error *err)
{
    uint16_t id = c->session != NULL ? coap_new_message_id(c->session) : 0;
    coap_pdu_t *pdu = coap_pdu_init(COAP_MESSAGE_CON, COAP_REQUEST_CODE_FETCH, id,
            ask->request.len + COAP_STREAM_OVERHEAD);

    if (pdu == NULL || getrandom(ask->token, sizeof(ask->token), 0) != sizeof(ask->token) ||
            !fill_request(pdu, ask)) {
        coap_delete_pdu(pdu);
        return error_set(err, ERROR_NOMEM, "the request cannot be built");
    }
    ask->step = STEP_WAIT;
    if (!is_tcp(c)) {
        coap_client_udp_send(c, pdu);
        return true;
    }
    bool ok = coap_client_tcp_send(c, pdu, err);

    coap_delete_pdu(pdu);
    return ok;
}

static bool open_and_send(struct coap_client *c, struct coap_ask *ask, struct error *err)
{
    char shown[COAP_ADDRESS_TEXT_MAX];

    if (!c->open) {
        close_connection(c);
        c->open = is_tcp(c) ? coap_client_tcp_open(c, &ask->error)
                            : coap_client_udp_open(c, &ask->error);
    }
    if (c->open) {
        return send_request(c, ask, err);
    }
    error_wrap(&ask->error, "%s", coap_address_print(shown, &c->addresses.address[c->at]));
    if (ask->error.code != ERROR_NO_ANSWER || ask->interrupted) {
        *err = ask->error;
        return false;
    }
    ask->step = STEP_REOPEN;
    return true;
}

static bool run(struct coap_client *c, struct coap_ask *ask, struct error *err)
{
    bool ok = true;

    while (ok && ask->step != STEP_DONE && ask->step != STEP_FAIL) {
        switch (ask->step) {
        case STEP_SEND:
            ok = open_and_send(c, ask, err);
            break;
        case STEP_WAIT:
            ok = wait_for_answer(c, err);
            break;
        case STEP_PAUSE:
            ok = pause_sending(c, ask, err);
            break;
        default:
            reopen(c, ask);
            break;
        }
    }
    if (ok && ask->step == STEP_FAIL) {
        *err = ask->error;
        return false;
    }
    return ok;
}

/* What has happened since the last ask: the agent may have closed the connection. */
static void catch_up(struct coap_client *c)
{
    struct error ignored;

    if (c->open && !wait(c, 0, &ignored)) {
        c->open = false;
    }
}

bool coap_client_ask(struct coap_client *c, struct bytes request, size_t max, struct bytes *answer,
        struct error *err)
{
    uint64_t now = coap_client_now();
    struct coap_ask ask = { .request = request, .max = max, .began_ms = now, .progress_ms = now };

    catch_up(c);
    c->shown_ms = now;
    coap_client_begin(c, &ask);
    c->ask = &ask;
    bool ok = run(c, &ask, err);

    c->ask = NULL;
    if (!ok) {
        /* What is still on its way must not disturb the next ask; nor is it sure who is there. */
        close_connection(c);
        c->met = false;
        c->at = 0;
        return false;
    }
    *answer = buffer_view(&c->body);
    return true;
}
