/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/attributes.h"
#include "common/digest.h"
#include "common/error.h"
#include "verifier/policy.h"
#include "verifier/policy_yaml.h"

/*
 * Values of a policy out of YAML nodes. Each function says what is wrong as
 * "PATH:LINE:COLUMN: expected ..., found ..." (ERROR_CONFIG, ERROR_LIMIT, ERROR_NOMEM).
 */

/** A policy half read. */
struct policy_context {
    struct policy *p;
    uint32_t quote_pcrs; /* of every bank; 0: not given */
    struct yaml_mark ima_pcrs_mark;
};

/** A key that a mapping may have, once. */
struct policy_key {
    const char *name;
    bool (*read)(struct policy_context *c, const struct yaml_node *value, struct error *err);
};

/** Put the place in front of the message in err. Returns false. */
bool value_at(const struct policy_context *c, struct yaml_mark mark, struct error *err) COLD;

/** "expected WANT, found ...". Returns false. */
bool value_wrong(const struct policy_context *c, const struct yaml_node *node, struct error *err,
        const char *want) COLD;

/** "no memory". Returns false. */
bool value_no_memory(const struct policy_context *c, const struct yaml_node *node,
        struct error *err) COLD;

/** Read a mapping with some of these keys (at most 32), in the order of the document. */
MUST_USE bool value_mapping(struct policy_context *c, const struct yaml_node *node,
        const struct policy_key *keys, size_t count, struct error *err);

/** Count the items of a sequence of at most max. */
MUST_USE bool value_items(const struct policy_context *c, const struct yaml_node *node, size_t max,
        const char *what, size_t *out, struct error *err);

/** A collection with something in it. */
MUST_USE bool value_not_empty(const struct policy_context *c, const struct yaml_node *node,
        struct error *err);

/** One of a list of words that ends in NULL; out gets its place in the list. */
MUST_USE bool value_word(const struct policy_context *c, const struct yaml_node *node,
        const char *const *words, const char *want, size_t *out, struct error *err);

/** A number from 0 to max: decimal, without quotes. */
MUST_USE bool value_number(const struct policy_context *c, const struct yaml_node *node,
        uint32_t max, uint32_t *out, struct error *err);

/** A sequence of at least one PCR number, none twice, as a mask. */
MUST_USE bool value_pcr_mask(const struct policy_context *c, const struct yaml_node *node,
        uint32_t *out, struct error *err);

MUST_USE bool value_bank(const struct policy_context *c, const struct yaml_node *node,
        enum digest_alg *out, struct error *err);

/** Text of 1 to max bytes. */
MUST_USE bool value_text(const struct policy_context *c, const struct yaml_node *node,
        const char *want, size_t max, struct policy_text *out, struct error *err);

/** A sequence of texts; takes the place of what *out holds. */
MUST_USE bool value_texts(const struct policy_context *c, const struct yaml_node *node,
        const char *want, size_t max_items, size_t max_len, struct policy_text **out,
        size_t *out_count, struct error *err);
