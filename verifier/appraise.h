/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include <stdbool.h>

#include "common/attributes.h"
#include "common/bytes.h"
#include "common/digest.h"
#include "common/error.h"
#include "common/pcr.h"
#include "common/source.h"
#include "ima/entry.h"
#include "tpm/ak.h"
#include "verifier/policy.h"
#include "verifier/verdict.h"

/** Evidence to judge. Everything is borrowed. */
struct appraise_input {
    struct bytes attest;    /* TPMS_ATTEST */
    struct bytes signature; /* TPMT_SIGNATURE */
    struct tpm_ak *ak;      /* the enrolled key; for inspect the one that came with the evidence */
    struct bytes nonce;     /* the quote's exact extraData; empty: not known (inspect only) */
    const struct tpm_name *qualified_signer; /* NULL: the EK is not known */
    const struct pcr_values *hints;          /* PCR values, unsigned; NULL: none */
    bool has_boot_log;
    struct bytes boot_log;
    const struct source *list; /* IMA list; NULL: none */
    struct ima_digest_format list_format;
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
 * The list is read once, or again when the common extend rule does not lead to the quoted values.
 * Every read stands for itself: a list that changes in between cannot pass by halves.
 *
 * The caller sets v->profile, the identity and CHECK_AK_IDENTITY, and may have failed
 * CHECK_EVIDENCE_FORMAT; then nothing else is looked at.
 *
 * @param policy  NULL for inspect
 * @param v       evidence that is wrong, however wrong, ends here
 * @param err     our own faults only: ERROR_NOMEM, ERROR_CRYPTO, ERROR_IO; v is then no verdict
 */
MUST_USE bool appraise(const struct appraise_input *in, const struct policy *policy,
        struct hasher *h, struct verdict *v, struct error *err);
