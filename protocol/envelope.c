/* SPDX-License-Identifier: BSD-3-Clause */
#include "protocol/envelope.h"

#include <inttypes.h>

/* Map keys that are the same in every message, and come first. */
enum {
    KEY_VERSION = 0,
    KEY_TYPE = 1,
};

const char *log_kind_name(enum log_kind kind)
{
    switch (kind) {
    case LOG_KIND_NONE:
        break;
    case LOG_KIND_BOOT:
        return "boot log";
    case LOG_KIND_IMA:
        return "IMA list";
    case LOG_KIND_USERSPACE:
        return "user-space log";
    }
    return "unknown log";
}

static bool read_leading(struct reader *r, unsigned int key, const char *name, uint64_t *out,
        struct error *err)
{
    uint64_t got;

    if (!field_read_uint(r, UINT64_MAX, &got, err)) {
        return false;
    }
    if (got != key) {
        return error_set(err, ERROR_MALFORMED, "message has no %s", name);
    }
    return field_read_uint(r, UINT64_MAX, out, err) || error_wrap(err, "%s", name);
}

bool message_type_read(struct bytes in, enum message_type *out, struct error *err)
{
    struct reader r = reader_init(in);
    struct item map;
    uint64_t version;
    uint64_t type;

    if (!field_read_item(&r, ITEM_MAP, &map, err)) {
        return false;
    }
    if (map.value < 2) {
        return error_set(err, ERROR_MALFORMED, "a map of %" PRIu64 " is no message", map.value);
    }
    if (!read_leading(&r, KEY_VERSION, "version", &version, err)) {
        return false;
    }
    if (version != MESSAGE_VERSION) {
        return error_set(err, ERROR_UNSUPPORTED,
                "message of version %" PRIu64 "; this build knows version %d", version,
                MESSAGE_VERSION);
    }
    if (!read_leading(&r, KEY_TYPE, "type", &type, err)) {
        return false;
    }
    if (type != MESSAGE_REQUEST && type != MESSAGE_EVIDENCE && type != MESSAGE_CHUNK) {
        return error_set(err, ERROR_UNSUPPORTED, "message of type %" PRIu64 " is not known", type);
    }
    *out = (enum message_type)type;
    return true;
}

static const char *type_name(enum message_type type)
{
    return type == MESSAGE_REQUEST     ? "request"
            : type == MESSAGE_EVIDENCE ? "evidence"
                                       : "log chunk";
}

bool envelope_read(struct bytes in, enum message_type want, size_t max,
        const struct field_shape *shape, void *out, struct error *err)
{
    struct reader r = reader_init(in);
    struct item_walk walk = { 0 };
    enum message_type type;

    if (in.len > max) {
        return error_set(err, ERROR_LIMIT, "%s message of %zu bytes, at most %zu", type_name(want),
                in.len, max);
    }
    if (!message_type_read(in, &type, err)) {
        return false;
    }
    if (type != want) {
        return error_set(err, ERROR_MALFORMED, "%s message, want %s", type_name(type),
                type_name(want));
    }
    if (!item_walk(&walk, in, err)) {
        return error_wrap(err, "%s message", type_name(want));
    }
    if (walk.pos != in.len) {
        return error_set(err, ERROR_MALFORMED, "%zu bytes after the %s message", in.len - walk.pos,
                type_name(want));
    }
    return field_read_map(&r, shape, out, err) || error_wrap(err, "%s message", type_name(want));
}

bool envelope_written(const struct writer *w, struct bytes *out, struct error *err)
{
    return writer_done(w, out) || error_set(err, ERROR_LIMIT, "message does not fit its buffer");
}

void envelope_write(struct writer *w, size_t pairs, enum message_type type)
{
    item_write_map(w, pairs);
    item_write_uint(w, KEY_VERSION);
    item_write_uint(w, MESSAGE_VERSION);
    item_write_uint(w, KEY_TYPE);
    item_write_uint(w, type);
}

bool envelope_read_log(struct reader *r, enum log_kind *out, struct error *err)
{
    uint64_t kind;

    if (!field_read_uint(r, UINT64_MAX, &kind, err)) {
        return false;
    }
    if (kind == LOG_KIND_NONE || kind >= LOG_KIND_COUNT) {
        return error_set(err, ERROR_UNSUPPORTED, "log of kind %" PRIu64 " is not known", kind);
    }
    *out = (enum log_kind)kind;
    return true;
}
