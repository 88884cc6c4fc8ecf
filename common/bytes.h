/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/**
 * A view of bytes that somebody else owns.
 *
 * Copy it freely; never free it. It is valid as long as the buffer it was cut from. ptr may be NULL
 * only when len is 0.
 */
struct bytes {
    const uint8_t *ptr;
    size_t len;
};

static inline bool bytes_equal(struct bytes a, struct bytes b)
{
    return a.len == b.len && (a.len == 0 || memcmp(a.ptr, b.ptr, a.len) == 0);
}

static inline bool bytes_equal_text(struct bytes a, const char *text)
{
    size_t n = strlen(text);

    return a.len == n && (n == 0 || memcmp(a.ptr, text, n) == 0);
}

/**
 * Write b as printable ASCII for a log line: a byte outside 0x20..0x7e, a quote or a backslash
 * becomes \xNN; the result is cut to fit and always NUL-terminated.
 *
 * @param size  size of dst in bytes, at least 1
 * @return dst, so that it can stand in an argument list
 */
const char *bytes_print(char *dst, size_t size, struct bytes b);

/**
 * Write b as text that holds no control character and that can be turned back: valid UTF-8 stays;
 * control characters (C0, DEL, C1), bytes that are not valid UTF-8 and the backslash become
 * \\xHH. Cut to fit between characters; always NUL-terminated.
 *
 * @param size  size of dst in bytes, at least 1; 4 * b.len + 1 holds everything
 * @return dst
 */
const char *bytes_escape(char *dst, size_t size, struct bytes b);

/** True when b is well-formed UTF-8; the empty text is. */
bool bytes_are_utf8(struct bytes b);

/** Write b in lower-case hexadecimal; cut to fit, NUL-terminated. size at least 1. Returns dst. */
const char *bytes_hex(char *dst, size_t size, struct bytes b);

/**
 * Decode hexadecimal of either case, nothing else around it.
 *
 * @param size     room in dst; longer input is refused
 * @param out_len  bytes written; set on success only
 */
bool bytes_from_hex(struct bytes text, uint8_t *dst, size_t size, size_t *out_len);

/** Compare without leaking through time where they differ. Lengths are not secret. */
bool bytes_equal_secret(struct bytes a, struct bytes b);

static inline struct bytes bytes_of_text(const char *text)
{
    return (struct bytes){ (const uint8_t *)text, strlen(text) };
}

static inline bool bytes_are_zero(struct bytes b)
{
    for (size_t i = 0; i < b.len; i++) {
        if (b.ptr[i] != 0) {
            return false;
        }
    }
    return true;
}
