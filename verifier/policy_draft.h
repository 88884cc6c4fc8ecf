/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "common/attributes.h"
#include "common/bytes.h"
#include "common/error.h"
#include "common/pcr.h"
#include "common/source.h"
#include "eventlog/replay.h"
#include "ima/entry.h"
#include "ima/walk.h"
#include "verifier/policy.h"

/* Names of the lists beside the policy. */
#define DRAFT_MEASURED_LIST "measured.sha256"
#define DRAFT_ROOT_LIST     "root.sha256"

#define DRAFT_TEMPLATES_MAX 16

/** What a machine's logs show, and the policy that follows from it. */
struct policy_draft {
    struct pcr_selection quote; /* what may be taken: by policy_draft_set_quote(), or everything */
    enum digest_alg bank;       /* of quote, that the policy is about */
    bool has_quote;             /* the logs are all that the machine sent */

    bool has_boot;
    struct eventlog_replay boot;

    bool has_list;
    uint64_t limit; /* records that count; UINT64_MAX: all */
    FILE *rows;     /* where they are written; borrowed */
    struct hasher *hasher;
    uint64_t entries; /* records that counted */
    uint64_t files;   /* rows written */
    uint64_t violations;
    uint64_t weak;       /* file digests of a weak algorithm */
    uint64_t zero;       /* files that the kernel could not hash: nothing can allow them */
    uint64_t nameless;   /* records that yield no digest and name: likewise */
    uint64_t aggregates; /* boot_aggregate records */
    bool legacy_aggregate;
    bool padded; /* the bank follows zero-padded SHA-1; the caller's to say */
    uint32_t pcrs;
    size_t template_count;
    char templates[DRAFT_TEMPLATES_MAX][IMA_TEMPLATE_NAME_MAX + 1];

    enum digest_alg file_alg; /* by which the kernel hashes files, as far as we can compute it */

    bool has_root;
    uint64_t root_files;
    bool has_agent; /* a row is the agent itself */
};

/** A draft that knows nothing. */
struct policy_draft policy_draft_init(void);

/**
 * Take from the logs only what this quote proves, in the one bank that serves best. The logs
 * follow, and must be what was quoted.
 */
void policy_draft_set_quote(struct policy_draft *d, const struct pcr_selection *quote);

/** Note a path that is allowed. */
void policy_draft_saw(struct policy_draft *d, struct bytes path);

/**
 * Take a boot log: those of PCRs 0-7 that it extends and that are quoted become references.
 *
 * @param err  ERROR_MALFORMED and the like: the log; ERROR_UNSUPPORTED also when no PCR is left
 */
MUST_USE bool policy_draft_add_boot(struct policy_draft *d, struct bytes log, struct hasher *h,
        struct error *err);

/**
 * Take a measurement list, after the boot log if there is one: every file of it becomes a row of
 * DRAFT_MEASURED_LIST.
 *
 * @param rows  is written to
 * @param limit  only so many records, those that a quote attests
 * @param err  ERROR_MALFORMED and the like: the list, also one that is not of the boot log's boot
 */
MUST_USE bool policy_draft_add_list(struct policy_draft *d, const struct source *list,
        struct ima_digest_format format, uint64_t limit, FILE *rows, struct hasher *h,
        struct error *err);

/**
 * Everything was taken: is every PCR of the measurement list quoted in the policy's bank?
 *
 * @param err  ERROR_UNSUPPORTED
 */
MUST_USE bool policy_draft_check(const struct policy_draft *d, struct error *err);

/**
 * Write the policy's text. Errors stay in the stream.
 *
 * @param origin  where it comes from, for the first comment; escaped
 */
void policy_draft_print(const struct policy_draft *d, const char *origin, FILE *to);
