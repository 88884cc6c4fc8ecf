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
 * CoAP messages as bytes: over UDP (RFC 7252 section 3) and over TCP (RFC 8323 section 3.2).
 * Nothing is believed: this is what has to be known of a message before libcoap may see it.
 */

enum wire_type {
    WIRE_CON = 0,
    WIRE_NON = 1,
    WIRE_ACK = 2,
    WIRE_RST = 3,
};

#define WIRE_TOKEN_MAX      8
#define WIRE_PAYLOAD_MARKER 0xff
/* Codes are a class of 3 bits and a detail of 5: WIRE_CODE(4, 1) is 4.01. */
#define WIRE_CODE(class, detail) ((class) << 5 | (detail))
#define WIRE_EMPTY               0

struct wire_message {
    enum wire_type type; /* over UDP */
    uint8_t code;
    uint16_t id; /* over UDP */
    struct bytes token;
    struct reader options; /* for wire_option_next() */
    struct bytes payload;
};

/** An option; all zero is before the first. */
struct wire_option {
    uint32_t number;
    struct bytes value;
};

/**
 * Read a datagram. The options are there, whole and of numbers that exist; what they mean is not
 * looked at. An empty message has nothing behind its header.
 *
 * @param err  ERROR_TRUNCATED, ERROR_MALFORMED, ERROR_UNSUPPORTED (version)
 */
MUST_USE bool wire_read_datagram(struct bytes in, struct wire_message *out, struct error *err);

/** The next of the options of a message that was read; option: the one before. False at the end.
 */
bool wire_option_next(struct reader *options, struct wire_option *option);

/* Longest head of a message over TCP: lengths, code, token. */
#define WIRE_STREAM_HEAD_MAX (6 + WIRE_TOKEN_MAX)

/**
 * How long the message over TCP is that in starts with, its head included.
 *
 * @return false when too little of the head is there
 */
MUST_USE bool wire_stream_size(struct bytes in, uint64_t *out);

/** Read a message over TCP, of exactly the bytes that wire_stream_size() says. What is checked, and
 * the errors, are those of wire_read_datagram(). */
MUST_USE bool wire_read_stream(struct bytes in, struct wire_message *out, struct error *err);

/** Write the head of a message over TCP. @param rest  bytes of options and payload with its marker,
 * which follow */
void wire_write_stream(struct writer *w, uint8_t code, struct bytes token, uint32_t rest);

/** Write header and token of a datagram; options and payload may follow. */
void wire_write_datagram(struct writer *w, enum wire_type type, uint8_t code, uint16_t id,
        struct bytes token);

/** Write an option. @param before  number of the option before; 0 for the first */
void wire_write_option(struct writer *w, uint32_t before, uint32_t number, struct bytes value);
