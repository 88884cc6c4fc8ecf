/* SPDX-License-Identifier: BSD-3-Clause */
#include <inttypes.h>
#include <stdio.h>

#include "eventlog/describe_internal.h"
#include "eventlog/device_path.h"
#include "eventlog/guid.h"

void put_text(const struct describe_sink *s, const char *key, const char *value)
{
    s->text(s->ctx, key, value);
}

void put_address(const struct describe_sink *s, const char *key, uint64_t value)
{
    char text[24];

    (void)snprintf(text, sizeof(text), "0x%" PRIx64, value);
    s->text(s->ctx, key, text);
}

void put_number(const struct describe_sink *s, const char *key, uint64_t value)
{
    if (value > INT64_MAX) {
        put_address(s, key, value); /* JSON readers have signed numbers */
    } else {
        s->number(s->ctx, key, value);
    }
}

void put_boolean(const struct describe_sink *s, const char *key, bool value)
{
    s->boolean(s->ctx, key, value);
}

static void put_built(const struct describe_sink *s, const char *key, const struct text *t)
{
    s->text(s->ctx, key, t->dst);
    if (t->cut && key != NULL) {
        s->boolean(s->ctx, "truncated", true);
    }
}

void put_utf8(const struct describe_sink *s, const char *key, struct bytes value)
{
    char buffer[DESCRIBE_TEXT_MAX];
    struct text t = text_init(buffer, sizeof(buffer));

    text_add_utf8(&t, value);
    put_built(s, key, &t);
}

void put_utf16(const struct describe_sink *s, const char *key, struct bytes value)
{
    char buffer[DESCRIBE_TEXT_MAX];
    struct text t = text_init(buffer, sizeof(buffer));

    text_add_utf16(&t, text_utf16_until_nul(value));
    put_built(s, key, &t);
}

void put_hex(const struct describe_sink *s, const char *key, struct bytes value)
{
    char size_key[64];

    if (value.len <= DESCRIBE_HEX_MAX) {
        s->hex(s->ctx, key, value);
        return;
    }
    s->hex(s->ctx, key, (struct bytes){ value.ptr, DESCRIBE_HEX_MAX });
    if (key != NULL) {
        (void)snprintf(size_key, sizeof(size_key), "%s_size", key);
        s->number(s->ctx, size_key, value.len);
    }
}

void put_guid(const struct describe_sink *s, const char *key, struct bytes guid)
{
    char text[GUID_TEXT_SIZE];
    char name_key[64];
    const char *name = guid_name(guid.ptr);

    s->text(s->ctx, key, guid_text(guid.ptr, text));
    if (name != NULL) {
        (void)snprintf(name_key, sizeof(name_key), "%s_name", key);
        s->text(s->ctx, name_key, name);
    }
}

void put_guess(const struct describe_sink *s, const char *key, struct bytes value)
{
    if (text_is_ascii(value)) {
        put_utf8(s, key, text_until_nul(value));
    } else if (text_is_utf16(value)) {
        put_utf16(s, key, value);
    } else {
        put_hex(s, key, value);
    }
}

bool put_device_path(const struct describe_sink *s, const char *key, struct reader *r,
        struct error *err)
{
    char buffer[DESCRIBE_TEXT_MAX];
    struct text t = text_init(buffer, sizeof(buffer));
    bool ok = device_path_text(r, &t, err);

    put_built(s, key, &t);
    return ok;
}

void put_trailing(const struct describe_sink *s, struct reader *r)
{
    if (!reader_done(r)) {
        put_hex(s, "trailing", reader_rest(r));
    }
}
