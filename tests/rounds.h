/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tests/forge.h"
#include "verifier/appraise.h"
#include "verifier/policy.h"

/*
 * One forged machine that is appraised round after round: what the verifier holds between the
 * rounds is kept here as a caller of appraise() has to keep it.
 */

/** What the machine was at one moment: after the last record so far. */
struct rounds_moment {
    struct pcr_values tpm;
    size_t list_len;
};

#define ROUNDS_MOMENTS_MAX 128

struct rounds {
    struct forge machine;
    struct tpm_clock clock; /* of the next quote; rounds_quote() lets it go on */
    uint32_t banks;         /* that are quoted */
    uint32_t pcrs;
    size_t nonce_len;    /* of the machine's nonce */
    bool hints;          /* send them */
    bool reuse_boot_log; /* do not send a boot log that is held */

    /* the verifier */
    struct policy policy;
    struct hasher hasher;
    struct tpm_ak ak;
    bool is_held;
    bool other_policy; /* judged by another policy than what is held: it counts as seen only */
    struct list_progress held;
    bool has_boot;
    struct eventlog_replay boot;
    bool has_clock;
    struct appraise_clock last;

    /* of the last round */
    struct verdict verdict;
    struct appraise_outcome out;
    size_t passes; /* over the list */

    size_t moment_count;
    struct rounds_moment moment[ROUNDS_MOMENTS_MAX];
};

/** A machine without history and a verifier that knows nothing of it. attack_setup() first. */
void rounds_begin(struct rounds *r, const char *policy, uint32_t machine_banks);
void rounds_end(struct rounds *r);

/** Remember this moment; the records so far are rounds_moment[i]. */
void rounds_mark(struct rounds *r);

/** Quote the machine as it is now, or as it was. The clock goes on by a second. */
void rounds_quote(struct rounds *r);
void rounds_quote_moment(struct rounds *r, size_t moment);

/** Appraise the quote with these bytes of a list; nothing is kept. */
void rounds_judge(struct rounds *r, struct bytes list, bool delta);

/** Keep what came out, as between rounds. */
void rounds_keep(struct rounds *r);

/** Forget what is held. */
void rounds_forget(struct rounds *r);

/** Bytes of the list from the held offset on, or from the first one. */
struct bytes rounds_rest(const struct rounds *r);

/** Quote now, judge the whole list or what is new in it, and keep. */
void rounds_whole(struct rounds *r);
void rounds_delta(struct rounds *r);

/** Compare the last round: "a b" of the failed checks, "" when TRUSTED. */
void rounds_expect(const struct rounds *r, const char *fails, uint64_t attested, uint64_t of);

/** A finding of the last round has this text in it. */
bool rounds_says(const struct rounds *r, const char *text);
