/* SPDX-License-Identifier: BSD-3-Clause */
#include "verifier/options.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/digest.h"
#include "verifier/commands.h"

#define TIMEOUT_MAX_MS ((int64_t)3600 * 1000)

bool option_banks(const char *value, uint32_t *out, struct error *err)
{
    uint32_t banks = 0;

    for (const char *at = value;; at++) {
        struct bytes name = { (const uint8_t *)at, strcspn(at, ",") };
        enum digest_alg alg;

        if (!digest_from_name(name, &alg)) {
            return error_set(err, ERROR_CONFIG,
                    "--banks %s: want a list of sha1, sha256, sha384, sha512, sm3_256", value);
        }
        banks |= 1u << alg;
        at += name.len;
        if (*at == '\0') {
            break;
        }
    }
    *out = banks;
    return true;
}

bool option_hex(const char *name, const char *value, uint8_t *dst, size_t size, size_t *out_len,
        struct error *err)
{
    size_t len;

    if (!bytes_from_hex(bytes_of_text(value), dst, size, &len) || len == 0) {
        return error_set(err, ERROR_CONFIG, "%s: want 1 to %zu bytes of hexadecimal", name, size);
    }
    *out_len = len;
    return true;
}

bool option_seconds(const char *name, const char *value, int64_t max, int64_t *out_ms,
        struct error *err)
{
    size_t len = strlen(value);
    char *end = NULL;
    double seconds = strtod(value, &end);
    double ms = seconds * 1000;

    /* Digits and one point: strtod() takes signs, hexadecimal and names, too. */
    if (len == 0 || strspn(value, "0123456789.") != len || *end != '\0' || ms < 1 ||
            ms > (double)max) {
        return error_set(err, ERROR_CONFIG, "%s %s: want seconds, up to %" PRId64, name, value,
                max / 1000);
    }
    *out_ms = (int64_t)ms;
    return true;
}

bool option_timeout(const char *value, int64_t *out_ms, struct error *err)
{
    return option_seconds("--timeout", value, TIMEOUT_MAX_MS, out_ms, err);
}

int usage_error(const char *command, const char *fmt, ...)
{
    va_list args;

    fprintf(stderr, "tally %s: ", command);
    va_start(args, fmt);
    vfprintf(stderr, fmt, args);
    va_end(args);
    fprintf(stderr, "\nTry \"tally %s --help\".\n", command);
    return EXIT_USAGE;
}

void print_error(const char *command, const struct error *err)
{
    fprintf(stderr, "tally %s: %s (%s)\n", command, err->text, error_code_name(err->code));
}

bool output_has_colour(void)
{
    const char *no_colour = getenv("NO_COLOR");

    return isatty(STDOUT_FILENO) == 1 && (no_colour == NULL || *no_colour == '\0');
}
