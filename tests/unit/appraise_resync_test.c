/* SPDX-License-Identifier: BSD-3-Clause */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "eventlog/types.h"
#include "tests/attack.h"
#include "tests/check.h"
#include "tests/rounds.h"

/* What happens to a machine between two rounds, and what a whole list says after it. */

#define EXCLUDED "  exclude: [ \"/opt/**\" ]\n"

static void grow(struct rounds *r, size_t count)
{
    static unsigned int number;

    for (size_t i = 0; i < count; i++) {
        char path[64];

        (void)snprintf(path, sizeof(path), "/opt/program_%u", number++);
        forge_file(&r->machine, FORGE_BOTH, 10, path);
    }
}

/* Six attested records and two more, attested by a delta. */
static void begin_with(struct rounds *r, const char *policy)
{
    rounds_begin(r, policy, FORGE_SHA1 | FORGE_SHA256);
    forge_honest(&r->machine);
    rounds_whole(r);
    grow(r, 2);
    rounds_delta(r);
    rounds_expect(r, "", 8, 8);
}

static void begin(struct rounds *r)
{
    begin_with(r, WITH(EXCLUDED));
}

/* Registers and logs as after power-on. */
static void clear_machine(struct rounds *r)
{
    uint32_t banks = r->machine.banks;

    forge_clear(&r->machine);
    forge_init(&r->machine, banks, attack_key());
}

static void empty_list(struct rounds *r)
{
    r->machine.list.len = 0;
    r->machine.records = 0;
}

/* Take away the first records, as a kernel that can trim does. */
static void trim(struct rounds *r, size_t count)
{
    struct forge *f = &r->machine;
    size_t cut = count < f->records ? f->record_at[count] : f->list.len;

    memmove(f->list.data, f->list.data + cut, f->list.len - cut);
    f->list.len -= cut;
    f->records -= count;
    for (size_t i = 0; i < f->records; i++) {
        f->record_at[i] = f->record_at[i + count] - cut;
    }
}

static bool has_kind(const struct rounds *r, enum severity severity, const char *kind)
{
    for (size_t i = 0; i < r->verdict.findings.count; i++) {
        const struct finding *f = &r->verdict.findings.at[i];

        if (f->severity == severity && strcmp(f->kind, kind) == 0) {
            return true;
        }
    }
    return false;
}

static void reset(void)
{
    struct rounds r;

    begin(&r);
    clear_machine(&r);
    r.clock = (struct tpm_clock){ 50, r.clock.reset + 1, 0, false };
    forge_honest(&r.machine);
    rounds_whole(&r);
    rounds_expect(&r, "", 6, 6);
    CHECK(!r.out.continued);
    CHECK_UINT(r.held.at.judged.excluded, 0);
    grow(&r, 1);
    rounds_delta(&r);
    rounds_expect(&r, "", 7, 7);
    rounds_end(&r);
}

/* Shutdown(STATE), power cycle, Startup(CLEAR): resetCount stays, the registers are cleared. */
static void restart(void)
{
    struct rounds r;

    begin(&r);
    clear_machine(&r);
    r.clock.restart++;
    forge_honest(&r.machine);
    forge_file(&r.machine, FORGE_BOTH, 10, "/opt/new");
    rounds_quote(&r);
    rounds_judge(&r,
            (struct bytes){ r.machine.list.data + r.held.offset,
                    r.machine.list.len > r.held.offset ? r.machine.list.len - r.held.offset : 0 },
            true);
    CHECK(r.out.needs_whole_list && verdict_result(&r.verdict) == VERDICT_REFUSED);
    rounds_judge(&r, forge_view(&r.machine.list), false);
    rounds_keep(&r);
    rounds_expect(&r, "", 7, 7);
    CHECK(!r.out.continued);
    CHECK_UINT(r.held.restart, r.clock.restart);
    CHECK_UINT(r.held.at.judged.excluded, 1);
    rounds_end(&r);
}

/* A machine with cleared registers is made to measure the old list again: its boot_aggregate is not
 * that of the new boot. */
