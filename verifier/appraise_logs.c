/* SPDX-License-Identifier: BSD-3-Clause */
#include "verifier/appraise_logs.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* PCRs that firmware extends on every boot: PC Client Platform Firmware Profile, "PCR usage". */
#define FIRMWARE_PCRS 0x00ffu
#define IMA_PCR       10u

static uint32_t quoted_pcrs(const struct appraise_logs *l)
{
    uint32_t pcrs = 0;

    for (size_t i = 0; i < l->selection.count; i++) {
        pcrs |= l->selection.bank[i].mask;
    }
    return pcrs;
}

static uint32_t quoted_banks(const struct appraise_logs *l)
{
    uint32_t banks = 0;

    for (size_t i = 0; i < l->selection.count; i++) {
        banks |= 1u << l->selection.bank[i].alg;
    }
    return banks;
}

/* Quoted registers that the boot log has to explain. */
static uint32_t boot_pcrs(const struct appraise_logs *l)
{
    return quoted_pcrs(l) & APPRAISE_BOOT_PCRS & ~l->ima_pcrs;
}

/* No boot log on this machine: boot PCRs are what the hints say, as far as pcrDigest bears them
 * out. */
static bool boot_is_absent(const struct appraise_logs *l)
{
    return l->policy != NULL ? l->policy->boot == POLICY_BOOT_ABSENT : !l->in->has_boot_log;
}

static bool list_is_judged(const struct appraise_logs *l)
{
    return l->policy != NULL ? l->policy->has_ima : l->in->list != NULL;
}

