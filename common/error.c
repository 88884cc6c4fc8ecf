/* SPDX-License-Identifier: BSD-3-Clause */
#include "common/error.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

bool error_set(struct error *err, enum error_code code, const char *fmt, ...)
{
    va_list args;

    err->code = code;
    va_start(args, fmt);
    (void)vsnprintf(err->text, sizeof(err->text), fmt, args);
    va_end(args);
    return false;
}

bool error_wrap(struct error *err, const char *fmt, ...)
{
    char inner[sizeof(err->text)];
    va_list args;

    memcpy(inner, err->text, sizeof(inner));
    va_start(args, fmt);
    int n = vsnprintf(err->text, sizeof(err->text), fmt, args);
    va_end(args);
    if (n >= 0 && (size_t)n + 3 < sizeof(err->text)) {
        size_t room = sizeof(err->text) - (size_t)n;

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
        break;
    }
    return false;
}
