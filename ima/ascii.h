/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/attributes.h"
#include "common/bytes.h"
#include "common/error.h"
#include "common/source.h"
#include "ima/entry.h"

/* A line holds every byte as two characters at most, and the digest and name beside it. */
#define IMA_ASCII_LINE_MAX (2 * IMA_TEMPLATE_DATA_MAX + 1024)

/** True when a list starts like ascii_runtime_measurements: no binary list does, since its first
 * byte would be a PCR index above 23. */
bool ima_ascii_detect(struct bytes head);

/**
 * The binary record that a line of ascii_runtime_measurements stands for
 * (ima_ascii_measurements_show() in the kernel's ima_fs.c). The text form is for people: a path
 * with a newline or a space breaks it, and then this fails. Prefer the binary list.
 *
 * @param line  without its newline
 * @param dst   room for line.len + 128 bytes is always enough
 * @param err   ERROR_MALFORMED, ERROR_UNSUPPORTED (template we do not know), ERROR_LIMIT
 */
MUST_USE bool ima_ascii_read(struct bytes line, struct ima_digest_format format, uint8_t *dst,
        size_t size, struct bytes *out, struct error *err);

/** A source of binary records over a source of text lines. */
struct ima_ascii_source {
    struct source inner;
    struct ima_digest_format format;
    struct bytes chunk; /* of inner, not yet used */
    uint64_t line;
    bool ended;
    uint8_t *text; /* the line being put together, IMA_ASCII_LINE_MAX at most */
    size_t text_len;
    size_t text_room;
    uint8_t *record;
    size_t record_room;
};

void ima_ascii_source_init(struct ima_ascii_source *s, struct source inner,
        struct ima_digest_format format);
void ima_ascii_source_clear(struct ima_ascii_source *s);

/** One record per chunk; errors say "line N". Valid as long as s is neither moved nor cleared. */
struct source ima_ascii_source(struct ima_ascii_source *s);
