/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include <stdbool.h>

#include "common/attributes.h"
#include "common/bytes.h"
#include "common/error.h"

/* Time a hook has before it is killed. */
#define HOOK_TIMEOUT_MS 30000
/* Words of a hook's command line. */
#define HOOK_WORDS_MAX 64

/**
 * Run an alert hook and wait for it.
 *
 * The command is split at spaces, without a shell; a part in single or double quotes is one word.
 * The hook reads input on standard input; what it prints goes to our standard error. A hook that
 * does not read, fails or takes too long does not change the verdict: it is reported on standard
 * error.
 *
 * @param err  ERROR_CONFIG (no command, an open quote), ERROR_IO (cannot start, exit status, time)
 */
MUST_USE bool hook_run(const char *command, struct bytes input, struct error *err);
