/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "common/attributes.h"
#include "common/digest.h"
#include "common/error.h"
#include "host/buffer.h"
#include "protocol/envelope.h"
#include "verifier/evidence_input.h"
#include "verifier/host_state.h"
#include "verifier/link.h"
#include "verifier/policy.h"
#include "verifier/verdict.h"

/* After the whole list, asked for because a delta did not verify, did not verify either: how long
 * only deltas are asked for. A host in that state is refused all the time. */
#define ROUND_RESYNC_PAUSE_MS ((int64_t)5 * 60 * 1000)

/** A host that is attested round by round. Everything but the numbers is the caller's. */
struct host {
    const struct link *link;
    struct hasher *hasher;
    struct identity *who;
    const char *identity_mode; /* static, as in struct verdict */
    struct host_state *state;  /* moves on with each round that verifies */
    int64_t time_max_ms;       /* for one round; 0: FETCH_TIME_MAX_MS */

    /* set by round_run() */
    int64_t deadline_ms;    /* of the round that runs, by clock_now_ms() */
    int64_t no_resync_till; /* by clock_now_ms(); 0: the next one may be at once */
};

/** What was asked for in a round. */
enum round_way {
    ROUND_WHOLE,  /* everything */
    ROUND_DELTA,  /* what is new since the last round */
    ROUND_RESYNC, /* what is new, and then everything, because that did not verify */
};

/** What came of a round. All zero is a valid empty one. */
struct round {
    struct verdict verdict;
    enum round_way way;
    bool has_evidence;       /* an evidence message came, and decodes */
    bool quote_is_proven;    /* every check of the quote passed, pcr-digest included */
    bool is_new_boot;        /* the counters say that the machine booted since the last round */
    uint64_t new_entries;    /* records attested for the first time */
    uint64_t received;       /* bytes of all answers */
    struct buffer ak_public; /* TPM2B_PUBLIC that came with the evidence */
    struct tpm_name ak_name; /* of it */
    char agent[4 * MESSAGE_AGENT_MAX + 1]; /* version of the agent, escaped */
};

/**
 * One round: ask, judge and, where what is held does not lead to the quoted values, ask once more
 * for everything.
 *
 * A round that does not verify changes nothing of what host->state holds of the evidence. Open
 * findings of earlier rounds are part of the verdict.
 *
 * @param out  empty on entry; round_clear() it whatever happens
 * @param err  could not tell: ERROR_NO_ANSWER is silence, anything else is ours. A refusal found
 *             before that is in out->verdict; then true is returned
 */
MUST_USE bool round_run(struct host *host, const struct policy *policy, struct round *out,
        struct error *err);

/** Free everything; fits CLEANUP(). */
void round_clear(struct round *r);
