/* SPDX-License-Identifier: BSD-3-Clause */
#include <stdlib.h>

#include "ima/walk.h"
#include "tests/check.h"
#include "tests/unit/ima_made.h"

#define BANKS (1u << DIGEST_SHA1 | 1u << DIGEST_SHA256)
#define PCR10 (1u << 10)

static struct hasher h;

/* The registers after the first count records. */
static struct pcr_values values_after(const struct made *m, size_t count, enum ima_rule rule)
{
    struct pcr_values out = { 0 };
    struct ima_replay r;
    struct ima_measured ignored;
    struct error err = { 0 };
    struct reader in = reader_init((struct bytes){ m->data, m->at[count] });
    struct ima_entry e;

    ima_replay_init(&r, MADE_SHA1, BANKS, true);
    while (!reader_done(&in)) {
        CHECKF(ima_entry_read(&in, MADE_SHA1, &e, &err) &&
                        ima_replay_add(&r, &h, &e, &ignored, &err),
                "%s", err.text);
    }
    pcr_values_set(&out, DIGEST_SHA1, 10,
            ima_replay_value(&r, DIGEST_SHA1, IMA_RULE_PER_BANK, 10).ptr);
    pcr_values_set(&out, DIGEST_SHA256, 10, ima_replay_value(&r, DIGEST_SHA256, rule, 10).ptr);
    return out;
}

static struct made six_records(void)
{
    struct made m = { 0 };

    made_file(&m, MADE_SHA1, 10, "boot_aggregate");
    made_file(&m, MADE_SHA1, 10, "/a");
    made_violation(&m, MADE_SHA1, 10, "/b");
    made_file(&m, MADE_SHA1, 10, "/c");
    made_violation(&m, MADE_SHA1, 10, "/d");
    made_file(&m, MADE_SHA1, 10, "/e");
    return m;
}

/* What a walk told of. */
struct told {
    size_t records;
    uint64_t first;
    size_t tail;
    uint64_t tail_first;
};

static bool on_record(void *ctx, const struct ima_record *record, struct error *err)
{
    struct told *t = ctx;

    (void)err;
    t->first = t->records == 0 ? record->entry->index : t->first;
    t->records++;
    return true;
}

static bool on_tail(void *ctx, const struct ima_entry *entry, struct error *err)
{
    struct told *t = ctx;

    (void)err;
    t->tail_first = t->tail == 0 ? entry->index : t->tail_first;
    t->tail++;
    return true;
}

/* Walk the records from `from` on; `count` is the first new one. out: ima_walk_clear() it. */
static void walk(const struct made *m, size_t from, size_t count, const struct pcr_values *start,
        const struct pcr_values *end, bool padded, struct told *told, struct ima_walk *out)
{
    struct ima_target target = { .by_value = true, .pcrs = PCR10, .values = *end };
    struct error err = { 0 };

    *told = (struct told){ 0 };
    ima_walk_init(out, &h, MADE_SHA1, BANKS, padded);
    out->target = &target;
    out->visit = on_record;
    out->visit_tail = on_tail;
    out->ctx = told;
    ima_walk_resume(out, start, count, from, m->at[from]);
    bool ok = ima_walk_feed(out, (struct bytes){ m->data + m->at[from], m->len - m->at[from] },
                      &err) &&
            ima_walk_end(out, &err);

    CHECKF(ok, "%s", err.text);
}

/* For every place it starts at, every first new record, and every stop mark. */
static void goes_on_from_any_record(void)
{
    struct made m = six_records();

    for (int rule = 0; rule < IMA_RULE_COUNT; rule++) {
        for (size_t count = 1; count <= m.count; count++) {
            for (size_t from = 0; from <= count; from++) {
                for (size_t mark = count; mark <= m.count; mark++) {
                    struct pcr_values start = values_after(&m, count, (enum ima_rule)rule);
                    struct pcr_values end = values_after(&m, mark, (enum ima_rule)rule);
                    struct ima_walk w;
                    struct told told;

                    walk(&m, from, count, &start, &end, rule != IMA_RULE_PER_BANK, &told, &w);
                    CHECK(w.met);
                    CHECK_UINT(w.attested, mark);
                    CHECK_UINT(w.attested_end, m.at[mark]);
                    CHECK_UINT(w.list.index, m.count);
                    CHECK_UINT(w.list.offset, m.len);
                    CHECK_UINT(told.records, mark - count);
                    CHECK(told.records == 0 || told.first == count);
                    CHECK_UINT(told.tail, m.count - mark);
                    CHECK(told.tail == 0 || told.tail_first == mark);
                    ima_walk_clear(&w);
                }
            }
        }
    }
}

static void from_wrong_values_it_leads_nowhere(void)
{
    struct made m = six_records();
    struct pcr_values end = values_after(&m, 5, IMA_RULE_PER_BANK);

    for (size_t count = 1; count <= 4; count++) {
        struct pcr_values start = values_after(&m, count, IMA_RULE_PER_BANK);
        struct ima_walk w;
        struct told told;

        start.value[DIGEST_SHA1][10][0] ^= 1; /* one bank is enough */
        walk(&m, count, count, &start, &end, true, &told, &w);
        CHECK(!w.met && w.attested == 0 && told.tail == 0);
        CHECK_UINT(told.records, m.count - count);
        ima_walk_clear(&w);
    }
}

