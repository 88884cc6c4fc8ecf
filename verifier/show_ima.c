/* SPDX-License-Identifier: BSD-3-Clause */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "common/reader.h"
#include "ima/walk.h"
#include "verifier/ima_input.h"
#include "verifier/json.h"
#include "verifier/show.h"

/* A path or a name in a line of text; the JSON line has it whole. */
#define TEXT_MAX 4096

struct printer {
    const struct show_style *style;
};

static json_t *json_of_lengths(struct json_writer *w, struct bytes value)
{
    struct reader in = reader_init(value);
    json_t *lengths = json_array();
    uint32_t length;

    while (reader_u32le(&in, &length)) {
        json_add(w, lengths, json_integer((json_int_t)length));
    }
    return lengths;
}

/* Little-endian integers of 0, 2 or 4 bytes; none where the kernel had no inode. */
static json_t *json_of_integer(struct bytes value)
{
    json_int_t n = 0;

    if (value.len == 0) {
        return json_null();
    }
    for (size_t i = 0; i < value.len; i++) {
        n |= (json_int_t)value.ptr[i] << 8 * i;
    }
    return json_integer(n);
}

static json_t *json_of_file_digest(enum ima_field field, struct bytes value)
{
    struct ima_file_digest d;
    char hex[2 * DIGEST_SIZE_MAX + 1];
    char name[64];

    if (!ima_file_digest_read(field, value, &d)) {
        return json_null();
    }
    return json_sprintf("%s:%s", bytes_escape(name, sizeof(name), d.algorithm),
            bytes_hex(hex, sizeof(hex), d.digest));
}

/* Everything but digest and name, which every template has under the same keys. */
static void put_field(struct json_writer *w, json_t *line, const struct ima_field_value *f)
{
    char key[IMA_TEMPLATE_NAME_MAX * 4 + 1];

    bytes_escape(key, sizeof(key), ima_field_name(f));
    switch (f->field) {
    case IMA_FIELD_D:
    case IMA_FIELD_N:
    case IMA_FIELD_D_NG:
    case IMA_FIELD_N_NG:
        break;
    case IMA_FIELD_D_NGV2: {
        struct ima_file_digest d;

        if (ima_file_digest_read(f->field, f->value, &d)) {
            json_put_text(w, line, "digest_type", d.verity ? "verity" : "ima");
        }
        break;
    }
    case IMA_FIELD_D_MODSIG:
        json_put(w, line, key, json_of_file_digest(f->field, f->value));
        break;
    case IMA_FIELD_IUID:
    case IMA_FIELD_IGID:
    case IMA_FIELD_IMODE:
        json_put(w, line, key, json_of_integer(f->value));
        break;
    case IMA_FIELD_XATTRNAMES: {
        struct bytes names = f->value;

        names.len -= names.len > 0 && names.ptr[names.len - 1] == '\0' ? 1 : 0;
        json_put_bytes(w, line, key, names);
        break;
    }
    case IMA_FIELD_XATTRLENGTHS:
        json_put(w, line, key, json_of_lengths(w, f->value));
        break;
    case IMA_FIELD_UNKNOWN:
        break; /* see put_unknown_fields() */
    default:
        json_put_hex(w, line, key, f->value);
        break;
    }
}

/* The ids of unknown fields are text out of the list: beside our own keys they could replace them.
 */
static void put_unknown_fields(struct json_writer *w, json_t *line, const struct ima_fields *fields)
{
    json_t *unknown = NULL;

    for (size_t i = 0; i < fields->count; i++) {
        char key[IMA_TEMPLATE_NAME_MAX * 4 + 1];

        if (fields->at[i].field != IMA_FIELD_UNKNOWN) {
            continue;
        }
        if (unknown == NULL) {
            unknown = json_object();
            json_put(w, line, "unknown_fields", unknown);
        }
        bytes_escape(key, sizeof(key), fields->at[i].id);
        json_put_hex(w, unknown, key, fields->at[i].value);
    }
}

static bool print_json(const struct ima_record *r, struct error *err)
{
    struct json_writer w = { 0 };
    json_t *line = json_object();
    struct ima_file file;
    bool named = ima_fields_file(r->fields, &file);

    json_put_uint(&w, line, "entry", r->entry->index);
    json_put_uint(&w, line, "pcr", r->entry->pcr);
    json_put_bytes(&w, line, "template", r->entry->template_name);
    json_put_hex(&w, line, "template_digest", r->entry->template_digest);
    json_put_bool(&w, line, "template_digest_ok", r->measured->digest_ok);
    json_put_bool(&w, line, "violation", r->measured->violation);
    if (named) {
        json_put_bytes(&w, line, "algorithm", file.digest.algorithm);
        json_put_hex(&w, line, "digest", file.digest.digest);
        json_put_bytes(&w, line, "path", file.path);
    } else {
        json_put(&w, line, "algorithm", json_null());
        json_put(&w, line, "digest", json_null());
        json_put(&w, line, "path", json_null());
    }
    for (size_t i = 0; i < r->fields->count; i++) {
        put_field(&w, line, &r->fields->at[i]);
    }
    put_unknown_fields(&w, line, r->fields);
    if (r->fields->count == 0) {
        json_put_hex(&w, line, "data", r->entry->template_data);
    }
    return json_print(&w, line, true, err);
}

static void print_text(const struct show_style *style, const struct ima_record *r)
{
    struct ima_file file;
    char name[TEXT_MAX];
    char hex[2 * DIGEST_SIZE_MAX + 1];

    printf("%6" PRIu64 "  %2" PRIu32 "  %s  ", r->entry->index, r->entry->pcr,
            bytes_escape(name, sizeof(name), r->entry->template_name));
    if (ima_fields_file(r->fields, &file)) {
        char algorithm[64];

        printf("%s%s:%s  %s", file.digest.verity ? "verity:" : "",
                bytes_escape(algorithm, sizeof(algorithm), file.digest.algorithm),
                bytes_hex(hex, sizeof(hex), file.digest.digest),
                bytes_escape(name, sizeof(name), file.path));
    } else {
        printf("(%zu bytes of a template that states no digest and name)",
                r->entry->template_data.len);
    }
    if (r->measured->violation) {
        printf("  %sviolation%s", style->colour ? "\033[33m" : "", style->colour ? "\033[0m" : "");
    }
    if (!r->measured->digest_ok) {
        printf("  %sWRONG TEMPLATE DIGEST%s", style->colour ? "\033[1;31m" : "",
                style->colour ? "\033[0m" : "");
    }
    printf("\n");
}

static bool on_record(void *ctx, const struct ima_record *record, struct error *err)
{
    const struct printer *p = ctx;

    if (p->style->json) {
        return print_json(record, err);
    }
    print_text(p->style, record);
    return true;
}

bool show_ima_log(const char *path, const char *ima_digest, struct hasher *h,
        const struct show_style *style, struct error *err)
{
    struct ima_input input CLEANUP(ima_input_clear) = { 0 };
    struct ima_walk walk CLEANUP(ima_walk_clear);
    struct printer printer = { style };

    memset(&walk, 0, sizeof(walk));
    if (!ima_input_open(&input, path, ima_digest, err)) {
        return false;
    }
    struct source source = ima_input_source(&input);

    ima_walk_init(&walk, h, input.format, 0, false);
    walk.visit = on_record;
    walk.ctx = &printer;
    return ima_walk_run(&walk, &source, err) || error_wrap(err, "%s", path);
}
