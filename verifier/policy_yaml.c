/* SPDX-License-Identifier: BSD-3-Clause */
#include "verifier/policy_yaml.h"

#include <libfyaml.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* What is being read: the open collections and the last child of each. */
struct builder {
    struct yaml_document *doc;
    const char *name;
    struct yaml_mark last; /* start of the last event that has a place */
    size_t depth;
    struct yaml_node *open[YAML_DEPTH_MAX];
    struct yaml_node *tail[YAML_DEPTH_MAX];
};

static void parser_free(struct fy_parser **p)
{
    if (*p != NULL) {
        fy_parser_destroy(*p);
    }
}

static void diag_free(struct fy_diag **d)
{
    if (*d != NULL) {
        fy_diag_destroy(*d);
    }
}

static bool fail(const struct builder *b, enum error_code code, const char *what, struct error *err)
{
    return error_set(err, code, "%s:%zu:%zu: %s", b->name, b->last.line, b->last.column, what);
}

static struct yaml_mark mark_of(const struct fy_mark *m)
{
    return (struct yaml_mark){
        .line = (size_t)m->line + 1,
        .column = (size_t)m->column + 1,
        .offset = m->input_pos,
    };
}

/* Where an event starts; a value that is not there starts where the one before did. */
static struct yaml_mark start_of(const struct builder *b, struct fy_event *event)
{
    const struct fy_mark *m = fy_event_start_mark(event);
    struct yaml_mark mark = m != NULL ? mark_of(m) : b->last;
    bool scalar = event->type == FYET_SCALAR;
    enum fy_node_style style = scalar ? fy_event_get_node_style(event) : FYNS_ANY;

    /* libfyaml counts from behind the quote, or the asterisk. */
    if (m != NULL && m->column > 0 &&
            (style == FYNS_SINGLE_QUOTED || style == FYNS_DOUBLE_QUOTED ||
                    event->type == FYET_ALIAS)) {
        mark.column--;
        mark.offset--;
    }
    return mark;
}

static bool add_node(struct builder *b, const struct yaml_node *node, struct yaml_node **out,
        struct error *err)
{
    struct yaml_document *doc = b->doc;

    if (doc->node_count == doc->node_room) {
        return fail(b, ERROR_LIMIT, "too many values", err);
    }
    struct yaml_node *n = &doc->nodes[doc->node_count++];
    *n = *node;
    if (b->depth > 0) {
        struct yaml_node *parent = b->open[b->depth - 1];
        struct yaml_node *before = b->tail[b->depth - 1];

        if (before == NULL) {
            parent->first = n;
        } else {
            before->next = n;
        }
        b->tail[b->depth - 1] = n;
    }
    *out = n;
    return true;
}

static bool add_scalar(struct builder *b, struct fy_event *event, struct error *err)
{
    struct yaml_document *doc = b->doc;
    struct yaml_node *node;
    size_t len = 0;
    const char *text = fy_token_get_text(event->scalar.value, &len);
    char *copy = doc->text + doc->text_len;

    if (text == NULL) {
        return fail(b, ERROR_NOMEM, "no memory for a value", err);
    }
    if (len > doc->text_room - doc->text_len) {
        return fail(b, ERROR_LIMIT, "too much text", err);
    }
    memcpy(copy, text, len);
    doc->text_len += len;
    return add_node(b,
            &(struct yaml_node){
                    .kind = YAML_SCALAR,
                    .plain = fy_event_get_node_style(event) == FYNS_PLAIN,
                    .text = { (const uint8_t *)copy, len },
                    .start = b->last,
            },
            &node, err);
}

static bool open_collection(struct builder *b, struct fy_event *event, struct error *err)
{
    struct yaml_node *node;

    if (b->depth == YAML_DEPTH_MAX) {
        return fail(b, ERROR_LIMIT, "nested too deep", err);
    }
    if (!add_node(b,
                &(struct yaml_node){
                        .kind = event->type == FYET_MAPPING_START ? YAML_MAPPING : YAML_SEQUENCE,
                        .flow = fy_event_get_node_style(event) == FYNS_FLOW,
                        .start = b->last,
                },
                &node, err)) {
        return false;
    }
    b->open[b->depth] = node;
    b->tail[b->depth] = NULL;
    b->depth++;
    return true;
}

static bool add_event(struct builder *b, struct fy_event *event, struct error *err)
{
    const struct fy_mark *end = fy_event_end_mark(event);

    b->last = start_of(b, event);
    if (event->type == FYET_ALIAS || fy_event_get_anchor_token(event) != NULL) {
        return fail(b, ERROR_CONFIG, "anchors and aliases are not allowed", err);
    }
    if (fy_event_get_tag_token(event) != NULL) {
        return fail(b, ERROR_CONFIG, "tags are not allowed", err);
    }
    switch (event->type) {
    case FYET_DOCUMENT_START:
        return b->doc->node_count == 0 || fail(b, ERROR_CONFIG, "a second document", err);
    case FYET_SCALAR:
        return add_scalar(b, event, err);
    case FYET_MAPPING_START:
    case FYET_SEQUENCE_START:
        return open_collection(b, event, err);
    case FYET_MAPPING_END:
    case FYET_SEQUENCE_END:
        b->depth--;
        b->open[b->depth]->end = end != NULL ? mark_of(end) : b->last;
        return true;
    default:
        return true;
    }
}

