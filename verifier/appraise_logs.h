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
    bool hints_proven; /* the hints hash into pcrDigest: they are what the TPM quoted */
    bool boot_holds;   /* what the boot log says is what was quoted */
    struct judge judge;
    struct ima_walk walk;
};

MUST_USE bool appraise_logs(struct appraise_logs *l, struct error *err);
