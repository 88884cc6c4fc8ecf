/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include <stdbool.h>

#include "common/attributes.h"

/**
 * Why an operation could not be carried out.
 *
 * The code says what the caller can do about it; the text says what happened, for a person.
 * Evidence that is well formed but wrong is not an error: it is a verdict (verifier/verdict.h).
 */
enum error_code {
    ERROR_NONE = 0,
    ERROR_TRUNCATED,   /* input ends inside a structure */
    ERROR_MALFORMED,   /* input contradicts its specification */
    ERROR_UNSUPPORTED, /* well formed, but a version or algorithm this build does not know */
    ERROR_LIMIT,       /* well formed, but larger than this build accepts */
    ERROR_NOMEM,
    ERROR_IO,
    ERROR_TPM,
    ERROR_CRYPTO,
    ERROR_CONFIG,
    ERROR_NO_ANSWER, /* a peer that is silent, unreachable, or answers with an error of its own */
};

struct error {
    enum error_code code;
    char text[512]; /* NUL-terminated, printable ASCII: other bytes became \xHH */
};

/** Record a failure and return false, so that a check is one statement. */
bool error_set(struct error *err, enum error_code code, const char *fmt, ...) COLD PRINTF(3, 4);

/** Put "<context>: " in front of the text already in err; keeps the code. Returns false. */
bool error_wrap(struct error *err, const char *fmt, ...) COLD PRINTF(2, 3);

/** Name of a code in lower case ("truncated"), for logs and wire messages. Never NULL. */
const char *error_code_name(enum error_code code);

/** True when the error says something about the input (truncated, malformed, unsupported, over a
 * limit); false when it is a fault of ours or of the machine. */
bool error_is_about_input(const struct error *err);
