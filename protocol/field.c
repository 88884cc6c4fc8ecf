/* SPDX-License-Identifier: BSD-3-Clause */
#include "protocol/field.h"

#include <inttypes.h>

bool field_read_item(struct reader *r, enum item_type type, struct item *out, struct error *err)
{
    static const char *const names[] = {
        [ITEM_UINT] = "an unsigned integer",
        [ITEM_NEGATIVE] = "a negative integer",
        [ITEM_BYTES] = "a byte string",
        [ITEM_TEXT] = "a text",
        [ITEM_ARRAY] = "an array",
        [ITEM_MAP] = "a map",
        [ITEM_BOOL] = "true or false",
        [ITEM_NULL] = "null",
    };
    size_t at = reader_offset(r);

    if (!item_read(r, out, err)) {
        return false;
    }
    if (out->type != type) {
        return error_set(err, ERROR_MALFORMED, "%s at byte %zu, want %s", names[out->type], at,
                names[type]);
    }
    return true;
}

bool field_read_uint(struct reader *r, uint64_t max, uint64_t *out, struct error *err)
{
    struct item item;

    if (!field_read_item(r, ITEM_UINT, &item, err)) {
        return false;
    }
    if (item.value > max) {
        return error_set(err, ERROR_LIMIT, "%" PRIu64 " is more than %" PRIu64, item.value, max);
    }
    *out = item.value;
    return true;
}

static bool read_string(struct reader *r, enum item_type type, size_t min, size_t max,
        struct bytes *out, struct error *err)
{
    struct item item;

    if (!field_read_item(r, type, &item, err)) {
        return false;
    }
    if (min == max && item.bytes.len != min) {
        return error_set(err, ERROR_MALFORMED, "%zu bytes, want %zu", item.bytes.len, min);
    }
    if (item.bytes.len < min || item.bytes.len > max) {
        return error_set(err, ERROR_LIMIT, "%zu bytes, want %zu to %zu", item.bytes.len, min, max);
    }
    *out = item.bytes;
    return true;
}

bool field_read_bytes(struct reader *r, size_t min, size_t max, struct bytes *out,
        struct error *err)
{
    return read_string(r, ITEM_BYTES, min, max, out, err);
}

bool field_read_text(struct reader *r, size_t max, struct bytes *out, struct error *err)
{
    return read_string(r, ITEM_TEXT, 0, max, out, err);
}

bool field_read_tuple(struct reader *r, uint64_t count, struct error *err)
{
    struct item item;

    if (!field_read_item(r, ITEM_ARRAY, &item, err)) {
        return false;
    }
    if (item.value != count) {
        return error_set(err, ERROR_MALFORMED, "array of %" PRIu64 ", want %" PRIu64, item.value,
                count);
    }
    return true;
}

bool field_read_alg(struct reader *r, enum digest_alg *out, struct error *err)
{
    uint64_t id;

    if (!field_read_uint(r, UINT16_MAX, &id, err)) {
        return false;
    }
    if (!digest_from_tpm_id((uint16_t)id, out)) {
        return error_set(err, ERROR_UNSUPPORTED, "hash algorithm 0x%04" PRIx64 " is not known", id);
    }
    return true;
}

static bool read_value(struct reader *r, const struct field_shape *shape, const struct item *key,
        void *out, struct error *err)
{
    if (key->type != ITEM_UINT || key->value >= shape->count) {
        return item_skip(r, err);
    }
    if (!shape->value(r, (unsigned int)key->value, out, err)) {
        return error_wrap(err, "%s", shape->names[key->value]);
    }
    return true;
}

bool field_read_map(struct reader *r, const struct field_shape *shape, void *out, struct error *err)
{
    struct item map;
    struct item key;
    uint32_t seen = 0;

    if (!field_read_item(r, ITEM_MAP, &map, err)) {
        return false;
    }
    for (uint64_t i = 0; i < map.value; i++) {
        if (!item_read(r, &key, err) || !read_value(r, shape, &key, out, err)) {
            return false;
        }
        if (key.type == ITEM_UINT && key.value < shape->count) {
            seen |= FIELD_BIT(key.value);
        }
    }
    for (unsigned int k = 0; k < shape->count; k++) {
        if ((shape->required & ~seen & FIELD_BIT(k)) != 0) {
            return error_set(err, ERROR_MALFORMED, "%s is missing (key %u)", shape->names[k], k);
        }
    }
    return true;
}

void field_write_bytes(struct writer *w, unsigned int key, struct bytes value)
{
    item_write_uint(w, key);
    item_write_bytes(w, value);
}

void field_write_uint(struct writer *w, unsigned int key, uint64_t value)
{
    item_write_uint(w, key);
    item_write_uint(w, value);
}
