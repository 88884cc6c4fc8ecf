/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "protocol/coap_server_internal.h"

/* TCP: connections, and what libcoap does with a request over UDP before it reaches a handler. */

#define BACKLOG 64
/* Nothing moves for so long, and nothing waits: the connection is closed. */
#define IDLE_MS 30000u
/* New connections before the old ones get their turn. */
#define AT_ONCE 8
/* Segments of RFC 6690's path, and more than that. */
#define SEGMENTS_MAX 3

static bool same_host(const struct coap_peer *a, const struct coap_peer *b)
{
    return memcmp(&a->key, &b->key, sizeof(a->key)) == 0;
}

static size_t count_of_host(const struct coap_server *s, const struct coap_peer *like)
{
    const struct coap_peer *p;
    size_t count = 0;

    TAILQ_FOREACH (p, &s->peers, link) {
        count += p->listener->reliable && same_host(p, like) ? 1 : 0;
    }
    return count;
}

/*
 * Which connection makes room for another: of the host that has most of them the one on which
 * nothing has moved for longest. Hosts that have few cannot be pushed out by one that opens many.
 */
static struct coap_peer *find_victim(const struct coap_server *s)
{
    struct coap_peer *victim = NULL;
    struct coap_peer *p;
    size_t most = 0;

    TAILQ_FOREACH (p, &s->peers, link) {
        if (!p->listener->reliable || p->waiting > 0) {
            continue;
        }
        size_t count = count_of_host(s, p);

        if (count > most || (count == most && p->active_ms < victim->active_ms)) {
            most = count;
            victim = p;
        }
    }
    return victim;
}

void coap_connection_close(struct coap_peer *p)
{
    p->listener->server->connection_count--;
    coap_stream_close(&p->stream);
    coap_peer_free(p);
}

void coap_connection_expire(struct coap_server *s)
{
    uint64_t now = coap_server_now();
    struct coap_peer *p = TAILQ_FIRST(&s->peers);

    while (p != NULL) {
        struct coap_peer *next = TAILQ_NEXT(p, link);

        if (p->listener->reliable && p->waiting == 0 && p->active_ms + IDLE_MS <= now) {
            coap_connection_close(p);
        }
        p = next;
    }
}

/* Without memory the peer gets no answer, and the connection no future. */
void coap_connection_send(struct coap_peer *p, coap_pdu_t *response)
{
    struct error ignored;

    if (!coap_stream_send(&p->stream, response, &ignored)) {
        p->stream.over = true;
    }
    coap_delete_pdu(response);
    p->active_ms = coap_server_now();
    /* Writable is what it mostly is: connection_ready() goes on with what has arrived meanwhile. */
    coap_server_watch_writable(p->listener->server, p->stream.fd, &p->watch, true);
}

struct path {
    size_t count;
    struct bytes segment[SEGMENTS_MAX];
};

static struct path read_path(const coap_pdu_t *request)
{
    struct path path = { 0 };
    coap_opt_iterator_t i;
    coap_opt_t *option;

    coap_option_iterator_init(request, &i, COAP_OPT_ALL);
    while ((option = coap_option_next(&i)) != NULL) {
        if (i.number == COAP_OPTION_URI_PATH && path.count < SEGMENTS_MAX) {
            path.segment[path.count++] =
                    (struct bytes){ coap_opt_value(option), coap_opt_length(option) };
        }
    }
    return path;
}

static bool has_option(const coap_pdu_t *request, coap_option_num_t number)
{
    coap_opt_iterator_t i;

    return coap_check_option(request, number, &i) != NULL;
}

static void list_resources(coap_pdu_t *response)
{
    static const char links[] = "</attest>;ct=63;rt=\"tally.attest\"";
    static const uint8_t link_format[] = { 40 };

    coap_pdu_set_code(response, COAP_RESPONSE_CODE_CONTENT);
    coap_add_option(response, COAP_OPTION_CONTENT_FORMAT, sizeof(link_format), link_format);
    coap_add_data(response, strlen(links), (const uint8_t *)links);
}

