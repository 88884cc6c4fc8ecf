/* SPDX-License-Identifier: BSD-3-Clause */
#include <stdlib.h>

#include "ima/walk.h"
#include "tests/check.h"
#include "tests/unit/ima_made.h"

#define SHA1_AND_SHA256 (1u << DIGEST_SHA1 | 1u << DIGEST_SHA256)
#define ALL_SHA         (SHA1_AND_SHA256 | 1u << DIGEST_SHA384 | 1u << DIGEST_SHA512)
#define PCR10           (1u << 10)

static struct hasher h;

/* The registers after the first count records, by one rule for all banks. */
static struct pcr_values values_after(const struct made *m, size_t count, enum ima_rule rule)
{
    struct pcr_values out = { 0 };
    struct ima_replay r;
    struct ima_measured ignored;
    struct error err = { 0 };
    struct reader in = reader_init((struct bytes){ m->data, m->at[count] });
    struct ima_entry e;

    ima_replay_init(&r, MADE_SHA1, ALL_SHA, true);
    while (!reader_done(&in)) {
        CHECKF(ima_entry_read(&in, MADE_SHA1, &e, &err) &&
                        ima_replay_add(&r, &h, &e, &ignored, &err),
                "%s", err.text);
    }
    for (int i = 0; i <= DIGEST_SHA512; i++) {
        enum digest_alg alg = (enum digest_alg)i;

        for (unsigned int pcr = 0; pcr < PCR_COUNT; pcr++) {
            pcr_values_set(&out, alg, pcr,
                    ima_replay_value(&r, alg, alg == DIGEST_SHA1 ? IMA_RULE_PER_BANK : rule, pcr)
                            .ptr);
        }
    }
    return out;
}

static struct ima_target target_by_value(const struct pcr_values *values)
{
    return (struct ima_target){ .by_value = true, .pcrs = PCR10, .values = *values };
}

/* As a TPM would quote these values; registers of the list are then forgotten. */
static struct ima_target target_by_digest(const struct pcr_values *values, uint32_t pcrs,
        const struct pcr_selection *selection)
{
    struct ima_target t = { .pcrs = pcrs,
        .values = *values,
        .selection = *selection,
        .alg = DIGEST_SHA256 };
    struct error err = { 0 };

    CHECKF(pcr_composite(&h, t.alg, selection, values, t.digest, &err), "%s", err.text);
    for (int alg = 0; alg < DIGEST_ALG_COUNT; alg++) {
        t.values.known[alg] &= ~pcrs;
    }
    return t;
}

struct visits {
    size_t count;
    uint64_t last;
    size_t known; /* of a template we know */
    size_t fields;
};

static bool visit(void *ctx, const struct ima_record *record, struct error *err)
{
    struct visits *v = ctx;

    (void)err;
    v->count++;
    v->last = record->entry->index;
    v->known += record->fields->known ? 1 : 0;
    v->fields += record->fields->count;
    return true;
}

struct outcome {
    bool parsed;
    bool met;
    uint64_t attested;
    struct ima_rules rules;
    struct ima_replay replay;
    struct ima_replay at_mark;
    struct visits visits;
    struct error err;
};

static void walk(struct bytes list, struct ima_digest_format format, uint32_t banks,
        const struct ima_target *target, bool whole, struct outcome *out)
{
    struct ima_walk w;

    memset(out, 0, sizeof(*out));
    ima_walk_init(&w, &h, format, banks, true);
    w.target = target;
    w.whole = whole;
    w.visit = visit;
    w.ctx = &out->visits;
    out->parsed = ima_walk_feed(&w, list, &out->err) && ima_walk_end(&w, &out->err);
    out->met = w.met;
    out->attested = w.attested;
    out->rules = w.rules;
    out->replay = w.replay;
    out->at_mark = w.at_mark;
    ima_walk_clear(&w);
}

static struct made five_files(void)
{
    struct made m = { 0 };

    made_file(&m, MADE_SHA1, 10, "boot_aggregate");
    made_file(&m, MADE_SHA1, 10, "/a");
    made_file(&m, MADE_SHA1, 10, "/b");
    made_file(&m, MADE_SHA1, 10, "/c");
    made_file(&m, MADE_SHA1, 10, "/d");
    return m;
}

