/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "common/attributes.h"
#include "common/error.h"
#include "tpm/device.h"

#define AGENT_CONFIG_PATH "/etc/tally/agent.conf"
/* Longer than a line of a settings file may be. */
#define AGENT_TEXT_MAX 256

/** The agent's settings; the table in config.c says what each of them is. */
struct agent_config {
    char listen[AGENT_TEXT_MAX]; /* URIs, checked (agent/listen.h) */
    bool insecure;
    unsigned int rate_limit;   /* requests a second and peer; 0: none */
    char user[AGENT_TEXT_MAX]; /* empty: stay who started us */
    char tcti[AGENT_TEXT_MAX];
    uint32_t ak_handle;
    enum tpm_key_kind ak_kind;
    char boot_log[AGENT_TEXT_MAX];
    char ima_log[AGENT_TEXT_MAX];
    char userspace_log[AGENT_TEXT_MAX];
};

/**
 * Defaults, then the settings file and its drop-ins (host/settings.h).
 *
 * @param path  NULL: AGENT_CONFIG_PATH, which may be absent
 * @param err   ERROR_CONFIG with file and line; ERROR_IO, ERROR_NOMEM
 */
MUST_USE bool agent_config_read(const char *path, struct agent_config *out, struct error *err);

/** The same for a file elsewhere that may be absent. */
MUST_USE bool agent_config_read_optional(const char *path, struct agent_config *out,
        struct error *err);

/** The defaults alone. */
void agent_config_default(struct agent_config *out);

/** Print the settings and their defaults. */
void agent_config_print(FILE *out);
