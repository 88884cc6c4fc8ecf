/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <string.h>

#include "protocol/coap_client_internal.h"

/* UDP: libcoap repeats requests, acknowledges answers, and knows what came twice. */

/* RFC 7252 section 4.8.1: not less than a second. */
#define ACK_TIMEOUT_SECONDS 1

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
    return true;
}

void coap_client_udp_send(struct coap_client *c, coap_pdu_t *request)
{
    if (coap_send(c->session, request) == COAP_INVALID_MID) {
        coap_client_lose(c, "the request cannot be sent");
    }
}

bool coap_client_udp_wait(struct coap_client *c, unsigned int limit_ms, struct error *err)
{
    /* 0 would be without end. */
    if (coap_io_process(c->context, limit_ms > 0 ? limit_ms : COAP_IO_NO_WAIT) < 0) {
        return error_set(err, ERROR_IO, "libcoap cannot go on");
    }
    return true;
}
