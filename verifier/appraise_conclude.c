/* SPDX-License-Identifier: BSD-3-Clause */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "verifier/appraise_logs.h"

static bool conclude_boot(struct appraise_logs *l, struct error *err)
{
    struct verdict *v = l->v;

    if (v->checks[CHECK_BOOT_REPLAY].outcome != OUTCOME_NOT_RUN) {
        l->boot_holds = l->boot_holds && v->checks[CHECK_BOOT_REPLAY].outcome != OUTCOME_FAIL;
        return true;
    }
    if (l->boot_holds) {
        check_pass(v, CHECK_BOOT_REPLAY, "%zu events lead to the quoted values%s", l->boot.events,
                l->in->has_boot_log ? "" : ", as held from an earlier round");
        return true;
    }
    return check_refuse(v, CHECK_BOOT_REPLAY, "boot", err,
            "no replay of the boot log agrees with the quoted digest%s",
            l->in->hints == NULL ? "; give PCR values (--pcrs) to learn which PCR differs" : "");
}

/* Why a list of which earlier records were attested leads nowhere. */
static const char *how_it_broke_off(const struct appraise_logs *l)
{
    if (!l->shape.known) {
        return "";
    }
    return l->shape.starts_with_aggregate
            ? "; nor does it go on from the records attested earlier, as after a kexec without a gap"
            : "; it does not start at boot, nor go on from the records attested earlier: if it was"
              " trimmed, records are lost that were not attested";
}

static bool refuse_list(struct appraise_logs *l, struct error *err)
{
    struct finding f = {
        .check = CHECK_IMA_REPLAY,
        .kind = check_kind(CHECK_IMA_REPLAY),
        .log = "ima",
    };
    enum digest_alg alg = l->selection.bank[0].alg;
    unsigned int pcr = (unsigned int)__builtin_ctz(l->ima_pcrs);
    struct bytes expected;

    check_fail(l->v, CHECK_IMA_REPLAY,
            "no prefix of %" PRIu64 " records leads to the quoted values", l->v->entries);
    if (!text_set(&f.text, err,
                "no prefix of the list's %" PRIu64 " records leads to the quoted value of PCR %u in"
                " bank %s: records were changed, removed, added or reordered%s%s",
                l->v->entries, pcr, digest_name(alg), how_it_broke_off(l),
                logs_boot_is_absent(l) && !l->hints_proven
                        ? ", or the PCR values given are not the quoted ones"
                        : "") ||
            (l->v->entries > 0 &&
                    !text_hex(&f.found,
                            ima_replay_value(&l->walk.replay, alg, IMA_RULE_PER_BANK, pcr), err)) ||
            (l->hints_proven && logs_hint(l, alg, pcr, &expected) &&
                    !text_hex(&f.expected, expected, err))) {
        finding_clear(&f);
        return false;
    }
    return findings_add(&l->v->findings, &f, err);
}

/* Of all that was judged, a list that does not replay leaves one thing to say: which record's
 * template digest is not that of its data. It accuses the list, not a file. */
static bool keep_wrong_digests(struct appraise_logs *l, struct error *err)
{
    for (size_t i = 0; i < l->judge.findings.count; i++) {
        struct finding *f = &l->judge.findings.at[i];

        if (f->rule != NULL && strcmp(f->rule, JUDGE_RULE_TEMPLATE_DIGEST) == 0 &&
                !findings_add(&l->v->findings, f, err)) {
            return false;
        }
    }
    judge_reset(&l->judge);
    return true;
}

static bool warn_of_padding(struct appraise_logs *l, enum digest_alg alg, struct error *err)
{
    struct finding f = {
        .severity = SEVERITY_WARN,
        .check = CHECK_IMA_REPLAY,
        .kind = check_kind(CHECK_IMA_REPLAY),
        .log = "ima",
    };

    return text_set(&f.text, err,
                   "bank %s holds SHA-1 digests with zeros behind: it proves no more than SHA-1",
                   digest_name(alg)) &&
            findings_add(&l->v->findings, &f, err);
}

/* A bank that follows zero-padded SHA-1 proves no more than SHA-1. */
static bool check_padding(struct appraise_logs *l, struct error *err)
{
    uint32_t padded = logs_padded_banks(l);

    for (size_t i = 0; i < l->selection.count; i++) {
        enum digest_alg alg = l->selection.bank[i].alg;

        if ((padded & 1u << alg) == 0) {
            continue;
        }
        if (l->policy == NULL || l->policy->ima.weak_digests) {
            if (!warn_of_padding(l, alg, err)) {
                return false;
            }
        } else if (!check_refuse(l->v, CHECK_IMA_REPLAY, "ima", err,
                           "bank %s holds SHA-1 digests with zeros behind: it proves no more than"
                           " SHA-1; leave it out of quote.banks, or say weak-digests: allow",
                           digest_name(alg))) {
            return false;
        }
    }
    return true;
}

