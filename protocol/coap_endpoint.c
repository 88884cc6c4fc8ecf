/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "protocol/coap_server_internal.h"

/* UDP: libcoap's sessions, acknowledgements and retransmissions, behind coap_guard.c. */

/* A peer that says nothing for so long is forgotten. */
#define SESSION_SECONDS 30
/* A separate response whose acknowledgement was lost must not hold back the next. */
#define RESPONSES_AT_ONCE COAP_WAITING_PEER_MAX
/* RFC 7252 section 4.8.1: not less than a second. */
#define ACK_TIMEOUT_SECONDS 1

/* Without memory the session has no peer, and its requests are refused. */
static void add_peer(struct coap_listener *l, coap_session_t *session)
{
    struct coap_peer *p = coap_peer_new(l, coap_session_get_addr_remote(session));

    if (p != NULL) {
        p->session = session;
        coap_session_set_app_data(session, p);
        coap_session_set_nstart(session, RESPONSES_AT_ONCE);
        coap_session_set_ack_timeout(session,
                (coap_fixed_point_t){ .integer_part = ACK_TIMEOUT_SECONDS });
    }
}

static int handle_event(coap_session_t *session, const coap_event_t event)
{
    struct coap_peer *p = coap_session_get_app_data(session);

    if (event == COAP_EVENT_SERVER_SESSION_NEW) {
        add_peer(coap_get_app_data(coap_session_get_context(session)), session);
    } else if (event == COAP_EVENT_SERVER_SESSION_DEL && p != NULL) {
        coap_peer_free(p);
    }
    return 0;
}

static void handle_fetch(coap_resource_t *resource, coap_session_t *session,
        const coap_pdu_t *request, const coap_string_t *query, coap_pdu_t *response)
{
    struct coap_peer *p = coap_session_get_app_data(session);

    (void)resource;
    (void)query;
    if (p != NULL) {
        coap_request_handle(p, request, response);
    } else {
        coap_pdu_set_code(response, COAP_RESPONSE_CODE_SERVICE_UNAVAILABLE);
    }
}

/* libcoap answers other methods, other paths, and /.well-known/core (RFC 6690). */
static bool add_resource(coap_context_t *context)
{
    coap_resource_t *attest = coap_resource_init(coap_make_str_const(COAP_RESOURCE), 0);

    if (attest == NULL) {
        return false;
    }
    coap_register_request_handler(attest, COAP_REQUEST_FETCH, handle_fetch);
    coap_add_attr(attest, coap_make_str_const("rt"), coap_make_str_const("\"tally.attest\""), 0);
    coap_add_attr(attest, coap_make_str_const("ct"), coap_make_str_const("63"), 0);
    coap_add_resource(context, attest);
    return true;
}

static coap_context_t *new_context(struct coap_listener *l)
{
    coap_context_t *context = coap_new_context(NULL);

    if (context == NULL) {
        return NULL;
    }
    if (!add_resource(context)) {
        coap_free_context(context);
        return NULL;
    }
    coap_set_app_data(context, l);
    coap_register_event_handler(context, handle_event);
    coap_context_set_max_idle_sessions(context, l->server->options.sessions_max);
    coap_context_set_session_timeout(context, SESSION_SECONDS);
    return context;
}

/*
 * Bind and let go again: libcoap does not say why it cannot listen, and shares the port with
 * whoever has it. bound: a, with the port that the kernel chose for port 0.
 */
static bool try_bind(const coap_address_t *a, coap_address_t *bound)
{
    int fd = socket(a->addr.sa.sa_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);

    *bound = *a;
    if (fd < 0) {
        return false;
    }
    bool ok = bind(fd, &a->addr.sa, a->size) == 0 &&
            getsockname(fd, &bound->addr.sa, &bound->size) == 0;
    int why = errno;

    close(fd);
    errno = why;
    return ok;
}

bool coap_endpoint_open(struct coap_listener *l, const coap_address_t *a, struct error *err)
{
    coap_address_t bound;
    int off = 0;

    if (!try_bind(a, &bound)) {
        return error_set(err, ERROR_IO, "%s", strerror(errno));
    }
    l->watch = (struct coap_watch){ coap_guard_ready, l };
    l->port = coap_address_get_port(&bound);
    l->context = new_context(l);
    if (l->context == NULL) {
        return error_set(err, ERROR_NOMEM, "out of memory");
    }
    if (coap_new_endpoint(l->context, &bound, COAP_PROTO_UDP) == NULL) {
        return error_set(err, ERROR_IO, "libcoap cannot listen there");
    }
    l->socket = coap_address_find_socket(&bound);
    /* libcoap lets others share the port; what they get is lost for us. */
    if (l->socket < 0 || setsockopt(l->socket, SOL_SOCKET, SO_REUSEADDR, &off, sizeof(off)) != 0) {
        return error_set(err, ERROR_IO, "the socket cannot be set up");
    }
    return coap_server_watch(l->server, coap_context_get_coap_fd(l->context), &l->watch, err);
}
