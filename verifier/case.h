/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/attributes.h"
#include "common/digest.h"
#include "common/error.h"
#include "protocol/envelope.h"
#include "tpm/public.h"
#include "verifier/appraise.h"
#include "verifier/ima_input.h"
#include "verifier/policy.h"
#include "verifier/verdict.h"

/* Limits of what is read from files: the structures themselves are far smaller. */
#define CASE_TPM_FILE_MAX ((size_t)64 * 1024)

/** One case: evidence in files, and what it is to be compared with. Paths are NULL when not given.
 */
struct case_request {
    const char *quote;
    const char *signature;
    const char *ak;
    const char *ak_scheme;
    const char *ek;
    struct tpm_name ak_name;
    uint8_t nonce[256]; /* extraData is a TPM2B_DATA, well below */
    size_t nonce_len;
    const char *evidence;
    uint8_t challenge[MESSAGE_CHALLENGE_MAX];
    size_t challenge_len;
    const char *boot_log;
    const char *ima_log;
    const char *ima_digest;
    const char *pcrs;
};

/**
 * Read the case's files and appraise() them.
 *
 * @param policy  NULL for inspect
 * @param v       profile and identity_mode are set; the rest becomes the verdict: what the attester
 *                sent and cannot be parsed ends here, too
 * @param out     for who wants to know more of the list; may be NULL
 * @param err     could not tell: the caller's files (a path that cannot be read, AK, EK), faults of
 * ours. A refusal found before that is in v (verdict_result()); then true is returned
 */
MUST_USE bool case_judge(const struct case_request *request, const struct policy *policy,
        struct hasher *h, struct verdict *v, struct appraise_outcome *out, struct error *err);

/**
 * For a policy that cannot be read: is the evidence refused all the same, because it cannot be
 * parsed or its quote does not hold? Then v is that verdict; else v says nothing.
 */
bool case_is_refused(const struct case_request *request, struct hasher *h, struct verdict *v);
