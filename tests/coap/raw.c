/* SPDX-License-Identifier: BSD-3-Clause */
#include "tests/coap/raw.h"

#include <arpa/inet.h>
#include <ifaddrs.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#define FETCH    5
#define URI_PATH 11
#define CSM      WIRE_CODE(7, 1)

struct raw_address raw_address(const char *host, uint16_t port)
{
    struct raw_address a = { 0 };
    struct sockaddr_in *v4 = (struct sockaddr_in *)&a.sa;
    struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)&a.sa;

    if (inet_pton(AF_INET, host, &v4->sin_addr) == 1) {
        v4->sin_family = AF_INET;
        v4->sin_port = htons(port);
        a.len = sizeof(*v4);
        return a;
    }
    inet_pton(AF_INET6, host, &v6->sin6_addr);
    v6->sin6_family = AF_INET6;
    v6->sin6_port = htons(port);
    a.len = sizeof(*v6);
    return a;
}

static const void *usable_address(int family, const struct sockaddr *sa)
{
    const struct sockaddr_in *v4 = (const void *)sa;
    const struct sockaddr_in6 *v6 = (const void *)sa;

    if (sa == NULL || sa->sa_family != family) {
        return NULL;
    }
    if (family == AF_INET) {
        return ntohl(v4->sin_addr.s_addr) >> 24 != 127 ? &v4->sin_addr : NULL;
    }
    return IN6_IS_ADDR_LOOPBACK(&v6->sin6_addr) || IN6_IS_ADDR_LINKLOCAL(&v6->sin6_addr)
            ? NULL
            : &v6->sin6_addr;
}

bool raw_remote_host(int family, char host[INET6_ADDRSTRLEN])
{
    struct ifaddrs *all = NULL;
    bool found = false;

    if (getifaddrs(&all) != 0) {
        return false;
    }
    for (const struct ifaddrs *i = all; i != NULL && !found; i = i->ifa_next) {
        const void *address = usable_address(family, i->ifa_addr);

        found = address != NULL && inet_ntop(family, address, host, INET6_ADDRSTRLEN) != NULL;
    }
    freeifaddrs(all);
    return found;
}

int raw_connect(int type, const struct raw_address *to)
{
    int fd = socket(to->sa.ss_family, type | SOCK_CLOEXEC, 0);

    if (fd >= 0 && connect(fd, (const struct sockaddr *)&to->sa, to->len) != 0) {
        close(fd);
        return -1;
    }
    return fd;
}

struct bytes raw_receive(int fd, uint8_t buffer[RAW_MAX], int ms)
{
    struct pollfd p = { .fd = fd, .events = POLLIN };
    ssize_t n = 0;

    if (poll(&p, 1, ms) == 1) {
        n = recv(fd, buffer, RAW_MAX, MSG_DONTWAIT);
    }
    return (struct bytes){ buffer, n > 0 ? (size_t)n : 0 };
}

bool raw_send(int fd, struct bytes b)
{
    return send(fd, b.ptr, b.len, MSG_NOSIGNAL) == (ssize_t)b.len;
}

static void write_rest(struct writer *w, const struct raw_request *r)
{
    const char *path = r->path != NULL ? r->path : "attest";
    uint32_t before = 0;

    if (r->number > 0 && r->number < URI_PATH) {
        wire_write_option(w, 0, r->number, r->value);
        before = r->number;
    }
    if (path[0] != '\0') {
        wire_write_option(w, before, URI_PATH, bytes_of_text(path));
        before = URI_PATH;
    }
    if (r->number >= URI_PATH) {
        wire_write_option(w, before, r->number, r->value);
    }
    if (r->payload != NULL) {
        writer_u8(w, 0xff);
        writer_bytes(w, bytes_of_text(r->payload));
    }
}

static struct bytes token_of(const struct raw_request *r)
{
    return bytes_of_text(r->token != NULL ? r->token : "");
}

static struct bytes written(const struct writer *w)
{
    struct bytes b = { 0 };

    return writer_done(w, &b) ? b : (struct bytes){ 0 };
}

struct bytes raw_datagram(uint8_t *dst, const struct raw_request *r)
{
    struct writer w = writer_init(dst, RAW_MAX);

    wire_write_datagram(&w, r->type, r->code != 0 ? r->code : FETCH, r->id, token_of(r));
    write_rest(&w, r);
    return written(&w);
}

struct bytes raw_message(uint8_t *dst, const struct raw_request *r)
{
    static uint8_t rest_bytes[RAW_MAX];
    struct writer rest = writer_init(rest_bytes, sizeof(rest_bytes));
    struct writer w = writer_init(dst, RAW_MAX);
    struct bytes token = token_of(r);

    write_rest(&rest, r);
    size_t len = written(&rest).len;

    if (len < 13) {
        writer_u8(&w, (uint8_t)(len << 4 | token.len));
    } else if (len < 269) {
        writer_u8(&w, (uint8_t)(13 << 4 | token.len));
        writer_u8(&w, (uint8_t)(len - 13));
    } else {
        writer_u8(&w, (uint8_t)(14 << 4 | token.len));
        writer_u16be(&w, (uint16_t)(len - 269));
    }
    writer_u8(&w, r->code != 0 ? r->code : FETCH);
    writer_bytes(&w, token);
    writer_bytes(&w, written(&rest));
    return written(&w);
}

struct bytes raw_settings(uint8_t *dst, uint32_t max_message)
{
    struct writer w = writer_init(dst, RAW_MAX);

    if (max_message == 0) {
        writer_u8(&w, 0);
        writer_u8(&w, CSM);
    } else {
        writer_u8(&w, 5 << 4);
        writer_u8(&w, CSM);
        writer_u8(&w, 2 << 4 | 4);
        writer_u32be(&w, max_message);
    }
    return written(&w);
}

/* A whole message that has arrived. */
static bool take(struct raw_stream *s, struct wire_message *m)
{
    struct bytes unread = { s->bytes + s->at, s->len - s->at };
    struct error err;
    uint64_t size;

    if (!wire_stream_size(unread, &size) || size > unread.len) {
        return false;
    }
    s->at += (size_t)size;
    return wire_read_stream((struct bytes){ unread.ptr, (size_t)size }, m, &err);
}

bool raw_next(struct raw_stream *s, struct wire_message *m)
{
    for (;;) {
        while (take(s, m)) {
            if (m->code != CSM) {
                return true;
            }
        }
        s->len -= s->at;
        memmove(s->bytes, s->bytes + s->at, s->len);
        s->at = 0;
        struct pollfd p = { .fd = s->fd, .events = POLLIN };
        ssize_t n =
                poll(&p, 1, 5000) == 1 ? recv(s->fd, s->bytes + s->len, RAW_MAX - s->len, 0) : 0;

        if (n <= 0) {
            return false;
        }
        s->len += (size_t)n;
    }
}

bool raw_option(const struct wire_message *d, uint32_t number, struct bytes *value)
{
    struct reader options = d->options;
    struct wire_option o = { 0 };

    while (wire_option_next(&options, &o)) {
        if (o.number == number) {
            *value = o.value;
            return true;
        }
    }
    return false;
}