/* The first thing libfyaml complained about. */
static bool syntax_error(const struct builder *b, struct fy_diag *diag, struct error *err)
{
    void *cursor = NULL;
    const struct fy_diag_error *e = fy_diag_errors_iterate(diag, &cursor);
    char shown[256];

    if (e == NULL) {
        return fail(b, ERROR_CONFIG, "not YAML", err);
    }
    return error_set(err, ERROR_CONFIG, "%s:%d:%d: not YAML: %s", b->name, e->line, e->column,
            bytes_print(shown, sizeof(shown), bytes_of_text(e->msg)));
}

static bool parse(struct builder *b, struct bytes text, struct error *err)
{
    struct fy_diag_cfg quiet;
    struct fy_event *event;
    bool ok = true;

    fy_diag_cfg_default(&quiet);
    quiet.fp = NULL;
    quiet.colorize = false;
    struct fy_diag *diag CLEANUP(diag_free) = fy_diag_create(&quiet);
    struct fy_parser *parser CLEANUP(parser_free) = NULL;
    if (diag != NULL) {
        fy_diag_set_collect_errors(diag, true);
        parser = fy_parser_create(&(struct fy_parse_cfg){
                /* Sloppy: people put the closing bracket below the key it belongs to. */
                .flags = FYPCF_QUIET | FYPCF_COLLECT_DIAG | FYPCF_DEFAULT_VERSION_1_2 |
                        FYPCF_JSON_NONE | FYPCF_SLOPPY_FLOW_INDENTATION,
                .diag = diag,
        });
    }
    if (parser == NULL || fy_parser_set_string(parser, (const char *)text.ptr, text.len) != 0) {
        return error_set(err, ERROR_NOMEM, "%s: no memory for the parser", b->name);
    }
    while (ok && (event = fy_parser_parse(parser)) != NULL) {
        ok = add_event(b, event, err);
        fy_parser_event_free(parser, event);
    }
    if (ok && fy_parser_get_stream_error(parser)) {
        ok = syntax_error(b, diag, err);
    }
    return ok;
}

/*
 * What no policy needs and libfyaml had trouble with: it loops for ever over a directive that is
 * not UTF-8 (0.7.12).
 */
static bool check_characters(struct builder *b, struct bytes text, struct error *err)
{
    bool line_start = true;

    for (size_t i = 0; i < text.len; i++) {
        uint8_t c = text.ptr[i];

        if (line_start && c == '%') {
            return fail(b, ERROR_CONFIG, "directives are not allowed", err);
        }
        if ((c < 0x20 && c != '\n' && c != '\r' && c != '\t') || c == 0x7f) {
            return fail(b, ERROR_CONFIG, "a control character", err);
        }
        line_start = c == '\n' || c == '\r';
        b->last.line += c == '\n' ? 1 : 0;
        b->last.column = c == '\n' ? 1 : b->last.column + 1;
    }
    b->last = (struct yaml_mark){ 1, 1, 0 };
    return bytes_are_utf8(text) || fail(b, ERROR_CONFIG, "not UTF-8", err);
}

bool yaml_read(struct bytes text, const char *name, struct yaml_document *out, struct error *err)
{
    struct yaml_document doc CLEANUP(yaml_clear) = { 0 };
    struct builder b = { .doc = &doc, .name = name, .last = { 1, 1, 0 } };

    if (text.len > YAML_TEXT_MAX) {
        return error_set(err, ERROR_LIMIT, "%s: more than %zu bytes", name, YAML_TEXT_MAX);
    }
    if (!check_characters(&b, text, err)) {
        return false;
    }
    /* Even `?` stands for a mapping, a key and a value; an escape in quotes may be longer than what
     * it stands for, never half as long. */
    doc.node_room = 3 * text.len < YAML_NODES_MAX ? 3 * text.len + 1 : YAML_NODES_MAX;
    doc.text_room = 2 * text.len + 1;
    doc.nodes = calloc(doc.node_room, sizeof(*doc.nodes));
    doc.text = malloc(doc.text_room);
    if (doc.nodes == NULL || doc.text == NULL) {
        return error_set(err, ERROR_NOMEM, "%s", name);
    }
    if (text.len > 0 && !parse(&b, text, err)) {
        return false;
    }
    if (doc.node_count == 0) {
        return error_set(err, ERROR_CONFIG, "%s:1:1: an empty document", name);
    }
    *out = doc;
    doc = (struct yaml_document){ 0 };
    return true;
}

const struct yaml_node *yaml_get(const struct yaml_node *mapping, const char *key)
{
    for (const struct yaml_node *k = mapping->first; k != NULL; k = k->next->next) {
        if (k->kind == YAML_SCALAR && bytes_equal_text(k->text, key)) {
            return k->next;
        }
    }
    return NULL;
}

void yaml_clear(struct yaml_document *doc)
{
    free(doc->nodes);
    free(doc->text);
    *doc = (struct yaml_document){ 0 };
}
