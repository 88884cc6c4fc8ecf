/* SPDX-License-Identifier: BSD-3-Clause */
#include "protocol/coap_address.h"

#include <arpa/inet.h>
#include <errno.h>
#include <net/if.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>

/* A process that was given more descriptors than this has its sockets among the first. */
#define DESCRIPTORS_MAX 65536

static void add_address(struct coap_address_list *list, const struct addrinfo *info)
{
    coap_address_t a;

    if (list->count == COAP_ADDRESS_MAX || info->ai_addrlen > sizeof(a.addr)) {
        return;
    }
    coap_address_init(&a);
    a.size = info->ai_addrlen;
    memcpy(&a.addr, info->ai_addr, info->ai_addrlen);
    for (size_t i = 0; i < list->count; i++) {
        if (coap_address_equals(&list->address[i], &a)) {
            return;
        }
    }
    list->address[list->count++] = a;
}

bool coap_address_resolve(const struct uri *uri, struct coap_address_list *out, struct error *err)
{
    struct addrinfo hints = {
        .ai_socktype = uri->transport == URI_TCP ? SOCK_STREAM : SOCK_DGRAM,
        .ai_flags = AI_NUMERICSERV | AI_PASSIVE,
    };
    struct coap_address_list list = { 0 };
    struct addrinfo *found = NULL;
    char port[8];

    snprintf(port, sizeof(port), "%u", (unsigned int)uri->port);
    int status = getaddrinfo(uri->host, port, &hints, &found);

    if (status != 0) {
        return error_set(err, ERROR_NO_ANSWER, "%s: %s", uri->host,
                status == EAI_SYSTEM ? strerror(errno) : gai_strerror(status));
    }
    for (const struct addrinfo *i = found; i != NULL; i = i->ai_next) {
        if (i->ai_family == AF_INET || i->ai_family == AF_INET6) {
            add_address(&list, i);
        }
    }
    freeaddrinfo(found);
    if (list.count == 0) {
        return error_set(err, ERROR_NO_ANSWER, "%s has no address", uri->host);
    }
    *out = list;
    return true;
}

/* IPv4 in ::ffff:0:0/96, as a dual-stack socket has it. */
static struct in6_addr wide_address(const coap_address_t *a)
{
    struct in6_addr wide = { 0 };

    if (a->addr.sa.sa_family == AF_INET6) {
        return a->addr.sin6.sin6_addr;
    }
    wide.s6_addr[10] = 0xff;
    wide.s6_addr[11] = 0xff;
    memcpy(wide.s6_addr + 12, &a->addr.sin.sin_addr, 4);
    return wide;
}

const char *coap_address_print(char dst[COAP_ADDRESS_TEXT_MAX], const coap_address_t *a)
{
    struct in6_addr wide = wide_address(a);
    unsigned int port = coap_address_get_port(a);
    char host[INET6_ADDRSTRLEN] = "?";
    char zone[IF_NAMESIZE + 1] = "";

    if (IN6_IS_ADDR_V4MAPPED(&wide)) {
        inet_ntop(AF_INET, wide.s6_addr + 12, host, sizeof(host));
        snprintf(dst, COAP_ADDRESS_TEXT_MAX, "%s:%u", host, port);
        return dst;
    }
    inet_ntop(AF_INET6, &wide, host, sizeof(host));
    if (a->addr.sin6.sin6_scope_id != 0) {
        zone[0] = '%';
        if (if_indextoname(a->addr.sin6.sin6_scope_id, zone + 1) == NULL) {
            snprintf(zone, sizeof(zone), "%%%u", (unsigned int)a->addr.sin6.sin6_scope_id);
        }
    }
    snprintf(dst, COAP_ADDRESS_TEXT_MAX, "[%s%s]:%u", host, zone, port);
    return dst;
}

struct coap_address_key coap_address_key(const coap_address_t *a)
{
    struct in6_addr wide = wide_address(a);
    struct coap_address_key key = { 0 };
    /* All link-local addresses share one /64, but no host has it. */
    bool whole = IN6_IS_ADDR_V4MAPPED(&wide) || IN6_IS_ADDR_LINKLOCAL(&wide);

    memcpy(key.bytes, wide.s6_addr, whole ? 16 : 8);
    return key;
}

bool coap_address_is_loopback(const coap_address_t *a)
{
    struct in6_addr wide = wide_address(a);

    return IN6_IS_ADDR_V4MAPPED(&wide) ? wide.s6_addr[12] == 127 : IN6_IS_ADDR_LOOPBACK(&wide);
}

static bool is_at(int fd, const coap_address_t *local)
{
    coap_address_t have;

    coap_address_init(&have);
    have.size = sizeof(have.addr);
    return getsockname(fd, &have.addr.sa, &have.size) == 0 && coap_address_equals(&have, local);
}

int coap_address_find_socket(const coap_address_t *local)
{
    struct rlimit limit = { .rlim_cur = DESCRIPTORS_MAX };

    getrlimit(RLIMIT_NOFILE, &limit);
    for (int fd = 0; fd < DESCRIPTORS_MAX && (rlim_t)fd < limit.rlim_cur; fd++) {
        int type = 0;
        socklen_t len = sizeof(type);

        if (getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &len) == 0 && type == SOCK_DGRAM &&
                is_at(fd, local)) {
            return fd;
        }
    }
    return -1;
}
