/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "protocol/coap_server_internal.h"

/* A peer that says nothing for so long is forgotten. */
#define SESSION_SECONDS 30
/* Header and options of a request over TCP, generously; libcoap allocates by the length that a
 * peer states, up to what we tell that we take. */
#define REQUEST_OVERHEAD 1024
#define USER_TIMEOUT_MS  30000
/* Less than COAP_RXBUFFER_SIZE, 1472. */
#define WINDOW_MAX 1152
/* libcoap has 5. */
#define BACKLOG 64

static int handle_event(coap_session_t *session, const coap_event_t event)
{
    struct coap_listener *l = coap_get_app_data(coap_session_get_context(session));
    struct coap_peer *p = coap_peer_of(session);

    switch (event) {
    case COAP_EVENT_SERVER_SESSION_NEW:
        coap_peer_appears(l, session);
        break;
    case COAP_EVENT_SERVER_SESSION_DEL:
        if (p != NULL) {
            coap_peer_vanishes(p);
        }
        break;
    case COAP_EVENT_TCP_CLOSED:
    case COAP_EVENT_SESSION_CLOSED:
    case COAP_EVENT_SESSION_FAILED:
        if (p != NULL) {
            coap_peer_closes(p);
        }
        break;
    default:
        break;
    }
    return 0;
}

static bool add_resource(coap_context_t *context)
{
    coap_resource_t *attest = coap_resource_init(coap_make_str_const("attest"), 0);

    if (attest == NULL) {
        return false;
    }
    coap_register_request_handler(attest, COAP_REQUEST_FETCH, coap_request_handle);
    coap_add_attr(attest, coap_make_str_const("rt"), coap_make_str_const("\"tally.attest\""), 0);
    coap_add_attr(attest, coap_make_str_const("ct"), coap_make_str_const("63"), 0);
    coap_add_resource(context, attest);
    return true;
}

static coap_context_t *new_context(struct coap_listener *l)
{
    const struct coap_server_options *options = &l->server->options;
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
    coap_context_set_max_idle_sessions(context, options->sessions_max);
    coap_context_set_session_timeout(context, SESSION_SECONDS);
    coap_context_set_csm_max_message_size(context,
            (uint32_t)(options->request_max + REQUEST_OVERHEAD));
    return context;
}

/*
 * Bind and let go again: libcoap does not say why it cannot listen, and shares a UDP port with
 * whoever has it. bound: a, with the port that the kernel chose for port 0.
 */
static bool try_bind(const coap_address_t *a, int type, coap_address_t *bound)
{
    int on = 1;
    int fd = socket(a->addr.sa.sa_family, type | SOCK_CLOEXEC, 0);

    *bound = *a;
    if (fd < 0) {
        return false;
    }
    if (type == SOCK_STREAM) {
        setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
    }
    bool ok = bind(fd, &a->addr.sa, a->size) == 0 &&
            getsockname(fd, &bound->addr.sa, &bound->size) == 0;
    int why = errno;

    close(fd);
    errno = why;
    return ok;
}

static bool set_option(int fd, int level, int name, int value)
{
    return setsockopt(fd, level, name, &value, sizeof(value)) == 0;
}

/*
 * Connections inherit these when they are accepted. A peer that does not acknowledge is given up.
 * The window keeps what waits to be read below what libcoap reads at a time: otherwise it goes on
 * reading as long as a fast peer goes on sending.
 */
static bool set_up_tcp(int fd)
{
    return set_option(fd, IPPROTO_TCP, TCP_NODELAY, 1) &&
            set_option(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, USER_TIMEOUT_MS) &&
            set_option(fd, IPPROTO_TCP, TCP_WINDOW_CLAMP, WINDOW_MAX) && listen(fd, BACKLOG) == 0;
}

/* libcoap lets others share the port; what they get is lost for us. */
static bool set_up_udp(int fd)
{
    return set_option(fd, SOL_SOCKET, SO_REUSEADDR, 0);
}

static bool open_listener(struct coap_server *s, const coap_address_t *a, bool reliable,
        struct error *err)
{
    struct coap_listener *l = &s->listeners[s->listener_count];
    int type = reliable ? SOCK_STREAM : SOCK_DGRAM;
    coap_address_t bound;
    char shown[COAP_ADDRESS_TEXT_MAX];

    coap_address_print(shown, a);
    if (s->listener_count == COAP_LISTENERS_MAX) {
        return error_set(err, ERROR_LIMIT, "more than %d addresses", COAP_LISTENERS_MAX);
    }
    if (!try_bind(a, type, &bound)) {
        return error_set(err, ERROR_IO, "%s: %s", shown, strerror(errno));
    }
    *l = (struct coap_listener){ .server = s, .reliable = reliable };
    l->port = coap_address_get_port(&bound);
    l->context = new_context(l);
    if (l->context == NULL) {
        return error_set(err, ERROR_NOMEM, "%s: out of memory", shown);
    }
    s->listener_count++;
    if (coap_new_endpoint(l->context, &bound, reliable ? COAP_PROTO_TCP : COAP_PROTO_UDP) == NULL) {
        return error_set(err, ERROR_IO, "%s: libcoap cannot listen there", shown);
    }
    l->socket = coap_address_find_socket(type, &bound, NULL);
    if (l->socket < 0 || !(reliable ? set_up_tcp(l->socket) : set_up_udp(l->socket))) {
        return error_set(err, ERROR_IO, "%s: the socket cannot be set up", shown);
    }
    return coap_server_watch(s, coap_context_get_coap_fd(l->context), l, err);
}

bool coap_server_listen(struct coap_server *s, const struct uri *uri, struct error *err)
{
    struct coap_address_list list;
    size_t before = s->listener_count;

    if (!coap_address_resolve(uri, &list, err)) {
        err->code = ERROR_IO;
        return false;
    }
    for (size_t i = 0; i < list.count; i++) {
        /* One port for all addresses of a name, also when the kernel has chosen it. */
        if (s->listener_count > before && uri->port == 0) {
            coap_address_set_port(&list.address[i], s->listeners[before].port);
        }
        if (!open_listener(s, &list.address[i], uri->transport == URI_TCP, err)) {
            return false;
        }
    }
    return true;
}

uint16_t coap_server_port(const struct coap_server *s, size_t index)
{
    return index < s->listener_count ? s->listeners[index].port : 0;
}
