/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "protocol/coap_client_internal.h"

/* TCP: one connection, one request at a time. */

/* An evidence message and two chunks with their heads: what an agent sends in one message. */
#define MESSAGE_MAX ((size_t)580 * 1024)

void coap_client_tcp_close(struct coap_client *c)
{
    coap_stream_close(&c->stream);
}

static bool refuse(int why, struct error *err)
{
    return error_set(err, ERROR_NO_ANSWER, "%s%s", strerror(why),
            why == ECONNREFUSED ? " (is tally-agent running?)" : "");
}

static bool wait_until_connected(struct coap_client *c, int fd, struct error *err)
{
    struct pollfd p = { .fd = fd, .events = POLLOUT };
    int why = 0;
    socklen_t len = sizeof(why);
    unsigned int limit_ms;

    do {
        if (!coap_client_may_wait(c, &limit_ms, err)) {
            return false;
        }
        if (limit_ms == 0) {
            return error_set(err, ERROR_NO_ANSWER, "no connection in time");
        }
    } while (poll(&p, 1, (int)limit_ms) <= 0);
    if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &why, &len) != 0) {
        why = errno;
    }
    return why == 0 || refuse(why, err);
}

static bool connect_to(struct coap_client *c, int fd, struct error *err)
{
    const coap_address_t *a = &c->addresses.address[c->at];
    int on = 1;

    if (connect(fd, &a->addr.sa, a->size) != 0 && errno != EINPROGRESS) {
        return refuse(errno, err);
    }
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    return wait_until_connected(c, fd, err);
}

bool coap_client_tcp_open(struct coap_client *c, struct error *err)
{
    int family = c->addresses.address[c->at].addr.sa.sa_family;
    int fd = socket(family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

    if (fd < 0) {
        return refuse(errno, err);
    }
    if (!connect_to(c, fd, err)) {
        close(fd);
        return false;
    }
    if (!coap_stream_open(&c->stream, COAP_STREAM_CLIENT, fd, MESSAGE_MAX, err)) {
        coap_stream_close(&c->stream);
        return false;
    }
    return true;
}

bool coap_client_tcp_send(struct coap_client *c, const coap_pdu_t *request, struct error *err)
{
    return coap_stream_send(&c->stream, request, err);
}

static bool take_message(struct coap_client *c, struct bytes message, struct error *err)
{
    coap_pdu_t *response = coap_pdu_init(COAP_MESSAGE_CON, 0, 0, message.len);

    if (response == NULL) {
        return error_set(err, ERROR_NOMEM, "out of memory");
    }
    if (coap_pdu_parse(COAP_PROTO_TCP, message.ptr, message.len, response)) {
        coap_client_take(c, response);
    } else {
        c->stream.over = true;
        c->stream.broken = true;
    }
    coap_delete_pdu(response);
    return true;
}

/* What arrives in one go, so that a peer that sends without end does not keep us here. */
static bool take_what_is_there(struct coap_client *c, struct error *err)
{
    struct coap_stream *s = &c->stream;
    struct bytes message;

    coap_stream_flush(s);
    if (coap_stream_receive(s) && c->ask != NULL) {
        c->ask->arriving = s->in_len - s->in_at;
        c->ask->progress_ms = coap_client_now();
    }
    while (coap_stream_next(s, &message)) {
        if (!take_message(c, message, err)) {
            return false;
        }
    }
    if (s->over) {
        coap_client_lose(c,
                s->broken ? "what arrives is not CoAP over TCP; tally closes the connection"
                          : "the agent closes the connection");
    }
    return true;
}

bool coap_client_tcp_wait(struct coap_client *c, unsigned int limit_ms, struct error *err)
{
    struct pollfd p = { .fd = c->stream.fd,
        .events = coap_stream_is_sending(&c->stream) ? POLLOUT : POLLIN };

    return poll(&p, 1, (int)limit_ms) <= 0 || take_what_is_there(c, err);
}
