/* SPDX-License-Identifier: BSD-3-Clause */
#include "common/reader.h"

struct reader reader_init(struct bytes b)
{
    static const uint8_t empty;
    const uint8_t *start = b.len > 0 ? b.ptr : &empty;

    return (struct reader){ .origin = start, .pos = start, .end = start + b.len };
}

size_t reader_offset(const struct reader *r)
{
    return (size_t)(r->pos - r->origin);
}

size_t reader_left(const struct reader *r)
{
    return (size_t)(r->end - r->pos);
}

bool reader_done(const struct reader *r)
{
    return r->pos == r->end;
}

bool reader_u8(struct reader *r, uint8_t *out)
{
    if (reader_left(r) < 1) {
        return false;
    }
    *out = r->pos[0];
    r->pos += 1;
    return true;
}

bool reader_u16le(struct reader *r, uint16_t *out)
{
    if (reader_left(r) < 2) {
        return false;
    }
    *out = (uint16_t)(r->pos[0] | r->pos[1] << 8);
    r->pos += 2;
    return true;
}

bool reader_u32le(struct reader *r, uint32_t *out)
{
    if (reader_left(r) < 4) {
        return false;
    }
    *out = (uint32_t)r->pos[0] | (uint32_t)r->pos[1] << 8 | (uint32_t)r->pos[2] << 16 |
            (uint32_t)r->pos[3] << 24;
    r->pos += 4;
    return true;
}

bool reader_u16be(struct reader *r, uint16_t *out)
{
    if (reader_left(r) < 2) {
        return false;
    }
    *out = (uint16_t)(r->pos[0] << 8 | r->pos[1]);
    r->pos += 2;
    return true;
}

bool reader_u32be(struct reader *r, uint32_t *out)
{
    if (reader_left(r) < 4) {
        return false;
    }
    *out = (uint32_t)r->pos[0] << 24 | (uint32_t)r->pos[1] << 16 | (uint32_t)r->pos[2] << 8 |
            (uint32_t)r->pos[3];
    r->pos += 4;
    return true;
}

bool reader_u64le(struct reader *r, uint64_t *out)
{
    struct reader ahead = *r;
    uint32_t low;
    uint32_t high;

    if (!reader_u32le(&ahead, &low) || !reader_u32le(&ahead, &high)) {
        return false;
    }
    *out = (uint64_t)high << 32 | low;
    *r = ahead;
    return true;
}

bool reader_u64be(struct reader *r, uint64_t *out)
{
    struct reader ahead = *r;
    uint32_t high;
    uint32_t low;

    if (!reader_u32be(&ahead, &high) || !reader_u32be(&ahead, &low)) {
        return false;
    }
    *out = (uint64_t)high << 32 | low;
    *r = ahead;
    return true;
}

struct bytes reader_rest(struct reader *r)
{
    struct bytes rest = { r->pos, reader_left(r) };

    r->pos = r->end;
    return rest;
}

bool reader_take(struct reader *r, size_t n, struct bytes *out)
{
    if (reader_left(r) < n) {
        return false;
    }
    *out = (struct bytes){ .ptr = r->pos, .len = n };
    r->pos += n;
    return true;
}

bool reader_take_u32le(struct reader *r, struct bytes *out)
{
    struct reader ahead = *r;
    uint32_t len;

    if (!reader_u32le(&ahead, &len) || !reader_take(&ahead, len, out)) {
        return false;
    }
    *r = ahead;
    return true;
}

bool reader_take_u16be(struct reader *r, struct bytes *out)
{
    struct reader ahead = *r;
    uint16_t len;

    if (!reader_u16be(&ahead, &len) || !reader_take(&ahead, len, out)) {
        return false;
    }
    *r = ahead;
    return true;
}

bool reader_take_until(struct reader *r, uint8_t stop, struct bytes *out)
{
    const uint8_t *at = memchr(r->pos, stop, reader_left(r));

    if (at == NULL) {
        return false;
    }
    *out = (struct bytes){ .ptr = r->pos, .len = (size_t)(at - r->pos) };
    r->pos = at + 1;
    return true;
}

bool reader_sub(struct reader *r, size_t n, struct reader *out)
{
    if (reader_left(r) < n) {
        return false;
    }
    *out = (struct reader){ .origin = r->origin, .pos = r->pos, .end = r->pos + n };
    r->pos += n;
    return true;
}
