/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "common/attributes.h"
#include "common/bytes.h"
#include "common/error.h"
#include "protocol/coap_address.h"

/*
 * Values of the Echo option (RFC 9175): who returns one receives what is sent to its address.
 * Nothing is kept: a value is a time and a MAC over it and the address.
 */

/* Seconds and half of a SHA-256, so that the value fits into an answer that is shorter than any
 * request for the resource. */
#define COAP_ECHO_SIZE (4 + 8)
/* Seconds for which a value is good. */
#define COAP_ECHO_SECONDS 240

struct coap_echo {
    uint8_t key[32];
    uint32_t epoch; /* random, so that values do not tell how long the agent has been running */
};

/** @param err  ERROR_IO: no random numbers */
MUST_USE bool coap_echo_init(struct coap_echo *e, struct error *err);

/** @param now_s  seconds of a clock that only goes forward
 *  @param err    ERROR_CRYPTO */
MUST_USE bool coap_echo_make(const struct coap_echo *e, const coap_address_t *peer, uint64_t now_s,
        uint8_t out[COAP_ECHO_SIZE], struct error *err);

/** True when value was made for this address, not too long ago. */
bool coap_echo_is_good(const struct coap_echo *e, const coap_address_t *peer, uint64_t now_s,
        struct bytes value);