static void the_shortest_prefix_with_the_values_is_attested(void)
{
    struct made m = five_files();

    for (size_t mark = 1; mark <= m.count; mark++) {
        for (int rule = 0; rule < IMA_RULE_COUNT; rule++) {
            struct pcr_values values = values_after(&m, mark, (enum ima_rule)rule);
            struct ima_target t = target_by_value(&values);
            struct outcome o;

            walk(made_bytes(&m), MADE_SHA1, ALL_SHA, &t, false, &o);
            CHECK(o.parsed && o.met);
            CHECK_UINT(o.attested, mark);
            CHECK_UINT(o.visits.count, mark);
            CHECK_UINT(o.visits.last, mark - 1);
            CHECK_UINT(o.at_mark.entries, mark);
            CHECK_UINT(o.rules.rule[DIGEST_SHA256],
                    rule == IMA_RULE_PER_BANK ? IMA_RULE_PER_BANK : IMA_RULE_PADDED);
            CHECK_UINT(o.rules.rule[DIGEST_SHA1], IMA_RULE_PER_BANK);
        }
    }
}

static void a_digest_over_other_registers_too_finds_the_same_prefix(void)
{
    static const struct pcr_selection selection = { 2,
        { { DIGEST_SHA256, 0x0007ff }, { DIGEST_SHA1, PCR10 | 1u << 2 } } };
    struct made m = five_files();

    for (size_t mark = 1; mark <= m.count; mark++) {
        struct pcr_values values = values_after(&m, mark, IMA_RULE_PER_BANK);
        uint8_t other[DIGEST_SIZE_MAX];
        struct outcome o;

        memset(other, 0x17, sizeof(other));
        pcr_values_set(&values, DIGEST_SHA256, 7, other);
        struct ima_target t = target_by_digest(&values, PCR10, &selection);

        walk(made_bytes(&m), MADE_SHA1, SHA1_AND_SHA256, &t, false, &o);
        CHECK(o.parsed && o.met);
        CHECK_UINT(o.attested, mark);
        /* R3-like: another value of a register beside the list, and nothing matches. */
        other[0] ^= 1;
        pcr_values_set(&t.values, DIGEST_SHA256, 7, other);
        walk(made_bytes(&m), MADE_SHA1, SHA1_AND_SHA256, &t, false, &o);
        CHECK(o.parsed && !o.met && o.attested == 0);
    }
}

/* Debian 6.1: SHA-1 and SHA-256 per bank, SHA-384 and SHA-512 padded, in one list. */
static void banks_may_follow_different_rules(void)
{
    static const struct pcr_selection selection = { 4,
        { { DIGEST_SHA1, PCR10 }, { DIGEST_SHA256, PCR10 }, { DIGEST_SHA384, PCR10 },
                { DIGEST_SHA512, PCR10 } } };
    static const enum ima_rule rules[] = { IMA_RULE_PADDED, IMA_RULE_PADDED_20 };

    for (size_t i = 0; i < ARRAY_LEN(rules); i++) {
        struct made m = five_files();
        struct outcome o;

        made_violation(&m, MADE_SHA1, 10, "/v");
        made_file(&m, MADE_SHA1, 10, "/e");
        struct pcr_values values = values_after(&m, 6, IMA_RULE_PER_BANK);
        struct pcr_values padded = values_after(&m, 6, rules[i]);

        pcr_values_set(&values, DIGEST_SHA512, 10, padded.value[DIGEST_SHA512][10]);
        struct ima_target by_value = target_by_value(&values);
        struct ima_target by_digest = target_by_digest(&values, PCR10, &selection);
        const struct ima_target *targets[] = { &by_value, &by_digest };

        for (size_t j = 0; j < ARRAY_LEN(targets); j++) {
            walk(made_bytes(&m), MADE_SHA1, ALL_SHA, targets[j], false, &o);
            CHECK(o.met);
            CHECK_UINT(o.attested, 6);
            CHECK_UINT(o.rules.rule[DIGEST_SHA1], IMA_RULE_PER_BANK);
            CHECK_UINT(o.rules.rule[DIGEST_SHA256], IMA_RULE_PER_BANK);
            CHECK_UINT(o.rules.rule[DIGEST_SHA384], IMA_RULE_PER_BANK);
            CHECK_UINT(o.rules.rule[DIGEST_SHA512], rules[i]);
        }
    }
}

