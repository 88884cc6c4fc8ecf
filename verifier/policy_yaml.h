/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "common/attributes.h"
#include "common/bytes.h"
#include "common/error.h"

/*
 * The YAML that a policy may use: one document of mappings, sequences and scalars, with comments.
 * Anchors, aliases and tags are refused: nothing in the text may mean something that stands
 * elsewhere. The only code that calls libfyaml.
 */

#define YAML_TEXT_MAX  ((size_t)1024 * 1024)
#define YAML_NODES_MAX ((size_t)65536)
#define YAML_DEPTH_MAX 16

enum yaml_kind {
    YAML_SCALAR,
    YAML_SEQUENCE,
    YAML_MAPPING,
};

/** Where something stands in the text: line and column from 1, offset in bytes from 0. */
struct yaml_mark {
    size_t line;
    size_t column;
    size_t offset;
};

struct yaml_node {
    enum yaml_kind kind;
    bool plain;        /* a scalar without quotes */
    bool flow;         /* a collection in brackets */
    struct bytes text; /* of a scalar; owned by the document */
    struct yaml_mark start;
    struct yaml_mark end;          /* of a collection; behind its bracket, if it has one */
    const struct yaml_node *first; /* child; in a mapping, key and value take turns */
    const struct yaml_node *next;  /* sibling */
};

/** All zero is a valid empty document. */
struct yaml_document {
    struct yaml_node *nodes; /* the first one is the root */
    size_t node_count;
    size_t node_room;
    char *text; /* of all scalars */
    size_t text_len;
    size_t text_room;
};

/**
 * Read text, which must hold exactly one document.
 *
 * @param name  stands in messages: "NAME:LINE:COLUMN: "
 * @param out   on success yaml_clear() it
 * @param err  ERROR_CONFIG, ERROR_LIMIT, ERROR_NOMEM
 */
MUST_USE bool yaml_read(struct bytes text, const char *name, struct yaml_document *out,
        struct error *err);

/** The value of a key of a mapping, or NULL. */
const struct yaml_node *yaml_get(const struct yaml_node *mapping, const char *key);

/** Free the nodes; fits CLEANUP(). */
void yaml_clear(struct yaml_document *doc);
