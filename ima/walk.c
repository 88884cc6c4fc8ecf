/* SPDX-License-Identifier: BSD-3-Clause */
#include "ima/walk.h"

#include <inttypes.h>
#include <string.h>

void ima_walk_init(struct ima_walk *w, struct hasher *h, struct ima_digest_format format,
        uint32_t banks, bool padded)
{
    memset(w, 0, sizeof(*w));
    w->hasher = h;
    ima_list_init(&w->list, format);
    ima_replay_init(&w->replay, format, banks, padded);
}

void ima_walk_clear(struct ima_walk *w)
{
    ima_list_clear(&w->list);
}

void ima_walk_resume(struct ima_walk *w, const struct pcr_values *values, uint64_t count,
        uint64_t index, uint64_t offset)
{
    ima_replay_start(&w->replay, values);
    w->replay.entries = count;
    w->first = count;
    w->resumed = true;
    w->list.index = index;
    w->list.offset = offset;
}

static bool bank_has_values(const struct ima_walk *w, enum digest_alg alg, enum ima_rule rule,
        uint32_t pcrs)
{
    for (uint32_t left = pcrs; left != 0; left &= left - 1) {
        unsigned int pcr = (unsigned int)__builtin_ctz(left);
        struct bytes want;

        if (pcr_values_get(&w->target->values, alg, pcr, &want) &&
                !bytes_equal(ima_replay_value(&w->replay, alg, rule, pcr), want)) {
            return false;
        }
    }
    return true;
}

/* Without `whole` the tail is not replayed, so that a mark once set could not be taken back. */
static bool follows(const struct ima_walk *w)
{
    return w->target->by_value && w->target->follow && w->whole;
}

/* The first rule by which the bank has the values; banks are independent of each other. A target of
 * which no value is known is never met: it would say yes to any list. */
static bool met_by_value(const struct ima_walk *w, struct ima_rules *out)
{
    uint32_t pcrs = w->target->pcrs | (follows(w) ? w->replay.pcrs : 0);
    bool compared = false;

    for (uint32_t left = w->replay.banks; left != 0; left &= left - 1) {
        enum digest_alg alg = (enum digest_alg)__builtin_ctz(left);
        unsigned int rule = 0;

        while (!bank_has_values(w, alg, (enum ima_rule)rule, pcrs)) {
            if (++rule == ima_replay_rules(&w->replay, alg)) {
                return false;
            }
        }
        out->rule[alg] = (enum ima_rule)rule;
        compared = compared || (w->target->values.known[alg] & pcrs) != 0;
    }
    return compared;
}

/* The digest covers a register of this list, and none in a bank that is not replayed: else it would
 * say nothing about the list. */
static bool digest_covers_list(const struct ima_walk *w)
{
    const struct pcr_selection *s = &w->target->selection;
    bool covered = false;

    for (size_t i = 0; i < s->count; i++) {
        if ((s->bank[i].mask & w->target->pcrs) != 0) {
            if ((w->replay.banks & 1u << s->bank[i].alg) == 0) {
                return false;
            }
            covered = true;
        }
    }
    return covered;
}

static bool composite_is_quoted(const struct ima_walk *w, const struct ima_rules *rules,
        struct pcr_values *scratch, bool *out, struct error *err)
{
    const struct ima_target *t = w->target;
    uint8_t digest[DIGEST_SIZE_MAX];

    for (size_t i = 0; i < t->selection.count; i++) {
        enum digest_alg alg = t->selection.bank[i].alg;

        for (uint32_t left = t->pcrs; left != 0; left &= left - 1) {
            unsigned int pcr = (unsigned int)__builtin_ctz(left);

            pcr_values_set(scratch, alg, pcr,
                    ima_replay_value(&w->replay, alg, rules->rule[alg], pcr).ptr);
        }
    }
    if (!pcr_composite(w->hasher, t->alg, &t->selection, scratch, digest, err)) {
        return false;
    }
    *out = memcmp(digest, t->digest, digest_size(t->alg)) == 0;
    return true;
}

/* Count through the combinations of rules, bank by bank, like an odometer. */
static bool next_rules(const struct ima_walk *w, struct ima_rules *rules)
{
    for (uint32_t left = w->replay.banks; left != 0; left &= left - 1) {
        enum digest_alg alg = (enum digest_alg)__builtin_ctz(left);
        unsigned int next = (unsigned int)rules->rule[alg] + 1;

        if (next < ima_replay_rules(&w->replay, alg)) {
            rules->rule[alg] = (enum ima_rule)next;
            return true;
        }
        rules->rule[alg] = IMA_RULE_PER_BANK;
    }
    return false;
}