static void all_banks_must_match_at_the_same_record(void)
{
    struct made m = five_files();
    struct pcr_values values = values_after(&m, 3, IMA_RULE_PER_BANK);
    struct pcr_values later = values_after(&m, 4, IMA_RULE_PER_BANK);
    struct outcome o;

    pcr_values_set(&values, DIGEST_SHA1, 10, later.value[DIGEST_SHA1][10]);
    struct ima_target t = target_by_value(&values);

    walk(made_bytes(&m), MADE_SHA1, SHA1_AND_SHA256, &t, false, &o);
    CHECK(o.parsed && !o.met && o.attested == 0);
    CHECK_UINT(o.visits.count, 5);
}

static void all_registers_must_match_at_the_same_record(void)
{
    static const struct pcr_selection selection = { 1, { { DIGEST_SHA256, PCR10 | 1u << 11 } } };
    struct made m = { 0 };
    struct outcome o;

    made_file(&m, MADE_SHA1, 10, "/a");
    made_file(&m, MADE_SHA1, 11, "/b");
    made_file(&m, MADE_SHA1, 10, "/c");
    made_file(&m, MADE_SHA1, 11, "/d");
    for (size_t mark = 1; mark <= m.count; mark++) {
        struct pcr_values values = values_after(&m, mark, IMA_RULE_PER_BANK);
        struct ima_target t = target_by_digest(&values, PCR10 | 1u << 11, &selection);

        walk(made_bytes(&m), MADE_SHA1, 1u << DIGEST_SHA256, &t, false, &o);
        CHECK_UINT(o.attested, mark);
        t = target_by_value(&values);
        t.pcrs = PCR10 | 1u << 11;
        walk(made_bytes(&m), MADE_SHA1, 1u << DIGEST_SHA256, &t, false, &o);
        CHECK_UINT(o.attested, mark);
    }
    /* PCR 10 of one moment and PCR 11 of another. */
    struct pcr_values mixed = values_after(&m, 4, IMA_RULE_PER_BANK);
    struct pcr_values early = values_after(&m, 1, IMA_RULE_PER_BANK);

    pcr_values_set(&mixed, DIGEST_SHA256, 10, early.value[DIGEST_SHA256][10]);
    struct ima_target t = target_by_digest(&mixed, PCR10 | 1u << 11, &selection);

    walk(made_bytes(&m), MADE_SHA1, 1u << DIGEST_SHA256, &t, false, &o);
    CHECK(!o.met);
}

/* R27: the tail is not judged, not visited, and replayed only on request; but it must parse. */
static void the_tail_is_not_judged(void)
{
    struct made m = five_files();
    struct pcr_values values = values_after(&m, 2, IMA_RULE_PER_BANK);
    struct ima_target t = target_by_value(&values);
    struct outcome o;

    m.data[m.at[3] + 4] ^= 1; /* a wrong template digest in the tail */
    walk(made_bytes(&m), MADE_SHA1, SHA1_AND_SHA256, &t, false, &o);
    CHECK(o.met);
    CHECK_UINT(o.visits.count, 2);
    CHECK_UINT(o.replay.entries, 2);
    CHECK_UINT(o.replay.wrong_digests, 0);
    walk(made_bytes(&m), MADE_SHA1, SHA1_AND_SHA256, &t, true, &o);
    CHECK(o.met);
    CHECK_UINT(o.attested, 2);
    CHECK_UINT(o.visits.count, 5);
    CHECK_UINT(o.replay.entries, 5);
    CHECK_UINT(o.replay.wrong_digests, 1);
    CHECK_UINT(o.at_mark.entries, 2);
    CHECK(bytes_equal(ima_replay_value(&o.at_mark, DIGEST_SHA256, IMA_RULE_PER_BANK, 10),
            (struct bytes){ values.value[DIGEST_SHA256][10], 32 }));

    m.data[m.at[3] + 38 + 4] = 'x'; /* "xha256": still a digest */
    m.data[m.at[3] + 38 + 10] = ':';
    m.data[m.at[3] + 38 + 11] = ':'; /* no NUL any more: malformed fields */
    walk(made_bytes(&m), MADE_SHA1, SHA1_AND_SHA256, &t, false, &o);
    CHECK(!o.parsed);
    CHECK_UINT(o.err.code, ERROR_MALFORMED);
    CHECKF(strncmp(o.err.text, "entry 3 at offset", 17) == 0, "%s", o.err.text);
    m.data[m.at[3]] = 99; /* no register */
    walk(made_bytes(&m), MADE_SHA1, SHA1_AND_SHA256, &t, false, &o);
    CHECK(!o.parsed && o.err.code == ERROR_MALFORMED);
    walk((struct bytes){ m.data, m.at[3] - 1 }, MADE_SHA1, SHA1_AND_SHA256, &t, false, &o);
    CHECK(!o.parsed && o.err.code == ERROR_TRUNCATED);
}

