/* SPDX-License-Identifier: BSD-3-Clause */
#include "verifier/allowlist_line.h"

#include <inttypes.h>
#include <string.h>

#define VALID 0x80

/* Hexadecimal digits of either case; a branch per digit would cost more than the whole line. */
static const uint8_t nibble[256] = {
    ['0'] = VALID | 0,
    ['1'] = VALID | 1,
    ['2'] = VALID | 2,
    ['3'] = VALID | 3,
    ['4'] = VALID | 4,
    ['5'] = VALID | 5,
    ['6'] = VALID | 6,
    ['7'] = VALID | 7,
    ['8'] = VALID | 8,
    ['9'] = VALID | 9,
    ['a'] = VALID | 10,
    ['b'] = VALID | 11,
    ['c'] = VALID | 12,
    ['d'] = VALID | 13,
    ['e'] = VALID | 14,
    ['f'] = VALID | 15,
    ['A'] = VALID | 10,
    ['B'] = VALID | 11,
    ['C'] = VALID | 12,
    ['D'] = VALID | 13,
    ['E'] = VALID | 14,
    ['F'] = VALID | 15,
};

/* Decode hexadecimal up to the first byte that is none, or until dst is full. Returns the bytes
 * written. */
static size_t decode_hex(struct bytes text, uint8_t dst[DIGEST_SIZE_MAX])
{
    size_t n = 0;

    while (n < DIGEST_SIZE_MAX && 2 * n + 1 < text.len) {
        uint8_t high = nibble[text.ptr[2 * n]];
        uint8_t low = nibble[text.ptr[2 * n + 1]];

        if ((high & low & VALID) == 0) {
            break;
        }
        dst[n++] = (uint8_t)(high << 4 | (low & 0x0f));
    }
    return n;
}

static struct bytes skip(struct bytes b, size_t n)
{
    return (struct bytes){ b.ptr + n, b.len - n };
}

static bool ends_digest(struct bytes rest)
{
    return rest.len == 0 || rest.ptr[0] == ' ';
}

/* Cut "NAME:" off the front of text, where a colon stands before the first space. */
static bool take_prefix(struct bytes *text, struct bytes *out)
{
    for (size_t i = 0; i < text->len && text->ptr[i] != ' '; i++) {
        if (text->ptr[i] == ':') {
            *out = (struct bytes){ text->ptr, i };
            *text = skip(*text, i + 1);
            return true;
        }
    }
    return false;
}

static bool read_prefixed(struct bytes *text, struct allowlist_line *out, struct error *err)
{
    char shown[64];
    struct bytes name;

    if (!take_prefix(text, &name)) {
        return error_set(err, ERROR_CONFIG,
                "does not start with a digest of 40, 64, 96 or 128 hexadecimal digits; another "
                "length needs the algorithm in front: ALG:HEX");
    }
    if (bytes_equal_text(name, "verity")) {
        out->verity = true;
        if (!take_prefix(text, &name)) {
            return error_set(err, ERROR_CONFIG, "verity: needs an algorithm: verity:ALG:HEX");
        }
    }
    out->algorithm = ima_algorithm_find(name);
    if (out->algorithm == NULL) {
        return error_set(err, ERROR_CONFIG, "unknown algorithm \"%s\"",
                bytes_print(shown, sizeof(shown), name));
    }
    size_t n = decode_hex(*text, out->digest);
    *text = skip(*text, 2 * n);
    if (n != out->algorithm->size || !ends_digest(*text)) {
        return error_set(err, ERROR_CONFIG, "%s needs %zu hexadecimal digits", out->algorithm->name,
                2 * out->algorithm->size);
    }
    return true;
}

bool allowlist_line_read(struct bytes line, struct allowlist_line *out, struct error *err)
{
    out->verity = false;
    out->escaped = line.len > 0 && line.ptr[0] == '\\';
    if (out->escaped) {
        line = skip(line, 1);
    }

    size_t n = decode_hex(line, out->digest);
    out->algorithm = ends_digest(skip(line, 2 * n)) ? ima_algorithm_of_size(n) : NULL;
    if (out->algorithm != NULL) {
        line = skip(line, 2 * n);
    } else if (!read_prefixed(&line, out, err)) {
        return false;
    }
    if (line.len > 0 && (line.len < 2 || (line.ptr[1] != ' ' && line.ptr[1] != '*'))) {
        return error_set(err, ERROR_CONFIG,
                "two spaces, or a space and `*`, stand between digest and name");
    }
    out->name = line.len > 0 ? skip(line, 2) : line;
    if (out->name.len > 0 && memchr(out->name.ptr, '\0', out->name.len) != NULL) {
        return error_set(err, ERROR_CONFIG, "a NUL in the name");
    }
    return true;
}

/* sha256sum escapes backslash, newline and carriage return. */
static bool unescape(uint8_t c, uint8_t *out)
{
    switch (c) {
    case '\\':
        *out = '\\';
        return true;
    case 'n':
        *out = '\n';
        return true;
    case 'r':
        *out = '\r';
        return true;
    default:
        return false;
    }
}

bool allowlist_line_name(const struct allowlist_line *line, uint8_t *dst, size_t *out_len,
        struct error *err)
{
    struct bytes name = line->name;
    size_t n = 0;

    if (!line->escaped) {
        if (name.len > 0) {
            memcpy(dst, name.ptr, name.len);
        }
        *out_len = name.len;
        return true;
    }
    for (size_t i = 0; i < name.len; i++) {
        dst[n] = name.ptr[i];
        if (name.ptr[i] == '\\' && (++i == name.len || !unescape(name.ptr[i], &dst[n]))) {
            return error_set(err, ERROR_CONFIG, "an escape other than \\\\, \\n and \\r");
        }
        n++;
    }
    *out_len = n;
    return true;
}

static const char *escape_of(uint8_t c)
{
    return c == '\\' ? "\\\\" : c == '\n' ? "\\n" : c == '\r' ? "\\r" : NULL;
}

void allowlist_line_print(FILE *to, const struct ima_algorithm *algorithm, bool verity,
        struct bytes digest, struct bytes name)
{
    char hex[2 * DIGEST_SIZE_MAX + 1];
    bool escaped = false;

    for (size_t i = 0; i < name.len; i++) {
        escaped = escaped || escape_of(name.ptr[i]) != NULL;
    }
    fprintf(to, "%s%s", escaped ? "\\" : "", verity ? "verity:" : "");
    if (verity || algorithm != ima_algorithm_of_size(digest.len)) {
        fprintf(to, "%s:", algorithm->name);
    }
    fprintf(to, "%s  ", bytes_hex(hex, sizeof(hex), digest));
    for (size_t i = 0; i < name.len; i++) {
        const char *escape = escape_of(name.ptr[i]);

        if (escape != NULL) {
            fputs(escape, to);
        } else {
            fputc(name.ptr[i], to);
        }
    }
    fputc('\n', to);
}