static bool met_by_digest(const struct ima_walk *w, struct ima_rules *out, bool *met,
        struct error *err)
{
    struct pcr_values scratch;

    *met = false;
    if (!digest_covers_list(w)) {
        return true;
    }
    scratch = w->target->values;
    *out = (struct ima_rules){ 0 };
    do {
        if (!composite_is_quoted(w, out, &scratch, met, err)) {
            return false;
        }
    } while (!*met && next_rules(w, out));
    return true;
}

/* end: offset after the record that was replayed last. */
static bool look_for_mark(struct ima_walk *w, uint64_t end, struct error *err)
{
    struct ima_rules rules = { 0 };
    bool met = false;

    if (w->target->by_value) {
        met = met_by_value(w, &rules);
    } else if (!met_by_digest(w, &rules, &met, err)) {
        return false;
    }
    if (met) {
        w->met = true;
        w->attested = w->replay.entries;
        w->attested_end = end;
        w->rules = rules;
        w->at_mark = w->replay;
    }
    return true;
}

/* A register that only the tail names was never extended: its start value must be the wanted one,
 * else the mark was too early. */
static void look_at_tail(struct ima_walk *w, uint32_t pcr)
{
    const struct ima_target *t = w->target;

    if (t == NULL || !follows(w) || (w->replay.pcrs & 1u << pcr) != 0) {
        return;
    }
    for (uint32_t left = w->replay.banks; left != 0; left &= left - 1) {
        enum digest_alg alg = (enum digest_alg)__builtin_ctz(left);

        if (!bank_has_values(w, alg, w->rules.rule[alg], 1u << pcr)) {
            w->met = false;
            w->attested = 0;
            return;
        }
    }
}

static bool read_fields(const struct ima_entry *entry, struct ima_fields *out, struct error *err)
{
    struct error why;

    if (ima_fields_read(entry, out, &why)) {
        return true;
    }
    /* Nothing in a violation record is authenticated: its bytes must decide nothing. */
    if (ima_entry_is_violation(entry)) {
        *out = (struct ima_fields){ 0 };
        return true;
    }
    *err = why;
    return error_wrap(err, "entry %" PRIu64 " at offset %" PRIu64, entry->index, entry->offset);
}

/* A walk that goes on stands at its first new record, or at the end: are the values reached without
 * any? */
static bool look_before_first(struct ima_walk *w, uint64_t index, uint64_t offset,
        struct error *err)
{
    bool due = w->resumed && index == w->first && w->target != NULL;

    return !due || look_for_mark(w, offset, err);
}

static bool on_entry(void *ctx, const struct ima_entry *entry, struct error *err)
{
    struct ima_walk *w = ctx;
    struct ima_fields fields;
    struct ima_measured measured;

    if (!read_fields(entry, &fields, err)) {
        return false;
    }
    if (entry->index < w->first) {
        return true;
    }
    if (!look_before_first(w, entry->index, entry->offset, err)) {
        return false;
    }
    if (w->met) {
        look_at_tail(w, entry->pcr);
    }
    if (w->met && !w->whole) {
        return w->visit_tail == NULL || w->visit_tail(w->ctx, entry, err);
    }
    if (!ima_replay_add(&w->replay, w->hasher, entry, &measured, err)) {
        return false;
    }
    struct ima_record record = { entry, &fields, &measured };

    if (w->visit != NULL && !w->visit(w->ctx, &record, err)) {
        return false;
    }
    return w->met || w->target == NULL || look_for_mark(w, entry->offset + entry->size, err);
}

bool ima_walk_feed(struct ima_walk *w, struct bytes chunk, struct error *err)
{
    return ima_list_feed(&w->list, chunk, on_entry, w, err);
}

bool ima_walk_end(struct ima_walk *w, struct error *err)
{
    return ima_list_end(&w->list, err) && look_before_first(w, w->list.index, w->list.offset, err);
}

bool ima_walk_run(struct ima_walk *w, const struct source *source, struct error *err)
{
    for (;;) {
        struct bytes chunk;

        if (!source->next(source->ctx, &chunk, err)) {
            return false;
        }
        if (chunk.len == 0) {
            return ima_walk_end(w, err);
        }
        if (!ima_walk_feed(w, chunk, err)) {
            return false;
        }
    }
}
