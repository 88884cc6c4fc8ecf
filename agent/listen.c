/* SPDX-License-Identifier: BSD-3-Clause */
#include "agent/listen.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

static bool read_setting(const char *setting, struct uri out[LISTEN_URIS_MAX], size_t *out_count,
        struct error *err)
{
    size_t count = 0;

    for (setting += strspn(setting, " \t"); *setting != '\0'; setting += strspn(setting, " \t")) {
        size_t len = strcspn(setting, " \t");
        struct bytes text = { (const uint8_t *)setting, len };
        char shown[64];

        if (count == LISTEN_URIS_MAX) {
            return error_set(err, ERROR_CONFIG, "more than %d URIs", LISTEN_URIS_MAX);
        }
        if (!uri_read(text, &out[count++], err)) {
            return error_wrap(err, "\"%s\"", bytes_print(shown, sizeof(shown), text));
        }
        setting += len;
    }
    *out_count = count;
    return count > 0 || error_set(err, ERROR_CONFIG, "it is empty");
}

bool listen_check(const char *setting, struct error *err)
{
    struct uri uri[LISTEN_URIS_MAX];
    size_t count;

    return read_setting(setting, uri, &count, err);
}

/* RFC 1122 3.2.1.3, RFC 4291 2.5.3. */
static bool is_loopback(const struct sockaddr *a)
{
    if (a->sa_family == AF_INET) {
        struct sockaddr_in in;

        memcpy(&in, a, sizeof(in));
        return ntohl(in.sin_addr.s_addr) >> 24 == 127;
    }
    struct sockaddr_in6 in6;

    memcpy(&in6, a, sizeof(in6));
    return IN6_IS_ADDR_LOOPBACK(&in6.sin6_addr);
}

static bool is_address(const char *host)
{
    uint8_t ignored[sizeof(struct in6_addr)];

    return strchr(host, ':') != NULL || inet_pton(AF_INET, host, ignored) == 1;
}

static bool add(const struct uri *uri, const struct addrinfo *a, struct listen_addresses *out,
        struct error *err)
{
    struct listen_address *to = &out->address[out->count];

    if (out->count == LISTEN_ADDRESSES_MAX) {
        return error_set(err, ERROR_CONFIG, "more than %d addresses", LISTEN_ADDRESSES_MAX);
    }
    *to = (struct listen_address){ .uri = *uri,
        .by_name = !is_address(uri->host),
        .loopback = is_loopback(a->ai_addr) };
    int rc = getnameinfo(a->ai_addr, a->ai_addrlen, to->uri.host, sizeof(to->uri.host), NULL, 0,
            NI_NUMERICHOST);

    if (rc != 0) {
        return error_set(err, ERROR_IO, "%s: %s", uri->host, gai_strerror(rc));
    }
    for (size_t i = 0; i < out->count; i++) {
        const struct uri *other = &out->address[i].uri;

        if (other->transport == uri->transport && other->port == uri->port &&
                strcmp(other->host, to->uri.host) == 0) {
            return true;
        }
    }
    out->count++;
    return true;
}

static void free_addresses(struct addrinfo **list)
{
    if (*list != NULL) {
        freeaddrinfo(*list);
    }
}

static bool resolve(const struct uri *uri, struct listen_addresses *out, struct error *err)
{
    struct addrinfo hints = { .ai_family = AF_UNSPEC,
        .ai_socktype = uri->transport == URI_UDP ? SOCK_DGRAM : SOCK_STREAM };
    struct addrinfo *list CLEANUP(free_addresses) = NULL;
    int rc = getaddrinfo(uri->host, NULL, &hints, &list);

    if (rc != 0) {
        return error_set(err, ERROR_IO, "%s: %s", uri->host, gai_strerror(rc));
    }
    for (const struct addrinfo *a = list; a != NULL; a = a->ai_next) {
        if ((a->ai_family == AF_INET || a->ai_family == AF_INET6) && !add(uri, a, out, err)) {
            return false;
        }
    }
    return true;
}

bool listen_resolve(const char *setting, bool insecure, struct listen_addresses *out,
        struct error *err)
{
    struct uri uri[LISTEN_URIS_MAX];
    struct listen_addresses all = { 0 };
    size_t count;

    if (!read_setting(setting, uri, &count, err)) {
        return error_wrap(err, "listen");
    }
    for (size_t i = 0; i < count; i++) {
        if (!resolve(&uri[i], &all, err)) {
            return error_wrap(err, "listen");
        }
    }
    for (size_t i = 0; i < all.count && !insecure; i++) {
        if (!all.address[i].loopback) {
            return error_set(err, ERROR_CONFIG,
                    "listen: %s is not a loopback address: plain CoAP neither hides what it says nor "
                    "knows who asks; insecure = yes allows it all the same",
                    all.address[i].uri.host);
        }
    }
    *out = all;
    return true;
}

const char *listen_print(char *dst, size_t size, const struct uri *uri)
{
    bool brackets = strchr(uri->host, ':') != NULL;

    (void)snprintf(dst, size, "%s://%s%s%s:%u", uri->transport == URI_UDP ? "coap" : "coap+tcp",
            brackets ? "[" : "", uri->host, brackets ? "]" : "", uri->port);
    return dst;
}
