/* SPDX-License-Identifier: BSD-3-Clause */
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>

#include "protocol/coap_server_internal.h"
#include "protocol/wire.h"

/*
 * What stands between the network and libcoap over UDP.
 *
 * libcoap makes a session for every datagram, answers errors with texts that are longer than the
 * request, and takes messages over UDP that belong to TCP. So each datagram is looked at while it
 * is still in the socket. Who is not known to be where he says he is gets an Echo value (RFC 9175)
 * and leaves no trace here; only requests of the others, and their acknowledgements, are for
 * libcoap to read.
 */

/* Datagrams before the caller gets its turn. */
#define AT_ONCE 64

struct arrival {
    uint8_t bytes[COAP_LIBRARY_DATAGRAM_MAX];
    size_t len; /* of the datagram; it may be longer than bytes */
    coap_address_t peer;
    bool unicast;
    /* The address it was sent to, as the kernel tells it and wants it back. */
    _Alignas(struct cmsghdr) char control[CMSG_SPACE(sizeof(struct in6_pktinfo)) +
            CMSG_SPACE(sizeof(struct in_pktinfo))];
    size_t control_len;
};

enum judgement {
    JUDGEMENT_PASS,
    JUDGEMENT_DROP,
    JUDGEMENT_CHALLENGE, /* prove that you are there */
    JUDGEMENT_RESET,     /* the answer to a ping (RFC 7252 section 4.3) */
};

/* Answers leave from the address that was asked, by whatever way leads to the peer. */
static void take_destination(struct arrival *a, struct cmsghdr *c)
{
    if (c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_PKTINFO) {
        struct in_pktinfo info;

        memcpy(&info, CMSG_DATA(c), sizeof(info));
        a->unicast = info.ipi_addr.s_addr == info.ipi_spec_dst.s_addr;
        info.ipi_ifindex = 0;
        memcpy(CMSG_DATA(c), &info, sizeof(info));
    } else if (c->cmsg_level == IPPROTO_IPV6 && c->cmsg_type == IPV6_PKTINFO) {
        struct in6_pktinfo info;

        memcpy(&info, CMSG_DATA(c), sizeof(info));
        a->unicast = !IN6_IS_ADDR_MULTICAST(&info.ipi6_addr);
    }
}

/* Look at the first datagram that waits. False when there is none. */
static bool peek(int fd, struct arrival *a)
{
    struct iovec part = { a->bytes, sizeof(a->bytes) };
    struct msghdr m = { .msg_name = &a->peer.addr,
        .msg_namelen = sizeof(a->peer.addr),
        .msg_iov = &part,
        .msg_iovlen = 1,
        .msg_control = a->control,
        .msg_controllen = sizeof(a->control) };

    coap_address_init(&a->peer);
    ssize_t n = recvmsg(fd, &m, MSG_PEEK | MSG_TRUNC | MSG_DONTWAIT);

    if (n < 0) {
        return false;
    }
    a->len = (size_t)n;
    a->peer.size = m.msg_namelen;
    a->unicast = false;
    a->control_len = m.msg_controllen;
    for (struct cmsghdr *c = CMSG_FIRSTHDR(&m); c != NULL; c = CMSG_NXTHDR(&m, c)) {
        take_destination(a, c);
    }
    return true;
}

static void consume(int fd)
{
    recv(fd, NULL, 0, MSG_DONTWAIT);
}

/* Never more than was received; what cannot be sent is lost, as datagrams are. */
static void reply(int fd, struct arrival *a, struct bytes message)
{
    struct iovec part = { a->bytes, message.len };
    struct msghdr m = { .msg_name = &a->peer.addr,
        .msg_namelen = a->peer.size,
        .msg_iov = &part,
        .msg_iovlen = 1,
        .msg_control = a->control,
        .msg_controllen = a->control_len };

    if (message.len <= a->len) {
        memcpy(a->bytes, message.ptr, message.len);
        sendmsg(fd, &m, MSG_DONTWAIT | MSG_NOSIGNAL);
    }
}

static bool returns_echo(const struct coap_server *s, const struct arrival *a,
        const struct wire_message *d)
{
    struct reader options = d->options;
    struct wire_option o = { 0 };

    while (wire_option_next(&options, &o)) {
        if (o.number == COAP_OPTION_ECHO) {
            return coap_echo_is_good(&s->echo, &a->peer, coap_server_now() / 1000, o.value);
        }
    }
    return false;
}

/* Requests and empty messages only: the server asks for nothing, so no response is for it, and
 * codes of class 7 belong to TCP. */
static enum judgement judge(const struct coap_listener *l, const struct arrival *a,
        struct wire_message *d)
{
    struct bytes in = { a->bytes, a->len };
    struct error ignored;

    if (!a->unicast || a->len > sizeof(a->bytes) || !wire_read_datagram(in, d, &ignored) ||
            d->code >= WIRE_CODE(1, 0)) {
        return JUDGEMENT_DROP;
    }
    bool known = coap_peer_is_known(l, &a->peer);

    if (d->code == WIRE_EMPTY) {
        return d->type == WIRE_CON             ? JUDGEMENT_RESET
                : d->type != WIRE_NON && known ? JUDGEMENT_PASS
                                               : JUDGEMENT_DROP;
    }
    if (d->type != WIRE_CON && d->type != WIRE_NON) {
        return JUDGEMENT_DROP;
    }
    return known || coap_address_is_loopback(&a->peer) || returns_echo(l->server, a, d)
            ? JUDGEMENT_PASS
            : JUDGEMENT_CHALLENGE;
}

static void challenge(const struct coap_listener *l, struct arrival *a,
        const struct wire_message *d)
{
    uint8_t bytes[64];
    uint8_t echo[COAP_ECHO_SIZE];
    struct writer w = writer_init(bytes, sizeof(bytes));
    struct bytes message;
    struct error ignored;

    if (!coap_echo_make(&l->server->echo, &a->peer, coap_server_now() / 1000, echo, &ignored)) {
        return;
    }
    wire_write_datagram(&w, d->type == WIRE_CON ? WIRE_ACK : WIRE_NON, WIRE_CODE(4, 1), d->id,
            d->token);
    wire_write_option(&w, 0, COAP_OPTION_ECHO, (struct bytes){ echo, sizeof(echo) });
    if (writer_done(&w, &message)) {
        reply(l->socket, a, message);
    }
}

static void reset(const struct coap_listener *l, struct arrival *a, const struct wire_message *d)
{
    uint8_t bytes[8];
    struct writer w = writer_init(bytes, sizeof(bytes));
    struct bytes message;

    wire_write_datagram(&w, WIRE_RST, WIRE_EMPTY, d->id, (struct bytes){ 0 });
    if (writer_done(&w, &message)) {
        reply(l->socket, a, message);
    }
}

void coap_guard_ready(void *listener)
{
    struct coap_listener *l = listener;
    struct arrival a;
    struct wire_message d;

    for (unsigned int i = 0; i < AT_ONCE && peek(l->socket, &a); i++) {
        enum judgement judgement = judge(l, &a, &d);

        if (judgement == JUDGEMENT_PASS) {
            coap_library_run(l->context, false);
            continue;
        }
        consume(l->socket);
        if (judgement == JUDGEMENT_CHALLENGE) {
            challenge(l, &a, &d);
        } else if (judgement == JUDGEMENT_RESET) {
            reset(l, &a, &d);
        }
    }
    coap_library_run(l->context, true);
}
