/* SPDX-License-Identifier: BSD-3-Clause */
#include "common/bytes.h"

static const char hex_digits[] = "0123456789abcdef";

const char *bytes_print(char *dst, size_t size, struct bytes b)
{
    size_t n = 0;

    for (size_t i = 0; i < b.len; i++) {
        uint8_t c = b.ptr[i];
        bool plain = c >= 0x20 && c <= 0x7e && c != '"' && c != '\\';
        size_t need = plain ? 1 : 4;

        if (size - n <= need) {
            break;
        }
        if (plain) {
            dst[n++] = (char)c;
        } else {
            dst[n++] = '\\';
            dst[n++] = 'x';
            dst[n++] = hex_digits[c >> 4];
            dst[n++] = hex_digits[c & 0x0f];
        }
    }
    dst[n] = '\0';
    return dst;
}

/* Length of the well-formed UTF-8 sequence at b (Unicode 15, table 3-7), 0 when there is none. */
static size_t utf8_length(struct bytes b)
{
    uint8_t c = b.ptr[0];
    size_t len = c < 0x80           ? 1
            : c >= 0xc2 && c < 0xe0 ? 2
            : c >= 0xe0 && c < 0xf0 ? 3
            : c >= 0xf0 && c < 0xf5 ? 4
                                    : 0;

    if (len == 0 || len > b.len) {
        return 0;
    }
    for (size_t i = 1; i < len; i++) {
        if ((b.ptr[i] & 0xc0) != 0x80) {
            return 0;
        }
    }
    if ((c == 0xe0 && b.ptr[1] < 0xa0) || (c == 0xed && b.ptr[1] > 0x9f) ||
            (c == 0xf0 && b.ptr[1] < 0x90) || (c == 0xf4 && b.ptr[1] > 0x8f)) {
        return 0; /* overlong, surrogate, above U+10FFFF */
    }
    return len;
}

bool bytes_are_utf8(struct bytes b)
{
    for (size_t i = 0; i < b.len;) {
        size_t len = utf8_length((struct bytes){ b.ptr + i, b.len - i });

        if (len == 0) {
            return false;
        }
        i += len;
    }
    return true;
}

const char *bytes_escape(char *dst, size_t size, struct bytes b)
{
    size_t n = 0;

    for (size_t i = 0; i < b.len;) {
        struct bytes rest = { b.ptr + i, b.len - i };
        size_t len = utf8_length(rest);
        uint8_t c = rest.ptr[0];
        bool control = c < 0x20 || c == 0x7f || (len == 2 && c == 0xc2 && rest.ptr[1] < 0xa0);
        bool keep = len > 0 && !control && c != '\\';
        size_t need = keep ? len : 4;

        if (size - n <= need) {
            break;
        }
        if (keep) {
            memcpy(dst + n, rest.ptr, len);
        } else {
            len = 1; /* a C1 control is escaped byte by byte: its second byte is not valid alone */
            dst[n] = '\\';
            dst[n + 1] = 'x';
            dst[n + 2] = hex_digits[c >> 4];
            dst[n + 3] = hex_digits[c & 0x0f];
        }
        n += need;
        i += len;
    }
    dst[n] = '\0';
    return dst;
}

const char *bytes_hex(char *dst, size_t size, struct bytes b)
{
    size_t n = 0;

    for (size_t i = 0; i < b.len && size - n > 2; i++) {
        dst[n++] = hex_digits[b.ptr[i] >> 4];
        dst[n++] = hex_digits[b.ptr[i] & 0x0f];
    }
    dst[n] = '\0';
    return dst;
}

static int hex_value(uint8_t c)
{
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    c |= 0x20; /* to lower case */
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

bool bytes_from_hex(struct bytes text, uint8_t *dst, size_t size, size_t *out_len)
{
    if (text.len % 2 != 0 || text.len / 2 > size) {
        return false;
    }
    for (size_t i = 0; i < text.len; i += 2) {
        int high = hex_value(text.ptr[i]);
        int low = hex_value(text.ptr[i + 1]);

        if (high < 0 || low < 0) {
            return false;
        }
        dst[i / 2] = (uint8_t)(high << 4 | low);
    }
    *out_len = text.len / 2;
    return true;
}

bool bytes_equal_secret(struct bytes a, struct bytes b)
{
    uint8_t differ = 0;

    if (a.len != b.len) {
        return false;
    }
    for (size_t i = 0; i < a.len; i++) {
        differ |= (uint8_t)(a.ptr[i] ^ b.ptr[i]);
    }
    return differ == 0;
}
