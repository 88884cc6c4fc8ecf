/* SPDX-License-Identifier: BSD-3-Clause */
#include "protocol/coap_client.h"

#include <errno.h>
#include <linux/tcp.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <time.h>

#include "protocol/coap_client_internal.h"

#define TIMEOUT_DEFAULT_MS 30000
/* How often a waiting client looks around: interruption, time limit, progress. */
#define SLICE_MS 200
/* RFC 7252 section 4.8.1: not less than a second. */
#define ACK_TIMEOUT_SECONDS 1
/* Blocks over UDP cost a round trip each; a lost answer begins again. */
#define CHUNK_UDP ((size_t)64 * 1024)
#define CHUNK_TCP ((size_t)256 * 1024)
/* An evidence message and two chunks with their heads: what an agent sends over TCP in one message.
 * libcoap allocates up to this much when a peer says that it will send it. */
#define MESSAGE_MAX ((uint32_t)580 * 1024)
/* Header, token and options of a request, generously. */
#define REQUEST_OVERHEAD     128
#define FORMAT_CBOR          60
#define FORMAT_CBOR_SEQUENCE 63
#define SZX_MAX              6

uint64_t coap_client_now(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

static struct coap_client *client_of(const coap_session_t *session)
{
    return coap_get_app_data(coap_session_get_context(session));
}

static coap_response_t handle_response(coap_session_t *session, const coap_pdu_t *sent,
        const coap_pdu_t *received, const coap_mid_t mid)
{
    struct coap_client *c = client_of(session);
    coap_bin_const_t token = coap_pdu_get_token(received);

    (void)sent;
    (void)mid;
    /* An answer to an earlier request; the reset ends its retransmission. */
    if (c->ask == NULL || c->ask->step != STEP_WAIT ||
            !bytes_equal((struct bytes){ token.s, token.length },
                    (struct bytes){ c->ask->token, sizeof(c->ask->token) })) {
        return COAP_RESPONSE_FAIL;
    }
    coap_client_take(c, c->ask, received);
    return COAP_RESPONSE_OK;
}

static void lose(struct coap_client *c, const char *why)
{
    char shown[COAP_ADDRESS_TEXT_MAX];

    /* The first reason is the true one. */
    if (c->ask != NULL && (c->ask->step == STEP_WAIT || c->ask->step == STEP_PAUSE)) {
        error_set(&c->ask->error, ERROR_NO_ANSWER, "%s: %s",
                coap_address_print(shown, &c->addresses.address[c->at]), why);
        c->ask->step = STEP_REOPEN;
    }
}

static void handle_nack(coap_session_t *session, const coap_pdu_t *sent,
        const coap_nack_reason_t reason, const coap_mid_t mid)
{
    struct coap_client *c = client_of(session);

    (void)sent;
    (void)mid;
    switch (reason) {
    case COAP_NACK_ICMP_ISSUE:
        lose(c, "nobody listens there (is tally-agent running?)");
        break;
    case COAP_NACK_RST:
        lose(c, "the peer resets the request (is it a tally-agent?)");
        break;
    default:
        break;
    }
}

static void prepare_tcp(struct coap_client *c, const coap_session_t *session)
{
    int on = 1;

    c->socket = coap_address_find_socket(SOCK_STREAM, coap_session_get_addr_local(session),
            coap_session_get_addr_remote(session));
    if (c->socket >= 0) {
        setsockopt(c->socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    }
}

static int handle_event(coap_session_t *session, const coap_event_t event)
{
    struct coap_client *c = client_of(session);

    switch (event) {
    case COAP_EVENT_TCP_CONNECTED:
        prepare_tcp(c, session);
        break;
    case COAP_EVENT_TCP_FAILED:
        lose(c, "connection refused (is tally-agent running?)");
        c->closed = true;
        break;
    case COAP_EVENT_TCP_CLOSED:
    case COAP_EVENT_SESSION_CLOSED:
    case COAP_EVENT_SESSION_FAILED:
        lose(c, "the agent closes the connection");
        c->closed = true;
        break;
    default:
        break;
    }
    return 0;
}

static void close_session(struct coap_client *c)
{
    /* With its context go messages that are still repeated. */
    coap_free_context(c->context);
    c->context = NULL;
    c->session = NULL;
    c->socket = -1;
    c->received = 0;
    c->closed = false;
}

static bool open_session(struct coap_client *c, struct error *err)
{
    bool tcp = c->uri.transport == URI_TCP;
    char shown[COAP_ADDRESS_TEXT_MAX];

    c->context = coap_new_context(NULL);
    if (c->context == NULL) {
        return error_set(err, ERROR_NOMEM, "out of memory");
    }
    coap_set_app_data(c->context, c);
    coap_register_response_handler(c->context, handle_response);
    coap_register_nack_handler(c->context, handle_nack);
    coap_register_event_handler(c->context, handle_event);
    coap_context_set_csm_max_message_size(c->context, MESSAGE_MAX);
    errno = 0;
    c->session = coap_new_client_session(c->context, NULL, &c->addresses.address[c->at],
            tcp ? COAP_PROTO_TCP : COAP_PROTO_UDP);
    if (c->session == NULL) {
        int why = errno;

        close_session(c);
        return error_set(err, ERROR_NO_ANSWER, "%s: %s%s",
                coap_address_print(shown, &c->addresses.address[c->at]),
                why == 0 ? "cannot be reached" : strerror(why),
                why == ECONNREFUSED ? " (is tally-agent running?)" : "");
    }
    coap_session_set_ack_timeout(c->session,
            (coap_fixed_point_t){ .integer_part = ACK_TIMEOUT_SECONDS });
    return true;
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
    c->socket = -1;
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
        close_session(c);
        buffer_clear(&c->body);
        free(c);
    }
}

size_t coap_client_chunk(const struct coap_client *c)
{
    return c->uri.transport == URI_TCP ? CHUNK_TCP : CHUNK_UDP;
}

static bool add_option(coap_pdu_t *pdu, coap_option_num_t number, unsigned int value)
{
    uint8_t encoded[4];

    return coap_add_option(pdu, number, coap_encode_var_safe(encoded, sizeof(encoded), value),
                   encoded) > 0;
}

/* Options in the order of their numbers. */
static bool fill_request(coap_pdu_t *pdu, const struct coap_ask *ask)
{
    static const char path[] = "attest";
    bool later = ask->num > 0;

    return coap_add_token(pdu, sizeof(ask->token), ask->token) &&
            coap_add_option(pdu, COAP_OPTION_URI_PATH, strlen(path), (const uint8_t *)path) > 0 &&
            add_option(pdu, COAP_OPTION_CONTENT_FORMAT, FORMAT_CBOR) &&
            add_option(pdu, COAP_OPTION_ACCEPT, FORMAT_CBOR_SEQUENCE) &&
            (!later || add_option(pdu, COAP_OPTION_BLOCK2, ask->num << 4 | ask->szx)) &&
            (ask->echo_len == 0 ||
                    coap_add_option(pdu, COAP_OPTION_ECHO, ask->echo_len, ask->echo) > 0) &&
            coap_add_data(pdu, ask->request.len, ask->request.ptr);
}

static bool send_request(struct coap_client *c, struct coap_ask *ask, struct error *err)
{
    coap_pdu_t *pdu = coap_pdu_init(COAP_MESSAGE_CON, COAP_REQUEST_CODE_FETCH,
            coap_new_message_id(c->session), ask->request.len + REQUEST_OVERHEAD);

    if (pdu == NULL) {
        return error_set(err, ERROR_NOMEM, "out of memory");
    }
    if (getrandom(ask->token, sizeof(ask->token), 0) != sizeof(ask->token) ||
            !fill_request(pdu, ask)) {
        coap_delete_pdu(pdu);
        return error_set(err, ERROR_NOMEM, "the request cannot be built");
    }
    ask->step = STEP_WAIT;
    /* A failure shows as an event, or as silence. */
    if (coap_send(c->session, pdu) == COAP_INVALID_MID && ask->step == STEP_WAIT) {
        lose(c, "the request cannot be sent");
    }
    return true;
}

/* Bytes of an answer that libcoap has not handed over yet: a long one over TCP is one message. */
static void look_at_tcp(struct coap_client *c, struct coap_ask *ask)
{
    struct tcp_info info = { 0 };
    socklen_t len = sizeof(info);

    if (c->socket >= 0 && getsockopt(c->socket, IPPROTO_TCP, TCP_INFO, &info, &len) == 0 &&
            info.tcpi_bytes_received != c->received) {
        c->received = info.tcpi_bytes_received;
        ask->progress_ms = coap_client_now();
    }
}

static void show_progress(struct coap_client *c, const struct coap_ask *ask)
{
    uint64_t now = coap_client_now();

    if (c->options.progress != NULL && ask->progress_ms > c->shown_ms &&
            now - c->shown_ms >= SLICE_MS) {
        c->shown_ms = now;
        c->options.progress(c->options.ctx, c->socket >= 0 ? c->received : c->body.len);
    }
}

/* What may still pass without progress. While other addresses wait for their turn, one that has
 * never answered gets its share only. */
static unsigned int time_left(const struct coap_client *c, const struct coap_ask *ask)
{
    size_t turns = c->met ? 1 : c->addresses.count - c->at;
    uint64_t limit = c->options.timeout_ms / turns;
    uint64_t passed = coap_client_now() - ask->progress_ms;

    return passed >= limit ? 0 : (unsigned int)(limit - passed);
}

/* Let libcoap work until something happens, for a slice of the time at most. */
static bool wait(struct coap_client *c, struct coap_ask *ask, unsigned int limit_ms,
        struct error *err)
{
    if (c->options.interrupted != NULL && c->options.interrupted(c->options.ctx)) {
        return error_set(err, ERROR_NO_ANSWER, "interrupted");
    }
    if (coap_io_process(c->context, limit_ms < SLICE_MS ? limit_ms : SLICE_MS) < 0) {
        return error_set(err, ERROR_IO, "libcoap cannot go on");
    }
    look_at_tcp(c, ask);
    show_progress(c, ask);
    return true;
}

static bool wait_for_answer(struct coap_client *c, struct coap_ask *ask, struct error *err)
{
    unsigned int left = time_left(c, ask);

    if (left == 0) {
        lose(c, "no answer in time");
        return true;
    }
    return wait(c, ask, left, err);
}

static bool pause_sending(struct coap_client *c, struct coap_ask *ask, struct error *err)
{
    uint64_t until = coap_client_now() + ask->pause_ms;

    if (ask->pause_ms >= time_left(c, ask)) {
        ask->step = STEP_FAIL;
        return true;
    }
    for (uint64_t now = coap_client_now(); now < until && ask->step == STEP_PAUSE;
            now = coap_client_now()) {
        if (!wait(c, ask, (unsigned int)(until - now), err)) {
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
    bool again = c->met && c->uri.transport == URI_TCP && !ask->reopened;
    bool next = !c->met && c->at + 1 < c->addresses.count;

    close_session(c);
    if (!again && !next) {
        ask->step = STEP_FAIL;
        return;
    }
    ask->reopened = again;
    c->at += next ? 1 : 0;
    ask->progress_ms = coap_client_now();
    coap_client_begin(c, ask);
}

static bool open_and_send(struct coap_client *c, struct coap_ask *ask, struct error *err)
{
    if (c->session == NULL && !open_session(c, &ask->error)) {
        if (ask->error.code != ERROR_NO_ANSWER) {
            *err = ask->error;
            return false;
        }
        ask->step = STEP_REOPEN;
        return true;
    }
    return send_request(c, ask, err);
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
            ok = wait_for_answer(c, ask, err);
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

bool coap_client_ask(struct coap_client *c, struct bytes request, size_t max, struct bytes *answer,
        struct error *err)
{
    struct coap_ask ask = { .request = request, .max = max, .progress_ms = coap_client_now() };

    /* A connection that was closed between two asks. */
    if (c->session != NULL) {
        coap_io_process(c->context, COAP_IO_NO_WAIT);
    }
    if (c->closed) {
        close_session(c);
    }
    c->shown_ms = ask.progress_ms;
    coap_client_begin(c, &ask);
    c->ask = &ask;
    bool ok = run(c, &ask, err);

    c->ask = NULL;
    if (!ok) {
        /* What is still on its way must not disturb the next ask; nor is it sure who is there. */
        close_session(c);
        c->met = false;
        c->at = 0;
        return false;
    }
    *answer = buffer_view(&c->body);
    return true;
}
