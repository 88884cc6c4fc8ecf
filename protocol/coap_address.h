/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/attributes.h"
#include "common/error.h"
#include "protocol/coap_library.h"
#include "protocol/uri.h"

/* Addresses one host name may have. */
#define COAP_ADDRESS_MAX 8
/* "[" IPv6 "%" zone "]:65535" and NUL. */
#define COAP_ADDRESS_TEXT_MAX 80

struct coap_address_list {
    size_t count;
    coap_address_t address[COAP_ADDRESS_MAX];
};

/** The addresses of uri's host, each with uri's port, none twice; more than fit are left out.
 * @param err  ERROR_NO_ANSWER: the name does not resolve */
MUST_USE bool coap_address_resolve(const struct uri *uri, struct coap_address_list *out,
        struct error *err);

/** "192.0.2.1:5683" or "[2001:db8::1]:5683"; an IPv4 address inside IPv6 is shown as IPv4.
 * @return dst */
const char *coap_address_print(char dst[COAP_ADDRESS_TEXT_MAX], const coap_address_t *a);

/** Whom limits apply to: an IPv4 address, or the /64 of an IPv6 address, which one host can use
 * as it likes. */
struct coap_address_key {
    uint8_t bytes[16];
};

struct coap_address_key coap_address_key(const coap_address_t *a);

/** True for 127.0.0.0/8 and ::1. */
bool coap_address_is_loopback(const coap_address_t *a);

/** The descriptor of the UDP socket with this address, which libcoap has opened and does not tell;
 * -1 when there is none. */
int coap_address_find_socket(const coap_address_t *local);
