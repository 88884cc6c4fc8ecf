/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/attributes.h"
#include "common/bytes.h"

/**
 * Cursor over untrusted bytes: the only code that turns input bytes into values.
 *
 * Every read is all or nothing. It returns true, moves the cursor and sets *out; or it returns
 * false and changes nothing. So reads chain with ||, one message serves the group, and
 * reader_offset() points at the field that was missing. Not thread-safe; copy to look ahead.
 */
struct reader {
    const uint8_t *origin; /* where offsets count from; shared with sub-readers */
    const uint8_t *pos;
    const uint8_t *end;
};

/** Start reading b; offsets count from its first byte. b must outlive the reader. */
struct reader reader_init(struct bytes b);

/** Bytes from the start of the outermost input to the cursor. */
size_t reader_offset(const struct reader *r);

/** Bytes left to read. */
size_t reader_left(const struct reader *r);

/** True when every byte has been consumed. */
bool reader_done(const struct reader *r);

/* Fixed-width integers: le is little-endian (TCG event log, IMA list on x86), be is big-endian
 * (TPM structures, CoAP). */
MUST_USE bool reader_u8(struct reader *r, uint8_t *out);
MUST_USE bool reader_u16le(struct reader *r, uint16_t *out);
MUST_USE bool reader_u32le(struct reader *r, uint32_t *out);
MUST_USE bool reader_u64le(struct reader *r, uint64_t *out);
MUST_USE bool reader_u16be(struct reader *r, uint16_t *out);
MUST_USE bool reader_u32be(struct reader *r, uint32_t *out);
MUST_USE bool reader_u64be(struct reader *r, uint64_t *out);

/** Borrow the next n bytes. */
MUST_USE bool reader_take(struct reader *r, size_t n, struct bytes *out);

/** Borrow what is left; it may be empty. */
struct bytes reader_rest(struct reader *r);

/* Borrow a field that is preceded by its length in bytes: u32le (IMA), u16be (a TPM2B). */
MUST_USE bool reader_take_u32le(struct reader *r, struct bytes *out);
MUST_USE bool reader_take_u16be(struct reader *r, struct bytes *out);

/** Borrow the bytes before the next stop byte, and step over it. False when there is none. */
MUST_USE bool reader_take_until(struct reader *r, uint8_t stop, struct bytes *out);

/** Cut the next n bytes off as a reader of their own, so that an inner structure cannot read past
 * its frame. */
MUST_USE bool reader_sub(struct reader *r, size_t n, struct reader *out);