static void restart_with_old_list(void)
{
    struct rounds r;
    struct forge_bytes old = { 0 };
    struct pcr_values before;

    begin(&r);
    forge_add(&old, forge_view(&r.machine.list));
    before = r.machine.tpm;
    clear_machine(&r);
    r.clock.restart++;
    forge_event(&r.machine, FORGE_BOTH, 4, EV_ACTION, "another kernel");
    forge_boot(&r.machine);
    memcpy(r.machine.tpm.value[DIGEST_SHA256][10], before.value[DIGEST_SHA256][10], 32);
    forge_add(&r.machine.list, forge_view(&old));
    for (int delta = 1; delta >= 0; delta--) {
        rounds_quote(&r);
        rounds_judge(&r, delta == 1 ? rounds_rest(&r) : forge_view(&r.machine.list), delta == 1);
        rounds_expect(&r, "boot-aggregate", 8, 8);
        CHECK(has_kind(&r, SEVERITY_REFUSE, "ima-replay"));
        CHECK(attack_entry(&r.verdict) == 0);
    }
    forge_bytes_clear(&old);
    rounds_end(&r);
}

static void resume(void)
{
    for (int whole = 0; whole <= 1; whole++) {
        struct rounds r;

        begin(&r);
        r.clock.restart++;
        grow(&r, 3);
        if (whole == 1) {
            rounds_whole(&r);
        } else {
            rounds_delta(&r);
        }
        rounds_expect(&r, "", 11, 11);
        CHECK(r.out.continued == (whole == 0));
        CHECK_UINT(r.held.restart, r.clock.restart);
        CHECK_UINT(r.held.at.judged.excluded, 5);
        rounds_end(&r);
    }
}

static void kexec_with_list(void)
{
    static const struct {
        const char *policy;
        const char *fails;
    } rows[] = {
        { WITH(EXCLUDED), "boot-aggregate" },
        { WITH(EXCLUDED "  kexec: allow\n"), "" },
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct rounds r;

        begin_with(&r, rows[i].policy);
        CHECK(!r.held.kexec);
        forge_aggregate(&r.machine, DIGEST_SHA256, 9);
        grow(&r, 1);
        rounds_delta(&r);
        rounds_expect(&r, rows[i].fails, 10, 10);
        CHECK(r.held.kexec);
        grow(&r, 1);
        rounds_delta(&r);
        rounds_expect(&r, rows[i].fails, 11, 11);
        CHECK(r.held.kexec);
        rounds_whole(&r);
        rounds_expect(&r, rows[i].fails, 11, 11);
        CHECK(r.held.kexec && !r.out.continued);
        rounds_end(&r);
    }
}

static void kexec_without_list(void)
{
    static const struct {
        const char *policy;
        const char *fails;
        enum severity severity;
    } rows[] = {
        { WITH(EXCLUDED), "boot-aggregate", SEVERITY_REFUSE },
        { WITH(EXCLUDED "  kexec: allow\n"), "", SEVERITY_WARN },
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct rounds r;

        begin_with(&r, rows[i].policy);
        empty_list(&r);
        forge_aggregate(&r.machine, DIGEST_SHA256, 9);
        forge_file(&r.machine, FORGE_BOTH, 10, forge_files[4]);
        grow(&r, 1);
        rounds_quote(&r);
        rounds_judge(&r, (struct bytes){ 0 }, true);
        CHECK(r.out.needs_whole_list);
        rounds_judge(&r, forge_view(&r.machine.list), false);
        rounds_keep(&r);
        rounds_expect(&r, rows[i].fails, 3, 3);
        CHECK(has_kind(&r, rows[i].severity, "kexec"));
        CHECK(r.out.continued && r.held.kexec);
        CHECK(strcmp(r.verdict.ima, "unanchored") == 0);
        CHECK_UINT(r.held.entry, 3);
        CHECK_UINT(r.verdict.excluded, 3);

        grow(&r, 2);
        rounds_delta(&r);
        rounds_expect(&r, rows[i].fails, 5, 5);
        CHECK(r.held.kexec);
        rounds_whole(&r);
        rounds_expect(&r, rows[i].fails, 5, 5);
        CHECK(has_kind(&r, rows[i].severity, "kexec"));
        CHECK_UINT(r.verdict.excluded, 5);
        CHECK(r.out.continued && r.held.kexec);

        empty_list(&r); /* and again */
        forge_aggregate(&r.machine, DIGEST_SHA256, 9);
        rounds_whole(&r);
        rounds_expect(&r, rows[i].fails, 1, 1);

        clear_machine(&r);
        r.clock.reset++;
        forge_honest(&r.machine);
        rounds_whole(&r);
        rounds_expect(&r, "", 6, 6);
        CHECK(!r.held.kexec && !r.out.continued);
        rounds_end(&r);
    }
}

