/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "common/attributes.h"
#include "common/bytes.h"
#include "common/error.h"

/*
 * JSON answers. jansson reports a failed allocation by NULL or -1; these helpers remember it in the
 * writer, so that an object is built without a check per member and never printed incomplete.
 */
struct json_writer {
    bool failed;
};

/** Add a member (or an element) and take over value; a NULL value is a failure. */
void json_put(struct json_writer *w, json_t *object, const char *key, json_t *value);
void json_add(struct json_writer *w, json_t *array, json_t *value);

/** Add a member; text must be valid UTF-8 (bytes_escape() makes it so); NULL becomes null. */
void json_put_text(struct json_writer *w, json_t *object, const char *key, const char *text);
void json_put_bytes(struct json_writer *w, json_t *object, const char *key, struct bytes b);
void json_put_hex(struct json_writer *w, json_t *object, const char *key, struct bytes b);
void json_put_uint(struct json_writer *w, json_t *object, const char *key, uint64_t value);
void json_put_bool(struct json_writer *w, json_t *object, const char *key, bool value);

/** String of escaped bytes, or of their hexadecimal; NULL when out of memory. */
json_t *json_of_bytes(struct bytes b);
json_t *json_of_hex(struct bytes b);

/**
 * Print object and a newline to standard output and release it: on several lines, or on one.
 *
 * @param err  ERROR_NOMEM when anything failed while it was built; nothing is printed then
 */
MUST_USE bool json_print(struct json_writer *w, json_t *object, bool one_line, struct error *err);
