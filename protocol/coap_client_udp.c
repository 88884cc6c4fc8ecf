/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>

#include "protocol/coap_client_internal.h"
#include "protocol/wire.h"

/* UDP: libcoap repeats requests, acknowledges answers, and knows what came twice. */

/* RFC 7252 section 4.8.1: not less than a second. */
#define ACK_TIMEOUT_SECONDS 1
/* Datagrams before the caller looks around again. */
#define AT_ONCE 64

static struct coap_client *client_of(const coap_session_t *session)
{
    return coap_get_app_data(coap_session_get_context(session));
}

/* The reset for an answer to an earlier request ends its retransmission. */
static coap_response_t handle_response(coap_session_t *session, const coap_pdu_t *sent,
        const coap_pdu_t *received, const coap_mid_t mid)
{
    (void)sent;
    (void)mid;
    return coap_client_take(client_of(session), received) ? COAP_RESPONSE_OK : COAP_RESPONSE_FAIL;
}

static void handle_nack(coap_session_t *session, const coap_pdu_t *sent,
        const coap_nack_reason_t reason, const coap_mid_t mid)
{
    struct coap_client *c = client_of(session);

    (void)sent;
    (void)mid;
    if (reason == COAP_NACK_ICMP_ISSUE) {
        coap_client_lose(c, "nobody listens there (is tally-agent running?)");
    } else if (reason == COAP_NACK_RST) {
        coap_client_lose(c, "the peer resets the request (is it a tally-agent?)");
    }
}

void coap_client_udp_close(struct coap_client *c)
{
    /* With its context go messages that are still repeated. */
    coap_free_context(c->context);
    c->context = NULL;
    c->session = NULL;
}

bool coap_client_udp_open(struct coap_client *c, struct error *err)
{
    c->context = coap_new_context(NULL);
    if (c->context == NULL) {
        return error_set(err, ERROR_NOMEM, "out of memory");
    }
    coap_set_app_data(c->context, c);
    coap_register_response_handler(c->context, handle_response);
    coap_register_nack_handler(c->context, handle_nack);
    errno = 0;
    c->session =
            coap_new_client_session(c->context, NULL, &c->addresses.address[c->at], COAP_PROTO_UDP);
    if (c->session == NULL) {
        error_set(err, ERROR_NO_ANSWER, "%s", errno == 0 ? "cannot be reached" : strerror(errno));
        coap_client_udp_close(c);
        return false;
    }
    coap_session_set_ack_timeout(c->session,
            (coap_fixed_point_t){ .integer_part = ACK_TIMEOUT_SECONDS });
    c->socket = coap_address_find_socket(coap_session_get_addr_local(c->session));
    if (c->socket < 0) {
        coap_client_udp_close(c);
        return error_set(err, ERROR_IO, "libcoap's socket is not to be found");
    }
    return true;
}

void coap_client_udp_send(struct coap_client *c, coap_pdu_t *request)
{
    c->ask->id = (uint16_t)coap_pdu_get_mid(request);
    if (coap_send(c->session, request) == COAP_INVALID_MID) {
        coap_client_lose(c, "the request cannot be sent");
    }
}

enum judgement {
    JUDGEMENT_PASS,
    JUDGEMENT_DROP,
    JUDGEMENT_RESET, /* the sender need not repeat it */
};

/*
 * libcoap takes for an acknowledgement what has our message ID, whatever its token, for a duplicate
 * what has the ID of the last answer, and hangs up on messages that belong to TCP. Who forges the
 * agent's address, and sees neither IDs nor tokens, is kept from it here.
 */
static enum judgement judge(const struct coap_ask *ask, const struct wire_message *m)
{
    unsigned int class = m->code >> 5;
    bool waits = ask != NULL && ask->step == STEP_WAIT;
    bool is_reply = m->type == WIRE_ACK || m->type == WIRE_RST;

    if (m->code == WIRE_EMPTY) {
        return waits && is_reply && m->id == ask->id ? JUDGEMENT_PASS : JUDGEMENT_DROP;
    }
    if ((class != 2 && class != 4 && class != 5) || m->type == WIRE_RST) {
        return JUDGEMENT_DROP;
    }
    if (waits && bytes_equal(m->token, (struct bytes){ ask->token, sizeof(ask->token) })) {
        return m->type != WIRE_ACK || m->id == ask->id ? JUDGEMENT_PASS : JUDGEMENT_DROP;
    }
    /* Perhaps an answer to an earlier request. */
    return m->type == WIRE_CON ? JUDGEMENT_RESET : JUDGEMENT_DROP;
}

static void reset(int fd, uint16_t id)
{
    uint8_t room[8];
    struct writer w = writer_init(room, sizeof(room));
    struct bytes message;

    wire_write_datagram(&w, WIRE_RST, WIRE_EMPTY, id, (struct bytes){ 0 });
    if (writer_done(&w, &message)) {
        send(fd, message.ptr, message.len, MSG_DONTWAIT | MSG_NOSIGNAL);
    }
}

/* Look at the first datagram that waits, and do with it what is to be done. False: there is none.
 */
static bool take_datagram(struct coap_client *c)
{
    uint8_t room[COAP_LIBRARY_DATAGRAM_MAX];
    ssize_t n = recv(c->socket, room, sizeof(room), MSG_PEEK | MSG_TRUNC | MSG_DONTWAIT);
    enum judgement judgement = JUDGEMENT_DROP;
    struct wire_message m;
    struct error ignored;

    if (n < 0) {
        if (errno == ECONNREFUSED) {
            coap_client_lose(c, "nobody listens there (is tally-agent running?)");
        } else if (errno != EAGAIN && errno != EINTR) {
            coap_client_lose(c, strerror(errno));
        }
        return false;
    }
    if ((size_t)n <= sizeof(room) &&
            wire_read_datagram((struct bytes){ room, (size_t)n }, &m, &ignored)) {
        judgement = judge(c->ask, &m);
    }
    if (judgement == JUDGEMENT_PASS) {
        coap_library_run(c->context, false);
        return true;
    }
    recv(c->socket, NULL, 0, MSG_DONTWAIT);
    if (judgement == JUDGEMENT_RESET) {
        reset(c->socket, m.id);
    }
    return true;
}

bool coap_client_udp_wait(struct coap_client *c, unsigned int limit_ms, struct error *err)
{
    struct pollfd p = { .fd = coap_context_get_coap_fd(c->context), .events = POLLIN };

    if (poll(&p, 1, (int)limit_ms) < 0 && errno != EINTR) {
        return error_set(err, ERROR_IO, "poll: %s", strerror(errno));
    }
    for (unsigned int i = 0; i < AT_ONCE && take_datagram(c); i++) {
    }
    coap_library_run(c->context, true);
    return true;
}