/* What the list had in the last round was extended before, or at, this quote; else the quote shows
 * registers that records were kept away from. */
static bool check_tail(struct appraise_logs *l, struct error *err)
{
    uint64_t must = l->way.must_attest;
    uint64_t attested = l->walk.attested;

    bool changed = attested >= must && must > 0 &&
            memcmp(l->old_tail, l->seen->tail, sizeof(l->old_tail)) != 0;

    l->behind = attested < must || changed;
    if (!l->behind) {
        return true;
    }
    if (changed) {
        return check_refuse(l->v, CHECK_IMA_REPLAY, "ima", err,
                "the list was changed: other records are attested than the %" PRIu64
                " that it had at the last round",
                must - l->seen->entry);
    }
    if (attested < l->seen->entry) {
        return check_refuse(l->v, CHECK_IMA_REPLAY, "ima", err,
                "the list became shorter: %" PRIu64 " records were attested, now %" PRIu64,
                l->seen->entry, attested);
    }
    return check_refuse(l->v, CHECK_IMA_REPLAY, "ima", err,
            "the quote stays behind the list: %" PRIu64
            " records that were in the list at the last round are not attested",
            must - attested);
}

static bool warn_of_trimming(struct appraise_logs *l, struct error *err)
{
    struct finding f = {
        .severity = SEVERITY_WARN,
        .check = CHECK_IMA_REPLAY,
        .kind = check_kind(CHECK_IMA_REPLAY),
        .log = "ima",
    };

    if (l->way.kind != LIST_TRIMMED || l->way.index == 0) {
        return true;
    }
    return text_set(&f.text, err,
                   "the list was trimmed: its first %" PRIu64
                   " records are gone, all of which were attested in earlier rounds",
                   l->way.index) &&
            findings_add(&l->v->findings, &f, err);
}

/* Another kernel began a list of its own; what it extends shows that nothing was lost. */
static bool judge_kexec(struct appraise_logs *l, struct error *err)
{
    struct finding f = { .check = CHECK_BOOT_AGGREGATE, .kind = "kexec", .log = "ima" };

    if (!logs_list_was_restarted(l)) {
        return true;
    }
    if (l->policy == NULL || l->policy->ima.kexec) {
        f.severity = SEVERITY_WARN;
    } else {
        l->judge.sum.aggregate.state = AGGREGATE_BAD;
    }
    return text_set(&f.text, err,
                   "another kernel was started by kexec and began a list of its own, from the"
                   " values that the list before had led to%s",
                   f.severity == SEVERITY_WARN ? "" : " (kexec: allow accepts it)") &&
            findings_add(&l->v->findings, &f, err);
}

static void pass_list(struct appraise_logs *l)
{
    struct verdict *v = l->v;
    uint64_t before = l->way.kind == LIST_WHOLE ? 0 : l->way.count;

    if (before == 0) {
        check_pass(v, CHECK_IMA_REPLAY,
                "%" PRIu64 " of %" PRIu64 " records lead to the quoted values", v->attested,
                v->entries);
    } else {
        check_pass(v, CHECK_IMA_REPLAY,
                "%" PRIu64 " of %" PRIu64 " records lead to the quoted values, %" PRIu64
                " of them were attested before",
                v->attested, v->entries, before);
    }
}

static bool conclude_list(struct appraise_logs *l, struct error *err)
{
    struct verdict *v = l->v;

    if (!logs_list_is_judged(l)) {
        check_not_applicable(v, CHECK_IMA_REPLAY,
                l->policy != NULL ? "the policy has no ima" : "there is no list");
        return true;
    }
    if (l->in->list == NULL) {
        return check_refuse(v, CHECK_IMA_REPLAY, "ima", err,
                "there is no IMA list, and the policy needs one");
    }
    if (l->ima_pcrs == 0) {
        return check_refuse(v, CHECK_IMA_REPLAY, "ima", err,
                "no PCR of the IMA list is quoted: nothing proves it");
    }
    if (l->unfit != NULL) {
        return check_refuse(v, CHECK_IMA_REPLAY, "ima", err,
                "the part of a list that was sent cannot be used: %s", l->unfit);
    }
    if (!l->hints_proven && !l->base_complete && !l->walk.met) {
        check_not_run(v, CHECK_IMA_REPLAY, "values of other quoted PCRs are not known");
        return true;
    }
    if (l->list_fits_hints) {
        check_not_run(v, CHECK_IMA_REPLAY,
                "it leads to the values given for its PCRs, but the values given are not the"
                " quoted ones");
        return true;
    }
    if (v->entries == 0 && !l->walk.met) {
        return check_refuse(v, CHECK_IMA_REPLAY, "ima", err, "the IMA list is empty");
    }
    if (!l->walk.met) {
        return refuse_list(l, err) && keep_wrong_digests(l, err);
    }
    v->attested = l->walk.attested;
    if (!check_padding(l, err) || !check_tail(l, err) || !warn_of_trimming(l, err) ||
            !judge_kexec(l, err)) {
        return false;
    }
    if (l->judge.replay_failed) {
        check_fail(v, CHECK_IMA_REPLAY, "the list leads to the quoted values, but is not whole");
    } else if (v->checks[CHECK_IMA_REPLAY].outcome == OUTCOME_NOT_RUN) {
        pass_list(l);
    }
    return true;
}

