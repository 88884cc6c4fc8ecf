/* SPDX-License-Identifier: BSD-3-Clause */
#include "common/error.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* Paths are put into errors as they are: whatever is no printable ASCII becomes \xHH, so that the
 * text can go to a terminal, a log and JSON. A backslash stays: parts may be escaped already. */
static void take_printable(struct error *err, const char *text)
{
    static const char hex[] = "0123456789abcdef";
    size_t n = 0;

    for (; *text != '\0'; text++) {
        unsigned char c = (unsigned char)*text;
        bool plain = c >= 0x20 && c <= 0x7e;

        if (sizeof(err->text) - n <= (plain ? 1 : 4)) {
            break;
        }
        if (plain) {
            err->text[n++] = (char)c;
        } else {
            err->text[n++] = '\\';
            err->text[n++] = 'x';
            err->text[n++] = hex[c >> 4];
            err->text[n++] = hex[c & 0x0f];
        }
    }
    err->text[n] = '\0';
}

bool error_set(struct error *err, enum error_code code, const char *fmt, ...)
{
    char text[sizeof(err->text)];
    va_list args;

    err->code = code;
    va_start(args, fmt);
    (void)vsnprintf(text, sizeof(text), fmt, args);
    va_end(args);
    take_printable(err, text);
    return false;
}

bool error_wrap(struct error *err, const char *fmt, ...)
{
    char inner[sizeof(err->text)];
    char context[sizeof(err->text)];
    va_list args;

    memcpy(inner, err->text, sizeof(inner));
    va_start(args, fmt);
    (void)vsnprintf(context, sizeof(context), fmt, args);
    va_end(args);
    take_printable(err, context);
    size_t n = strlen(err->text);

    if (n + 3 < sizeof(err->text)) {
        size_t room = sizeof(err->text) - n;

        (void)snprintf(err->text + n, room, ": %.*s", (int)room - 3, inner);
    }
    return false;
}

const char *error_code_name(enum error_code code)
{
    switch (code) {
    case ERROR_NONE:
        return "none";
    case ERROR_TRUNCATED:
        return "truncated";
    case ERROR_MALFORMED:
        return "malformed";
    case ERROR_UNSUPPORTED:
        return "unsupported";
    case ERROR_LIMIT:
        return "limit";
    case ERROR_NOMEM:
        return "no memory";
    case ERROR_IO:
        return "i/o";
    case ERROR_TPM:
        return "tpm";
    case ERROR_CRYPTO:
        return "crypto";
    case ERROR_CONFIG:
        return "config";
    case ERROR_NO_ANSWER:
        return "no-answer";
    }
    return "unknown";
}

bool error_is_about_input(const struct error *err)
{
    switch (err->code) {
    case ERROR_TRUNCATED:
    case ERROR_MALFORMED:
    case ERROR_UNSUPPORTED:
    case ERROR_LIMIT:
        return true;
    case ERROR_NONE:
    case ERROR_NOMEM:
    case ERROR_IO:
    case ERROR_TPM:
    case ERROR_CRYPTO:
    case ERROR_CONFIG:
    case ERROR_NO_ANSWER:
        break;
    }
    return false;
}
