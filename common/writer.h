/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/attributes.h"
#include "common/bytes.h"

/**
 * Cursor over memory of the caller that is to be filled.
 *
 * A write that does not fit writes nothing and sets overflow, which stays set: write the whole
 * structure, then look once.
 */
struct writer {
    uint8_t *start;
    uint8_t *pos;
    uint8_t *end;
    bool overflow;
};

struct writer writer_init(uint8_t *dst, size_t size);
void writer_u8(struct writer *w, uint8_t v);
void writer_u16be(struct writer *w, uint16_t v);
void writer_u32be(struct writer *w, uint32_t v);
void writer_u32le(struct writer *w, uint32_t v);
void writer_bytes(struct writer *w, struct bytes b);

/** What has been written. False after an overflow. */
MUST_USE bool writer_done(const struct writer *w, struct bytes *out);
