/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "common/attributes.h"
#include "common/bytes.h"

/**
 * Text that grows in memory of the caller: always NUL-terminated valid UTF-8; what does not fit is
 * left out and cut says so.
 */
struct text {
    char *dst;
    size_t size;
    size_t len;
    bool cut;
};

/** size: of dst in bytes, at least 1. */
struct text text_init(char *dst, size_t size);

/** Add len bytes that are valid UTF-8 already, all of them or none. */
void text_append(struct text *t, const char *s, size_t len);

/** Add ASCII of our own; a line of at most 255 characters. */
void text_add(struct text *t, const char *fmt, ...) PRINTF(2, 3);

/** Add bytes as hexadecimal. */
void text_add_hex(struct text *t, struct bytes b);

/** Add bytes from outside that should be UTF-8, escaped by bytes_escape(). */
void text_add_utf8(struct text *t, struct bytes b);

/**
 * Add UTF-16LE from outside as UTF-8. Control characters, lone surrogates and an odd last byte
 * become \xHH for each byte; the backslash stays, because it separates names in every UEFI path.
 */
void text_add_utf16(struct text *t, struct bytes b);

/** True when b is one or more characters of ASCII, printable or white space, then any number of
 * NULs. */
bool text_is_ascii(struct bytes b);

/** The same in UTF-16LE. A guess: other alphabets cannot be told from binary data. */
bool text_is_utf16(struct bytes b);

/** b up to its first UTF-16 NUL, or all of it. */
struct bytes text_utf16_until_nul(struct bytes b);

/** b up to its first NUL, or all of it. */
struct bytes text_until_nul(struct bytes b);
