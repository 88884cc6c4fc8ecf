/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "common/attributes.h"
#include "common/error.h"

/** What `tally policy accept` is to do. Paths are NULL when not given. */
struct policy_accept {
    const char *verdict; /* file with a verdict in JSON */
    const char *policy;  /* NULL: the one that the verdict names */
    const char *list;    /* as the policy names it: relative to the policy's folder */
    const char *reason;
    bool one_entry; /* only the finding about this entry of the IMA list */
    uint64_t entry;

    /* result */
    uint64_t accepted;
    uint64_t known;   /* files that the policy allows already */
    uint64_t refused; /* findings that are no unknown files: told on standard error */
};

/**
 * Append the files that a verdict found unknown to a list, name the list in the policy if it does
 * not yet, and print the difference to `to`. Nothing is changed unless something is accepted; each
 * file is replaced whole.
 *
 * @param err  what is wrong with verdict, policy or list; ERROR_IO, ERROR_NOMEM
 */
MUST_USE bool policy_accept_run(struct policy_accept *a, FILE *to, struct error *err);
