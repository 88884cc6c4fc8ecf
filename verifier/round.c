/* SPDX-License-Identifier: BSD-3-Clause */
#include "verifier/round.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "host/clock.h"
#include "verifier/fetch.h"
#include "verifier/open_findings.h"

/* One question of a round, its answer, and what it came to. */
struct attempt {
    struct fetch fetch;
    struct evidence_input input;
    struct source list;
    struct verdict verdict;
    struct appraise_outcome outcome;
};

static void attempt_clear(struct attempt *a)
{
    fetch_clear(&a->fetch);
    evidence_input_clear(&a->input);
    verdict_clear(&a->verdict);
    *a = (struct attempt){ 0 };
}

void round_clear(struct round *r)
{
    verdict_clear(&r->verdict);
    buffer_clear(&r->ak_public);
    *r = (struct round){ 0 };
}

static bool selections_are_equal(const struct pcr_selection *a, const struct pcr_selection *b)
{
    if (a->count != b->count) {
        return false;
    }
    for (size_t i = 0; i < a->count; i++) {
        if (a->bank[i].alg != b->bank[i].alg || a->bank[i].mask != b->bank[i].mask) {
            return false;
        }
    }
    return true;
}

/* What is held was judged by this policy; by another one everything is to be judged again. */
static bool state_fits(const struct host_state *s, const struct policy *policy)
{
    return s->ak_name.len > 0 &&
            memcmp(s->policy_digest, policy->digest, sizeof(s->policy_digest)) == 0 &&
            selections_are_equal(&s->selection, &policy->quote);
}

/* Ask for what is held to be left out. */
static void offer_held(const struct host_state *s, struct fetch_request *request)
{
    if (s->has_boot_log && request->wants_boot_log) {
        request->boot_log_id = (struct bytes){ s->boot_log_id, sizeof(s->boot_log_id) };
        request->boot_log_size = s->boot_log_size;
    }
    if (s->has_list && request->wants_ima_list) {
        request->has_cursor = true;
        request->cursor = (struct message_cursor){
            .ak_name = tpm_name_view(&s->ak_name),
            .reset_count = s->list.reset,
            .restart_count = s->list.restart,
            .entry = s->list.entry,
        };
        request->list_offset = s->list.offset;
    }
}

static bool ask(struct host *host, const struct policy *policy, bool whole, struct attempt *a,
        struct error *err)
{
    struct fetch_limits limits = fetch_limits_default();
    struct fetch_request request = {
        .selection = policy->quote,
        .wants_boot_log = policy->boot != POLICY_BOOT_ABSENT,
        .wants_ima_list = policy->has_ima,
    };

    limits.deadline_ms = host->deadline_ms;
    if (!whole) {
        offer_held(host->state, &request);
    }
    return fetch_start(&a->fetch, host->link, &limits, &request, err);
}

/* What is held is of one key; of another one it says nothing. */
static bool use_state(const struct host *host, const struct policy *policy, struct attempt *a,
        struct error *err)
{
    const struct host_state *s = host->state;
    struct bytes held = tpm_name_view(&s->ak_name);

    if (held.len == 0 || a->input.sent.name.len == 0) {
        return true;
    }
    if (bytes_equal(held, tpm_name_view(&a->input.sent.name))) {
        a->input.in.last_clock = &s->clock;
        a->input.in.held = s->has_list && state_fits(s, policy) ? &s->list : NULL;
        a->input.in.seen = s->has_list ? &s->list : NULL;
        return true;
    }
    return check_refuse(&a->verdict, CHECK_AK_IDENTITY, NULL, err,
            "the evidence is by another attestation key than that of the rounds before: another"
            " machine, or its TPM was cleared");
}

static bool use_list(struct host *host, struct attempt *a, struct error *err)
{
    const struct message_log *log = &a->fetch.evidence.log[LOG_KIND_IMA];
    struct appraise_input *in = &a->input.in;

    if (!log->follows) {
        return true;
    }
    in->list_format = (struct ima_digest_format){ log->template_alg, log->template_size };
    if (!hasher_has(host->hasher, in->list_format.alg)) {
        return check_refuse(&a->verdict, CHECK_EVIDENCE_FORMAT, NULL, err,
                "this build cannot compute the list's template digests (%s)",
                digest_name(in->list_format.alg));
    }
    a->list = fetch_list(&a->fetch);
    in->list = &a->list;
    in->list_is_delta = log->offset != 0;
    return true;
}

/* Everything appraise() wants but the boot log, which may have to be asked for. */
static bool prepare(struct host *host, const struct policy *policy, struct attempt *a,
        struct error *err)
{
    const struct message_evidence *e = &a->fetch.evidence;
    struct bytes challenge = { a->fetch.challenge, sizeof(a->fetch.challenge) };

