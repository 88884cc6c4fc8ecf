/* SPDX-License-Identifier: BSD-3-Clause */
#include "verifier/json_code.h"

#include <stdlib.h>
#include <string.h>

#include "common/bytes.h"
#include "verifier/json.h"

struct json_code json_code_read(json_t *object, const char *name)
{
    return (struct json_code){ .reading = true, .name = name, .object = object };
}

struct json_code json_code_write(json_t *object, const char *name)
{
    return (struct json_code){ .name = name, .object = object };
}

static bool wrong(const struct json_code *c, const char *key, const char *why, struct error *err)
{
    return error_set(err, ERROR_MALFORMED, "%s.%s: %s", c->name, key, why);
}

bool json_code_end(const struct json_code *c, struct error *err)
{
    size_t size = json_object_size(c->object);

    return size == c->members ||
            error_set(err, ERROR_MALFORMED, "%s: %zu members that are not known", c->name,
                    size - c->members);
}

bool json_code_present(const struct json_code *c, const char *key, bool present)
{
    return c->reading ? json_object_get(c->object, key) != NULL : present;
}

/* The member of this type. */
static bool get(struct json_code *c, const char *key, json_type type, json_t **out,
        struct error *err)
{
    json_t *value = json_object_get(c->object, key);

    if (value == NULL || json_typeof(value) != type) {
        return wrong(c, key, value == NULL ? "missing" : "of the wrong type", err);
    }
    c->members++;
    *out = value;
    return true;
}

/* Takes value over. */
static bool put(struct json_code *c, const char *key, json_t *value, struct error *err)
{
    c->members++;
    return json_object_set_new(c->object, key, value) == 0 ||
            error_set(err, ERROR_NOMEM, "no memory for %s.%s", c->name, key);
}

static bool open(struct json_code *c, const char *key, json_type type, json_t **out,
        struct error *err)
{
    if (c->reading) {
        return get(c, key, type, out, err);
    }
    *out = type == JSON_OBJECT ? json_object() : json_array();
    return put(c, key, *out, err);
}

bool json_code_object(struct json_code *c, const char *key, struct json_code *out,
        struct error *err)
{
    *out = (struct json_code){ .reading = c->reading, .name = key };
    return open(c, key, JSON_OBJECT, &out->object, err);
}

bool json_code_array(struct json_code *c, const char *key, json_t **out, struct error *err)
{
    return open(c, key, JSON_ARRAY, out, err);
}

bool json_code_element(const struct json_code *c, json_t *array, size_t i, struct json_code *out,
        struct error *err)
{
    *out = (struct json_code){ .reading = c->reading, .name = c->name };
    if (c->reading) {
        out->object = json_array_get(array, i);
        return json_is_object(out->object) ||
                error_set(err, ERROR_MALFORMED, "%s: element %zu is no object", c->name, i);
    }
    out->object = json_object();
    return json_array_append_new(array, out->object) == 0 ||
            error_set(err, ERROR_NOMEM, "no memory for %s", c->name);
}

bool json_code_u64(struct json_code *c, const char *key, uint64_t max, uint64_t *value,
        struct error *err)
{
    json_t *json;

    if (!c->reading) {
        if (*value > INT64_MAX) {
            return error_set(err, ERROR_LIMIT, "%s.%s: too large for JSON", c->name, key);
        }
        return put(c, key, json_integer((json_int_t)*value), err);
    }
    if (!get(c, key, JSON_INTEGER, &json, err)) {
        return false;
    }
    json_int_t number = json_integer_value(json);

    if (number < 0 || (uint64_t)number > max) {
        return wrong(c, key, "out of range", err);
    }
    *value = (uint64_t)number;
    return true;
}

bool json_code_u32(struct json_code *c, const char *key, uint32_t max, uint32_t *value,
        struct error *err)
{
    uint64_t wide = *value;

    if (!json_code_u64(c, key, max, &wide, err)) {
        return false;
    }
    *value = (uint32_t)wide;
    return true;
}

bool json_code_size(struct json_code *c, const char *key, size_t max, size_t *value,
        struct error *err)
{
    uint64_t wide = *value;

    if (!json_code_u64(c, key, max, &wide, err)) {
        return false;
    }
    *value = (size_t)wide;
    return true;
}

bool json_code_bool(struct json_code *c, const char *key, bool *value, struct error *err)
{
    json_t *json = json_object_get(c->object, key);

    if (!c->reading) {
        return put(c, key, json_boolean(*value), err);
    }
    if (!json_is_boolean(json)) {
        return wrong(c, key, json == NULL ? "missing" : "of the wrong type", err);
    }
    c->members++;
    *value = json_is_true(json);
    return true;
}

bool json_code_bytes(struct json_code *c, const char *key, uint8_t *value, size_t size,
        struct error *err)
{
    json_t *json;
    size_t len;

    if (!c->reading) {
        return put(c, key, json_of_hex((struct bytes){ value, size }), err);
    }
    if (!get(c, key, JSON_STRING, &json, err)) {
        return false;
    }
    if (json_string_length(json) != 2 * size ||
            !bytes_from_hex(bytes_of_text(json_string_value(json)), value, size, &len)) {
        return error_set(err, ERROR_MALFORMED, "%s.%s: want %zu bytes of hexadecimal", c->name, key,
                size);
    }
    return true;
}

bool json_code_text(struct json_code *c, const char *key, char **value, struct error *err)
{
    json_t *json;

    if (!c->reading) {
        return put(c, key, json_string(*value), err);
    }
    if (!get(c, key, JSON_STRING, &json, err)) {
        return false;
    }
    *value = strdup(json_string_value(json));
    return *value != NULL || error_set(err, ERROR_NOMEM, "no memory for %s.%s", c->name, key);
}

bool json_code_name(struct json_code *c, const char *key, const char *(*name)(size_t i),
        size_t count, size_t *value, struct error *err)
{
    json_t *json;

    if (!c->reading) {
        return put(c, key, json_string(name(*value)), err);
    }
    if (!get(c, key, JSON_STRING, &json, err)) {
        return false;
    }
    for (size_t i = 0; i < count; i++) {
        if (strcmp(json_string_value(json), name(i)) == 0) {
            *value = i;
            return true;
        }
    }
    return wrong(c, key, "a name that is not known", err);
}
