/* SPDX-License-Identifier: BSD-3-Clause */
#include "protocol/datagram.h"

#include <inttypes.h>

#define VERSION        1
#define PAYLOAD_MARKER 0xff
#define OPTION_MAX     UINT16_MAX

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

bool datagram_option_next(struct reader *options, struct datagram_option *option)
{
    struct reader r = *options;
    struct datagram_option next;
    uint32_t delta;
    uint32_t len;
    uint8_t head;

    if (!reader_u8(&r, &head) || head == PAYLOAD_MARKER || !read_extended(&r, head >> 4, &delta) ||
            !read_extended(&r, head & 15, &len) || !reader_take(&r, len, &next.value)) {
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
static bool read_options(struct reader *r, struct datagram *d, struct error *err)
{
    struct datagram_option option = { 0 };
    uint8_t marker;

    d->options = *r;
    while (datagram_option_next(r, &option)) {
    }
    if (reader_done(r)) {
        d->payload = (struct bytes){ 0 };
        return true;
    }
    if (!reader_u8(r, &marker) || marker != PAYLOAD_MARKER) {
        return error_set(err, ERROR_MALFORMED, "an option at byte %zu that is none",
                reader_offset(r));
    }
    d->payload = reader_rest(r);
    return d->payload.len > 0 || error_set(err, ERROR_MALFORMED, "a payload marker and no payload");
}

bool datagram_read(struct bytes in, struct datagram *out, struct error *err)
{
    struct reader r = reader_init(in);
    struct datagram d;
    uint8_t first;

    if (!reader_u8(&r, &first) || !reader_u8(&r, &d.code) || !reader_u16be(&r, &d.id)) {
        return error_set(err, ERROR_TRUNCATED, "%zu bytes, a header has 4", in.len);
    }
    if (first >> 6 != VERSION) {
        return error_set(err, ERROR_UNSUPPORTED, "version %d", first >> 6);
    }
    d.type = (enum datagram_type)(first >> 4 & 3);
    size_t token_len = first & 15;

    if (token_len > DATAGRAM_TOKEN_MAX) {
        return error_set(err, ERROR_MALFORMED, "a token of %zu bytes", token_len);
    }
    if (!reader_take(&r, token_len, &d.token)) {
        return error_set(err, ERROR_TRUNCATED, "the token ends at byte %zu", in.len);
    }
    if (d.code == DATAGRAM_EMPTY && (token_len > 0 || !reader_done(&r))) {
        return error_set(err, ERROR_MALFORMED, "an empty message of %zu bytes", in.len);
    }
    if (!read_options(&r, &d, err)) {
        return false;
    }
    *out = d;
    return true;
}

void datagram_write_head(struct writer *w, enum datagram_type type, uint8_t code, uint16_t id,
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

void datagram_write_option(struct writer *w, uint32_t before, uint32_t number, struct bytes value)
{
    uint32_t delta = number - before;
    uint32_t len = (uint32_t)value.len;

    writer_u8(w, (uint8_t)(nibble_of(delta) << 4 | nibble_of(len)));
    write_extended(w, delta);
    write_extended(w, len);
    writer_bytes(w, value);
}
