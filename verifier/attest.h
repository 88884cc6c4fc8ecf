/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include <stdbool.h>

#include "common/attributes.h"
#include "common/digest.h"
#include "common/error.h"
#include "verifier/attest_options.h"
#include "verifier/evidence_input.h"
#include "verifier/host_state.h"
#include "verifier/policy_watch.h"
#include "verifier/remote.h"
#include "verifier/report.h"
#include "verifier/round.h"
#include "verifier/state_file.h"

/** Everything `tally attest` works with. All zero is a valid empty one; must not be moved. */
struct attest {
    const struct attest_options *options;
    struct hasher hasher;
    struct identity who;
    struct policy_watch policy;
    struct state_file file; /* closed without --state */
    struct host_state state;
    struct remote remote;
    struct host host;
    bool first_use; /* no key is pinned yet */
};

/** Read the key and the state, and get ready to ask. @param err  the operator's fault, or ours */
MUST_USE bool attest_open(struct attest *a, const struct attest_options *options,
        struct error *err);

/**
 * One round: load the policy if it is another one, ask and judge, pin the key of a first use, keep
 * the state.
 *
 * @param round   empty on entry; round_clear() it whatever happens
 * @param report  set, with the time, to be given as the answer
 * @param err     must live as long as report, which may show its text
 * @return false: stop_wanted(), and there is no answer
 */
bool attest_round(struct attest *a, struct round *round, struct report *report, struct error *err);

/** Close the state and free everything; fits CLEANUP(). */
void attest_clear(struct attest *a);