static void kexec_bad(void)
{
    static const struct {
        const char *name;
        bool gap;
        bool tail;
        bool other;
    } rows[] = {
        { "a record was lost", true, false, false },
        { "the unattested tail was lost", false, true, false },
        { "boot_aggregate of another boot", false, false, true },
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct rounds r;

        check_case = rows[i].name;
        begin_with(&r, WITH(EXCLUDED "  kexec: allow\n"));
        if (rows[i].tail) {
            rounds_quote(&r);
            forge_file(&r.machine, FORGE_LOG, 10, "/opt/tail");
            rounds_judge(&r, rounds_rest(&r), true);
            rounds_keep(&r);
        }
        if (rows[i].gap) {
            grow(&r, 1);
        }
        empty_list(&r);
        if (rows[i].other) {
            struct pcr_values values = r.machine.tpm;

            forge_extend(&r.machine, DIGEST_SHA256, 4, bytes_of_text("another kernel"));
            forge_aggregate(&r.machine, DIGEST_SHA256, 9);
            memcpy(values.value[DIGEST_SHA256][10], r.machine.tpm.value[DIGEST_SHA256][10], 32);
            r.machine.tpm = values;
        } else {
            forge_aggregate(&r.machine, DIGEST_SHA256, 9);
        }
        grow(&r, 1);
        r.hints = true;
        rounds_whole(&r);
        rounds_expect(&r, rows[i].other ? "boot-aggregate" : "ima-replay", rows[i].other ? 2 : 0,
                2);
        CHECK(rows[i].other || rounds_says(&r, "as after a kexec without a gap"));
        CHECK(r.out.has_progress == rows[i].other);
        rounds_end(&r);
    }
    check_case = "";
}

static void trimmed(void)
{
    for (size_t front = 1; front <= 8; front++) {
        for (size_t more = 0; more <= 3; more += 3) {
            struct rounds r;
            char name[64];

            (void)snprintf(name, sizeof(name), "%zu of 8 gone, %zu new", front, more);
            check_case = name;
            begin(&r);
            grow(&r, more);
            trim(&r, front);
            rounds_whole(&r);
            if (front == 8 + more) { /* what is empty is refused, whatever the reason */
                rounds_expect(&r, "boot-replay ima-replay", 0, 0);
                rounds_end(&r);
                continue;
            }
            rounds_expect(&r, "", 8 + more, 8 + more);
            CHECK(has_kind(&r, SEVERITY_WARN, "ima-replay") && rounds_says(&r, "trimmed"));
            CHECK(r.out.continued);
            CHECK_UINT(r.held.entry, 8 + more);
            CHECK_UINT(r.held.offset, r.machine.list.len);
            CHECK_UINT(r.verdict.excluded, 2 + more);
            grow(&r, 2);
            rounds_delta(&r);
            rounds_expect(&r, "", 10 + more, 10 + more);
            rounds_whole(&r); /* still trimmed */
            rounds_expect(&r, "", 10 + more, 10 + more);
            trim(&r, r.machine.records);
            grow(&r, 1);
            rounds_whole(&r);
            rounds_expect(&r, "", 11 + more, 11 + more);
            rounds_end(&r);
        }
    }
    check_case = "";
}

static void trimmed_with_gap(void)
{
    for (size_t gap = 1; gap <= 3; gap++) {
        struct rounds r;

        begin(&r);
        grow(&r, 3);
        trim(&r, 8 + gap);
        r.hints = true;
        rounds_whole(&r);
        rounds_expect(&r, "ima-replay", 0, 3 - gap);
        CHECK(gap == 3 || rounds_says(&r, "records are lost that were not attested"));
        CHECK(!r.out.has_progress);
        rounds_end(&r);
    }
}

