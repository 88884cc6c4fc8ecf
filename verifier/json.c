/* SPDX-License-Identifier: BSD-3-Clause */
#include "verifier/json.h"

#include <stdio.h>
#include <stdlib.h>

void json_put(struct json_writer *w, json_t *object, const char *key, json_t *value)
{
    /* json_object_set_new() takes value over even when it fails, and fails for NULL. */
    if (json_object_set_new(object, key, value) != 0) {
        w->failed = true;
    }
}

void json_add(struct json_writer *w, json_t *array, json_t *value)
{
    if (json_array_append_new(array, value) != 0) {
        w->failed = true;
    }
}

void json_put_text(struct json_writer *w, json_t *object, const char *key, const char *text)
{
    json_put(w, object, key, text == NULL ? json_null() : json_string(text));
}

static json_t *json_of(struct bytes b, size_t per_byte,
        const char *(*print)(char *dst, size_t size, struct bytes b))
{
    size_t size = per_byte * b.len + 1;
    char *text = malloc(size);

    if (text == NULL) {
        return NULL;
    }
    json_t *value = json_string(print(text, size, b));

    free(text);
    return value;
}

json_t *json_of_bytes(struct bytes b)
{
    return json_of(b, 4, bytes_escape);
}

json_t *json_of_hex(struct bytes b)
{
    return json_of(b, 2, bytes_hex);
}

void json_put_bytes(struct json_writer *w, json_t *object, const char *key, struct bytes b)
{
    json_put(w, object, key, json_of_bytes(b));
}

void json_put_hex(struct json_writer *w, json_t *object, const char *key, struct bytes b)
{
    json_put(w, object, key, json_of_hex(b));
}

void json_put_uint(struct json_writer *w, json_t *object, const char *key, uint64_t value)
{
    /* JSON numbers are exact up to 2^53 for many readers; nothing we count comes near. */
    json_put(w, object, key, json_integer((json_int_t)value));
}

void json_put_bool(struct json_writer *w, json_t *object, const char *key, bool value)
{
    json_put(w, object, key, json_boolean(value));
}

bool json_print(struct json_writer *w, json_t *object, bool one_line, struct error *err)
{
    char *text = w->failed || object == NULL
            ? NULL
            : json_dumps(object, one_line ? JSON_COMPACT : JSON_INDENT(2));

    json_decref(object);
    if (text == NULL) {
        return error_set(err, ERROR_NOMEM, "no memory for the answer");
    }
    puts(text);
    free(text);
    return true;
}
