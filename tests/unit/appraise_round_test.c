/* SPDX-License-Identifier: BSD-3-Clause */
#include <stdio.h>
#include <string.h>

#include "tests/attack.h"
#include "tests/check.h"
#include "tests/rounds.h"

/* What a round knows from the one before, apart from the list: clock, counters, boot log. */

/* R13 */
static void clock_and_counters(void)
{
    static const struct {
        const char *name;
        struct tpm_clock now; /* after 5000 ms at reset 7, restart 3 */
        const char *says;     /* NULL: passes */
    } rows[] = {
        { "goes on", { 5001, 7, 3, true }, NULL },
        { "two quotes in a millisecond", { 5000, 7, 3, true }, NULL },
        { "clock back", { 4999, 7, 3, true }, "clock went back by 1 ms" },
        { "clock back, not safe", { 4999, 7, 3, false }, "clock went back by 1 ms" },
        { "clock at zero", { 0, 7, 3, true }, "clock went back by 5000 ms" },
        { "resume", { 5001, 7, 4, true }, NULL },
        { "resume, clock back", { 4999, 7, 4, true }, "clock went back by 1 ms" },
        { "restartCount back", { 5001, 7, 2, true }, "restartCount went back from 3 to 2" },
        { "reboot", { 5001, 8, 0, true }, NULL },
        { "reboot without an orderly shutdown", { 100, 8, 0, false }, NULL },
        { "reboot, restartCount higher", { 9000, 8, 9, true }, NULL },
        { "resetCount back", { 5001, 6, 3, true }, "resetCount went back from 7 to 6" },
        { "resetCount back, restartCount higher", { 9000, 6, 9, true }, "resetCount went back" },
        { "TPM cleared", { 10, 0, 0, true }, "or the TPM was cleared" },
        { "the greatest values", { UINT64_MAX, UINT32_MAX, UINT32_MAX, true }, NULL },
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct rounds r;
        char failed[512];

        check_case = rows[i].name;
        rounds_begin(&r, POLICY_DEFAULT, FORGE_SHA256);
        forge_honest(&r.machine);
        r.has_clock = true;
        r.last = (struct appraise_clock){ .reset = 7, .restart = 3, .clock_ms = 5000 };
        r.clock = rows[i].now;
        r.clock.clock_ms -= 1000; /* rounds_quote() lets it go on */
        rounds_quote(&r);
        rounds_judge(&r, forge_view(&r.machine.list), false);
        if (rows[i].says == NULL) {
            rounds_expect(&r, "", 6, 6);
        } else {
            CHECK_TEXT(bytes_of_text(attack_checks(&r.verdict, OUTCOME_FAIL, failed)), "clock");
            CHECK_TEXT(bytes_of_text(attack_kinds(&r.verdict, failed)), "quote");
            CHECK(rounds_says(&r, rows[i].says));
            /* No log is looked at, and nothing is kept. */
            CHECK_UINT(r.verdict.checks[CHECK_IMA_REPLAY].outcome, OUTCOME_NOT_RUN);
            CHECK(!r.out.has_progress && !r.out.has_boot && !r.out.needs_whole_list);
        }
        rounds_end(&r);
    }
    check_case = "";
}

static const char references[] =
        POLICY_HEAD "boot: { pcrs: { sha256: { 4: \"%s\" } } }\n" POLICY_IMA;

static void begin(struct rounds *r, const char *policy)
{
    rounds_begin(r, policy, FORGE_SHA1 | FORGE_SHA256);
    r->reuse_boot_log = true;
    forge_honest(&r->machine);
    rounds_whole(r);
    rounds_expect(r, "", 6, 6);
}

static void held_boot_log(void)
{
    struct rounds r;

    begin(&r, POLICY_DEFAULT);
    CHECK(r.has_boot);
    forge_file(&r.machine, FORGE_BOTH, 10, forge_files[0]);
    rounds_delta(&r);
    rounds_expect(&r, "", 7, 7);
    CHECK(strstr(r.verdict.checks[CHECK_BOOT_REPLAY].detail, "as held from an earlier round") !=
            NULL);
    CHECK(r.out.has_boot);

    rounds_whole(&r); /* boot_aggregate is recomputed from it */
    rounds_expect(&r, "", 7, 7);

    forge_extend(&r.machine, DIGEST_SHA256, 4, bytes_of_text("behind its back"));
    r.hints = true;
    rounds_delta(&r);
    rounds_expect(&r, "boot-replay", 7, 7);
    CHECK(!r.out.has_boot && r.out.has_progress);
    rounds_end(&r);
}