/* The last attested record is one of many equal violations. */
static void trimmed_among_violations(void)
{
    for (size_t behind = 0; behind <= 3; behind++) {
        struct rounds r;
        uint8_t room[512];
        struct bytes busy = forge_file_data("/var/log/busy", room, sizeof(room));

        begin_with(&r, WITH(EXCLUDED "  violations: warn\n"));
        forge_violation(&r.machine, FORGE_BOTH, 10, "ima-ng", busy);
        grow(&r, 1);
        for (size_t i = 0; i < behind; i++) {
            forge_violation(&r.machine, FORGE_BOTH, 10, "ima-ng", busy);
        }
        rounds_delta(&r);
        rounds_expect(&r, "", 10 + behind, 10 + behind);
        forge_violation(&r.machine, FORGE_BOTH, 10, "ima-ng", busy);
        rounds_delta(&r);
        rounds_expect(&r, "", 11 + behind, 11 + behind);
        forge_violation(&r.machine, FORGE_BOTH, 10, "ima-ng", busy);
        grow(&r, 1);
        trim(&r, 5);
        rounds_whole(&r);
        rounds_expect(&r, "", 13 + behind, 13 + behind);
        CHECK_UINT(r.verdict.violations, 3 + behind);
        rounds_end(&r);
    }
}

/* A kernel without the table of digests it has seen measures a file again and again: before the
 * last attested record, after it, and both when the latter is too far back to be taken for it. */
static void trimmed_among_equals(void)
{
    static const struct {
        bool before;
        bool after;
    } rows[] = { { true, false }, { false, true }, { true, true } };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        for (size_t front = 1; front <= 8; front++) {
            struct rounds r;

            begin(&r);
            if (rows[i].before) {
                forge_file(&r.machine, FORGE_BOTH, 10, "/opt/again");
                grow(&r, 1);
            }
            forge_file(&r.machine, FORGE_BOTH, 10, "/opt/again");
            rounds_delta(&r);
            grow(&r, rows[i].before ? front : 1);
            if (rows[i].after) {
                forge_file(&r.machine, FORGE_BOTH, 10, "/opt/again");
                grow(&r, 1);
            }
            uint64_t count = r.machine.records;

            trim(&r, front);
            rounds_whole(&r);
            rounds_expect(&r, "", count, count);
            rounds_end(&r);
        }
    }
}

/* Tampering with a trimmed list is no better than with a whole one. */
static void trimmed_and_changed(void)
{
    for (size_t record = 0; record < 6; record++) {
        struct rounds r;

        begin(&r);
        grow(&r, 3);
        trim(&r, 5);
        attack_drop_record(&r.machine, record);
        r.hints = true;
        rounds_whole(&r);
        if (record < 2) { /* of those attested before: the front may go away anywhere */
            rounds_expect(&r, "", 11, 11);
        } else {
            rounds_expect(&r, "ima-replay", 0, 5);
        }
        rounds_end(&r);
    }
}

/* A list that still begins with boot_aggregate lacks nothing in front: what differs in it from what
 * was attested was changed. */
static void changed_and_not_trimmed(void)
{
    for (size_t record = 1; record < 7; record++) {
        struct rounds r;

        begin(&r);
        grow(&r, 3);
        attack_drop_record(&r.machine, record);
        r.hints = true;
        rounds_whole(&r);
        rounds_expect(&r, "ima-replay", 0, 10);
        rounds_end(&r);
    }
}

/* R28 holds for a trimmed list, too. */
static void trimmed_tail(void)
{
    struct rounds r;

    begin(&r);
    rounds_mark(&r);
    grow(&r, 2);
    rounds_quote_moment(&r, 0);
    rounds_judge(&r, rounds_rest(&r), true);
    rounds_keep(&r);
    rounds_expect(&r, "", 8, 10);
    trim(&r, 4);
    rounds_quote_moment(&r, 0);
    rounds_judge(&r, forge_view(&r.machine.list), false);
    rounds_expect(&r, "ima-replay", 8, 10);
    CHECK(rounds_says(&r, "stays behind") && !r.out.has_progress);
    rounds_whole(&r);
    rounds_expect(&r, "", 10, 10);
    rounds_end(&r);
}

