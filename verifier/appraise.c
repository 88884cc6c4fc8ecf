/* SPDX-License-Identifier: BSD-3-Clause */
#include "verifier/appraise.h"

#include <inttypes.h>

#include "tpm/quote.h"
#include "tpm/signature.h"
#include "verifier/appraise_logs.h"

/* Pass, or fail with what the check found; a fault of our own is neither. */
static bool report(struct verdict *v, enum check check, bool holds, const struct error *why,
        const char *detail, struct error *err)
{
    if (holds) {
        check_pass(v, check, "%s", detail);
        return true;
    }
    if (!error_is_about_input(why)) {
        *err = *why;
        return false;
    }
    return check_refuse(v, check, NULL, err, "%s", why->text);
}

static bool malformed(struct verdict *v, const char *what, const struct error *why,
        struct error *err)
{
    if (!error_is_about_input(why)) {
        *err = *why;
        return false;
    }
    return check_refuse(v, CHECK_EVIDENCE_FORMAT, NULL, err, "%s: %s", what, why->text);
}

static bool check_origin(const struct appraise_input *in, struct hasher *h,
        const struct tpm_attest *attest, const struct tpm_signature *signature, struct verdict *v,
        struct error *err)
{
    struct error why = { 0 };
    bool holds = tpm_check_magic(attest, &why);

    if (!report(v, CHECK_QUOTE_MAGIC, holds, &why, "made by a TPM", err)) {
        return false;
    }
    if (!holds) {
        return true; /* after a wrong magic nothing was read */
    }
    holds = tpm_check_type(attest, &why);
    if (!report(v, CHECK_QUOTE_TYPE, holds, &why, "quote", err)) {
        return false;
    }
    holds = tpm_check_algorithm(in->ak, signature, &why);
    if (!report(v, CHECK_QUOTE_ALGORITHM, holds, &why, tpm_alg_name(signature->alg), err)) {
        return false;
    }
    if (!holds) {
        check_not_run(v, CHECK_QUOTE_SIGNATURE, "the algorithm is not that of the key");
        return true;
    }
    holds = tpm_check_signature(in->ak, h, in->attest, signature, &why);
    return report(v, CHECK_QUOTE_SIGNATURE, holds, &why, "by the attestation key", err);
}

static bool check_key(const struct appraise_input *in, struct verdict *v, struct error *err)
{
    struct error why = { 0 };

    if (!in->ak->has_public) {
        check_not_applicable(v, CHECK_AK_ATTRIBUTES, "a PEM key does not state them");
        return true;
    }
    bool holds = tpm_check_attributes(in->ak, &why);

    return report(v, CHECK_AK_ATTRIBUTES, holds, &why, "restricted, fixed to one TPM", err);
}

static bool check_freshness(const struct appraise_input *in, const struct tpm_attest *attest,
        struct verdict *v, struct error *err)
{
    struct error why = { 0 };

    if (in->nonce.len == 0 && v->profile == PROFILE_INSPECT) {
        check_not_applicable(v, CHECK_NONCE, "no challenge was given: this may be an old quote");
        return true;
    }
    bool holds = tpm_check_nonce(attest, in->nonce, &why);

    return report(v, CHECK_NONCE, holds, &why, "the one that was asked with", err);
}

/* A bank of SHA-256 or better with every PCR that is asked for: a strong one of which only other
 * PCRs are quoted proves nothing that matters. */
static bool has_strong_bank(const struct pcr_selection *quoted, const struct pcr_selection *asked)
{
    uint32_t pcrs = 0;

    for (size_t i = 0; i < asked->count; i++) {
        pcrs |= asked->bank[i].mask;
    }
    for (size_t i = 0; i < quoted->count; i++) {
        if (quoted->bank[i].alg != DIGEST_SHA1 && (pcrs & ~quoted->bank[i].mask) == 0) {
            return true;
        }
    }
    return false;
}

static bool check_selection(const struct appraise_input *in, const struct tpm_attest *attest,
        const struct policy *policy, struct hasher *h, struct pcr_selection *out, struct verdict *v,
        struct error *err)
{
    struct error why = { 0 };