static void held_boot_log_of_other_machine(void)
{
    struct rounds r;

    begin(&r, POLICY_DEFAULT);
    r.boot.values.value[DIGEST_SHA256][3][0] ^= 1;
    rounds_quote(&r);
    rounds_judge(&r, rounds_rest(&r), true);
    CHECK(verdict_result(&r.verdict) == VERDICT_REFUSED && !r.out.has_boot);
    rounds_end(&r);
}

static void held_aggregate_is_recomputed(void)
{
    struct rounds r;

    begin(&r, POLICY_DEFAULT);
    memset(r.held.at.judged.aggregate.digest, 0x11, 32);
    rounds_delta(&r);
    rounds_expect(&r, "boot-aggregate", 6, 6);
    CHECK(attack_entry(&r.verdict) == 0);
    CHECK_UINT(r.held.at.judged.aggregate.state, AGGREGATE_BAD);
    rounds_delta(&r); /* the finding was made; the check still fails */
    rounds_expect(&r, "boot-aggregate", 6, 6);
    CHECK_UINT(r.verdict.findings.count, 0);
    rounds_end(&r);
}

/* Found while the boot log did not replay, boot_aggregate is judged when it does. */
static void aggregate_judged_later(void)
{
    for (int bad = 0; bad <= 1; bad++) {
        struct rounds r;
        struct forge_bytes log = { 0 };

        rounds_begin(&r, POLICY_DEFAULT, FORGE_SHA256);
        r.hints = true;
        forge_boot(&r.machine);
        if (bad == 1) {
            forge_file(&r.machine, FORGE_BOTH, 10, "boot_aggregate");
        } else {
            forge_aggregate(&r.machine, DIGEST_SHA256, 9);
        }
        forge_add(&log, forge_view(&r.machine.boot_log));
        attack_doctor_boot_log(&r.machine);
        rounds_whole(&r);
        rounds_expect(&r, "boot-replay", 1, 1);
        CHECK_UINT(r.held.at.judged.aggregate.state, AGGREGATE_UNJUDGED);
        memcpy(r.machine.boot_log.data, log.data, log.len);
        rounds_delta(&r);
        rounds_expect(&r, bad == 1 ? "boot-aggregate" : "", 1, 1);
        CHECK(bad == 0 || attack_entry(&r.verdict) == 0);
        forge_bytes_clear(&log);
        rounds_end(&r);
    }
}

static void held_boot_log_and_references(void)
{
    struct rounds r;
    char policy[1024];
    char hex[2 * DIGEST_SIZE_MAX + 1];

    rounds_begin(&r, POLICY_DEFAULT, FORGE_SHA256);
    forge_honest(&r.machine);
    bytes_hex(hex, sizeof(hex), (struct bytes){ r.machine.tpm.value[DIGEST_SHA256][4], 32 });
    rounds_end(&r);
    (void)snprintf(policy, sizeof(policy), references, hex);
    begin(&r, policy);
    rounds_delta(&r);
    rounds_expect(&r, "", 6, 6);
    CHECK_UINT(r.verdict.checks[CHECK_BOOT_POLICY].outcome, OUTCOME_PASS);
    rounds_end(&r);
}

static void boot_absent(void)
{
    struct rounds r;

    rounds_begin(&r, POLICY_ABSENT POLICY_IMA, FORGE_SHA256);
    r.hints = true;
    r.machine.send_boot_log = false;
    forge_honest(&r.machine);
    rounds_whole(&r);
    rounds_expect(&r, "", 6, 6);
    CHECK(!r.out.has_boot);
    forge_file(&r.machine, FORGE_BOTH, 10, forge_files[0]);
    rounds_delta(&r);
    rounds_expect(&r, "", 7, 7);
    rounds_delta(&r);
    rounds_expect(&r, "", 7, 7);

    forge_extend(&r.machine, DIGEST_SHA256, 9, bytes_of_text("late")); /* others than at boot */
    rounds_delta(&r);
    rounds_expect(&r, "boot-aggregate", 7, 7);
    rounds_end(&r);
}

static const struct test tests[] = {
    { "clock and counters go on", clock_and_counters },
    { "a boot log that is held is as good as one that was sent", held_boot_log },
    { "held values of another machine refuse", held_boot_log_of_other_machine },
    { "boot_aggregate is recomputed in every round", held_aggregate_is_recomputed },
    { "boot_aggregate is judged as soon as it can be", aggregate_judged_later },
    { "references are compared with held values", held_boot_log_and_references },
    { "rounds without any boot log go on", boot_absent },
};

int main(void)
{
    attack_setup();
    int failed = run_tests("appraise_round", tests, ARRAY_LEN(tests));

    attack_teardown();
    return failed;
}
