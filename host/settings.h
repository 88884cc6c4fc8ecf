/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "common/attributes.h"
#include "common/error.h"

/* Largest table of settings. */
#define SETTINGS_MAX 64

/** One key of a settings file. The table of them is also what the documentation is made from. */
struct setting {
    const char *section;
    const char *key;
    /**
     * Understand value and store it.
     *
     * @param ctx  as given to settings_read()
     * @param err  says what is wrong with the value; file, line and key are added
     */
    bool (*set)(void *ctx, const char *value, struct error *err);
    const char *fallback; /* the default, as text */
    const char *help;     /* one sentence */
};

/**
 * Read an INI file and then its drop-ins, every PATH.d/NAME.conf in the order of their names.
 *
 * A drop-in may override what a file before it set, but no file may set a key twice. An unknown
 * section or key, a line that is no setting, a line too long and a bad value are errors. Comments
 * start with '#' or ';' at the start of a line, or with ';' after a space.
 *
 * @param optional  a missing file at path is an empty one; its drop-ins are read all the same
 * @param err       ERROR_CONFIG with file and line; ERROR_IO, ERROR_NOMEM
 */
MUST_USE bool settings_read(const char *path, bool optional, const struct setting *table,
        size_t count, void *ctx, struct error *err);

/** Print the table for --help: section, key, default, help. */
void settings_print(FILE *out, const struct setting *table, size_t count);