    a->input.in.asked = &policy->quote;
    return evidence_input_init(&a->input, e, host->who, challenge, host->hasher, &a->verdict,
                   err) &&
            evidence_input_signer(&a->input, e, host->hasher, &a->verdict, err) &&
            use_state(host, policy, a, err) && use_list(host, a, err);
}

static bool use_boot_log(struct host *host, struct attempt *a, struct error *err)
{
    struct appraise_input *in = &a->input.in;

    if (!fetch_boot_log(&a->fetch, host->hasher, err)) {
        return false;
    }
    if (a->fetch.boot_log_is_held) {
        in->held_boot = &host->state->boot;
    } else if (a->fetch.evidence.log[LOG_KIND_BOOT].follows) {
        in->has_boot_log = true;
        in->boot_log = buffer_view(&a->fetch.boot_log);
    }
    return true;
}

/* An error on the way: the attester's own refuses; before any other the quote may. */
static bool refuse_or_fail(struct host *host, const struct policy *policy, struct attempt *a,
        const struct error *why, struct error *err)
{
    if (error_is_about_input(why)) {
        return check_refuse(&a->verdict, CHECK_EVIDENCE_FORMAT, NULL, err, "%s", why->text);
    }
    *err = *why;
    return a->input.in.ak != NULL &&
            evidence_judge_quote(&a->input.in, policy, host->hasher, &a->verdict);
}

static bool judge(struct host *host, const struct policy *policy, struct attempt *a,
        struct error *err)
{
    /* A refusal stays one, whatever fails afterwards. */
    return appraise(&a->input.in, policy, host->hasher, &a->verdict, &a->outcome, err) ||
            evidence_is_refused(&a->verdict);
}

/* Ask and judge. True: there is a verdict. */
static bool attempt_run(struct host *host, const struct policy *policy, bool whole,
        struct attempt *a, struct error *err)
{
    struct error why = { 0 };

    a->verdict.profile = PROFILE_APPRAISE;
    a->verdict.identity_mode = host->identity_mode;
    if (!ask(host, policy, whole, a, &why)) {
        return refuse_or_fail(host, policy, a, &why, err);
    }
    if (!prepare(host, policy, a, err)) {
        return false;
    }
    if (evidence_is_refused(&a->verdict)) {
        a->input.in.list = NULL; /* nothing of it will be read */
    } else if (!use_boot_log(host, a, &why)) {
        a->input.in.list = NULL;
        return refuse_or_fail(host, policy, a, &why, err);
    }
    return judge(host, policy, a, err);
}

static bool quote_holds(const struct verdict *v)
{
    return !evidence_quote_is_refused(v) && v->checks[CHECK_CLOCK].outcome == OUTCOME_PASS;
}

/* The quote is good and what was held did not lead to it: is there more to ask for? */
static bool needs_everything(const struct attempt *a)
{
    bool held_boot_fails = a->fetch.boot_log_is_held &&
            a->verdict.checks[CHECK_BOOT_REPLAY].outcome == OUTCOME_FAIL;

    return a->outcome.needs_whole_list || held_boot_fails;
}

/* Did the evidence bear out what a next round can build on? */
static bool verifies(const struct policy *policy, const struct attempt *a)
{
    return policy->has_ima ? a->outcome.has_progress
                           : a->verdict.checks[CHECK_PCR_DIGEST].outcome == OUTCOME_PASS;
}

/*
 * The policy is another one, and the list does not begin where the boot did: records that the
 * earlier policy has judged are gone (kexec, trimming), and no policy can judge them again. Then
 * what is held still tells whether the list is genuine, and the verdict can say so; it refuses
 * either way, whatever fails here.
 */
static void judge_rest_of_list(struct host *host, const struct policy *policy, struct attempt *a)
{
    struct verdict rest = {
        .profile = a->verdict.profile,
        .identity_mode = a->verdict.identity_mode,
        .checks[CHECK_AK_IDENTITY] = a->verdict.checks[CHECK_AK_IDENTITY],
    };
    struct appraise_outcome outcome = { 0 };
    struct error own = { 0 };

    memcpy(rest.ak_name, a->verdict.ak_name, sizeof(rest.ak_name));
    a->input.in.held = &host->state->list;
    if (a->list.rewind(a->list.ctx, &own) &&
            appraise(&a->input.in, policy, host->hasher, &rest, &outcome, &own) &&
            outcome.has_progress && outcome.continued &&
            check_refuse(&rest, CHECK_IMA_REPLAY, "ima", &own,
                    "the policy changed, and records of this boot that an earlier policy has judged"
                    " are no longer in the list: they cannot be judged again before the next boot")) {
        verdict_clear(&a->verdict);
        a->verdict = rest;
        return;
    }
    verdict_clear(&rest);
}

