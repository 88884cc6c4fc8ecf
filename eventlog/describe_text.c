/* SPDX-License-Identifier: BSD-3-Clause */
#include <inttypes.h>
#include <string.h>

#include "eventlog/describe.h"

static void start(struct describe_text *d, const char *key)
{
    if (!d->first) {
        text_add(&d->text, " ");
    }
    d->first = false;
    if (key != NULL) {
        text_add(&d->text, "%s=", key);
    }
}

static bool is_word(const char *s)
{
    return *s != '\0' && strpbrk(s, " \"{}[]=") == NULL;
}

/* Character by character, so that a line cut short ends between two. */
static void add_value(struct text *t, const char *value)
{
    while (*value != '\0') {
        size_t n = 1;

        while (((unsigned char)value[n] & 0xc0) == 0x80) {
            n++;
        }
        if (*value == '"') {
            text_append(t, "\\x22", 4);
        } else {
            text_append(t, value, n);
        }
        value += n;
    }
}

static void on_text(void *ctx, const char *key, const char *value)
{
    struct describe_text *d = ctx;

    start(d, key);
    if (is_word(value)) {
        add_value(&d->text, value);
        return;
    }
    text_add(&d->text, "\"");
    add_value(&d->text, value);
    text_add(&d->text, "\"");
}

static void on_number(void *ctx, const char *key, uint64_t value)
{
    struct describe_text *d = ctx;

    start(d, key);
    text_add(&d->text, "%" PRIu64, value);
}

static void on_hex(void *ctx, const char *key, struct bytes value)
{
    struct describe_text *d = ctx;

    start(d, key);
    text_add_hex(&d->text, value);
}

static void on_boolean(void *ctx, const char *key, bool value)
{
    struct describe_text *d = ctx;

    start(d, key);
    text_add(&d->text, "%s", value ? "true" : "false");
}

static void begin(struct describe_text *d, const char *key, bool array)
{
    start(d, key);
    text_add(&d->text, array ? "[" : "{");
    d->first = true;
    d->depth++;
    if (array) {
        d->arrays |= 1u << d->depth;
    } else {
        d->arrays &= ~(1u << d->depth);
    }
}

static void on_object(void *ctx, const char *key)
{
    begin(ctx, key, false);
}

static void on_array(void *ctx, const char *key)
{
    begin(ctx, key, true);
}

static void on_end(void *ctx)
{
    struct describe_text *d = ctx;

    text_add(&d->text, (d->arrays >> d->depth & 1) != 0 ? "]" : "}");
    d->first = false;
    d->depth--;
}

struct describe_sink describe_text_sink(struct describe_text *state, char *dst, size_t size)
{
    *state = (struct describe_text){ .text = text_init(dst, size), .first = true };
    return (struct describe_sink){
        .ctx = state,
        .text = on_text,
        .number = on_number,
        .hex = on_hex,
        .boolean = on_boolean,
        .begin_object = on_object,
        .begin_array = on_array,
        .end = on_end,
    };
}