static void no_record_is_attested_when_nothing_matches(void)
{
    struct made m = five_files();
    struct pcr_values values = values_after(&m, 5, IMA_RULE_PER_BANK);
    struct pcr_values start = values_after(&m, 0, IMA_RULE_PER_BANK);
    struct ima_target t = target_by_value(&values);
    struct ima_target t0 = target_by_value(&start);
    struct outcome o;

    walk((struct bytes){ m.data, m.at[4] }, MADE_SHA1, SHA1_AND_SHA256, &t, false, &o);
    CHECK(o.parsed && !o.met && o.attested == 0);
    /* The values before the first record are not a prefix of at least one record. */
    walk(made_bytes(&m), MADE_SHA1, SHA1_AND_SHA256, &t0, false, &o);
    CHECK(o.parsed && !o.met && o.attested == 0);
    walk((struct bytes){ 0 }, MADE_SHA1, SHA1_AND_SHA256, &t0, false, &o);
    CHECK(o.parsed && !o.met && o.attested == 0);
    walk(made_bytes(&m), MADE_SHA1, SHA1_AND_SHA256, NULL, false, &o);
    CHECK(o.parsed && !o.met);
    CHECK_UINT(o.replay.entries, 5);
}

/* Fail closed: a target that says nothing about the list is not met by any list. */
static void a_target_that_compares_nothing_is_never_met(void)
{
    static const struct pcr_selection boot_only = { 1, { { DIGEST_SHA256, 0x3ff } } };
    static const struct pcr_selection other_bank = { 1, { { DIGEST_SHA384, PCR10 } } };
    static const struct pcr_selection nothing = { 0 };
    struct made m = five_files();
    struct pcr_values values = values_after(&m, 1, IMA_RULE_PER_BANK);
    struct pcr_values reset = values_after(&m, 0, IMA_RULE_PER_BANK);
    struct pcr_values none = { 0 };
    struct pcr_values wrong_bank = { 0 };
    struct outcome o;

    pcr_values_set(&wrong_bank, DIGEST_SHA512, 10, values.value[DIGEST_SHA512][10]);
    struct ima_target targets[] = {
        target_by_value(&none),
        target_by_value(&wrong_bank),
        target_by_digest(&values, PCR10, &boot_only),
        target_by_digest(&reset, PCR10, &other_bank),
        target_by_digest(&values, PCR10, &nothing),
    };

    for (size_t i = 0; i < ARRAY_LEN(targets); i++) {
        walk(made_bytes(&m), MADE_SHA1, SHA1_AND_SHA256, &targets[i], false, &o);
        CHECKF(o.parsed && !o.met && o.attested == 0, "target %zu", i);
    }
}