static bool may_be_rest_of_list(const struct host *host, const struct policy *policy,
        const struct attempt *a)
{
    const struct host_state *s = host->state;

    return quote_holds(&a->verdict) && policy->has_ima && !a->outcome.has_progress &&
            a->input.in.list != NULL && a->input.in.held == NULL && s->has_list &&
            s->list.reset == a->verdict.reset_count;
}

static bool keep_key(struct round *out, const struct attempt *a, struct error *err)
{
    struct bytes key = a->fetch.evidence.ak_public;
    size_t room = 0;

    out->has_evidence = a->fetch.has_evidence;
    (void)bytes_escape(out->agent, sizeof(out->agent), a->fetch.evidence.agent_version);
    out->ak_name = a->input.sent.name;
    buffer_clear(&out->ak_public);
    return buffer_append(&out->ak_public, &room, key, MESSAGE_TPM_MAX, err);
}

static void move_on(struct host *host, const struct policy *policy, const struct attempt *a)
{
    struct host_state *s = host->state;

    s->ak_name = a->input.sent.name;
    memcpy(s->policy_digest, policy->digest, sizeof(s->policy_digest));
    s->selection = policy->quote;
    s->clock = (struct appraise_clock){
        .reset = a->verdict.reset_count,
        .restart = a->verdict.restart_count,
        .clock_ms = a->verdict.clock_ms,
    };
    s->has_boot_log = a->outcome.has_boot;
    if (a->outcome.has_boot && !a->fetch.boot_log_is_held) {
        memcpy(s->boot_log_id, a->fetch.boot_log_id, sizeof(s->boot_log_id));
        s->boot_log_size = a->fetch.boot_log.len;
        s->boot = a->outcome.boot;
    }
    s->has_list = a->outcome.has_progress;
    s->list = a->outcome.progress;
}

static uint64_t count_new(const struct host_state *before, const struct attempt *a)
{
    uint64_t entry = a->outcome.progress.entry;

    return a->outcome.continued && entry >= before->list.entry ? entry - before->list.entry : entry;
}

/* Bring together what was found now and in earlier rounds, and keep it for the next one. */
static bool conclude(struct host *host, const struct policy *policy, struct attempt *a,
        struct round *out, struct error *err)
{
    struct host_state *s = host->state;
    bool moves = verifies(policy, a);

    out->quote_is_proven =
            quote_holds(&a->verdict) && a->verdict.checks[CHECK_PCR_DIGEST].outcome == OUTCOME_PASS;
    out->is_new_boot = s->ak_name.len > 0 && quote_holds(&a->verdict) &&
            (a->verdict.reset_count != s->clock.reset ||
                    (moves && !a->outcome.continued &&
                            a->verdict.restart_count != s->clock.restart));
    if (moves && !a->outcome.continued) {
        findings_clear(&s->open); /* everything was judged again */
    }
    if (!out->is_new_boot && !open_findings_show(&s->open, &a->verdict, err)) {
        return false;
    }
    if (moves) {
        out->new_entries = count_new(s, a);
        if (!open_findings_take(&s->open, &a->verdict, err)) {
            return false;
        }
        move_on(host, policy, a);
    }
    out->verdict = a->verdict;
    a->verdict = (struct verdict){ 0 };
    return true;
}

/* The delta did not verify. The whole list may: it was started anew, trimmed, or the agent lost its
 * place. */
static bool resync(struct host *host, const struct policy *policy, struct attempt *a,
        struct round *out, struct error *err)
{
    out->way = ROUND_RESYNC;
    attempt_clear(a);
    if (!attempt_run(host, policy, true, a, err)) {
        return false;
    }
    host->no_resync_till = verifies(policy, a) ? 0 : clock_now_ms() + ROUND_RESYNC_PAUSE_MS;
    return true;
}

bool round_run(struct host *host, const struct policy *policy, struct round *out, struct error *err)
{
    struct attempt a CLEANUP(attempt_clear) = { 0 };
    bool fits = state_fits(host->state, policy);

    host->deadline_ms =
            clock_now_ms() + (host->time_max_ms > 0 ? host->time_max_ms : FETCH_TIME_MAX_MS);
    out->way = fits ? ROUND_DELTA : ROUND_WHOLE;
    bool ok = attempt_run(host, policy, !fits, &a, err);

    out->received = a.fetch.received;
    if (ok && needs_everything(&a) && clock_now_ms() >= host->no_resync_till) {
        ok = resync(host, policy, &a, out, err);
        out->received += a.fetch.received;
    }
    if (ok && may_be_rest_of_list(host, policy, &a)) {
        judge_rest_of_list(host, policy, &a);
    }
    if (!ok) {
        /* Silence or a fault of ours, and nothing refuses: what came is worth telling, though. */
        out->verdict.profile = PROFILE_APPRAISE;
        out->verdict.identity_mode = host->identity_mode;
        return false;
    }
    return keep_key(out, &a, err) && conclude(host, policy, &a, out, err);
}
