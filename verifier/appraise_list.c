/* SPDX-License-Identifier: BSD-3-Clause */
#include <string.h>

#include "verifier/appraise_logs.h"

/* Every quoted register of the list has a held value. */
static bool held_covers(const struct appraise_logs *l, const struct list_progress *held)
{
    for (size_t i = 0; i < l->selection.count; i++) {
        const struct pcr_selection_bank *bank = &l->selection.bank[i];

        if ((bank->mask & l->ima_pcrs & ~held->at.pcrs.known[bank->alg]) != 0) {
            return false;
        }
    }
    return true;
}

static const char *why_unfit(const struct appraise_logs *l)
{
    const struct ima_digest_format *format = &l->in->list_format;

    if (l->held == NULL) {
        return "nothing of this boot is held that it could go on from";
    }
    if (l->held->format.alg != format->alg || l->held->format.size != format->size) {
        return "its template digests are of another kind than those of the list before";
    }
    if (!held_covers(l, l->held)) {
        return "the quote covers registers that the last one did not";
    }
    return NULL;
}

static bool has_registers(const struct list_state *state)
{
    for (size_t alg = 0; alg < DIGEST_ALG_COUNT; alg++) {
        if (state->pcrs.known[alg] != 0) {
            return true;
        }
    }
    return false;
}

void logs_set_held(struct appraise_logs *l)
{
    const struct list_progress *held = l->in->held;

    /* TPM2_Startup(CLEAR) after a TPM Reset clears the registers: nothing of before goes on. */
    l->held = held != NULL && held->entry > 0 && held->reset == l->reset ? held : NULL;
    l->seen = l->held != NULL ? held : l->in->seen;
    if (l->seen != NULL && (l->seen->reset != l->reset || l->seen->restart != l->restart)) {
        l->seen = l->held;
    }
    if (l->in->list_is_delta) {
        l->unfit = why_unfit(l);
    }
}

bool logs_have_list(const struct appraise_logs *l)
{
    return l->in->list != NULL && l->unfit == NULL;
}

bool logs_list_was_restarted(const struct appraise_logs *l)
{
    return l->way.kind == LIST_RESTARTED || (l->way.kind == LIST_WHOLE && l->way.from != NULL);
}

/* Records are counted on from held ones. */
static bool counts_on(const struct list_way *way)
{
    return way->kind == LIST_DELTA || way->kind == LIST_TRIMMED;
}

static uint32_t quoted_banks(const struct appraise_logs *l)
{
    uint32_t banks = 0;

    for (size_t i = 0; i < l->selection.count; i++) {
        banks |= 1u << l->selection.bank[i].alg;
    }
    return banks;
}

uint32_t logs_padded_banks(const struct appraise_logs *l)
{
    uint32_t padded = counts_on(&l->way) ? l->held->padded : 0;

    for (size_t alg = 0; alg < DIGEST_ALG_COUNT; alg++) {
        padded |= l->walk.rules.rule[alg] != IMA_RULE_PER_BANK ? 1u << alg : 0;
    }
    return padded & quoted_banks(l);
}

/* SHA-256 of the template data; mostly replay has it already. */
static bool record_id(struct hasher *h, const struct ima_record *record, uint8_t *out,
        struct error *err)
{
    bool computed = (record->measured->computed & 1u << DIGEST_SHA256) != 0;

    if (computed && !record->entry->legacy) {
        memcpy(out, record->measured->digest[DIGEST_SHA256], LIST_RECORD_ID_SIZE);
        return true;
    }
    return hasher_digest(h, DIGEST_SHA256, record->entry->template_data, out, err);
}

/* Nothing that a violation record says is authenticated: it counts as one, whatever its bytes. */
static bool chain(struct hasher *h, uint8_t *value, const struct ima_entry *entry,
        struct error *err)
{
    uint8_t id[LIST_RECORD_ID_SIZE] = { 0 };

    return (ima_entry_is_violation(entry) ||
                   hasher_digest(h, DIGEST_SHA256, entry->template_data, id, err)) &&
            hasher_digest2(h, DIGEST_SHA256, (struct bytes){ value, LIST_RECORD_ID_SIZE },
                    (struct bytes){ id, LIST_RECORD_ID_SIZE }, value, err);
}

static bool on_record(void *ctx, const struct ima_record *record, struct error *err)
{
    struct appraise_logs *l = ctx;
    uint64_t index = record->entry->index;
    bool was_tail = index < l->way.must_attest && index >= l->seen->entry;

    if (was_tail && !chain(l->hasher, l->old_tail, record->entry, err)) {
        return false;
    }
    if (record->measured->violation) {
        l->violations_behind++;
    } else if (record_id(l->hasher, record, l->last_record, err)) {
        l->violations_behind = 0;
    } else {
        return false;
    }
    return judge_record(&l->judge, record, err);
}