/* All of it once more from what was replayed: this is the check that the signature covers. */
static bool conclude_digest(struct appraise_logs *l, struct error *err)
{
    struct verdict *v = l->v;
    struct pcr_values values = l->base;
    bool boot_failed = v->checks[CHECK_BOOT_REPLAY].outcome == OUTCOME_FAIL;
    bool list_failed = v->checks[CHECK_IMA_REPLAY].outcome == OUTCOME_FAIL;
    bool quoted;

    if (boot_failed || list_failed) {
        check_not_run(v, CHECK_PCR_DIGEST, "a log does not replay");
        return true;
    }
    for (size_t i = 0; i < l->selection.count && l->walk.met; i++) {
        enum digest_alg alg = l->selection.bank[i].alg;

        for (uint32_t left = l->ima_pcrs; left != 0; left &= left - 1) {
            unsigned int pcr = (unsigned int)__builtin_ctz(left);

            pcr_values_set(&values, alg, pcr,
                    ima_replay_value(&l->walk.at_mark, alg, l->walk.rules.rule[alg], pcr).ptr);
        }
    }
    if (!logs_values_are_quoted(l, &values, &quoted, err)) {
        return false;
    }
    if (quoted) {
        check_pass(v, CHECK_PCR_DIGEST, "the replayed values are the quoted ones");
        return true;
    }
    if (l->list_fits_hints) {
        return check_refuse(v, CHECK_PCR_DIGEST, NULL, err,
                "the PCR values given are not the quoted ones; the list agrees with those of its"
                " own PCRs: it and they, or values of other PCRs, are not this machine's");
    }
    return check_refuse(v, CHECK_PCR_DIGEST, NULL, err, "%s",
            l->base_complete ? "the PCR values do not hash into the quoted digest"
                             : "values of quoted PCRs are not known: give them (--pcrs)");
}

static bool conclude_aggregate(struct appraise_logs *l, struct error *err)
{
    struct verdict *v = l->v;

    if (!logs_list_is_judged(l)) {
        check_not_applicable(v, CHECK_BOOT_AGGREGATE,
                l->policy != NULL ? "the policy has no ima" : "there is no list");
    } else if (!l->walk.met) {
        check_not_run(v, CHECK_BOOT_AGGREGATE, "the list does not replay");
    } else if (l->judge.boot == NULL && v->checks[CHECK_BOOT_REPLAY].outcome == OUTCOME_FAIL) {
        check_not_run(v, CHECK_BOOT_AGGREGATE, "the boot log does not replay");
    } else if (l->judge.boot == NULL) {
        return check_refuse(v, CHECK_BOOT_AGGREGATE, "ima", err,
                "boot_aggregate cannot be recomputed: there is no boot log");
    } else if (l->judge.sum.aggregate.state == AGGREGATE_GOOD) {
        check_pass(v, CHECK_BOOT_AGGREGATE, "recomputed from %s", l->judge.boot_source);
    } else if (l->judge.sum.aggregate.state == AGGREGATE_BAD) {
        check_fail(v, CHECK_BOOT_AGGREGATE, "does not recompute from %s", l->judge.boot_source);
    } else {
        check_not_run(v, CHECK_BOOT_AGGREGATE, "no attested record is boot_aggregate");
    }
    return true;
}

static bool refuse_reference(struct appraise_logs *l, const struct policy_reference *ref,
        struct bytes value, struct error *err)
{
    struct finding f = {
        .check = CHECK_BOOT_POLICY,
        .kind = check_kind(CHECK_BOOT_POLICY),
        .log = "boot",
    };
    struct bytes first = { ref->allowed[0], digest_size(ref->bank) };

    check_fail(l->v, CHECK_BOOT_POLICY, "PCR %u of bank %s has no allowed value", ref->pcr,
            digest_name(ref->bank));
    if (!text_hex(&f.expected, first, err) || !text_hex(&f.found, value, err) ||
            !text_set(&f.rule, err, "boot.pcrs.%s.%u line %d", digest_name(ref->bank), ref->pcr,
                    (int)ref->mark.line) ||
            !text_set(&f.text, err,
                    "PCR %u of bank %s has a value that the policy does not allow (%zu allowed)",
                    ref->pcr, digest_name(ref->bank), ref->allowed_count)) {
        finding_clear(&f);
        return false;
    }
    return findings_add(&l->v->findings, &f, err);
}

