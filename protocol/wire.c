/* SPDX-License-Identifier: BSD-3-Clause */
#include "protocol/wire.h"

#include <inttypes.h>

#define VERSION    1
#define OPTION_MAX UINT16_MAX

/* RFC 7252 section 3.1: a nibble, or one or two bytes behind it. 15 is reserved. */
#define NIBBLE_8  13
#define NIBBLE_16 14
#define BASE_8    13u
#define BASE_16   269u

static bool read_extended(struct reader *r, unsigned int nibble, uint32_t *out)
{
    uint8_t small;
    uint16_t large;

    if (nibble < NIBBLE_8) {
        *out = nibble;
        return true;
    }
    if (nibble == NIBBLE_8 && reader_u8(r, &small)) {
        *out = small + BASE_8;
        return true;
    }
    if (nibble == NIBBLE_16 && reader_u16be(r, &large)) {
        *out = large + BASE_16;
        return true;
    }
    return false;
}

bool wire_option_next(struct reader *options, struct wire_option *option)
{
    struct reader r = *options;
    struct wire_option next;
    uint32_t delta;
    uint32_t len;
    uint8_t head;

    if (!reader_u8(&r, &head) || head == WIRE_PAYLOAD_MARKER ||
            !read_extended(&r, head >> 4, &delta) || !read_extended(&r, head & 15, &len) ||
            !reader_take(&r, len, &next.value)) {
        return false;
    }
    next.number = option->number + delta;
    if (next.number > OPTION_MAX) {
        return false;
    }
    *option = next;
    *options = r;
    return true;
}

/* Options up to the payload marker or the end. */
static bool read_options(struct reader *r, struct wire_message *d, struct error *err)
{
    struct wire_option option = { 0 };
    uint8_t marker;

    d->options = *r;
    while (wire_option_next(r, &option)) {
    }
    if (reader_done(r)) {
        d->payload = (struct bytes){ 0 };
        return true;
    }
    if (!reader_u8(r, &marker) || marker != WIRE_PAYLOAD_MARKER) {
        return error_set(err, ERROR_MALFORMED, "an option at byte %zu that is none",
                reader_offset(r));
    }
    d->payload = reader_rest(r);
    return d->payload.len > 0 || error_set(err, ERROR_MALFORMED, "a payload marker and no payload");
}

/* What follows the head, which is the same over UDP and TCP. An empty message has nothing there. */
static bool read_body(struct reader *r, size_t token_len, struct wire_message *m, struct error *err)
{
    if (token_len > WIRE_TOKEN_MAX) {
        return error_set(err, ERROR_MALFORMED, "a token of %zu bytes", token_len);
    }
    if (!reader_take(r, token_len, &m->token)) {
        return error_set(err, ERROR_TRUNCATED, "the token ends at byte %zu",
                reader_offset(r) + reader_left(r));
    }
    if (m->code == WIRE_EMPTY && (token_len > 0 || !reader_done(r))) {
        return error_set(err, ERROR_MALFORMED, "an empty message is not empty");
    }
    return read_options(r, m, err);
}

bool wire_read_datagram(struct bytes in, struct wire_message *out, struct error *err)
{
    struct reader r = reader_init(in);
    struct wire_message d;
    uint8_t first;

    if (!reader_u8(&r, &first) || !reader_u8(&r, &d.code) || !reader_u16be(&r, &d.id)) {
        return error_set(err, ERROR_TRUNCATED, "%zu bytes, a header has 4", in.len);
    }
    if (first >> 6 != VERSION) {
        return error_set(err, ERROR_UNSUPPORTED, "version %d", first >> 6);
    }
    d.type = (enum wire_type)(first >> 4 & 3);
    if (!read_body(&r, first & 15, &d, err)) {
        return false;
    }
    *out = d;
    return true;
}

void wire_write_datagram(struct writer *w, enum wire_type type, uint8_t code, uint16_t id,
        struct bytes token)
{
    writer_u8(w, (uint8_t)(VERSION << 6 | (unsigned int)type << 4 | (token.len & 15)));
    writer_u8(w, code);
    writer_u16be(w, id);
    writer_bytes(w, token);
}

static unsigned int nibble_of(uint32_t value)
{
    return value < BASE_8 ? value : value < BASE_16 ? NIBBLE_8 : NIBBLE_16;
}

static void write_extended(struct writer *w, uint32_t value)
{
    if (value >= BASE_16) {
        writer_u16be(w, (uint16_t)(value - BASE_16));
    } else if (value >= BASE_8) {
        writer_u8(w, (uint8_t)(value - BASE_8));
    }
}

void wire_write_option(struct writer *w, uint32_t before, uint32_t number, struct bytes value)
{
    uint32_t delta = number - before;
    uint32_t len = (uint32_t)value.len;

    writer_u8(w, (uint8_t)(nibble_of(delta) << 4 | nibble_of(len)));
    write_extended(w, delta);
    write_extended(w, len);
    writer_bytes(w, value);
}

/* RFC 8323 section 3.2: like the length of an option, and 15 is four bytes behind it. */
#define NIBBLE_32 15
#define BASE_32   65805u

/* Bytes between the first one and the code. */
static size_t length_bytes(unsigned int nibble)
{
    return nibble < NIBBLE_8 ? 0 : nibble == NIBBLE_8 ? 1 : nibble == NIBBLE_16 ? 2 : 4;
}

bool wire_stream_size(struct bytes in, uint64_t *out)
{
    struct reader r = reader_init(in);
    uint8_t first;
    uint32_t len;

    if (!reader_u8(&r, &first)) {
        return false;
    }
    uint64_t token_and_code = (first & 15u) + 1u;

    if (first >> 4 == NIBBLE_32) {
        if (!reader_u32be(&r, &len)) {
            return false;
        }
        *out = reader_offset(&r) + token_and_code + (uint64_t)len + BASE_32;
        return true;
    }
    if (!read_extended(&r, first >> 4, &len)) {
        return false;
    }
    *out = reader_offset(&r) + token_and_code + len;
    return true;
}

bool wire_read_stream(struct bytes in, struct wire_message *out, struct error *err)
{
    struct reader r = reader_init(in);
    struct wire_message m = { 0 };
    struct bytes length;
    uint64_t size;
    uint8_t first;

    if (!wire_stream_size(in, &size) || size > in.len || !reader_u8(&r, &first)) {
        return error_set(err, ERROR_TRUNCATED, "%zu bytes of a message over TCP", in.len);
    }
    if (size < in.len) {
        return error_set(err, ERROR_MALFORMED, "%zu bytes behind a message", in.len - (size_t)size);
    }
    if (!reader_take(&r, length_bytes(first >> 4), &length) || !reader_u8(&r, &m.code)) {
        return error_set(err, ERROR_TRUNCATED, "the head ends at byte %zu", in.len);
    }
    if (!read_body(&r, first & 15, &m, err)) {
        return false;
    }
    *out = m;
    return true;
}

void wire_write_stream(struct writer *w, uint8_t code, struct bytes token, uint32_t rest)
{
    unsigned int nibble = rest < BASE_32 ? nibble_of(rest) : NIBBLE_32;

    writer_u8(w, (uint8_t)(nibble << 4 | (token.len & 15)));
    if (nibble == NIBBLE_32) {
        writer_u32be(w, rest - BASE_32);
    } else {
        write_extended(w, rest);
    }
    writer_u8(w, code);
    writer_bytes(w, token);
}
