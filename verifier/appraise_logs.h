/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "common/attributes.h"
#include "common/bytes.h"
#include "common/digest.h"
#include "common/error.h"
#include "common/pcr.h"
#include "eventlog/replay.h"
#include "ima/walk.h"
#include "verifier/appraise.h"
#include "verifier/judge.h"

/** The second half of appraise(): which log explains which quoted register, and what is in it. */
struct appraise_logs {
    /* set by the caller: a quote that holds */
    const struct appraise_input *in;
    const struct policy *policy; /* NULL: inspect */
    struct hasher *hasher;
    struct pcr_selection selection;
    struct bytes digest;        /* pcrDigest */
    enum digest_alg digest_alg; /* its hash: that of the signature */
    struct verdict *v;

    /* working */
    uint32_t ima_pcrs; /* registers that the list alone explains; 0: no list is judged */
    bool boot_replayed;
    struct eventlog_replay boot;
    struct pcr_values base; /* of every quoted register that the list does not explain */
    bool base_complete;
    bool list_was_read; /* the source stands at its end, or somewhere */
    bool hints_proven;  /* the hints hash into pcrDigest: they are what the TPM quoted */
    bool boot_holds;    /* what the boot log says is what was quoted */
    struct judge judge;
    struct ima_walk walk;
};

MUST_USE bool appraise_logs(struct appraise_logs *l, struct error *err);

/* The two halves of it, in files of their own. */

/** appraise_search.c: find the values that explain the quote, and walk the list with them. */
MUST_USE bool appraise_search(struct appraise_logs *l, struct error *err);

/** appraise_conclude.c: the outcome of each check, from what the search found. */
MUST_USE bool appraise_conclude(struct appraise_logs *l, struct error *err);

/** No boot log on this machine: boot PCRs are what the hints say, as far as pcrDigest bears them
 * out. */
bool logs_boot_is_absent(const struct appraise_logs *l);

bool logs_list_is_judged(const struct appraise_logs *l);

/** A log that does not parse refuses, whatever else holds; a fault of ours is returned. entry:
 * index in the log, or NULL. */
MUST_USE bool logs_malformed(struct appraise_logs *l, const char *log, const uint64_t *entry,
        const struct error *why, struct error *err);
bool logs_are_malformed(const struct appraise_logs *l);

/** Put the list at its first record for one more pass; the first pass needs nothing, so that a pipe
 * can be read once. */
MUST_USE bool logs_rewind_list(struct appraise_logs *l, struct error *err);

/** The hint for a register; false when there is none. */
MUST_USE bool logs_hint(const struct appraise_logs *l, enum digest_alg bank, unsigned int pcr,
        struct bytes *out);

/** Do these values hash into the signed digest? Not when one is unknown. */
MUST_USE bool logs_values_are_quoted(struct appraise_logs *l, const struct pcr_values *values,
        bool *out, struct error *err);