/* The values at the start are met only where the walk was told that records led there. */
static void without_an_earlier_walk_a_record_is_needed(void)
{
    struct made m = six_records();
    struct pcr_values zeros = { 0 };
    struct ima_target target = { .by_value = true, .pcrs = PCR10 };
    struct error err = { 0 };
    struct ima_walk w;

    pcr_values_set(&zeros, DIGEST_SHA1, 10, (const uint8_t[DIGEST_SIZE_MAX]){ 0 });
    pcr_values_set(&zeros, DIGEST_SHA256, 10, (const uint8_t[DIGEST_SIZE_MAX]){ 0 });
    target.values = zeros;
    for (int empty = 0; empty <= 1; empty++) {
        ima_walk_init(&w, &h, MADE_SHA1, BANKS, false);
        w.target = &target;
        CHECK(ima_walk_feed(&w, (struct bytes){ m.data, empty == 1 ? 0 : m.len }, &err));
        CHECK(ima_walk_end(&w, &err) && !w.met);
        ima_walk_clear(&w);
    }
}

static void a_list_that_ends_too_early_is_not_met(void)
{
    struct made m = six_records();
    struct pcr_values values = values_after(&m, 4, IMA_RULE_PER_BANK);
    struct ima_target target = { .by_value = true, .pcrs = PCR10, .values = values };
    struct error err = { 0 };

    for (size_t len = 0; len <= 4; len++) {
        struct ima_walk w;

        ima_walk_init(&w, &h, MADE_SHA1, BANKS, false);
        w.target = &target;
        ima_walk_resume(&w, &values, 4, 0, 0);
        CHECK(ima_walk_feed(&w, (struct bytes){ m.data, m.at[len] }, &err) &&
                ima_walk_end(&w, &err));
        CHECK(w.met == (len == 4));
        CHECK(!w.met || w.attested_end == m.at[4]);
        ima_walk_clear(&w);
    }
}

static void skipped_records_must_parse(void)
{
    struct made m = six_records();
    struct pcr_values values = values_after(&m, 4, IMA_RULE_PER_BANK);
    struct ima_target target = { .by_value = true, .pcrs = PCR10, .values = values };
    struct error err = { 0 };
    struct ima_walk w;

    m.data[m.at[1]] = 99; /* PCR 99 */
    ima_walk_init(&w, &h, MADE_SHA1, BANKS, false);
    w.target = &target;
    ima_walk_resume(&w, &values, 4, 0, 0);
    CHECK(!ima_walk_feed(&w, made_bytes(&m), &err));
    CHECK_UINT(err.code, ERROR_MALFORMED);
    CHECK(strstr(err.text, "entry 1 ") != NULL);
    ima_walk_clear(&w);
}

static bool broken(void *ctx, const struct ima_entry *entry, struct error *err)
{
    (void)ctx;
    (void)entry;
    return error_set(err, ERROR_NOMEM, "broken");
}

static void a_tail_visitor_can_end_the_walk(void)
{
    struct made m = six_records();
    struct pcr_values values = values_after(&m, 5, IMA_RULE_PER_BANK);
    struct ima_target target = { .by_value = true, .pcrs = PCR10, .values = values };
    struct error err = { 0 };
    struct ima_walk w;

    ima_walk_init(&w, &h, MADE_SHA1, BANKS, false);
    w.target = &target;
    w.visit_tail = broken;
    CHECK(!ima_walk_feed(&w, made_bytes(&m), &err));
    CHECK_UINT(err.code, ERROR_NOMEM);
    ima_walk_clear(&w);
    ima_walk_init(&w, &h, MADE_SHA1, BANKS, false);
    w.target = &target;
    w.visit_tail = broken;
    w.whole = true; /* then the tail is replayed like the rest */
    CHECK(ima_walk_feed(&w, made_bytes(&m), &err) && w.met);
    ima_walk_clear(&w);
}

int main(void)
{
    static const struct test tests[] = {
        { "a walk goes on from any record to any other", goes_on_from_any_record },
        { "from wrong values it leads nowhere", from_wrong_values_it_leads_nowhere },
        { "without an earlier walk a record is needed",
                without_an_earlier_walk_a_record_is_needed },
        { "a list that ends before the first new record is not met",
                a_list_that_ends_too_early_is_not_met },
        { "records that are skipped must parse", skipped_records_must_parse },
        { "a visitor of the tail can end the walk", a_tail_visitor_can_end_the_walk },
    };
    struct error err = { 0 };

    if (!hasher_init(&h, &err)) {
        return EXIT_FAILURE;
    }
    int status = run_tests("ima_walk_resume", tests, ARRAY_LEN(tests));

    hasher_clear(&h);
    return status;
}
