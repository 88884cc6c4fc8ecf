/* SPDX-License-Identifier: BSD-3-Clause */
#include "verifier/appraise_logs.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static uint32_t quoted_pcrs(const struct appraise_logs *l)
{
    uint32_t pcrs = 0;

    for (size_t i = 0; i < l->selection.count; i++) {
        pcrs |= l->selection.bank[i].mask;
    }
    return pcrs;
}

/* Quoted registers that the boot log has to explain. */
static uint32_t boot_pcrs(const struct appraise_logs *l)
{
    return quoted_pcrs(l) & PCR_MASK_BOOT & ~l->ima_pcrs;
}

/* No boot log on this machine: boot PCRs are what the hints say, as far as pcrDigest bears them
 * out. */
bool logs_boot_is_absent(const struct appraise_logs *l)
{
    return l->policy != NULL ? l->policy->boot == POLICY_BOOT_ABSENT
                             : !l->in->has_boot_log && l->in->held_boot == NULL;
}

bool logs_list_is_judged(const struct appraise_logs *l)
{
    return l->policy != NULL ? l->policy->has_ima : l->in->list != NULL;
}

/* A log that does not parse refuses, whatever else holds; a fault of ours is returned. */
bool logs_malformed(struct appraise_logs *l, const char *log, const uint64_t *entry,
        const struct error *why, struct error *err)
{
    struct finding f = {
        .check = CHECK_EVIDENCE_FORMAT,
        .kind = check_kind(CHECK_EVIDENCE_FORMAT),
        .log = log,
        .has_entry = entry != NULL,
        .entry = entry != NULL ? *entry : 0,
    };

    if (!error_is_about_input(why)) {
        *err = *why;
        return false;
    }
    check_fail(l->v, CHECK_EVIDENCE_FORMAT, "%s log: %s", log, why->text);
    if (!text_set(&f.text, err, "the %s log does not parse: %s", log, why->text)) {
        return false;
    }
    return findings_add(&l->v->findings, &f, err);
}

bool logs_are_malformed(const struct appraise_logs *l)
{
    return l->v->checks[CHECK_EVIDENCE_FORMAT].outcome == OUTCOME_FAIL;
}

static bool note_pcr(void *ctx, const struct ima_entry *entry, struct error *err)
{
    uint32_t *pcrs = ctx;

    (void)err;
    *pcrs |= 1u << entry->pcr;
    return true;
}

bool logs_rewind_list(struct appraise_logs *l, struct error *err)
{
    const struct source *source = l->in->list;
    bool again = l->list_was_read;

    l->list_was_read = true;
    return !again || source->rewind(source->ctx, err);
}

/* Inspect has no policy to say which registers are the list's: those that its records name. */
static bool find_list_pcrs(struct appraise_logs *l, struct error *err)
{
    const struct source *source = l->in->list;
    struct ima_list list CLEANUP(ima_list_clear) = { 0 };
    struct error why = { 0 };
    uint32_t pcrs = 1u << PCR_IMA;
    struct bytes chunk;

    ima_list_init(&list, l->in->list_format);
    if (!logs_rewind_list(l, err)) {
        return false;
    }
    do {
        if (!source->next(source->ctx, &chunk, &why) ||
                !ima_list_feed(&list, chunk, note_pcr, &pcrs, &why)) {
            return logs_malformed(l, "ima", &list.index, &why, err);
        }
    } while (chunk.len > 0);
    if (!ima_list_end(&list, &why)) {
        return logs_malformed(l, "ima", &list.index, &why, err);
    }
    l->ima_pcrs = pcrs & quoted_pcrs(l) & ~PCR_MASK_BOOT;
    return true;
}

/* A list that nobody judges is evidence all the same: it must parse. */
static bool parse_list(struct appraise_logs *l, struct error *err)
{
    struct error why = { 0 };

    ima_walk_init(&l->walk, l->hasher, l->in->list_format, 0, false);
    bool ok = ima_walk_run(&l->walk, l->in->list, &why);
    uint64_t entry = l->walk.list.index;

    ima_walk_clear(&l->walk);
    return ok || logs_malformed(l, "ima", &entry, &why, err);
}

static bool choose_list_pcrs(struct appraise_logs *l, struct error *err)
{
    if (!logs_list_is_judged(l)) {
        return l->in->list == NULL || parse_list(l, err);
    }
    if (l->policy == NULL) {
        return find_list_pcrs(l, err);
    }
    l->ima_pcrs = l->policy->ima.pcrs;
    return true;
}

static bool read_boot_log(struct appraise_logs *l, struct error *err)
{
    struct eventlog_replay_options options = {
        .registers = EVENTLOG_PCR,
        .banks = EVENTLOG_BANKS_ALL, /* boot_aggregate may be of a bank that is not quoted */
    };
    struct error why = { 0 };

    if (!l->in->has_boot_log && l->in->held_boot == NULL) {
        return true;
    }
    if (!l->in->has_boot_log) {
        l->boot = *l->in->held_boot;
    } else if (!eventlog_replay(l->in->boot_log, &options, l->hasher, &l->boot, &why)) {
        return logs_malformed(l, "boot", NULL, &why, err);
    }
    l->boot_replayed = !logs_boot_is_absent(l); /* boot: absent takes nothing from it */
    return true;
}

