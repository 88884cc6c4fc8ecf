/* SPDX-License-Identifier: BSD-3-Clause */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "host/file.h"
#include "ima/entry.h"
#include "tests/attack.h"
#include "tests/check.h"
#include "tests/rounds.h"

/* However a list is cut into rounds, what comes out in the end is what one round says. */

#define RULES(rules) WITH("  exclude: [ \"/opt/**\" ]\n" rules)

/* What came of all rounds together. */
struct sum {
    uint32_t failed; /* bit of each check that failed in a round */
    uint64_t attested;
    uint64_t entries;
    uint64_t excluded;
    uint64_t violations;
    struct forge_bytes findings; /* of single records, in order, a line each */
    struct list_progress progress;
};

static void sum_clear(struct sum *s)
{
    forge_bytes_clear(&s->findings);
    *s = (struct sum){ 0 };
}

static void sum_add(struct sum *s, const struct rounds *r)
{
    const struct verdict *v = &r->verdict;

    for (int c = 0; c < CHECK_COUNT; c++) {
        s->failed |= v->checks[c].outcome == OUTCOME_FAIL ? 1u << c : 0;
    }
    s->attested = v->attested;
    s->entries = v->entries;
    s->excluded = v->excluded;
    s->violations = v->violations;
    for (size_t i = 0; i < v->findings.count; i++) {
        const struct finding *f = &v->findings.at[i];
        char line[1024];

        if (f->has_entry) {
            (void)snprintf(line, sizeof(line), "%s %s %" PRIu64 " %s\n", severity_name(f->severity),
                    f->kind, f->entry, f->text);
            forge_add(&s->findings, bytes_of_text(line));
        }
    }
    CHECK(r->out.has_progress);
    s->progress = r->out.progress;
}

static bool same_state(const struct list_state *a, const struct list_state *b)
{
    return memcmp(&a->pcrs, &b->pcrs, sizeof(a->pcrs)) == 0 &&
            a->judged.violations == b->judged.violations &&
            a->judged.excluded == b->judged.excluded && a->judged.files == b->judged.files &&
            a->judged.aggregate.state == b->judged.aggregate.state &&
            a->judged.aggregate.entry == b->judged.aggregate.entry &&
            a->judged.aggregate.alg == b->judged.aggregate.alg &&
            memcmp(a->judged.aggregate.digest, b->judged.aggregate.digest, DIGEST_SIZE_MAX) == 0;
}

static void sum_compare(const struct sum *got, const struct sum *want)
{
    const struct list_progress *p = &got->progress;
    const struct list_progress *q = &want->progress;

    CHECK_UINT(got->failed, want->failed);
    CHECK_UINT(got->attested, want->attested);
    CHECK_UINT(got->entries, want->entries);
    CHECK_UINT(got->excluded, want->excluded);
    CHECK_UINT(got->violations, want->violations);
    CHECKF(bytes_equal(forge_view(&got->findings), forge_view(&want->findings)),
            "got\n%.*swant\n%.*s", (int)got->findings.len, (const char *)got->findings.data,
            (int)want->findings.len, (const char *)want->findings.data);
    CHECK_UINT(p->entry, q->entry);
    CHECK_UINT(p->offset, q->offset);
    CHECK_UINT(p->seen, q->seen);
    CHECK(same_state(&p->start, &q->start) && same_state(&p->at, &q->at));
    CHECK_UINT(p->padded, q->padded);
    CHECK(p->kexec == q->kexec);
    CHECK(memcmp(p->last_record, q->last_record, sizeof(p->last_record)) == 0);
    CHECK(memcmp(p->tail, q->tail, sizeof(p->tail)) == 0);
    CHECK_UINT(p->violations_behind, q->violations_behind);
}

/* One round at a moment; the list has tail records more than the quote covers. */
static void step(struct rounds *r, size_t moment, size_t tail, struct sum *sum)
{
    size_t seen = moment + tail < r->moment_count ? moment + tail : r->moment_count - 1;
    size_t from = r->is_held ? (size_t)r->held.offset : 0;

    rounds_quote_moment(r, moment);
    rounds_judge(r, (struct bytes){ r->machine.list.data + from, r->moment[seen].list_len - from },
            r->is_held);
    rounds_keep(r);
    sum_add(sum, r);
}

static void check_cuts(struct rounds *r, size_t tail)
{
    size_t last = r->moment_count - 1;
    struct sum whole = { 0 };
    struct sum cut = { 0 };

    step(r, last, 0, &whole);
    for (size_t i = 0; i < last; i++) {
        rounds_forget(r);
        step(r, i, tail, &cut);
        step(r, last, 0, &cut);
        sum_compare(&cut, &whole);
        sum_clear(&cut);
    }
    rounds_forget(r);
    for (size_t i = 0; i < last; i += tail + 1) { /* the next quote attests the tail */
        step(r, i, tail, &cut);
    }
    step(r, last, 0, &cut);
    sum_compare(&cut, &whole);
    sum_clear(&cut);
    sum_clear(&whole);
}

static uint32_t next_random(uint32_t *state)
{
    *state = *state * 1664525 + 1013904223;
    return *state >> 16;
}

