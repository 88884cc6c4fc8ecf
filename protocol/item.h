/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/attributes.h"
#include "common/bytes.h"
#include "common/error.h"
#include "common/reader.h"
#include "common/writer.h"

/*
 * CBOR data items in deterministic encoding (RFC 8949 section 4.2.1), and nothing else: shortest
 * heads, definite lengths, sorted and unique map keys; no tags, floats or undefined values.
 * Nothing is allocated: strings are views into the input.
 */

/* Maps and arrays inside one another. */
#define ITEM_DEPTH_MAX 8
/* Data items in one message, those of unknown keys included. */
#define ITEM_COUNT_MAX 4096

enum item_type {
    ITEM_UINT,
    ITEM_NEGATIVE,
    ITEM_BYTES,
    ITEM_TEXT,
    ITEM_ARRAY,
    ITEM_MAP,
    ITEM_BOOL,
    ITEM_NULL,
};

/** One data item: a whole one, or the head of an array or map. */
struct item {
    enum item_type type;
    uint64_t value;     /* the integer (of a negative one: -1 - value); elements; pairs; 0 or 1 */
    struct bytes bytes; /* contents of a byte or text string */
};

/**
 * Read one data item; of an array or map the head only.
 *
 * @param err  ERROR_TRUNCATED when the item is not all there; ERROR_MALFORMED when it is not CBOR,
 *             not deterministic, not UTF-8, or of a kind we never use
 */
MUST_USE bool item_read(struct reader *r, struct item *out, struct error *err);

/** Step over one data item and everything inside it. Errors of item_walk(). */
MUST_USE bool item_skip(struct reader *r, struct error *err);

/** An array or map that a walk has entered. */
struct item_level {
    uint64_t left; /* items to come; keys and values of a map count one each */
    bool is_map;
    size_t key_at;  /* the last key of a map, encoded: where it starts in the input, ... */
    size_t key_len; /* ... and its length; 0 before the first */
};

/** Where a walk over one data item stands. All zero is the beginning. */
struct item_walk {
    size_t pos; /* bytes of the input walked over */
    size_t count;
    size_t depth;
    struct item_level level[ITEM_DEPTH_MAX];
};

/**
 * Walk over one data item and everything inside it, checking all that makes it deterministic.
 *
 * @param input  starts with the item; after ERROR_TRUNCATED the walk may go on where it stopped,
 *               with the same bytes and more behind them
 * @param w      on success w->pos is the length of the item; bytes behind it were not looked at
 * @param err    ERROR_TRUNCATED, ERROR_MALFORMED, ERROR_LIMIT (depth or number of items)
 */
MUST_USE bool item_walk(struct item_walk *w, struct bytes input, struct error *err);

/* Write one data item, or the head of an array of count elements or a map of count pairs. */
void item_write_uint(struct writer *w, uint64_t value);
void item_write_bool(struct writer *w, bool value);
void item_write_bytes(struct writer *w, struct bytes value);
void item_write_text(struct writer *w, struct bytes value);
void item_write_array(struct writer *w, size_t count);
void item_write_map(struct writer *w, size_t count);

/* Longest head of a data item. */
#define ITEM_HEAD_MAX 9

/** The head of a byte or text string, for a caller that hashes or sends the contents from where
 * they are. @return bytes written to dst */
size_t item_bytes_head(size_t len, uint8_t dst[ITEM_HEAD_MAX]);