static void a_followed_register_moves_the_mark(void)
{
    struct made m = { 0 };
    struct outcome o;

    made_file(&m, MADE_SHA1, 10, "/a");
    made_file(&m, MADE_SHA1, 10, "/b");
    made_file(&m, MADE_SHA1, 11, "/c");
    made_file(&m, MADE_SHA1, 10, "/d");

    /* PCR 10 has its value from /b on, PCR 11 only after /c. */
    struct pcr_values values = values_after(&m, 3, IMA_RULE_PER_BANK);
    struct ima_target t = target_by_value(&values);

    t.follow = true;
    walk(made_bytes(&m), MADE_SHA1, SHA1_AND_SHA256, &t, true, &o);
    CHECK(o.met);
    CHECK_UINT(o.attested, 3);
    CHECK_UINT(o.at_mark.entries, 3);
    CHECK_UINT(o.replay.entries, 4);

    /* PCR 11 still has its reset value: /c and /d are tail. */
    values = values_after(&m, 2, IMA_RULE_PER_BANK);
    t = target_by_value(&values);
    t.follow = true;
    walk(made_bytes(&m), MADE_SHA1, SHA1_AND_SHA256, &t, true, &o);
    CHECK(o.met);
    CHECK_UINT(o.attested, 2);

    /* PCR 11 has a value that no prefix gives: nothing is attested. */
    values.value[DIGEST_SHA256][11][0] ^= 1;
    t = target_by_value(&values);
    t.follow = true;
    walk(made_bytes(&m), MADE_SHA1, SHA1_AND_SHA256, &t, true, &o);
    CHECK(!o.met && o.attested == 0);

    /* Its value is not known: only PCR 10 is compared. */
    values.known[DIGEST_SHA256] &= ~(1u << 11);
    values.known[DIGEST_SHA1] &= ~(1u << 11);
    t = target_by_value(&values);
    t.follow = true;
    walk(made_bytes(&m), MADE_SHA1, SHA1_AND_SHA256, &t, true, &o);
    CHECK(o.met);
    CHECK_UINT(o.attested, 2);
}

static void real_lists_meet_the_values_of_their_tpm(void)
{
    static const struct {
        const char *list;
        const char *pcrs;
        struct ima_digest_format format;
        uint64_t attested;
    } cases[] = {
        { "ima-sig", "ima-sig.pcrs", { DIGEST_SHA1, 20 }, 7 },
        { "ima-sig_sha256", "ima-sig.pcrs", { DIGEST_SHA256, 32 }, 7 },
        { "ima-sig_sha384", "ima-sig.pcrs", { DIGEST_SHA384, 48 }, 7 },
        { "ima-sig_sha512", "ima-sig.pcrs", { DIGEST_SHA512, 64 }, 7 },
        { "ima-violations", "ima-violations.pcrs", { DIGEST_SHA1, 20 }, 28 },
        { "ima-legacy", "ima-legacy.pcrs", { DIGEST_SHA1, 20 }, 41 },
        { "ima-mixed", "ima-mixed.pcrs", { DIGEST_SHA1, 20 }, 13 },
        { "evm-sig", "evm-sig.pcrs", { DIGEST_SHA1, 20 }, 33 },
    };

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct buffer list CLEANUP(buffer_clear) = fixture(cases[i].list);
        struct pcr_values values = fixture_pcrs(cases[i].pcrs);
        struct ima_target t = target_by_value(&values);
        struct outcome o;

        t.follow = true;
        check_case = cases[i].list;
        walk(buffer_view(&list), cases[i].format, ALL_SHA, &t, true, &o);
        CHECKF(o.parsed, "%s", o.err.text);
        CHECK_UINT(o.attested, cases[i].attested);
        CHECK_UINT(o.replay.wrong_digests, 0);
    }
    check_case = "";
}

/* R29, R85: whatever a violation record says, and even if it says nothing readable, the outcome is
 * the same. Its PCR, digest and lengths are what is left of it. */
