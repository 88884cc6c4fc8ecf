/* SPDX-License-Identifier: BSD-3-Clause */
#include <string.h>

#include "verifier/appraise_logs.h"

bool logs_hint(const struct appraise_logs *l, enum digest_alg bank, unsigned int pcr,
        struct bytes *out)
{
    return l->in->hints != NULL && pcr_values_get(l->in->hints, bank, pcr, out);
}

/* The value of a register that the list does not explain: what the boot log says; where user space
 * extends, too, the hint (shared_hints) or what the boot log says; without a boot log the hint. */
static bool base_value(const struct appraise_logs *l, enum digest_alg bank, unsigned int pcr,
        bool shared_hints, struct bytes *out)
{
    bool owned = (PCR_MASK_BOOT & 1u << pcr) != 0;
    bool by_hint = owned ? logs_boot_is_absent(l) : shared_hints;

    if (by_hint && logs_hint(l, bank, pcr, out)) {
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
            } else if ((PCR_MASK_BOOT & 1u << pcr) == 0) {
                pcr_reset_value(pcr, sizeof(reset), reset);
                pcr_values_set(&l->base, bank->alg, pcr, reset);
            } else {
                l->base_complete = false;
            }
        }
    }
}

/* Do these values hash into the signed digest? Not when one is unknown. */
bool logs_values_are_quoted(struct appraise_logs *l, const struct pcr_values *values, bool *out,
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

            if (logs_hint(l, alg, pcr, &hint)) {
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
    } else if (logs_boot_is_absent(l)) {
        l->judge.boot = &l->base;
        l->judge.boot_source = "the quoted values";
    }
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
                    !logs_hint(l, bank->alg, pcr, &quoted) || bytes_equal(replayed, quoted)) {
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
    if (l->ima_pcrs == 0 || !logs_have_list(l)) {
        return true;
    }
    add_list_hints(l, &target.values);
    set_judge(l, l->boot_holds);
    return logs_walk_list(l, &target, err);
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
    if (!logs_walk_list(l, &target, err)) {
        return false;
    }
    return logs_are_malformed(l) || !l->walk.met || compare_boot(l, err);
}

/* Are the logs, with l->base for all other registers, what was quoted? */
static bool try_base(struct appraise_logs *l, struct error *err)
{
    struct ima_target target;

    if (l->ima_pcrs == 0) {
        return logs_values_are_quoted(l, &l->base, &l->boot_holds, err);
    }
    if (!logs_have_list(l) || !l->base_complete) {
        return true;
    }
    target = target_by_digest(l, &l->base);
    set_judge(l, true);
    if (!logs_walk_list(l, &target, err)) {
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
    if (l->boot_holds || logs_are_malformed(l)) {
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

/* Is there a hint for every quoted register of the list? */
static bool hints_cover_list(const struct appraise_logs *l)
{
    for (size_t i = 0; i < l->selection.count; i++) {
        const struct pcr_selection_bank *bank = &l->selection.bank[i];

        if (l->in->hints == NULL ||
                (bank->mask & l->ima_pcrs & ~l->in->hints->known[bank->alg]) != 0) {
            return false;
        }
    }
    return true;
}

/* Without a boot log nothing but hints speaks for the boot PCRs. Is the list at odds with the hints
 * for its own registers, or are others wrong? */
static bool suspect_hints(struct appraise_logs *l, struct error *err)
{
    struct pcr_values own = { 0 };

    if (!logs_boot_is_absent(l) || !l->base_complete || !logs_have_list(l) || l->walk.met ||
            logs_are_malformed(l) || l->ima_pcrs == 0 || !hints_cover_list(l)) {
        return true;
    }
    add_list_hints(l, &own);
    return logs_list_leads_to(l, &own, &l->list_fits_hints, err);
}

/* No usable hints: the signed digest is all there is. */
static bool walk_by_digest(struct appraise_logs *l, struct error *err)
{
    struct pcr_values with_hints;

    if (!try_bases(l, err)) {
        return false;
    }
    if (l->boot_holds || logs_are_malformed(l)) {
        return true;
    }
    /* Which log is guilty? Not the boot log when it and hints for the list's registers agree with
     * the digest. */
    with_hints = l->base;
    add_list_hints(l, &with_hints);
    if (!logs_values_are_quoted(l, &with_hints, &l->boot_holds, err)) {
        return false;
    }
    return l->boot_holds || l->ima_pcrs == 0 || !logs_have_list(l) || !hints_cover_boot(l) ||
            walk_by_boot_hints(l, err);
}

bool appraise_search(struct appraise_logs *l, struct error *err)
{
    collect_base(l, true);
    if (l->in->hints != NULL && !logs_values_are_quoted(l, l->in->hints, &l->hints_proven, err)) {
        return false;
    }
    if (l->hints_proven) {
        return walk_by_hints(l, err);
    }
    return walk_by_digest(l, err) && suspect_hints(l, err);
}