    if (attest->type != TPM_ATTEST_QUOTE) {
        check_not_run(v, CHECK_PCR_SELECTION, "no quote");
        return true;
    }
    if (!tpm_selection_read(&attest->selection, out, &why) ||
            (in->asked != NULL && !tpm_check_selection(out, in->asked, &why))) {
        return report(v, CHECK_PCR_SELECTION, false, &why, "", err);
    }
    for (size_t i = 0; i < out->count; i++) {
        if (!hasher_has(h, out->bank[i].alg)) {
            return check_refuse(v, CHECK_PCR_SELECTION, NULL, err,
                    "this build cannot compute the quoted bank %s", digest_name(out->bank[i].alg));
        }
    }
    if (policy != NULL && !pcr_selection_covers(out, &policy->quote)) {
        return check_refuse(v, CHECK_PCR_SELECTION, NULL, err,
                "the quote does not cover every bank and PCR of the policy (quote.banks,"
                " quote.pcrs)");
    }
    bool weak_allowed = policy == NULL || (policy->has_ima && policy->ima.weak_digests);

    if (!weak_allowed && !has_strong_bank(out, &policy->quote)) {
        return check_refuse(v, CHECK_PCR_SELECTION, NULL, err,
                "only SHA-1 covers the PCRs asked for; quote a SHA-256 bank (weak-digests: allow accepts"
                " SHA-1)");
    }
    check_pass(v, CHECK_PCR_SELECTION, "covers what was asked for");
    return true;
}

static bool check_signer(const struct appraise_input *in, const struct tpm_attest *attest,
        struct verdict *v, struct error *err)
{
    struct error why = { 0 };

    if (in->qualified_signer == NULL) {
        check_not_applicable(v, CHECK_QUALIFIED_SIGNER, "the EK of this key is not known");
        return true;
    }
    bool holds = tpm_check_signer(attest, tpm_name_view(in->qualified_signer), &why);

    return report(v, CHECK_QUALIFIED_SIGNER, holds, &why,
            "the key is under the EK, in the endorsement hierarchy", err);
}

/*
 * Clock and counters only go on (TPM 2.0 Part 1, "Clock", "resetCount", "restartCount"). What may
 * set Clock back is a TPM Reset: without an orderly shutdown before it, Clock starts again from its
 * last copy in NV memory, up to 2^22 ms old, and Safe is NO until it has passed all values it may
 * have reported. Every TPM Reset counts resetCount up, so that within one value of it Clock does
 * not go back, safe or not: a TPM Restart or Resume comes after TPM2_Shutdown(STATE), which keeps
 * it. TPM2_Clear sets all three to zero.
 */
static bool check_order(const struct appraise_clock *last, const struct tpm_clock *now,
        struct verdict *v, struct error *err)
{
    if (last == NULL || now->reset > last->reset) {
        return true;
    }
    if (now->reset < last->reset) {
        return check_refuse(v, CHECK_CLOCK, NULL, err,
                "resetCount went back from %" PRIu32 " to %" PRIu32
                ": this is an old quote, or the TPM was cleared since the last round",
                last->reset, now->reset);
    }
    if (now->restart < last->restart) {
        return check_refuse(v, CHECK_CLOCK, NULL, err,
                "restartCount went back from %" PRIu32 " to %" PRIu32 ": this is an old quote",
                last->restart, now->restart);
    }
    if (now->clock_ms < last->clock_ms) {
        return check_refuse(v, CHECK_CLOCK, NULL, err,
                "the TPM's clock went back by %" PRIu64 " ms within one boot: this is an old quote",
                last->clock_ms - now->clock_ms);
    }
    return true;
}

static bool check_safe(const struct tpm_attest *attest, const struct policy *policy,
        struct verdict *v, struct error *err)
{
    if (attest->clock.safe) {
        check_pass(v, CHECK_CLOCK, "safe");
        return true;
    }
    if (policy != NULL && policy->refuse_unsafe_clock) {
        return check_refuse(v, CHECK_CLOCK, NULL, err,
                "the TPM says its clock is not safe: it lost power without an orderly shutdown"
                " (unsafe-clock: warn accepts it)");
    }
    struct finding f = { .severity = SEVERITY_WARN, .check = CHECK_CLOCK, .kind = "quote" };