/* Records of every kind that a list of these registers can have. */
static void live(struct rounds *r, uint32_t seed, size_t records, bool pcr11)
{
    struct forge *f = &r->machine;
    uint8_t room[512];
    char path[64];

    forge_boot(f);
    forge_aggregate(f, DIGEST_SHA256, 9);
    rounds_mark(r);
    for (size_t i = 1; i < records; i++) {
        uint32_t pcr = pcr11 && next_random(&seed) % 4 == 0 ? 11 : 10;
        uint32_t kind = next_random(&seed) % 16;

        (void)snprintf(path, sizeof(path), "/%s/file_%zu", kind < 5 ? "opt" : "bin", i);
        if (kind < 6) { /* excluded, or unknown */
            forge_file(f, FORGE_BOTH, pcr, path);
        } else if (kind < 10) {
            forge_violation(f, FORGE_BOTH, 10, "ima-ng",
                    forge_file_data(kind == 6 ? path : "/var/log/busy", room, sizeof(room)));
        } else if (kind == 10 && i > records / 2) {
            forge_aggregate(f, DIGEST_SHA256, 9);
        } else {
            forge_file(f, FORGE_BOTH, pcr, forge_files[kind % FORGE_FILE_COUNT]);
        }
        rounds_mark(r);
    }
}

static void forged_lists(void)
{
    static const struct {
        const char *name;
        const char *policy;
        uint32_t banks;
        uint32_t padded;
        bool ones20;
        bool pcr11;
    } machines[] = {
        { "default policy", RULES(""), FORGE_SHA256, 0, false, false },
        { "violations warn, kexec allowed", RULES("  violations: warn\n  kexec: allow\n"),
                FORGE_SHA1 | FORGE_SHA256, 0, false, false },
        { "a limit for violations", RULES("  violations: { limit: 4 }\n"), FORGE_SHA256, 0, false,
                false },
        { "two registers", RULES("  pcrs: [10, 11]\n  kexec: allow\n"), FORGE_SHA256 | FORGE_SHA384,
                0, false, true },
        { "padded banks", RULES("  violations: warn\n  weak-digests: allow\n"),
                FORGE_SHA1 | FORGE_SHA256 | FORGE_SHA512, FORGE_SHA512, false, false },
        { "padded banks, short violations, refused", RULES("  pcrs: [10, 11]\n"),
                FORGE_SHA1 | FORGE_SHA256 | FORGE_SHA384, FORGE_SHA256 | FORGE_SHA384, true, true },
    };

    for (size_t i = 0; i < ARRAY_LEN(machines); i++) {
        for (uint32_t seed = 1; seed <= 2; seed++) {
            struct rounds r;
            char name[128];

            (void)snprintf(name, sizeof(name), "%s, seed %u", machines[i].name, seed);
            check_case = name;
            rounds_begin(&r, machines[i].policy, machines[i].banks);
            r.machine.padded = machines[i].padded;
            r.machine.ones20 = machines[i].ones20;
            r.banks = machines[i].banks;
            r.pcrs |= machines[i].pcr11 ? 1u << 11 : 0;
            r.hints = seed == 1;
            live(&r, seed + (uint32_t)i, 24, machines[i].pcr11);
            check_cuts(&r, 0);
            rounds_forget(&r);
            check_cuts(&r, 3);
            rounds_end(&r);
        }
    }
    check_case = "";
}

/* Let the machine measure what a list of a real kernel says, in these banks. */
static void live_as(struct rounds *r, struct bytes list)
{
    struct forge *f = &r->machine;
    struct reader in = reader_init(list);
    struct error err = { 0 };
    struct ima_entry e;

    forge_boot(f);
    while (!reader_done(&in) && r->moment_count < ROUNDS_MOMENTS_MAX) {
        char name[IMA_TEMPLATE_NAME_MAX + 1];

        if (!CHECKF(ima_entry_read(&in, f->format, &e, &err), "%s", err.text)) {
            return;
        }
        (void)snprintf(name, sizeof(name), "%.*s", (int)e.template_name.len,
                (const char *)e.template_name.ptr);
        if (ima_entry_is_violation(&e)) {
            forge_violation(f, FORGE_BOTH, e.pcr, name, e.template_data);
        } else {
            forge_record(f, FORGE_BOTH, e.pcr, name, e.template_data);
        }
        rounds_mark(r);
    }
    CHECK(memcmp(f->list.data, list.ptr, f->list.len) == 0);
}

static void real_lists(void)
{
    static const struct {
        const char *name;
        const char *rules;
        bool pcr11;
    } lists[] = {
        { "ima-violations", "  violations: warn\n", false },
        { "ima-mixed", "  pcrs: [10, 11]\n", true },
        { "ima-legacy", "  templates: [ima]\n", false },
        { "evm-sig", "  templates: [evm-sig]\n", false },
    };

    for (size_t i = 0; i < ARRAY_LEN(lists); i++) {
        struct buffer list CLEANUP(buffer_clear) = { 0 };
        struct error err = { 0 };
        struct rounds r;
        char path[512];
        char policy[512];

        check_case = lists[i].name;
        (void)snprintf(path, sizeof(path), "%s/ima/%s", TALLY_FIXTURES, lists[i].name);
        (void)snprintf(policy, sizeof(policy), "%s%s", POLICY_DEFAULT, lists[i].rules);
        if (!CHECKF(file_read(path, 1 << 20, &list, &err), "%s", err.text)) {
            continue;
        }
        rounds_begin(&r, policy, FORGE_SHA1 | FORGE_SHA256);
        r.pcrs |= lists[i].pcr11 ? 1u << 11 : 0;
        live_as(&r, buffer_view(&list));
        check_cuts(&r, i % 2 == 0 ? 2 : 0);
        rounds_end(&r);
    }
    check_case = "";
}

static const struct test tests[] = {
    { "a forged list says the same in one round and in any two, and record by record",
            forged_lists },
    { "so does a list of a real kernel", real_lists },
};

int main(void)
{
    attack_setup();
    int failed = run_tests("appraise_cut", tests, ARRAY_LEN(tests));

    attack_teardown();
    return failed;
}
