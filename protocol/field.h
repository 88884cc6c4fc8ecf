/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/attributes.h"
#include "common/bytes.h"
#include "common/digest.h"
#include "common/error.h"
#include "common/reader.h"
#include "common/writer.h"
#include "protocol/item.h"

/*
 * Fields of messages: data items of a type and range that the caller names. Errors as
 * protocol/message.h says; each text tells what was found and what was wanted.
 */

MUST_USE bool field_read_item(struct reader *r, enum item_type type, struct item *out,
        struct error *err);
/** An unsigned integer up to and including max. */
MUST_USE bool field_read_uint(struct reader *r, uint64_t max, uint64_t *out, struct error *err);
/** A byte string of min to max bytes. */
MUST_USE bool field_read_bytes(struct reader *r, size_t min, size_t max, struct bytes *out,
        struct error *err);
/** A text of up to max bytes. */
MUST_USE bool field_read_text(struct reader *r, size_t max, struct bytes *out, struct error *err);
/** The head of an array of exactly count elements. */
MUST_USE bool field_read_tuple(struct reader *r, uint64_t count, struct error *err);
/** A TPM_ALG_ID of a hash. @param err  ERROR_UNSUPPORTED when we do not know it */
MUST_USE bool field_read_alg(struct reader *r, enum digest_alg *out, struct error *err);

#define FIELD_BIT(key) (1u << (key))

/** What a map may and must contain. */
struct field_shape {
    const char *const *names; /* of the keys, for error texts */
    size_t count;             /* known keys are below this; at most 32 */
    uint32_t required;        /* FIELD_BIT() of each key that must be there */
    /* Read the value of a known key into out. */
    bool (*value)(struct reader *r, unsigned int key, void *out, struct error *err);
};

/**
 * Read a map into out; unknown keys are ignored.
 *
 * The caller has walked over the map with item_walk(): no key is there twice.
 */
MUST_USE bool field_read_map(struct reader *r, const struct field_shape *shape, void *out,
        struct error *err);

/* Write a map key and its value. */
void field_write_bytes(struct writer *w, unsigned int key, struct bytes value);
void field_write_uint(struct writer *w, unsigned int key, uint64_t value);
