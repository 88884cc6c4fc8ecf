/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include <stdbool.h>

#include "common/attributes.h"
#include "common/bytes.h"
#include "common/digest.h"
#include "common/error.h"
#include "common/pcr.h"
#include "common/source.h"
#include "eventlog/replay.h"
#include "ima/entry.h"
#include "tpm/ak.h"
#include "verifier/list_progress.h"
#include "verifier/policy.h"
#include "verifier/verdict.h"

/** Evidence to judge. Everything is borrowed. */
struct appraise_input {
    struct bytes attest;    /* TPMS_ATTEST */
    struct bytes signature; /* TPMT_SIGNATURE */
    struct tpm_ak *ak;      /* the enrolled key; for inspect the one that came with the evidence */
    struct bytes nonce;     /* the quote's exact extraData; empty: not known (inspect only) */
    /* What the quote was asked for, when we asked ourselves: it has to be exactly that. NULL: the
     * quote was given, and has to cover what the policy says. */
    const struct pcr_selection *asked;
    const struct tpm_name *qualified_signer; /* NULL: the EK is not known */
    const struct pcr_values *hints;          /* PCR values, unsigned; NULL: none */
    bool has_boot_log;
    struct bytes boot_log;
    const struct source *list; /* IMA list; NULL: none */
    struct ima_digest_format list_format;

    /* A round that is not the first one (all zero: there was none before): */
    /* What was attested of the list, and judged by this policy; NULL: nothing. With another policy
     * all is to be judged again: NULL, and the whole list. */
    const struct list_progress *held;
    /* What was attested by another policy, so that everything is judged again; only which records
     * the list had counts: the quote must attest them. NULL: nothing. Not looked at beside held. */
    const struct list_progress *seen;
    bool list_is_delta; /* the list starts at held's cursor, not at its first record */
    /* The boot log is known from an earlier round and was not sent again: what it replays to, all
     * banks; NULL: not known. Only when has_boot_log is not set. */
    const struct eventlog_replay *held_boot;
    const struct appraise_clock *last_clock; /* of the last quote that held; NULL: none */
};

/** Clock and counters of a quote (TPMS_CLOCK_INFO). */
struct appraise_clock {
    uint32_t reset;
    uint32_t restart;
    uint64_t clock_ms;
};

/** What a round leaves behind for the next one. Set where the verdict bears it out. */
struct appraise_outcome {
    /* The delta does not lead from held to the quoted values, or cannot be read: v is no verdict
     * before the whole list was looked at. */
    bool needs_whole_list;
    bool has_progress; /* the list was replayed to the quoted values, whatever is in it */
    /* ... on from where an earlier round had come (in->held): records before that were not judged
     * again, and what was found about them still stands. False: from its first record on. */
    bool continued;
    struct list_progress progress;
    bool has_boot; /* a boot log was replayed to the quoted values */
    struct eventlog_replay boot;
};

/**
 * The first check of appraise() alone: quote and signature decode. For a caller that lacks what all
 * others need. Only attest and signature of in are looked at.
 */
MUST_USE bool appraise_format(const struct appraise_input *in, struct verdict *v,
        struct error *err);

/**
 * Judge evidence: the quote, then the logs against it, and only then their content against policy.
 *
 * The list is read once, or again when the common extend rule does not lead to the quoted values,
 * or when a list of which something is held may go on in another way: a constant number of times.
 * Every read stands for itself: a list that changes in between cannot pass by halves. Of a reading
 * that leads nowhere nothing is told, unless all do: then it is what the first one found.
 *
 * The caller sets v->profile, the identity and CHECK_AK_IDENTITY, and may have failed
 * CHECK_EVIDENCE_FORMAT; then nothing else is looked at.
 *
 * @param policy  NULL for inspect
 * @param v       evidence that is wrong, however wrong, ends here
 * @param out     for the next round; NULL: there will be none
 * @param err     our own faults only: ERROR_NOMEM, ERROR_CRYPTO, ERROR_IO; v is then no verdict
 */
MUST_USE bool appraise(const struct appraise_input *in, const struct policy *policy,
        struct hasher *h, struct verdict *v, struct appraise_outcome *out, struct error *err);
