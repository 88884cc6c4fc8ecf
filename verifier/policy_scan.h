/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "common/attributes.h"
#include "common/bytes.h"
#include "common/digest.h"
#include "common/error.h"

/** How far a scan is; shown by the caller. */
typedef void policy_scan_progress(void *ctx, uint64_t done_bytes, uint64_t all_bytes);

struct policy_scan {
    const char *root; /* a folder; paths in the list start below it */
    FILE *rows;       /* lines of a list are written here */
    enum digest_alg alg;
    /* Called for each file that was written; may be NULL. */
    void (*saw)(void *ctx, struct bytes path);
    policy_scan_progress *progress; /* NULL: none, which spares a walk */
    void *ctx;                      /* of both */

    uint64_t files;  /* result: lines written */
    uint64_t failed; /* result: files and folders that could not be read, named on standard error */
};

/**
 * Hash what IMA would measure under a folder: executables, ELF files, kernel modules and
 * scripts that start with "#!". Stays on one file system, looks at regular files only, follows no
 * link, and keeps nothing of what it read.
 *
 * @param err  ERROR_IO: the folder itself; ERROR_CRYPTO
 */
MUST_USE bool policy_scan_run(struct policy_scan *s, struct hasher *h, struct error *err);
