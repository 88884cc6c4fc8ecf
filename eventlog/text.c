/* SPDX-License-Identifier: BSD-3-Clause */
#include "eventlog/text.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

struct text text_init(char *dst, size_t size)
{
    dst[0] = '\0';
    return (struct text){ .dst = dst, .size = size };
}

/* All or none: no character is ever cut in two, and nothing follows a gap. */
void text_append(struct text *t, const char *s, size_t len)
{
    if (t->cut || len >= t->size - t->len) {
        t->cut = true;
        return;
    }
    memcpy(t->dst + t->len, s, len);
    t->len += len;
    t->dst[t->len] = '\0';
}

void text_add(struct text *t, const char *fmt, ...)
{
    char line[256];
    va_list args;

    va_start(args, fmt);
    int n = vsnprintf(line, sizeof(line), fmt, args);
    va_end(args);
    if (n < 0 || (size_t)n >= sizeof(line)) {
        t->cut = true;
        return;
    }
    text_append(t, line, (size_t)n);
}

void text_add_hex(struct text *t, struct bytes b)
{
    for (size_t i = 0; i < b.len && !t->cut; i++) {
        text_add(t, "%02x", b.ptr[i]);
    }
}

void text_add_utf8(struct text *t, struct bytes b)
{
    size_t room = t->size - t->len;

    if (t->cut) {
        return;
    }
    (void)bytes_escape(t->dst + t->len, room, b);
    t->len += strlen(t->dst + t->len);
    /* Nothing is lost while there is room for every byte to be escaped. Else a buffer that could
     * not take another escaped byte counts as cut, even where the last character just fitted. */
    t->cut = room <= 4 * b.len && t->size - t->len <= 4;
}

/* One code point; surrogates that make no pair come as they are. */
static size_t next_utf16(struct bytes b, size_t at, uint32_t *out)
{
    uint32_t unit = (uint32_t)b.ptr[at] | (uint32_t)b.ptr[at + 1] << 8;

    *out = unit;
    if (unit >= 0xd800 && unit < 0xdc00 && b.len - at >= 4) {
        uint32_t low = (uint32_t)b.ptr[at + 2] | (uint32_t)b.ptr[at + 3] << 8;

        if (low >= 0xdc00 && low < 0xe000) {
            *out = 0x10000 + ((unit - 0xd800) << 10) + (low - 0xdc00);
            return 4;
        }
    }
    return 2;
}

static bool is_printable(uint32_t c)
{
    return c >= 0x20 && (c < 0x7f || c >= 0xa0) && (c < 0xd800 || c >= 0xe000);
}

static size_t encode_utf8(uint32_t c, char dst[4])
{
    if (c < 0x80) {
        dst[0] = (char)c;
        return 1;
    }
    if (c < 0x800) {
        dst[0] = (char)(0xc0 | c >> 6);
        dst[1] = (char)(0x80 | (c & 0x3f));
        return 2;
    }
    if (c < 0x10000) {
        dst[0] = (char)(0xe0 | c >> 12);
        dst[1] = (char)(0x80 | (c >> 6 & 0x3f));
        dst[2] = (char)(0x80 | (c & 0x3f));
        return 3;
    }
    dst[0] = (char)(0xf0 | c >> 18);
    dst[1] = (char)(0x80 | (c >> 12 & 0x3f));
    dst[2] = (char)(0x80 | (c >> 6 & 0x3f));
    dst[3] = (char)(0x80 | (c & 0x3f));
    return 4;
}

void text_add_utf16(struct text *t, struct bytes b)
{
    size_t at = 0;

    while (b.len - at >= 2 && !t->cut) {
        char utf8[4];
        uint32_t c;
        size_t n = next_utf16(b, at, &c);

        if (is_printable(c)) {
            text_append(t, utf8, encode_utf8(c, utf8));
        } else if (c < 0x100) {
            text_add(t, "\\x%02x", (unsigned int)c);
        } else {
            text_add(t, "\\x%02x\\x%02x", b.ptr[at], b.ptr[at + 1]);
        }
        at += n;
    }
    if (b.len - at == 1) {
        text_add(t, "\\x%02x", b.ptr[at]);
    }
}

struct bytes text_until_nul(struct bytes b)
{
    const uint8_t *nul = b.len > 0 ? memchr(b.ptr, '\0', b.len) : NULL;

    return (struct bytes){ b.ptr, nul != NULL ? (size_t)(nul - b.ptr) : b.len };
}

struct bytes text_utf16_until_nul(struct bytes b)
{
    for (size_t at = 0; at + 1 < b.len; at += 2) {
        if (b.ptr[at] == 0 && b.ptr[at + 1] == 0) {
            return (struct bytes){ b.ptr, at };
        }
    }
    return b;
}

static bool is_ascii(uint8_t c)
{
    return (c >= 0x20 && c <= 0x7e) || c == '\n' || c == '\r' || c == '\t';
}

bool text_is_ascii(struct bytes b)
{
    struct bytes body = text_until_nul(b);

    for (size_t i = 0; i < body.len; i++) {
        if (!is_ascii(body.ptr[i])) {
            return false;
        }
    }
    return body.len > 0 && bytes_are_zero((struct bytes){ body.ptr + body.len, b.len - body.len });
}

bool text_is_utf16(struct bytes b)
{
    struct bytes body = text_utf16_until_nul(b);

    for (size_t at = 0; at + 1 < body.len; at += 2) {
        if (!is_ascii(body.ptr[at]) || body.ptr[at + 1] != 0) {
            return false;
        }
    }
    return b.len % 2 == 0 && body.len > 0 &&
            bytes_are_zero((struct bytes){ body.ptr + body.len, b.len - body.len });
}
