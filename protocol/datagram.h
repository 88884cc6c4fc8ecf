/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/attributes.h"
#include "common/bytes.h"
#include "common/error.h"
#include "common/reader.h"
#include "common/writer.h"

/*
 * CoAP messages over UDP (RFC 7252 section 3), read without believing anything: what has to be
 * known of a datagram before libcoap may see it.
 */

enum datagram_type {
    DATAGRAM_CON = 0,
    DATAGRAM_NON = 1,
    DATAGRAM_ACK = 2,
    DATAGRAM_RST = 3,
};

/* Header and longest token. */
#define DATAGRAM_TOKEN_MAX 8
/* Codes are a class of 3 bits and a detail of 5: DATAGRAM_CODE(4, 1) is 4.01. */
#define DATAGRAM_CODE(class, detail) ((class) << 5 | (detail))
#define DATAGRAM_EMPTY               0

struct datagram {
    enum datagram_type type;
    uint8_t code;
    uint16_t id;
    struct bytes token;
    struct reader options; /* for datagram_option_read() */
    struct bytes payload;
};

/** An option; all zero before the first. */
struct datagram_option {
    uint32_t number;
    struct bytes value;
};

/**
 * Read a datagram. The options are there, whole and of numbers that exist; what they mean is not
 * looked at. An empty message has nothing behind its header.
 *
 * @param err  ERROR_TRUNCATED, ERROR_MALFORMED, ERROR_UNSUPPORTED (version)
 */
MUST_USE bool datagram_read(struct bytes in, struct datagram *out, struct error *err);

/** The next of the options of a datagram that was read; option: the one before. False at the end.
 */
bool datagram_option_next(struct reader *options, struct datagram_option *option);

/** Write header and token; options and payload may follow. */
void datagram_write_head(struct writer *w, enum datagram_type type, uint8_t code, uint16_t id,
        struct bytes token);

/** Write an option. @param before  number of the option before; 0 for the first */
void datagram_write_option(struct writer *w, uint32_t before, uint32_t number, struct bytes value);
