/* SPDX-License-Identifier: BSD-3-Clause */
#include "protocol/uri.h"

#include "common/reader.h"

/* RFC 7252 section 6.1; RFC 8323 section 8.1 has the same for TCP. */
#define DEFAULT_PORT 5683

static const struct {
    const char *name;
    enum uri_transport transport;
    bool secure;
} schemes[] = {
    { "coap", URI_UDP, false },
    { "coap+tcp", URI_TCP, false },
    { "coaps", URI_UDP, true },
    { "coaps+tcp", URI_TCP, true },
};

static uint8_t lower(uint8_t c)
{
    return c >= 'A' && c <= 'Z' ? (uint8_t)(c + ('a' - 'A')) : c;
}

static bool is_digit(uint8_t c)
{
    return c >= '0' && c <= '9';
}

static bool is_name_character(uint8_t c)
{
    return (lower(c) >= 'a' && lower(c) <= 'z') || is_digit(c) || c == '-' || c == '.' || c == '_';
}

static bool is_address_character(uint8_t c)
{
    return (lower(c) >= 'a' && lower(c) <= 'f') || is_digit(c) || c == ':' || c == '.';
}

/* RFC 3986 section 3.1: schemes are the same in either case. */
static bool scheme_is(struct bytes text, const char *name)
{
    if (text.len != strlen(name)) {
        return false;
    }
    for (size_t i = 0; i < text.len; i++) {
        if (lower(text.ptr[i]) != (uint8_t)name[i]) {
            return false;
        }
    }
    return true;
}

static bool read_scheme(struct reader *r, enum uri_transport *out, struct error *err)
{
    struct bytes name;
    struct bytes slashes;
    char shown[32];

    if (!reader_take_until(r, ':', &name) || !reader_take(r, 2, &slashes) ||
            !bytes_equal_text(slashes, "//")) {
        return error_set(err, ERROR_CONFIG, "want coap://HOST[:PORT] or coap+tcp://HOST[:PORT]");
    }
    for (size_t i = 0; i < ARRAY_LEN(schemes); i++) {
        if (!scheme_is(name, schemes[i].name)) {
            continue;
        }
        if (schemes[i].secure) {
            return error_set(err, ERROR_CONFIG,
                    "%s:// is not supported yet, only coap:// and coap+tcp:// are",
                    schemes[i].name);
        }
        *out = schemes[i].transport;
        return true;
    }
    return error_set(err, ERROR_CONFIG, "'%s' is neither coap nor coap+tcp",
            bytes_print(shown, sizeof(shown), name));
}

/* The part of b before stop, or all of it; what follows is left in *rest, stop included. */
static struct bytes cut(struct bytes b, char stop, struct bytes *rest)
{
    const uint8_t *at = b.len == 0 ? NULL : memchr(b.ptr, stop, b.len);
    size_t n = at == NULL ? b.len : (size_t)(at - b.ptr);

    *rest = n == b.len ? (struct bytes){ 0 } : (struct bytes){ b.ptr + n, b.len - n };
    return (struct bytes){ b.ptr, n };
}

/* RFC 6874 has the zone behind "%25"; people type "%". */
static bool is_ipv6_address(struct bytes host)
{
    struct bytes zone;
    struct bytes address = cut(host, '%', &zone);

    if (address.len < 2 || memchr(address.ptr, ':', address.len) == NULL) {
        return false;
    }
    for (size_t i = 0; i < address.len; i++) {
        if (!is_address_character(address.ptr[i])) {
            return false;
        }
    }
    for (size_t i = 1; i < zone.len; i++) {
        if (!is_name_character(zone.ptr[i])) {
            return false;
        }
    }
    return zone.len != 1;
}

static bool is_name(struct bytes host)
{
    for (size_t i = 0; i < host.len; i++) {
        if (!is_name_character(host.ptr[i])) {
            return false;
        }
    }
    return host.len > 0;
}

static void set_host(struct uri *uri, struct bytes host)
{
    struct bytes zone;
    struct bytes name = cut(host, '%', &zone);
    size_t skip = zone.len > 3 && memcmp(zone.ptr, "%25", 3) == 0 ? 2 : 0;

    memcpy(uri->host, name.ptr, name.len);
    if (zone.len > 0) {
        uri->host[name.len] = '%';
        memcpy(uri->host + name.len + 1, zone.ptr + skip + 1, zone.len - skip - 1);
    }
}

static bool read_host(struct bytes text, struct uri *uri, struct bytes *rest, struct error *err)
{
    bool bracketed = text.len > 0 && text.ptr[0] == '[';
    struct bytes inner = bracketed ? (struct bytes){ text.ptr + 1, text.len - 1 } : text;
    struct bytes host = cut(inner, bracketed ? ']' : ':', rest);
    char shown[64];

    if (bracketed) {
        if (rest->len == 0) {
            return error_set(err, ERROR_CONFIG, "']' is missing behind the IPv6 address");
        }
        *rest = (struct bytes){ rest->ptr + 1, rest->len - 1 };
    }
    if (host.len > URI_HOST_MAX) {
        return error_set(err, ERROR_CONFIG, "a host name of %zu bytes", host.len);
    }
    if (!(bracketed ? is_ipv6_address(host) : is_name(host))) {
        return error_set(err, ERROR_CONFIG, "'%s' is no %s",
                bytes_print(shown, sizeof(shown), host),
                bracketed ? "IPv6 address" : "host name or address; IPv6 goes in brackets: [::1]");
    }
    set_host(uri, host);
    return true;
}

static bool read_port(struct bytes text, uint16_t *out, struct error *err)
{
    uint32_t port = 0;
    char shown[32];

    for (size_t i = 1; i < text.len; i++) {
        if (!is_digit(text.ptr[i]) || port > UINT16_MAX) {
            return error_set(err, ERROR_CONFIG, "'%s' is no port",
                    bytes_print(shown, sizeof(shown), text));
        }
        port = port * 10 + (uint32_t)(text.ptr[i] - '0');
    }
    if (port > UINT16_MAX || (text.len > 0 && text.ptr[0] != ':')) {
        return error_set(err, ERROR_CONFIG, "'%s' is no port",
                bytes_print(shown, sizeof(shown), text));
    }
    *out = text.len > 1 ? (uint16_t)port : DEFAULT_PORT;
    return true;
}

bool uri_read(struct bytes text, struct uri *out, struct error *err)
{
    struct reader r = reader_init(text);
    struct uri uri = { 0 };
    struct bytes path;
    struct bytes port;
    char shown[64];

    if (!read_scheme(&r, &uri.transport, err)) {
        return false;
    }
    struct bytes authority = cut(reader_rest(&r), '/', &path);
    if (path.len > 1) {
        return error_set(err, ERROR_CONFIG, "'%s' behind the host: the resource is always attest",
                bytes_print(shown, sizeof(shown), path));
    }
    if (!read_host(authority, &uri, &port, err) || !read_port(port, &uri.port, err)) {
        return false;
    }
    *out = uri;
    return true;
}
