/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "common/attributes.h"
#include "common/digest.h"
#include "common/error.h"
#include "common/pcr.h"
#include "ima/walk.h"
#include "verifier/list_progress.h"
#include "verifier/policy.h"
#include "verifier/verdict.h"

/* Rule named by the finding that a record's template digest is not that of its data. */
#define JUDGE_RULE_TEMPLATE_DIGEST "template-digest"

/**
 * Judges the records of one list while it is replayed. What it finds is provisional until the stop
 * mark is reached: unattested records accuse nobody.
 */
struct judge {
    const struct policy *policy; /* NULL: inspect, which has no opinion on files */
    struct hasher *hasher;
    uint32_t pcrs; /* registers the list may extend */
    /* Values boot_aggregate is recomputed from, every bank there is; NULL: it is not judged. */
    const struct pcr_values *boot;
    const char *boot_source; /* static: what those values are, for messages */

    /* result */
    struct findings findings;
    bool replay_failed; /* first record, template digest, register */
    bool files_failed;
    bool kexec; /* a second boot_aggregate */
    uint64_t first_violation;
    struct list_judged sum; /* with what judge_begin() was told */
};

/**
 * Begin a pass: free what the last one found, and go on from what judging earlier records came to.
 * Their boot_aggregate is recomputed: the boot log, or the values it led to, may be others by now.
 *
 * @param before  NULL: there are none
 */
MUST_USE bool judge_begin(struct judge *j, const struct list_judged *before, struct error *err);

/** An ima_record_visitor; ctx is a struct judge. */
MUST_USE bool judge_record(void *ctx, const struct ima_record *record, struct error *err);

/** Is this record a boot_aggregate, by its name? */
bool judge_is_aggregate(const struct ima_record *record);

/** Free the findings and the result; the settings stay. */
void judge_reset(struct judge *j);
