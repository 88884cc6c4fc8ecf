/* SPDX-License-Identifier: BSD-3-Clause */
#include <stdio.h>

#include "eventlog/describe.h"
#include "eventlog/proof.h"
#include "eventlog/replay.h"
#include "eventlog/types.h"
#include "host/file.h"
#include "verifier/json.h"
#include "verifier/show.h"

/* One line of text about the data of an event. */
#define LINE_MAX_TEXT 16384
/* Objects and arrays inside one another; describe.c nests less. */
#define DEPTH_MAX 16

/* A describe_sink that builds JSON. */
struct json_sink {
    struct json_writer w;
    json_t *at[DEPTH_MAX];
    size_t depth;
    size_t too_deep; /* levels begun that are not built */
};

static void sink_put(struct json_sink *s, const char *key, json_t *value)
{
    json_t *parent = s->at[s->depth];

    if (s->too_deep > 0) {
        json_decref(value);
    } else if (json_is_array(parent)) {
        json_add(&s->w, parent, value);
    } else {
        json_put(&s->w, parent, key != NULL ? key : "", value);
    }
}

static void sink_text(void *ctx, const char *key, const char *value)
{
    sink_put(ctx, key, json_string(value));
}

static void sink_number(void *ctx, const char *key, uint64_t value)
{
    sink_put(ctx, key, json_integer((json_int_t)value));
}

static void sink_hex(void *ctx, const char *key, struct bytes value)
{
    sink_put(ctx, key, json_of_hex(value));
}

static void sink_boolean(void *ctx, const char *key, bool value)
{
    sink_put(ctx, key, json_boolean(value));
}

static void sink_begin(struct json_sink *s, const char *key, json_t *value)
{
    if (s->too_deep > 0 || s->depth + 1 == DEPTH_MAX || value == NULL) {
        s->w.failed = s->w.failed || value == NULL;
        s->too_deep++;
        json_decref(value);
        return;
    }
    sink_put(s, key, value); /* the parent keeps it alive while we fill it */
    s->at[++s->depth] = value;
}

static void sink_begin_object(void *ctx, const char *key)
{
    sink_begin(ctx, key, json_object());
}

static void sink_begin_array(void *ctx, const char *key)
{
    sink_begin(ctx, key, json_array());
}

static void sink_end(void *ctx)
{
    struct json_sink *s = ctx;

    if (s->too_deep > 0) {
        s->too_deep--;
    } else if (s->depth > 0) {
        s->depth--;
    }
}

static struct describe_sink json_sink(struct json_sink *s)
{
    return (struct describe_sink){
        .ctx = s,
        .text = sink_text,
        .number = sink_number,
        .hex = sink_hex,
        .boolean = sink_boolean,
        .begin_object = sink_begin_object,
        .begin_array = sink_begin_array,
        .end = sink_end,
    };
}

static json_t *json_of_digests(struct json_writer *w, const struct event *e)
{
    json_t *digests = json_object();

    for (size_t i = 0; i < e->digest_count; i++) {
        enum digest_alg alg;
        char key[16];

        if (digest_from_tpm_id(e->digest[i].tpm_id, &alg)) {
            json_put_hex(w, digests, digest_name(alg), e->digest[i].value);
        } else {
            (void)snprintf(key, sizeof(key), "0x%04x", e->digest[i].tpm_id);
            json_put_hex(w, digests, key, e->digest[i].value);
        }
    }
    return digests;
}

static json_t *json_of_proof(const struct event_proof *proof)
{
    switch (proof->state) {
    case EVENT_PROVEN:
        return json_true();
    case EVENT_DISPROVED:
        return json_false();
    case EVENT_UNPROVABLE:
        break;
    }
    return json_null();
}

static bool print_json(const struct event *e, const struct event_proof *proof, struct error *err)
{
    struct json_sink s = { 0 };
    struct describe_sink sink = json_sink(&s);
    json_t *line = json_object();
    json_t *data = json_object();

    json_put_uint(&s.w, line, "event", e->index);
    json_put_uint(&s.w, line, "pcr", e->pcr);
    json_put_uint(&s.w, line, "type", e->type);
    json_put_text(&s.w, line, "type_name", event_type_name(e->type));
    json_put(&s.w, line, "digests", json_of_digests(&s.w, e));
    json_put(&s.w, line, "proven", json_of_proof(proof));
    s.at[0] = data;
    if (data != NULL) {
        event_describe(e, &sink);
    }
    json_put(&s.w, line, "data", data);
    return json_print(&s.w, line, true, err);
}

static void print_text(const struct show_style *style, const struct event *e,
        const struct event_proof *proof)
{
    char data[LINE_MAX_TEXT];
    struct describe_text state = { 0 };
    struct describe_sink sink = describe_text_sink(&state, data, sizeof(data));
    const char *name = event_type_name(e->type);
    char number[16];

    (void)snprintf(number, sizeof(number), "0x%08x", e->type);
    event_describe(e, &sink);
    printf("%4zu  %2d  %-32s  ", e->index, (int)e->pcr, name != NULL ? name : number);
    switch (proof->state) {
    case EVENT_PROVEN:
        printf("%sproven%s  ", style->colour ? "\033[32m" : "", style->colour ? "\033[0m" : "");
        break;
    case EVENT_DISPROVED:
        printf("%sSTATED%s  ", style->colour ? "\033[1;31m" : "", style->colour ? "\033[0m" : "");
        break;
    case EVENT_UNPROVABLE:
        printf("stated  ");
        break;
    }
    printf("%s\n", data);
}

bool show_boot_log(const char *path, enum eventlog_registers registers, struct hasher *h,
        const struct show_style *style, struct error *err)
{
    struct buffer raw CLEANUP(buffer_clear) = { 0 };
    struct eventlog log;
    struct event event;
    bool end = false;

    if (!file_read(path, EVENTLOG_SIZE_MAX, &raw, err)) {
        return false;
    }
    if (!eventlog_open(buffer_view(&raw), registers, &log, err)) {
        return error_wrap(err, "%s", path);
    }
    for (;;) {
        struct event_proof proof = { 0 };

        if (!eventlog_next(&log, &event, &end, err)) {
            return error_wrap(err, "%s", path);
        }
        if (end) {
            return true;
        }
        if (!event_proof_check(h, &event, EVENTLOG_BANKS_ALL, &proof, err)) {
            return false;
        }
        if (!style->json) {
            print_text(style, &event, &proof);
        } else if (!print_json(&event, &proof, err)) {
            return false;
        }
    }
}
