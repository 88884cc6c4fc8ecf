/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "common/attributes.h"
#include "common/bytes.h"
#include "common/error.h"

/* Longest host: RFC 1035, or an IPv6 address with its zone. */
#define URI_HOST_MAX 253

enum uri_transport {
    URI_UDP, /* coap:// */
    URI_TCP, /* coap+tcp:// */
};

/** Where an agent is, or listens: coap://HOST[:PORT] or coap+tcp://HOST[:PORT] (RFC 7252 section 6,
 * RFC 8323 section 8). HOST is a name, an IPv4 address or [IPv6[%zone]]. */
struct uri {
    enum uri_transport transport;
    char host[URI_HOST_MAX + 1]; /* without brackets */
    uint16_t port;               /* 5683 when the text has none */
};

/**
 * @param text  nothing but an optional "/" may follow the port: the resource is always "attest"
 * @param err   ERROR_CONFIG: says what is wrong; coaps:// and coaps+tcp:// are refused by name
 */
MUST_USE bool uri_read(struct bytes text, struct uri *out, struct error *err);