static bool on_tail(void *ctx, const struct ima_entry *entry, struct error *err)
{
    struct appraise_logs *l = ctx;

    return chain(l->hasher, l->tail, entry, err);
}

/* Set walk, judge and last record to the start of this way. */
static bool begin(struct appraise_logs *l, const struct list_way *way, bool padded,
        struct error *err)
{
    static const uint8_t none[LIST_RECORD_ID_SIZE];
    bool on = counts_on(way);

    l->way = *way;
    memcpy(l->last_record, on ? l->held->last_record : none, sizeof(none));
    l->violations_behind = on ? l->held->violations_behind : 0;
    memcpy(l->tail, none, sizeof(none));
    memcpy(l->old_tail, none, sizeof(none));
    ima_walk_init(&l->walk, l->hasher, l->in->list_format, quoted_banks(l), padded);
    if (on) {
        ima_walk_resume(&l->walk, &way->from->pcrs, way->count, way->index,
                way->kind == LIST_DELTA ? l->held->offset : 0);
    } else if (way->from != NULL) {
        ima_replay_start(&l->walk.replay, &way->from->pcrs);
    }
    return judge_begin(&l->judge, way->from != NULL ? &way->from->judged : NULL, err);
}

/* Run l->walk; a list that does not parse ends in the verdict. */
static bool run(struct appraise_logs *l, struct error *err)
{
    struct error why = { 0 };

    if (!logs_rewind_list(l, err)) {
        return false;
    }
    bool ok = ima_walk_run(&l->walk, l->in->list, &why);
    uint64_t entry = l->walk.list.index;

    ima_walk_clear(&l->walk);
    l->v->entries = entry;
    return ok || logs_malformed(l, "ima", &entry, &why, err);
}

static bool read_by(struct appraise_logs *l, const struct list_way *way, bool padded,
        const struct ima_target *target, struct error *err)
{
    if (!begin(l, way, padded, err)) {
        return false;
    }
    l->walk.target = target;
    l->walk.visit = on_record;
    l->walk.visit_tail = on_tail;
    l->walk.ctx = l;
    return run(l, err);
}

static bool is_done(const struct appraise_logs *l)
{
    return l->walk.met || logs_are_malformed(l);
}

/* By the common rule, and once more by all when that leads nowhere; the rules of a held list are
 * known. */
static bool read_first_way(struct appraise_logs *l, const struct ima_target *target,
        struct error *err)
{
    struct list_way way = { 0 };

    if (l->in->list_is_delta) {
        way = (struct list_way){ LIST_DELTA, &l->held->at, l->held->entry, l->held->entry,
            l->held->seen };
        return read_by(l, &way, l->held->padded != 0, target, err);
    }
    /* After a restart of the TPM a list that explains the registers from their reset on is that of
     * a new boot. */
    if (l->held != NULL && l->held->restart == l->restart) {
        way.from = has_registers(&l->held->start) ? &l->held->start : NULL;
        way.must_attest = l->held->seen;
    } else if (l->held == NULL && l->seen != NULL) {
        way.must_attest = l->seen->seen;
    }
    return read_by(l, &way, false, target, err) &&
            (is_done(l) || l->v->entries == 0 || read_by(l, &way, true, target, err));
}

/* Records can only go away from the front: the place is nearer to it than it was. */
static bool look_at_shape(void *ctx, const struct ima_record *record, struct error *err)
{
    struct appraise_logs *l = ctx;
    uint64_t index = record->entry->index;
    uint64_t after = index + 1 + l->held->violations_behind;
    uint8_t id[LIST_RECORD_ID_SIZE];

    if (index == 0) {
        l->shape.starts_with_aggregate = judge_is_aggregate(record);
    }
    if (record->measured->violation || after >= l->held->entry) {
        return true;
    }
    if (!record_id(l->hasher, record, id, err)) {
        return false;
    }
    if (memcmp(id, l->held->last_record, sizeof(id)) == 0) {
        l->shape.first_after = l->shape.has_last ? l->shape.first_after : after;
        l->shape.last_after = after;
        l->shape.has_last = true;
    }
    return true;
}

static bool find_shape(struct appraise_logs *l, struct error *err)
{
    if (l->shape.known) {
        return true;
    }
    l->shape.known = true;
    ima_walk_init(&l->walk, l->hasher, l->in->list_format, 0, false);
    l->walk.visit = look_at_shape;
    l->walk.ctx = l;
    return run(l, err);
}

#define OTHER_WAYS_MAX 3

/* So many records of the list come before the first new one. */
static struct list_way trimmed_way(const struct list_progress *held, uint64_t before)
{
    return (struct list_way){ LIST_TRIMMED, &held->at, held->entry - before, held->entry,
        held->seen };
}

/* A list that begins as the boot did lacks nothing in front: where it differs from what was
 * attested, it was changed. Only after a kexec a later record of the list is a boot_aggregate, too.
 */
static bool may_be_trimmed(const struct appraise_logs *l)
{
    return !l->shape.starts_with_aggregate || l->held->kexec;
}