    check_pass(v, CHECK_CLOCK, "not safe; the policy only warns");
    if (!text_set(&f.text, err,
                "the TPM's clock is not safe: it lost power without an orderly shutdown")) {
        return false;
    }
    return findings_add(&v->findings, &f, err);
}

static bool check_clock(const struct appraise_input *in, const struct tpm_attest *attest,
        const struct policy *policy, struct verdict *v, struct error *err)
{
    v->has_boot = true;
    v->reset_count = attest->clock.reset;
    v->restart_count = attest->clock.restart;
    v->clock_ms = attest->clock.clock_ms;
    v->clock_safe = attest->clock.safe;
    if (!check_order(in->last_clock, &attest->clock, v, err)) {
        return false;
    }
    return v->checks[CHECK_CLOCK].outcome == OUTCOME_FAIL || check_safe(attest, policy, v, err);
}

static bool quote_holds(const struct verdict *v)
{
    for (int c = CHECK_EVIDENCE_FORMAT; c <= CHECK_CLOCK; c++) {
        enum outcome o = v->checks[c].outcome;

        if (o != OUTCOME_PASS && o != OUTCOME_NOT_APPLICABLE) {
            return false;
        }
    }
    return true;
}

/* All checks of the quote, even after one failed, so that the operator sees the whole picture. */
static bool check_quote(const struct appraise_input *in, const struct policy *policy,
        struct hasher *h, const struct tpm_attest *attest, const struct tpm_signature *signature,
        struct pcr_selection *selection, struct verdict *v, struct error *err)
{
    if (!check_origin(in, h, attest, signature, v, err) || !check_key(in, v, err)) {
        return false;
    }
    if (attest->magic != TPM_GENERATED) {
        return true;
    }
    return check_freshness(in, attest, v, err) &&
            check_selection(in, attest, policy, h, selection, v, err) &&
            check_signer(in, attest, v, err) && check_clock(in, attest, policy, v, err);
}

/* Decode what the quote is made of; v says how it went. */
static bool decode(const struct appraise_input *in, struct tpm_attest *attest,
        struct tpm_signature *signature, struct verdict *v, struct error *err)
{
    struct error why = { 0 };

    if (v->checks[CHECK_EVIDENCE_FORMAT].outcome == OUTCOME_FAIL) {
        return true;
    }
    if (!tpm_attest_read(in->attest, attest, &why)) {
        return malformed(v, "quote", &why, err);
    }
    if (!tpm_signature_read(in->signature, signature, &why)) {
        return malformed(v, "signature", &why, err);
    }
    check_pass(v, CHECK_EVIDENCE_FORMAT, "quote and signature decode");
    return true;
}

bool appraise_format(const struct appraise_input *in, struct verdict *v, struct error *err)
{
    struct tpm_attest attest;
    struct tpm_signature signature;

    return decode(in, &attest, &signature, v, err);
}

bool appraise(const struct appraise_input *in, const struct policy *policy, struct hasher *h,
        struct verdict *v, struct appraise_outcome *out, struct error *err)
{
    struct tpm_attest attest;
    struct tpm_signature signature;
    struct pcr_selection selection;

    if (out != NULL) {
        *out = (struct appraise_outcome){ 0 };
    }
    v->ima = (policy != NULL ? policy->has_ima : in->list != NULL) ? "unanchored" : "absent";
    if (!decode(in, &attest, &signature, v, err)) {
        return false;
    }
    if (v->checks[CHECK_EVIDENCE_FORMAT].outcome == OUTCOME_FAIL) {
        return true;
    }
    if (!check_quote(in, policy, h, &attest, &signature, &selection, v, err)) {
        return false;
    }
    if (quote_holds(v)) {
        struct appraise_logs logs = {
            .in = in,
            .policy = policy,
            .hasher = h,
            .selection = selection,
            .digest = attest.pcr_digest,
            .reset = attest.clock.reset,
            .restart = attest.clock.restart,
            .v = v,
            .out = out,
        };

        if (!digest_from_tpm_id(signature.hash, &logs.digest_alg)) {
            return error_set(err, ERROR_CRYPTO, "hash of the signature");
        }
        if (!appraise_logs(&logs, err)) {
            return false;
        }
    }
    return findings_finish(&v->findings, err);
}
