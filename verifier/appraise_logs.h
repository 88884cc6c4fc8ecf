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

/** How a list goes on from what is held of it. */
enum list_way_kind {
    LIST_WHOLE = 0, /* it begins where it began then, or at boot */
    LIST_DELTA,     /* it begins after the last attested record, as it was asked to */
    LIST_TRIMMED,   /* its front was taken away: it begins at, or before, the first new record */
    LIST_RESTARTED, /* another kernel (kexec) began a list of its own where the old one ended */
};

/** Where a pass over the list starts. */
struct list_way {
    enum list_way_kind kind;
    const struct list_state *from; /* NULL: registers at reset, nothing judged */
    uint64_t index;                /* of the first record that comes */
    uint64_t count;                /* of records before the first new one */
    uint64_t must_attest;          /* records: all that the list had in the last round */
};

/** What a look at the list itself says about how it may go on. */
struct list_shape {
    bool known;
    bool starts_with_aggregate;
    /* The last attested record is in it, and so many records come before the first new one: by the
     * first and by the last place where it can be; equal records are rare, but there are some. */
    bool has_last;
    uint64_t first_after;
    uint64_t last_after;
};

/** The second half of appraise(): which log explains which quoted register, and what is in it. */
struct appraise_logs {
    /* set by the caller: a quote that holds */
    const struct appraise_input *in;
    const struct policy *policy; /* NULL: inspect */
    struct hasher *hasher;
    struct pcr_selection selection;
    struct bytes digest;        /* pcrDigest */
    enum digest_alg digest_alg; /* its hash: that of the signature */
    uint32_t reset;             /* the boot that the quote is of */
    uint32_t restart;
    struct verdict *v;
    struct appraise_outcome *out; /* NULL: nobody asks */

    /* working */
    uint32_t ima_pcrs; /* registers that the list alone explains; 0: no list is judged */
    bool boot_replayed;
    struct eventlog_replay boot;
    struct pcr_values base; /* of every quoted register that the list does not explain */
    bool base_complete;
    bool list_was_read;   /* the source stands at its end, or somewhere */
    bool hints_proven;    /* the hints hash into pcrDigest: they are what the TPM quoted */
    bool boot_holds;      /* what the boot log says is what was quoted */
    bool list_fits_hints; /* the hints are not what was quoted; the list agrees with its own */
    struct judge judge;
    struct ima_walk walk;

    /* the list, and what is held of it */
    const struct list_progress *held; /* of this boot; NULL: nothing */
    const struct list_progress *seen; /* which records this boot's list had; NULL: not known */
    const char *unfit;                /* static: why the delta cannot be used; NULL: it can */
    bool behind;         /* the quote does not attest what the list had in the last round */
    struct list_way way; /* of the walk */
    struct list_shape shape;
    /* Of the walk, as in struct list_progress: */
    uint8_t last_record[LIST_RECORD_ID_SIZE];
    uint64_t violations_behind;
    uint8_t tail[LIST_RECORD_ID_SIZE];
    uint8_t old_tail[LIST_RECORD_ID_SIZE]; /* what is attested now of the held one */
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

/* appraise_list.c: the list, in every way it may go on from what is held. */

/** Find out what is held of this list, and whether a delta can go on from it. */
void logs_set_held(struct appraise_logs *l);

/** There is a list that can be walked. */
bool logs_have_list(const struct appraise_logs *l);

/**
 * Look for the target in the list: as it comes and, when that leads nowhere, in the other ways that
 * a list of the same boot may go on. A constant number of passes. When all fail walk and judge are
 * those of the first way.
 */
MUST_USE bool logs_walk_list(struct appraise_logs *l, const struct ima_target *target,
        struct error *err);

/** Would the list, as it comes, lead to these values of its registers? Walk and judge stay as they
 * are: that is no proof of anything. */
MUST_USE bool logs_list_leads_to(struct appraise_logs *l, const struct pcr_values *values,
        bool *out, struct error *err);

/** Its registers started where another kernel's list ended. */
bool logs_list_was_restarted(const struct appraise_logs *l);

/** Mask over enum digest_alg: quoted banks that follow a zero-padded rule. */
uint32_t logs_padded_banks(const struct appraise_logs *l);

/** Where the next round goes on; only after a walk that met its target. */
void logs_keep_progress(struct appraise_logs *l);

/** Put the list at its first record for one more pass; the first pass needs nothing, so that a pipe
 * can be read once. */
MUST_USE bool logs_rewind_list(struct appraise_logs *l, struct error *err);

/** The hint for a register; false when there is none. */
MUST_USE bool logs_hint(const struct appraise_logs *l, enum digest_alg bank, unsigned int pcr,
        struct bytes *out);

/** Do these values hash into the signed digest? Not when one is unknown. */
MUST_USE bool logs_values_are_quoted(struct appraise_logs *l, const struct pcr_values *values,
        bool *out, struct error *err);