static bool conclude_boot_policy(struct appraise_logs *l, struct error *err)
{
    struct verdict *v = l->v;

    if (l->policy == NULL || l->policy->boot != POLICY_BOOT_REFERENCES) {
        check_not_applicable(v, CHECK_BOOT_POLICY, "%s",
                l->policy == NULL                               ? "there is no policy"
                        : l->policy->boot == POLICY_BOOT_ABSENT ? "boot: absent"
                                                                : "boot: unchecked");
        return true;
    }
    if (!l->boot_holds) {
        check_not_run(v, CHECK_BOOT_POLICY, "the boot log does not replay");
        return true;
    }
    check_pass(v, CHECK_BOOT_POLICY, "%zu PCRs have an allowed value", l->policy->reference_count);
    for (size_t i = 0; i < l->policy->reference_count; i++) {
        const struct policy_reference *ref = &l->policy->references[i];
        struct bytes value;

        if (!pcr_values_get(&l->base, ref->bank, ref->pcr, &value)) {
            if (!check_refuse(v, CHECK_BOOT_POLICY, "boot", err,
                        "PCR %u of bank %s, which the policy refers to, is not known", ref->pcr,
                        digest_name(ref->bank))) {
                return false;
            }
        } else if (!policy_reference_allows(ref, value) && !refuse_reference(l, ref, value, err)) {
            return false;
        }
    }
    return true;
}

static bool conclude_violations(struct appraise_logs *l, struct error *err)
{
    struct verdict *v = l->v;
    uint64_t count = l->judge.sum.violations;
    uint64_t before = l->way.from != NULL ? l->way.from->judged.violations : 0;
    const struct policy_ima *ima = &l->policy->ima;

    v->violations = count;
    if (count == 0) {
        check_pass(v, CHECK_VIOLATIONS, "none");
    } else if (ima->violations == POLICY_VIOLATIONS_FAIL && before > 0) {
        check_fail(v, CHECK_VIOLATIONS, "%" PRIu64 ", %" PRIu64 " of them in earlier rounds", count,
                before);
    } else if (ima->violations == POLICY_VIOLATIONS_FAIL) {
        check_fail(v, CHECK_VIOLATIONS, "%" PRIu64 ", the first is entry %" PRIu64, count,
                l->judge.first_violation);
    } else if (ima->violations == POLICY_VIOLATIONS_LIMIT && before > ima->violation_limit) {
        /* The finding was made when the limit was passed. */
        check_fail(v, CHECK_VIOLATIONS, "%" PRIu64 " violations, the policy accepts %" PRIu64,
                count, ima->violation_limit);
    } else if (ima->violations == POLICY_VIOLATIONS_LIMIT && count > ima->violation_limit) {
        return check_refuse(v, CHECK_VIOLATIONS, "ima", err,
                "%" PRIu64 " violations, the policy accepts %" PRIu64, count, ima->violation_limit);
    } else {
        check_pass(v, CHECK_VIOLATIONS, "%" PRIu64 ", which the policy accepts", count);
    }
    return true;
}

static bool conclude_files(struct appraise_logs *l, struct error *err)
{
    struct verdict *v = l->v;

    if (l->policy == NULL || !l->policy->has_ima) {
        const char *why = l->policy == NULL ? "there is no policy" : "the policy has no ima";

        check_not_applicable(v, CHECK_VIOLATIONS, "%s", why);
        check_not_applicable(v, CHECK_FILES, "%s", why);
        v->violations = l->walk.met ? l->judge.sum.violations : 0;
        return true;
    }
    if (!l->walk.met) {
        check_not_run(v, CHECK_VIOLATIONS, "the list does not replay");
        check_not_run(v, CHECK_FILES, "the list does not replay");
        return true;
    }
    v->excluded = l->judge.sum.excluded;
    if (l->judge.files_failed) {
        check_fail(v, CHECK_FILES, "not all of %" PRIu64 " files are allowed", l->judge.sum.files);
    } else {
        check_pass(v, CHECK_FILES, "%" PRIu64 " judged, %" PRIu64 " of them excluded",
                l->judge.sum.files, l->judge.sum.excluded);
    }
    return conclude_violations(l, err);
}

bool appraise_conclude(struct appraise_logs *l, struct error *err)
{
    if (!conclude_boot(l, err) || !conclude_list(l, err) || !conclude_digest(l, err) ||
            !conclude_aggregate(l, err) || !conclude_boot_policy(l, err) ||
            !conclude_files(l, err)) {
        return false;
    }
    return findings_move(&l->v->findings, &l->judge.findings, err);
}
