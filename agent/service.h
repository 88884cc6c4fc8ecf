/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include <stdbool.h>

#include "common/attributes.h"
#include "common/error.h"

/**
 * What "tally-agent run" does: serve until a signal ends it.
 *
 * @param config_path  NULL: AGENT_CONFIG_PATH
 * @param err          settings, addresses or privileges that do not work; a TPM or a log that is
 *                     missing is none: it is logged, and challenges get error answers
 */
MUST_USE bool service_run(const char *config_path, struct error *err);