/* The ways that fit the list's shape. */
static size_t other_ways(const struct appraise_logs *l, struct list_way out[OTHER_WAYS_MAX])
{
    const struct list_progress *held = l->held;
    const struct list_shape *shape = &l->shape;
    size_t count = 0;

    if (shape->has_last && may_be_trimmed(l)) {
        out[count++] = trimmed_way(held, shape->last_after);
        if (shape->first_after != shape->last_after) {
            out[count++] = trimmed_way(held, shape->first_after);
        }
    }
    if (!shape->starts_with_aggregate) {
        out[count++] = trimmed_way(held, 0);
    } else if (held->seen == held->entry) {
        /* With an unattested tail the old kernel's last records are lost with its list. */
        out[count++] = (struct list_way){ .kind = LIST_RESTARTED, .from = &held->at };
    }
    return count;
}

static bool read_other_ways(struct appraise_logs *l, const struct ima_target *target,
        struct error *err)
{
    struct list_way ways[OTHER_WAYS_MAX];

    if (!find_shape(l, err) || logs_are_malformed(l)) {
        return logs_are_malformed(l);
    }
    /* An empty list is none: whoever trims a list leaves what is not attested yet. */
    size_t count = l->v->entries > 0 ? other_ways(l, ways) : 0;

    for (size_t i = 0; i < count && !is_done(l); i++) {
        /* A kernel that took over may follow other rules. */
        bool padded = l->held->padded != 0 || ways[i].kind == LIST_RESTARTED;

        if (!read_by(l, &ways[i], padded, target, err)) {
            return false;
        }
    }
    return true;
}

/* What a pass leaves behind, set aside while another one runs. */
struct aside {
    struct ima_walk walk;
    struct list_way way;
    struct judge judge;
    uint64_t entries;
};

static void set_aside(struct appraise_logs *l, struct aside *out)
{
    out->walk = l->walk;
    out->way = l->way;
    out->judge = l->judge;
    out->entries = l->v->entries;
    l->judge.findings = (struct findings){ 0 };
}

static void put_back(struct appraise_logs *l, struct aside *a)
{
    judge_reset(&l->judge);
    l->walk = a->walk;
    l->way = a->way;
    l->judge = a->judge;
    l->v->entries = a->entries;
}

bool logs_walk_list(struct appraise_logs *l, const struct ima_target *target, struct error *err)
{
    struct aside first;

    if (!read_first_way(l, target, err)) {
        return false;
    }
    if (is_done(l) || l->held == NULL || l->in->list_is_delta || !held_covers(l, l->held)) {
        return true;
    }
    /* What the first way found is what is told when the others lead nowhere, too. */
    set_aside(l, &first);
    bool ok = read_other_ways(l, target, err);

    if (!ok || is_done(l)) {
        judge_reset(&first.judge);
        return ok;
    }
    put_back(l, &first);
    return true;
}

bool logs_list_leads_to(struct appraise_logs *l, const struct pcr_values *values, bool *out,
        struct error *err)
{
    struct ima_target target = { .by_value = true, .pcrs = l->ima_pcrs, .values = *values };
    struct aside before;

    set_aside(l, &before);
    bool ok = read_first_way(l, &target, err);

    *out = ok && l->walk.met;
    put_back(l, &before);
    return ok;
}

static void keep_registers(const struct appraise_logs *l, struct pcr_values *out)
{
    for (size_t i = 0; i < l->selection.count; i++) {
        enum digest_alg alg = l->selection.bank[i].alg;

        for (uint32_t left = l->ima_pcrs & l->selection.bank[i].mask; left != 0; left &= left - 1) {
            unsigned int pcr = (unsigned int)__builtin_ctz(left);

            pcr_values_set(out, alg, pcr,
                    ima_replay_value(&l->walk.at_mark, alg, l->walk.rules.rule[alg], pcr).ptr);
        }
    }
}

void logs_keep_progress(struct appraise_logs *l)
{
    struct list_progress *p = &l->out->progress;

    *p = (struct list_progress){
        .reset = l->reset,
        .restart = l->restart,
        .format = l->in->list_format,
        .entry = l->walk.attested,
        .offset = l->walk.attested_end,
        .seen = l->v->entries,
        .padded = logs_padded_banks(l),
        .kexec = l->judge.kexec || logs_list_was_restarted(l) ||
                (counts_on(&l->way) && l->held->kexec),
        .at.judged = l->judge.sum,
        .violations_behind = l->violations_behind,
    };
    keep_registers(l, &p->at.pcrs);
    memcpy(p->last_record, l->last_record, sizeof(p->last_record));
    memcpy(p->tail, l->tail, sizeof(p->tail));
    if (counts_on(&l->way)) {
        p->start = l->held->start;
    } else if (l->way.from != NULL) {
        p->start = *l->way.from;
    }
    l->out->has_progress = true;
    l->out->continued = l->way.from != NULL;
}