/* The whole list in the same boot: nothing that was attested may be gone. */
static void whole_again(void)
{
    struct rounds r;

    begin(&r);
    r.held.entry = 9; /* as if nine had been attested */
    r.held.seen = 9;
    rounds_quote(&r);
    rounds_judge(&r, forge_view(&r.machine.list), false);
    rounds_expect(&r, "ima-replay", 8, 8);
    CHECK(rounds_says(&r, "became shorter"));
    rounds_end(&r);
}

/* R28 does not depend on the policy: what the list had by the last one must be attested by now. */
static void tail_under_another_policy(void)
{
    struct rounds r;

    begin(&r);
    rounds_mark(&r);
    grow(&r, 2);
    rounds_quote_moment(&r, 0);
    rounds_judge(&r, rounds_rest(&r), true);
    rounds_keep(&r);
    rounds_expect(&r, "", 8, 10);
    r.other_policy = true;
    rounds_quote_moment(&r, 0);
    rounds_judge(&r, forge_view(&r.machine.list), false);
    rounds_expect(&r, "ima-replay", 8, 10);
    CHECK(rounds_says(&r, "stays behind"));
    rounds_whole(&r);
    rounds_expect(&r, "", 10, 10);
    rounds_end(&r);
}

/* Files that were judged in ways that led nowhere are not reported. */
static void nothing_from_failed_ways(void)
{
    struct rounds r;

    begin(&r);
    forge_file(&r.machine, FORGE_BOTH, 10, "/usr/bin/newcomer");
    grow(&r, 1);
    attack_drop_record(&r.machine, 9);
    r.hints = true;
    rounds_whole(&r);
    rounds_expect(&r, "ima-replay", 0, 9);
    CHECK_UINT(r.verdict.findings.count, 1);
    CHECK(!has_kind(&r, SEVERITY_REFUSE, "kexec") && attack_entry(&r.verdict) == -1);
    rounds_end(&r);
}

/* R74: a list that fails is not read more often when it is longer. */
static void passes_are_constant(void)
{
    size_t passes[2];

    for (size_t i = 0; i < 2; i++) {
        struct rounds r;

        begin(&r);
        grow(&r, i == 0 ? 3 : 300);
        attack_drop_record(&r.machine, 9);
        rounds_quote(&r);
        r.hints = true; /* wrong for the list: it is tried with two sets of other values */
        attack_wrong_list_hint(&r.machine);
        attack_wrong_boot_hint(&r.machine);
        rounds_judge(&r, forge_view(&r.machine.list), false);
        passes[i] = r.passes;
        rounds_end(&r);
    }
    CHECK_UINT(passes[1], passes[0]);
    CHECK_UINT(passes[0], 2 * (2 + 1) + 1); /* two rules, another way; the list's shape */
}

static const struct test tests[] = {
    { "after a TPM Reset a list is that of a new boot", reset },
    { "after a TPM Restart with cleared registers, too", restart },
    { "the old list does not stand for a new boot", restart_with_old_list },
    { "after a resume the list goes on", resume },
    { "a kexec that carries the list over goes on in it", kexec_with_list },
    { "a kexec without the list goes on from the registers", kexec_without_list },
    { "a kexec that loses records refuses", kexec_bad },
    { "a list trimmed in front goes on, wherever it was cut", trimmed },
    { "a list trimmed too far refuses", trimmed_with_gap },
    { "the place is found among equal violations", trimmed_among_violations },
    { "the place is found among equal records", trimmed_among_equals },
    { "a trimmed list that was changed refuses", trimmed_and_changed },
    { "a list that was changed among old records is not a trimmed one", changed_and_not_trimmed },
    { "the tail must be attested though the list was trimmed", trimmed_tail },
    { "another policy does not excuse a tail that is not attested", tail_under_another_policy },
    { "attested records are not taken back", whole_again },
    { "ways that lead nowhere leave no trace", nothing_from_failed_ways },
    { "the number of passes is constant", passes_are_constant },
};

int main(void)
{
    attack_setup();
    int failed = run_tests("appraise_resync", tests, ARRAY_LEN(tests));

    attack_teardown();
    return failed;
}
