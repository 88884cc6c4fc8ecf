/* SPDX-License-Identifier: BSD-3-Clause */
#include "common/writer.h"

struct writer writer_init(uint8_t *dst, size_t size)
{
    return (struct writer){ .start = dst, .pos = dst, .end = dst + size };
}

void writer_bytes(struct writer *w, struct bytes b)
{
    if (w->overflow || (size_t)(w->end - w->pos) < b.len) {
        w->overflow = true;
        return;
    }
    if (b.len > 0) {
        memcpy(w->pos, b.ptr, b.len);
        w->pos += b.len;
    }
}

void writer_u8(struct writer *w, uint8_t v)
{
    writer_bytes(w, (struct bytes){ &v, 1 });
}

void writer_u16be(struct writer *w, uint16_t v)
{
    uint8_t b[] = { (uint8_t)(v >> 8), (uint8_t)v };

    writer_bytes(w, (struct bytes){ b, sizeof(b) });
}

void writer_u32be(struct writer *w, uint32_t v)
{
    uint8_t b[] = { (uint8_t)(v >> 24), (uint8_t)(v >> 16), (uint8_t)(v >> 8), (uint8_t)v };

    writer_bytes(w, (struct bytes){ b, sizeof(b) });
}

void writer_u32le(struct writer *w, uint32_t v)
{
    uint8_t b[] = { (uint8_t)v, (uint8_t)(v >> 8), (uint8_t)(v >> 16), (uint8_t)(v >> 24) };

    writer_bytes(w, (struct bytes){ b, sizeof(b) });
}

bool writer_done(const struct writer *w, struct bytes *out)
{
    if (w->overflow) {
        return false;
    }
    *out = (struct bytes){ w->start, (size_t)(w->pos - w->start) };
    return true;
}
