/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "common/attributes.h"
#include "common/bytes.h"
#include "common/digest.h"
#include "common/error.h"
#include "ima/algorithm.h"

/** One line of a list, comments and empty lines excepted. */
struct allowlist_line {
    const struct ima_algorithm *algorithm;
    bool verity;
    bool escaped;                    /* name holds sha256sum's escapes */
    struct bytes name;               /* view into the line; empty when it is missing */
    uint8_t digest[DIGEST_SIZE_MAX]; /* algorithm->size bytes */
};

/**
 * Read a line without its newline.
 *
 * @param err  ERROR_CONFIG
 */
MUST_USE bool allowlist_line_read(struct bytes line, struct allowlist_line *out, struct error *err);

/**
 * Write the name without its escapes.
 *
 * @param dst  line->name.len bytes
 * @param err  ERROR_CONFIG: an escape that sha256sum does not write
 */
MUST_USE bool allowlist_line_name(const struct allowlist_line *line, uint8_t *dst, size_t *out_len,
        struct error *err);

/**
 * Write a line with its newline, escaped as sha256sum does. The algorithm is named where the length
 * does not tell it. Errors stay in the stream (ferror()).
 */
void allowlist_line_print(FILE *to, const struct ima_algorithm *algorithm, bool verity,
        struct bytes digest, struct bytes name);