static void dispatch(struct coap_peer *p, const coap_pdu_t *request, coap_pdu_t *response)
{
    static const struct coap_problem proxying = {
        .code = COAP_RESPONSE_CODE_PROXYING_NOT_SUPPORTED,
        .title = "Proxying not supported",
        .detail = "this is no proxy",
    };
    static const struct coap_problem not_found = {
        .code = COAP_RESPONSE_CODE_NOT_FOUND,
        .title = "Not found",
        .detail = "the one resource here is /" COAP_RESOURCE,
    };
    static const struct coap_problem not_fetch = {
        .code = COAP_RESPONSE_CODE_NOT_ALLOWED,
        .title = "Method not allowed",
        .detail = "the one method here is FETCH",
    };
    static const struct coap_problem not_get = {
        .code = COAP_RESPONSE_CODE_NOT_ALLOWED,
        .title = "Method not allowed",
        .detail = "the one method here is GET",
    };
    struct path path = read_path(request);
    unsigned int method = (unsigned int)coap_pdu_get_code(request);
    bool attest = path.count == 1 && bytes_equal_text(path.segment[0], COAP_RESOURCE);
    bool links = path.count == 2 && bytes_equal_text(path.segment[0], ".well-known") &&
            bytes_equal_text(path.segment[1], "core");

    if (has_option(request, COAP_OPTION_PROXY_URI) ||
            has_option(request, COAP_OPTION_PROXY_SCHEME)) {
        coap_problem_write(response, &proxying);
    } else if (!attest && !links) {
        coap_problem_write(response, &not_found);
    } else if (method != (attest ? COAP_REQUEST_CODE_FETCH : COAP_REQUEST_CODE_GET)) {
        coap_problem_write(response, attest ? &not_fetch : &not_get);
    } else if (attest) {
        coap_request_handle(p, request, response);
    } else {
        list_resources(response);
    }
}

static void serve(struct coap_peer *p, const coap_pdu_t *request)
{
    coap_bin_const_t token = coap_pdu_get_token(request);
    coap_pdu_t *response = coap_pdu_init(COAP_MESSAGE_CON, 0, 0, COAP_RESPONSE_MAX_TCP);

    if (response == NULL || !coap_add_token(response, token.length, token.s)) {
        coap_delete_pdu(response);
        p->stream.over = true;
        return;
    }
    dispatch(p, request, response);
    if (coap_pdu_get_code(response) != 0) {
        coap_connection_send(p, response);
    } else {
        coap_delete_pdu(response);
    }
}

static void take_request(struct coap_peer *p, struct bytes message)
{
    coap_pdu_t *request = coap_pdu_init(COAP_MESSAGE_CON, 0, 0, message.len);

    p->active_ms = coap_server_now();
    if (request != NULL && coap_pdu_parse(COAP_PROTO_TCP, message.ptr, message.len, request)) {
        serve(p, request);
    } else {
        p->stream.over = true;
    }
    coap_delete_pdu(request);
}

static void connection_ready(void *owner)
{
    struct coap_peer *p = owner;
    struct coap_stream *stream = &p->stream;
    struct bytes message;

    if (coap_stream_flush(stream)) {
        p->active_ms = coap_server_now();
    }
    coap_stream_receive(stream);
    /* One at a time: what a peer can make us hold is one answer. */
    while (p->waiting == 0 && coap_stream_next(stream, &message)) {
        take_request(p, message);
    }
    if (stream->over) {
        coap_connection_close(p);
        return;
    }
    coap_server_watch_writable(p->listener->server, stream->fd, &p->watch,
            coap_stream_is_sending(stream));
}

static bool add_connection(struct coap_listener *l, int fd, const coap_address_t *address)
{
    struct coap_server *s = l->server;
    struct coap_peer *p = coap_peer_new(l, address);
    struct error ignored;
    int on = 1;

    if (p == NULL) {
        close(fd);
        return false;
    }
    s->connection_count++;
    p->watch = (struct coap_watch){ connection_ready, p };
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    if (!coap_stream_open(&p->stream, COAP_STREAM_SERVER, fd, coap_server_message_max(s),
                &ignored) ||
            !coap_server_watch(s, fd, &p->watch, &ignored)) {
        coap_connection_close(p);
        return false;
    }
    return true;
}

static void accept_connections(void *owner)
{
    struct coap_listener *l = owner;
    struct coap_server *s = l->server;
    struct coap_peer *victim;
    coap_address_t address;

    for (int i = 0; i < AT_ONCE; i++) {
        coap_address_init(&address);
        address.size = sizeof(address.addr);
        int fd = accept4(l->socket, &address.addr.sa, &address.size, SOCK_CLOEXEC | SOCK_NONBLOCK);
        bool none_left = fd < 0 && (errno == EMFILE || errno == ENFILE);

        if (!none_left && (fd < 0 || !add_connection(l, fd, &address))) {
            break;
        }
        if ((none_left || s->connection_count > s->options.sessions_max) &&
                (victim = find_victim(s)) != NULL) {
            coap_connection_close(victim);
        }
    }
}

bool coap_connection_listen(struct coap_listener *l, const coap_address_t *a, struct error *err)
{
    int on = 1;
    coap_address_t bound = *a;

    l->watch = (struct coap_watch){ accept_connections, l };
    l->socket = socket(a->addr.sa.sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (l->socket < 0 || setsockopt(l->socket, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) != 0 ||
            bind(l->socket, &a->addr.sa, a->size) != 0 ||
            getsockname(l->socket, &bound.addr.sa, &bound.size) != 0 ||
            listen(l->socket, BACKLOG) != 0) {
        return error_set(err, ERROR_IO, "%s", strerror(errno));
    }
    l->port = coap_address_get_port(&bound);
    return coap_server_watch(l->server, l->socket, &l->watch, err);
}
