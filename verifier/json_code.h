/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/attributes.h"
#include "common/error.h"

/*
 * A struct as a JSON object, both ways by one description: the same calls write its members or
 * read them. Reading is strict: every member has to be there, be of its type and in its range, and
 * no other may be. Errors are ERROR_MALFORMED with the member's name, ERROR_NOMEM, and ERROR_LIMIT
 * for a number that JSON cannot hold.
 */
struct json_code {
    bool reading;
    const char *name; /* of the object, for messages */
    json_t *object;   /* read from, or filled; borrowed */
    size_t members;   /* so far */
};

struct json_code json_code_read(json_t *object, const char *name);
struct json_code json_code_write(json_t *object, const char *name);

/** No more members: when reading, the object has no others. */
MUST_USE bool json_code_end(const struct json_code *c, struct error *err);

/** Is an optional member there? When writing that is what the caller says. */
bool json_code_present(const struct json_code *c, const char *key, bool present);

/** An object, or an array, inside this one. */
MUST_USE bool json_code_object(struct json_code *c, const char *key, struct json_code *out,
        struct error *err);
MUST_USE bool json_code_array(struct json_code *c, const char *key, json_t **out,
        struct error *err);

/** The i-th object of an array; when writing, a new one at its end. */
MUST_USE bool json_code_element(const struct json_code *c, json_t *array, size_t i,
        struct json_code *out, struct error *err);

/** A number from 0 to max, in the types we count with. */
MUST_USE bool json_code_u64(struct json_code *c, const char *key, uint64_t max, uint64_t *value,
        struct error *err);
MUST_USE bool json_code_u32(struct json_code *c, const char *key, uint32_t max, uint32_t *value,
        struct error *err);
MUST_USE bool json_code_size(struct json_code *c, const char *key, size_t max, size_t *value,
        struct error *err);
MUST_USE bool json_code_bool(struct json_code *c, const char *key, bool *value, struct error *err);

/** Exactly size bytes, in hexadecimal. */
MUST_USE bool json_code_bytes(struct json_code *c, const char *key, uint8_t *value, size_t size,
        struct error *err);

/** Text on the heap; when reading, *value is NULL on entry. */
MUST_USE bool json_code_text(struct json_code *c, const char *key, char **value, struct error *err);

/** One of count names, as its index. */
MUST_USE bool json_code_name(struct json_code *c, const char *key, const char *(*name)(size_t i),
        size_t count, size_t *value, struct error *err);
