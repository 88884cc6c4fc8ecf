/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/attributes.h"
#include "common/error.h"

/* Values of options that several commands take. Errors are ERROR_CONFIG and name the option. */

/** "sha1,sha256" to a mask over enum digest_alg. */
MUST_USE bool option_banks(const char *value, uint32_t *out, struct error *err);

/** Hexadecimal of at least one byte. */
MUST_USE bool option_hex(const char *name, const char *value, uint8_t *dst, size_t size,
        size_t *out_len, struct error *err);

/** A positive number of seconds, decimals allowed, as milliseconds up to max. */
MUST_USE bool option_seconds(const char *name, const char *value, int64_t max, int64_t *out_ms,
        struct error *err);

/** --timeout: up to an hour. */
MUST_USE bool option_timeout(const char *value, int64_t *out_ms, struct error *err);

/** Print "tally COMMAND: text" and how to get help, to standard error; returns EXIT_USAGE. */
int usage_error(const char *command, const char *fmt, ...) PRINTF(2, 3);

/** Print "tally COMMAND: text (code)" to standard error. */
void print_error(const char *command, const struct error *err);

/** True when text for people may carry colour: standard output is a terminal, NO_COLOR is not set.
 */
bool output_has_colour(void);