static bool refuse_boot(struct appraise_logs *l, enum digest_alg bank, unsigned int pcr,
        const char *why, struct error *err)
{
    return check_refuse(l->v, CHECK_BOOT_REPLAY, "boot", err, "PCR %u of bank %s: %s", pcr,
            digest_name(bank), why);
}

/* A register that firmware never extended leaves room for an invented history. */
static bool check_boot_bank(struct appraise_logs *l, const struct pcr_selection_bank *bank,
        struct error *err)
{
    uint32_t extended = l->boot.extended[bank->alg];

    if ((l->boot.banks & 1u << bank->alg) == 0) {
        return check_refuse(l->v, CHECK_BOOT_REPLAY, "boot", err, "the boot log has no bank %s",
                digest_name(bank->alg));
    }
    for (uint32_t left = bank->mask; left != 0; left &= left - 1) {
        unsigned int pcr = (unsigned int)__builtin_ctz(left);
        bool is_extended = (extended & 1u << pcr) != 0;

        if ((l->ima_pcrs & 1u << pcr) == 0 && (PCR_MASK_FIRMWARE & 1u << pcr) != 0 &&
                !is_extended &&
                !refuse_boot(l, bank->alg, pcr,
                        "the boot log has no event for it, though firmware always measures there",
                        err)) {
            return false;
        }
    }
    return true;
}

/* A register of the list must not be explained by events that root made up, in whatever bank. */
static bool check_list_pcrs(struct appraise_logs *l, struct error *err)
{
    uint32_t extended = 0;

    for (size_t alg = 0; alg < DIGEST_ALG_COUNT; alg++) {
        extended |= l->boot.extended[alg];
    }
    for (uint32_t left = l->ima_pcrs & extended; left != 0; left &= left - 1) {
        if (!check_refuse(l->v, CHECK_BOOT_REPLAY, "boot", err,
                    "PCR %d: the boot log has events in a PCR that belongs to the IMA list",
                    __builtin_ctz(left))) {
            return false;
        }
    }
    return true;
}

/* What must hold of the boot log before its values are compared with anything. */
static bool check_boot_structure(struct appraise_logs *l, struct error *err)
{
    if (logs_boot_is_absent(l)) {
        check_not_applicable(l->v, CHECK_BOOT_REPLAY,
                l->policy != NULL ? "boot: absent" : "there is no boot log");
        return true;
    }
    if (l->boot_replayed && !check_list_pcrs(l, err)) {
        return false;
    }
    if (boot_pcrs(l) == 0) {
        if (l->v->checks[CHECK_BOOT_REPLAY].outcome == OUTCOME_NOT_RUN) {
            check_not_applicable(l->v, CHECK_BOOT_REPLAY, "no boot PCR is quoted");
        }
        return true;
    }
    if (!l->boot_replayed) {
        return check_refuse(l->v, CHECK_BOOT_REPLAY, "boot", err,
                "there is no boot log, and the policy needs one (boot: absent is for machines that"
                " have none)");
    }
    for (size_t i = 0; i < l->selection.count; i++) {
        if (!check_boot_bank(l, &l->selection.bank[i], err)) {
            return false;
        }
    }
    return true;
}

/* What the next round may build on. */
static void keep_outcome(struct appraise_logs *l)
{
    const struct check_result *checks = l->v->checks;
    bool stands = !logs_are_malformed(l) && l->walk.met && !l->behind;

    if (checks[CHECK_BOOT_REPLAY].outcome == OUTCOME_PASS) {
        l->out->has_boot = true;
        l->out->boot = l->boot;
    }
    if (stands) {
        logs_keep_progress(l);
    }
    l->out->needs_whole_list = l->in->list_is_delta && logs_list_is_judged(l) && !stands;
}

bool appraise_logs(struct appraise_logs *l, struct error *err)
{
    bool ok;

    if (l->digest.len != digest_size(l->digest_alg)) {
        return check_refuse(l->v, CHECK_PCR_DIGEST, NULL, err,
                "the quoted digest has %zu bytes, want %zu", l->digest.len,
                digest_size(l->digest_alg));
    }
    if (!choose_list_pcrs(l, err) || (!logs_are_malformed(l) && !read_boot_log(l, err))) {
        return false;
    }
    if (logs_are_malformed(l)) {
        return true;
    }
    if (!check_boot_structure(l, err)) {
        return false;
    }
    logs_set_held(l);
    ok = appraise_search(l, err);
    if (ok && !logs_are_malformed(l)) {
        ok = appraise_conclude(l, err);
    }
    if (ok && l->out != NULL) {
        keep_outcome(l);
    }
    judge_reset(&l->judge);
    return ok;
}