/* A log that does not parse refuses, whatever else holds; a fault of ours is returned. */
static bool malformed(struct appraise_logs *l, const char *log, const uint64_t *entry,
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

static bool is_malformed(const struct appraise_logs *l)
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

/* Inspect has no policy to say which registers are the list's: those that its records name. */
static bool find_list_pcrs(struct appraise_logs *l, struct error *err)
{
    const struct source *source = l->in->list;
    struct ima_list list CLEANUP(ima_list_clear) = { 0 };
    struct error why = { 0 };
    uint32_t pcrs = 1u << IMA_PCR;
    struct bytes chunk;

    ima_list_init(&list, l->in->list_format);
    do {
        if (!source->next(source->ctx, &chunk, &why) ||
                !ima_list_feed(&list, chunk, note_pcr, &pcrs, &why)) {
            return malformed(l, "ima", &list.index, &why, err);
        }
    } while (chunk.len > 0);
    l->ima_pcrs = pcrs & quoted_pcrs(l) & ~APPRAISE_BOOT_PCRS;
    return source->rewind(source->ctx, err);
}

/* A list that nobody judges is evidence all the same: it must parse. */
static bool parse_list(struct appraise_logs *l, struct error *err)
{
    struct error why = { 0 };

    ima_walk_init(&l->walk, l->hasher, l->in->list_format, 0, false);
    bool ok = ima_walk_run(&l->walk, l->in->list, &why);
    uint64_t entry = l->walk.list.index;

    ima_walk_clear(&l->walk);
    return ok || malformed(l, "ima", &entry, &why, err);
}

static bool choose_list_pcrs(struct appraise_logs *l, struct error *err)
{
    if (!list_is_judged(l)) {
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

    if (!l->in->has_boot_log) {
        return true;
    }
    if (!eventlog_replay(l->in->boot_log, &options, l->hasher, &l->boot, &why)) {
        return malformed(l, "boot", NULL, &why, err);
    }
    l->boot_replayed = !boot_is_absent(l); /* boot: absent takes nothing from it */
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

        if ((l->ima_pcrs & 1u << pcr) == 0 && (FIRMWARE_PCRS & 1u << pcr) != 0 && !is_extended &&
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
    if (boot_is_absent(l)) {
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

static bool get_hint(const struct appraise_logs *l, enum digest_alg bank, unsigned int pcr,
        struct bytes *out)
{
    return l->in->hints != NULL && pcr_values_get(l->in->hints, bank, pcr, out);
}

/* The value of a register that the list does not explain: what the boot log says; where user space
 * extends, too, the hint (shared_hints) or what the boot log says; without a boot log the hint. */
static bool base_value(const struct appraise_logs *l, enum digest_alg bank, unsigned int pcr,
        bool shared_hints, struct bytes *out)
{
    bool owned = (APPRAISE_BOOT_PCRS & 1u << pcr) != 0;
    bool by_hint = owned ? boot_is_absent(l) : shared_hints;

    if (by_hint && get_hint(l, bank, pcr, out)) {
        return true;
    }
    return l->boot_replayed && pcr_values_get(&l->boot.values, bank, pcr, out);
}

static void collect_base(struct appraise_logs *l, bool shared_hints)
{
    l->base = (struct pcr_values){ 0 };
    l->base_complete = true;
    for (size_t i = 0; i < l->selection.count; i++) {
        const struct pcr_selection_bank *bank = &l->selection.bank[i];

        for (uint32_t left = bank->mask & ~l->ima_pcrs; left != 0; left &= left - 1) {
            unsigned int pcr = (unsigned int)__builtin_ctz(left);
            uint8_t reset[DIGEST_SIZE_MAX];
            struct bytes value;

            if (base_value(l, bank->alg, pcr, shared_hints, &value)) {
                pcr_values_set(&l->base, bank->alg, pcr, value.ptr);
            } else if ((APPRAISE_BOOT_PCRS & 1u << pcr) == 0) {
                pcr_reset_value(pcr, sizeof(reset), reset);
                pcr_values_set(&l->base, bank->alg, pcr, reset);
            } else {
                l->base_complete = false;
            }
        }
    }
}

/* Do these values hash into the signed digest? Not when one is unknown. */
static bool values_are_quoted(struct appraise_logs *l, const struct pcr_values *values, bool *out,
        struct error *err)
{
    uint8_t digest[DIGEST_SIZE_MAX];
    struct error why = { 0 };

    *out = false;
    if (!pcr_composite(l->hasher, l->digest_alg, &l->selection, values, digest, &why)) {
        if (!error_is_about_input(&why)) {
            *err = why;
            return false;
        }
        return true;
    }
    *out = bytes_equal(l->digest, (struct bytes){ digest, digest_size(l->digest_alg) });
    return true;
}

/* Values for the list's registers into a copy of others. */
static void add_list_hints(const struct appraise_logs *l, struct pcr_values *values)
{
    for (size_t i = 0; i < l->selection.count; i++) {
        enum digest_alg alg = l->selection.bank[i].alg;

        for (uint32_t left = l->ima_pcrs & l->selection.bank[i].mask; left != 0; left &= left - 1) {
            unsigned int pcr = (unsigned int)__builtin_ctz(left);
            struct bytes hint;

            if (get_hint(l, alg, pcr, &hint)) {
                pcr_values_set(values, alg, pcr, hint.ptr);
            }
        }
    }
}

/* Where boot_aggregate comes from: the whole replayed log, or the quoted values borne out. */
static void set_judge(struct appraise_logs *l, bool boot_is_known)
{
    l->judge.policy = l->policy;
    l->judge.hasher = l->hasher;
    l->judge.pcrs = l->ima_pcrs;
    l->judge.boot = NULL;
    if (!boot_is_known) {
        return;
    }
    if (l->boot_replayed) {
        l->judge.boot = &l->boot.values;
        l->judge.boot_source = "the boot log";
    } else if (boot_is_absent(l)) {
        l->judge.boot = &l->base;
        l->judge.boot_source = "the quoted values";
    }
}

static bool walk_once(struct appraise_logs *l, const struct ima_target *target, bool padded,
        struct error *err)
{
    const struct source *source = l->in->list;
    struct error why = { 0 };

    judge_reset(&l->judge);
    ima_walk_init(&l->walk, l->hasher, l->in->list_format, quoted_banks(l), padded);
    l->walk.target = target;
    l->walk.visit = judge_record;
    l->walk.ctx = &l->judge;
    bool ok = ima_walk_run(&l->walk, source, &why);

    l->v->entries = l->walk.list.index;
    if (!ok) {
        uint64_t entry = l->walk.list.index;

        ima_walk_clear(&l->walk);
        return malformed(l, "ima", &entry, &why, err);
    }
    ima_walk_clear(&l->walk);
    return true;
}

/* Read the list by the common rule, and once more by all when that leads nowhere. */
static bool walk(struct appraise_logs *l, const struct ima_target *target, struct error *err)
{
    for (int padded = 0; padded <= 1; padded++) {
        if (!l->in->list->rewind(l->in->list->ctx, err) ||
                !walk_once(l, target, padded == 1, err)) {
            return false;
        }
        if (is_malformed(l) || l->walk.met || l->v->entries == 0) {
            return true;
        }
    }
    return true;
}

static struct ima_target target_by_digest(const struct appraise_logs *l,
        const struct pcr_values *others)
{
    struct ima_target t = {
        .pcrs = l->ima_pcrs,
        .values = *others,
        .selection = l->selection,
        .alg = l->digest_alg,
    };

    memcpy(t.digest, l->digest.ptr, digest_size(l->digest_alg));
    return t;
}

/* The hints are what was quoted: every register can be compared by itself. */
static bool compare_boot(struct appraise_logs *l, struct error *err)
{
    l->boot_holds = l->v->checks[CHECK_BOOT_REPLAY].outcome != OUTCOME_FAIL;
    for (size_t i = 0; i < l->selection.count; i++) {
        const struct pcr_selection_bank *bank = &l->selection.bank[i];

        for (uint32_t left = bank->mask & ~l->ima_pcrs; left != 0; left &= left - 1) {
            unsigned int pcr = (unsigned int)__builtin_ctz(left);
            struct finding f = {
                .check = CHECK_BOOT_REPLAY,
                .kind = check_kind(CHECK_BOOT_REPLAY),
                .log = "boot",
            };
            struct bytes replayed;
            struct bytes quoted;

            if (!pcr_values_get(&l->base, bank->alg, pcr, &replayed) ||
                    !get_hint(l, bank->alg, pcr, &quoted) || bytes_equal(replayed, quoted)) {
                continue;
            }
            l->boot_holds = false;
            check_fail(l->v, CHECK_BOOT_REPLAY, "PCR %u of bank %s: the boot log leads elsewhere",
                    pcr, digest_name(bank->alg));
            if (!text_hex(&f.expected, quoted, err) || !text_hex(&f.found, replayed, err) ||
                    !text_set(&f.text, err,
                            "PCR %u of bank %s: the boot log does not lead to the quoted value: an"
                            " event of this PCR was changed, removed or added",
                            pcr, digest_name(bank->alg))) {
                finding_clear(&f);
                return false;
            }
            if (!findings_add(&l->v->findings, &f, err)) {
                return false;
            }
        }
    }
    return true;
}

static bool walk_by_hints(struct appraise_logs *l, struct error *err)
{
    struct ima_target target = { .by_value = true, .pcrs = l->ima_pcrs };

    if (!compare_boot(l, err)) {
        return false;
    }
    if (l->ima_pcrs == 0 || l->in->list == NULL) {
        return true;
    }
    add_list_hints(l, &target.values);
    set_judge(l, l->boot_holds);
    return walk(l, &target, err);
}

/* Is there a hint for every quoted register that is not the list's? */
static bool hints_cover_boot(const struct appraise_logs *l)
{
    for (size_t i = 0; i < l->selection.count; i++) {
        const struct pcr_selection_bank *bank = &l->selection.bank[i];

        if (l->in->hints == NULL ||
                (bank->mask & ~l->ima_pcrs & ~l->in->hints->known[bank->alg]) != 0) {
            return false;
        }
    }
    return true;
}

/* The list and the hints for all other registers may agree with the digest: then those hints are
 * what was quoted, and only the boot log is wrong. */
static bool walk_by_boot_hints(struct appraise_logs *l, struct error *err)
{
    struct ima_target target = target_by_digest(l, l->in->hints);

    set_judge(l, false);
    if (!walk(l, &target, err)) {
        return false;
    }
    return is_malformed(l) || !l->walk.met || compare_boot(l, err);
}

/* Are the logs, with l->base for all other registers, what was quoted? */
static bool try_base(struct appraise_logs *l, struct error *err)
{
    struct ima_target target;

    if (l->ima_pcrs == 0) {
        return values_are_quoted(l, &l->base, &l->boot_holds, err);
    }
    if (l->in->list == NULL || !l->base_complete) {
        return true;
    }
    target = target_by_digest(l, &l->base);
    set_judge(l, true);
    if (!walk(l, &target, err)) {
        return false;
    }
    l->boot_holds = l->walk.met;
    return true;
}

/* Registers that user space may extend hold their hint or, when that is wrong, what the boot log
 * says. */
static bool try_bases(struct appraise_logs *l, struct error *err)
{
    struct pcr_values by_hints = l->base;

    if (!try_base(l, err)) {
        return false;
    }
    if (l->boot_holds || is_malformed(l)) {
        return true;
    }
    collect_base(l, false);
    if (memcmp(&l->base, &by_hints, sizeof(by_hints)) != 0 && !try_base(l, err)) {
        return false;
    }
    if (!l->boot_holds) {
        l->base = by_hints;
    }
    return true;
}

/* No usable hints: the signed digest is all there is. */
static bool walk_by_digest(struct appraise_logs *l, struct error *err)
{
    struct pcr_values with_hints;

    if (!try_bases(l, err)) {
        return false;
    }
    if (l->boot_holds || is_malformed(l)) {
        return true;
    }
    /* Which log is guilty? Not the boot log when it and hints for the list's registers agree with
     * the digest. */
    with_hints = l->base;
    add_list_hints(l, &with_hints);
    if (!values_are_quoted(l, &with_hints, &l->boot_holds, err)) {
        return false;
    }
    return l->boot_holds || l->ima_pcrs == 0 || l->in->list == NULL || !hints_cover_boot(l) ||
            walk_by_boot_hints(l, err);
}

static bool conclude_boot(struct appraise_logs *l, struct error *err)
{
    struct verdict *v = l->v;

    if (v->checks[CHECK_BOOT_REPLAY].outcome != OUTCOME_NOT_RUN) {
        l->boot_holds = l->boot_holds && v->checks[CHECK_BOOT_REPLAY].outcome != OUTCOME_FAIL;
        return true;
    }
    if (l->boot_holds) {
        check_pass(v, CHECK_BOOT_REPLAY, "%zu events lead to the quoted values", l->boot.events);
        return true;
    }
    return check_refuse(v, CHECK_BOOT_REPLAY, "boot", err,
            "no replay of the boot log agrees with the quoted digest%s",
            l->in->hints == NULL ? "; give PCR values (--pcrs) to learn which PCR differs" : "");
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
                " bank %s: records were changed, removed, added or reordered",
                l->v->entries, pcr, digest_name(alg)) ||
            (l->v->entries > 0 &&
                    !text_hex(&f.found,
                            ima_replay_value(&l->walk.replay, alg, IMA_RULE_PER_BANK, pcr), err)) ||
            (l->hints_proven && get_hint(l, alg, pcr, &expected) &&
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
    for (size_t i = 0; i < l->selection.count; i++) {
        enum digest_alg alg = l->selection.bank[i].alg;

        if (l->walk.rules.rule[alg] == IMA_RULE_PER_BANK) {
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

static bool conclude_list(struct appraise_logs *l, struct error *err)
{
    struct verdict *v = l->v;

    if (!list_is_judged(l)) {
        check_not_applicable(v, CHECK_IMA_REPLAY,
                l->policy != NULL ? "the policy has no ima" : "there is no list");
        return true;
    }
    if (l->in->list == NULL) {
        return check_refuse(v, CHECK_IMA_REPLAY, "ima", err,
                "there is no IMA list, and the policy needs one");
    }
    if (!l->hints_proven && !l->base_complete && !l->walk.met) {
        check_not_run(v, CHECK_IMA_REPLAY, "values of other quoted PCRs are not known");
        return true;
    }
    if (v->entries == 0) {
        return check_refuse(v, CHECK_IMA_REPLAY, "ima", err, "the IMA list is empty");
    }
    if (!l->walk.met) {
        return refuse_list(l, err) && keep_wrong_digests(l, err);
    }
    v->attested = l->walk.attested;
    if (!check_padding(l, err)) {
        return false;
    }
    if (l->judge.replay_failed) {
        check_fail(v, CHECK_IMA_REPLAY, "the list leads to the quoted values, but is not whole");
    } else if (v->checks[CHECK_IMA_REPLAY].outcome == OUTCOME_NOT_RUN) {
        check_pass(v, CHECK_IMA_REPLAY,
                "%" PRIu64 " of %" PRIu64 " records lead to the quoted values", v->attested,
                v->entries);
    }
    return true;
}

/* All of it once more from what was replayed: this is the check that the signature covers. */
static bool conclude_digest(struct appraise_logs *l, struct error *err)
{
    struct verdict *v = l->v;
    struct pcr_values values = l->base;
    bool boot_failed = v->checks[CHECK_BOOT_REPLAY].outcome == OUTCOME_FAIL;
    bool list_failed = v->checks[CHECK_IMA_REPLAY].outcome == OUTCOME_FAIL && !l->walk.met;
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
    if (!values_are_quoted(l, &values, &quoted, err)) {
        return false;
    }
    if (quoted) {
        check_pass(v, CHECK_PCR_DIGEST, "the replayed values are the quoted ones");
        return true;
    }
    return check_refuse(v, CHECK_PCR_DIGEST, NULL, err, "%s",
            l->base_complete ? "the PCR values do not hash into the quoted digest"
                             : "values of quoted PCRs are not known: give them (--pcrs)");
}

static bool conclude_aggregate(struct appraise_logs *l, struct error *err)
{
    struct verdict *v = l->v;

    if (!list_is_judged(l)) {
        check_not_applicable(v, CHECK_BOOT_AGGREGATE,
                l->policy != NULL ? "the policy has no ima" : "there is no list");
    } else if (!l->walk.met) {
        check_not_run(v, CHECK_BOOT_AGGREGATE, "the list does not replay");
    } else if (l->judge.boot == NULL && v->checks[CHECK_BOOT_REPLAY].outcome == OUTCOME_FAIL) {
        check_not_run(v, CHECK_BOOT_AGGREGATE, "the boot log does not replay");
    } else if (l->judge.boot == NULL) {
        return check_refuse(v, CHECK_BOOT_AGGREGATE, "ima", err,
                "boot_aggregate cannot be recomputed: there is no boot log");
    } else if (l->judge.aggregate == AGGREGATE_GOOD) {
        check_pass(v, CHECK_BOOT_AGGREGATE, "recomputed from %s", l->judge.boot_source);
    } else if (l->judge.aggregate == AGGREGATE_BAD) {
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
    uint64_t count = l->judge.violations;
    const struct policy_ima *ima = &l->policy->ima;

    v->violations = count;
    if (count == 0) {
        check_pass(v, CHECK_VIOLATIONS, "none");
    } else if (ima->violations == POLICY_VIOLATIONS_FAIL) {
        check_fail(v, CHECK_VIOLATIONS, "%" PRIu64 ", the first is entry %" PRIu64, count,
                l->judge.first_violation);
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
        v->violations = l->walk.met ? l->judge.violations : 0;
        return true;
    }
    if (!l->walk.met) {
        check_not_run(v, CHECK_VIOLATIONS, "the list does not replay");
        check_not_run(v, CHECK_FILES, "the list does not replay");
        return true;
    }
    v->excluded = l->judge.excluded;
    if (l->judge.files_failed) {
        check_fail(v, CHECK_FILES, "not all of %" PRIu64 " files are allowed", l->judge.files);
    } else {
        check_pass(v, CHECK_FILES, "%" PRIu64 " judged, %" PRIu64 " of them excluded",
                l->judge.files, l->judge.excluded);
    }
    return conclude_violations(l, err);
}

static bool conclude(struct appraise_logs *l, struct error *err)
{
    if (!conclude_boot(l, err) || !conclude_list(l, err) || !conclude_digest(l, err) ||
            !conclude_aggregate(l, err) || !conclude_boot_policy(l, err) ||
            !conclude_files(l, err)) {
        return false;
    }
    return findings_move(&l->v->findings, &l->judge.findings, err);
}

bool appraise_logs(struct appraise_logs *l, struct error *err)
{
    bool ok;

    if (l->digest.len != digest_size(l->digest_alg)) {
        return check_refuse(l->v, CHECK_PCR_DIGEST, NULL, err,
                "the quoted digest has %zu bytes, want %zu", l->digest.len,
                digest_size(l->digest_alg));
    }
    if (!choose_list_pcrs(l, err) || (!is_malformed(l) && !read_boot_log(l, err))) {
        return false;
    }
    if (is_malformed(l)) {
        return true;
    }
    if (!check_boot_structure(l, err)) {
        return false;
    }
    collect_base(l, true);
    ok = (l->in->hints == NULL || values_are_quoted(l, l->in->hints, &l->hints_proven, err)) &&
            (l->hints_proven ? walk_by_hints(l, err) : walk_by_digest(l, err));
    if (ok && !is_malformed(l)) {
        ok = conclude(l, err);
    }
    judge_reset(&l->judge);
    return ok;
}