static void the_fields_of_a_violation_decide_nothing(void)
{
    struct made m = { 0 };
    struct outcome o;

    made_file(&m, MADE_SHA1, 10, "/a");
    made_violation(&m, MADE_SHA1, 10, "/v");
    made_file(&m, MADE_SHA1, 10, "/b");
    struct pcr_values values = values_after(&m, 3, IMA_RULE_PER_BANK);
    struct ima_target t = target_by_value(&values);

    for (size_t at = m.at[1] + 24 + 4; at < m.at[2]; at++) {
        if (at >= m.at[1] + 34 && at < m.at[1] + 38) {
            continue; /* the length of the data: framing */
        }
        for (unsigned int bit = 0; bit < 8; bit++) {
            m.data[at] ^= (uint8_t)(1u << bit);
            walk(made_bytes(&m), MADE_SHA1, SHA1_AND_SHA256, &t, false, &o);
            CHECKF(o.parsed && o.met && o.attested == 3 && o.replay.violations == 1,
                    "byte %zu bit %u: %s", at, bit, o.err.text);
            m.data[at] ^= (uint8_t)(1u << bit);
        }
    }
}

/* What a verifier with the template "ima-ng" alone in its policy would go by. */
static bool accepted(struct bytes list, const struct ima_target *t, uint64_t records)
{
    struct outcome o;

    walk(list, MADE_SHA1, SHA1_AND_SHA256, t, false, &o);
    return o.parsed && o.met && o.attested == records && o.replay.wrong_digests == 0 &&
            o.replay.violations == 0 && o.visits.known == records && o.visits.fields == 2 * records;
}

