/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include "common/attributes.h"
#include "common/bytes.h"
#include "common/error.h"
#include "host/buffer.h"

/** A policy's text with one more line in it. */
struct policy_edit {
    struct buffer text;
    char *line;   /* that was added or changed, for a person, without newline; free() it */
    bool changed; /* false: the policy names the list already; text is empty */
};

void policy_edit_clear(struct policy_edit *e);

/**
 * Name a list under ima.allow (match: path), unless it is there. Everything else stays as it is,
 * byte by byte, comments too; the result is read again to prove it.
 *
 * @param path  of the policy, see policy_parse()
 * @param list  as the policy names it: letters, digits, `.`, `_`, `-`, `/`
 * @param err  ERROR_CONFIG: no policy, no `ima`, a text that cannot be edited safely
 */
MUST_USE bool policy_edit_add_list(struct bytes text, const char *path, const char *list,
        struct policy_edit *out, struct error *err);