/* R25: each bit of a list counts: of PCR, digests, lengths, name and data. */
static void a_flipped_bit_is_never_accepted(void)
{
    struct buffer list CLEANUP(buffer_clear) = fixture("ima-sig");
    struct made m = five_files();
    struct pcr_values values = values_after(&m, 5, IMA_RULE_PER_BANK);
    struct ima_target t = target_by_value(&values);

    CHECK(accepted(made_bytes(&m), &t, 5));
    for (size_t bit = 0; bit < 8 * m.len; bit++) {
        uint8_t *copy = malloc(m.len);

        memcpy(copy, m.data, m.len);
        copy[bit / 8] ^= (uint8_t)(1u << bit % 8);
        CHECKF(!accepted((struct bytes){ copy, m.len }, &t, 5), "bit %zu of byte %zu", bit % 8,
                bit / 8);
        free(copy);
    }
    /* A real list: the same, but for the names, which no digest covers. */
    struct pcr_values real = fixture_pcrs("ima-sig.pcrs");
    struct ima_target want = target_by_value(&real);
    size_t unnoticed = 0;

    for (size_t bit = 0; bit < 8 * list.len; bit++) {
        struct outcome o;

        list.data[bit / 8] ^= (uint8_t)(1u << bit % 8);
        walk(buffer_view(&list), MADE_SHA1, SHA1_AND_SHA256, &want, false, &o);
        unnoticed += o.parsed && o.met && o.replay.wrong_digests == 0 && o.visits.known == 7;
        list.data[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
    CHECK_UINT(unnoticed, 0);
}

/* R26: removed, duplicated, exchanged and inserted records. */
static void a_list_of_other_records_is_never_accepted(void)
{
    struct made m = five_files();
    struct pcr_values values = values_after(&m, 5, IMA_RULE_PER_BANK);
    struct ima_target t = target_by_value(&values);
    struct made extra = { 0 };

    made_file(&extra, MADE_SHA1, 10, "/x");
    for (size_t i = 0; i < m.count; i++) {
        struct bytes before = { m.data, m.at[i] };
        struct bytes one = { m.data + m.at[i], m.at[i + 1] - m.at[i] };
        struct bytes after = { m.data + m.at[i + 1], m.len - m.at[i + 1] };
        struct bytes inserted = made_bytes(&extra);
        const struct {
            const char *name;
            struct bytes parts[4];
        } cases[] = {
            { "removed", { before, after } },
            { "duplicated", { before, one, one, after } },
            { "inserted", { before, inserted, one, after } },
            { "replaced", { before, inserted, after } },
            { "moved to the end", { before, after, one } },
            { "moved to the front", { one, before, after } },
        };

        for (size_t j = 0; j < ARRAY_LEN(cases); j++) {
            uint8_t all[2 * sizeof(m.data)];
            size_t len = 0;

            for (size_t k = 0; k < 4; k++) {
                if (cases[j].parts[k].len > 0) {
                    memcpy(all + len, cases[j].parts[k].ptr, cases[j].parts[k].len);
                    len += cases[j].parts[k].len;
                }
            }
            bool same = len == m.len && memcmp(all, m.data, len) == 0;
            bool last_twice = j == 1 && i + 1 == m.count; /* what follows the mark is tail */

            check_case = cases[j].name;
            CHECKF(accepted((struct bytes){ all, len }, &t, 5) == (same || last_twice),
                    "record %zu", i);
        }
    }
    check_case = "";
    CHECK(!accepted((struct bytes){ m.data, m.at[4] }, &t, 5));
}

struct pieces {
    struct bytes all;
    size_t at;
    size_t piece;
    size_t fail_at; /* offset at which the source fails */
};

static bool next_piece(void *ctx, struct bytes *out, struct error *err)
{
    struct pieces *p = ctx;
    size_t n = p->all.len - p->at < p->piece ? p->all.len - p->at : p->piece;

    if (p->fail_at > 0 && p->at >= p->fail_at) {
        return error_set(err, ERROR_IO, "the disk is gone");
    }
    *out = (struct bytes){ p->all.ptr + p->at, n };
    p->at += n;
    return true;
}

static void a_source_is_read_to_its_end(void)
{
    struct made m = five_files();
    struct pcr_values values = values_after(&m, 3, IMA_RULE_PER_BANK);
    struct ima_target t = target_by_value(&values);

    for (size_t piece = 1; piece < 200; piece += 66) {
        struct pieces p = { made_bytes(&m), 0, piece, 0 };
        struct source source = { .next = next_piece, .ctx = &p };
        struct error err = { 0 };
        struct ima_walk w;

        ima_walk_init(&w, &h, MADE_SHA1, SHA1_AND_SHA256, true);
        w.target = &t;
        CHECKF(ima_walk_run(&w, &source, &err), "%s", err.text);
        CHECK_UINT(w.attested, 3);
        CHECK_UINT(w.list.index, 5);
        ima_walk_clear(&w);

        p = (struct pieces){ made_bytes(&m), 0, piece, m.len };
        ima_walk_init(&w, &h, MADE_SHA1, SHA1_AND_SHA256, true);
        CHECK(!ima_walk_run(&w, &source, &err));
        CHECK_UINT(err.code, ERROR_IO);
        ima_walk_clear(&w);

        p = (struct pieces){ { m.data, m.len - 1 }, 0, piece, 0 };
        ima_walk_init(&w, &h, MADE_SHA1, SHA1_AND_SHA256, true);
        CHECK(!ima_walk_run(&w, &source, &err));
        CHECK_UINT(err.code, ERROR_TRUNCATED);
        ima_walk_clear(&w);
    }
}

int main(void)
{
    static const struct test tests[] = {
        { "the shortest prefix with the values is attested",
                the_shortest_prefix_with_the_values_is_attested },
        { "a digest over other registers, too, finds the same prefix",
                a_digest_over_other_registers_too_finds_the_same_prefix },
        { "banks may follow different rules", banks_may_follow_different_rules },
        { "all banks must match at the same record", all_banks_must_match_at_the_same_record },
        { "all registers must match at the same record",
                all_registers_must_match_at_the_same_record },
        { "R27: the tail is not judged", the_tail_is_not_judged },
        { "no record is attested when nothing matches",
                no_record_is_attested_when_nothing_matches },
        { "a target that compares nothing is never met",
                a_target_that_compares_nothing_is_never_met },
        { "a followed register moves the mark", a_followed_register_moves_the_mark },
        { "real lists meet the values of their TPM", real_lists_meet_the_values_of_their_tpm },
        { "R29, R85: the fields of a violation decide nothing",
                the_fields_of_a_violation_decide_nothing },
        { "R25: a flipped bit is never accepted", a_flipped_bit_is_never_accepted },
        { "R26: a list of other records is never accepted",
                a_list_of_other_records_is_never_accepted },
        { "a source is read to its end", a_source_is_read_to_its_end },
    };
    struct error err = { 0 };

    if (!hasher_init(&h, &err)) {
        return 1;
    }
    int status = run_tests("ima walk", tests, ARRAY_LEN(tests));

    hasher_clear(&h);
    return status;
}
