/* SPDX-License-Identifier: BSD-3-Clause */
#include <stdlib.h>

#include "tests/check.h"
#include "tests/round/scene.h"
#include "verifier/open_findings.h"

/* Write the state and read it back: a later run of the program. */
static void pass_through_file(struct scene *s)
{
    struct buffer text CLEANUP(buffer_clear) = { 0 };
    struct error err = { 0 };

    CHECKF(host_state_encode(&s->state, &text, &err), "%s", err.text);
    host_state_clear(&s->state);
    CHECKF(host_state_decode(buffer_view(&text), &s->state, &err), "%s", err.text);
}

static struct buffer encoded(const struct scene *s)
{
    struct buffer text = { 0 };
    struct error err = { 0 };

    CHECKF(host_state_encode(&s->state, &text, &err), "%s", err.text);
    return text;
}

static void refused_stays_refused_with_nothing_new(void)
{
    struct scene s;

    scene_make(&s, NULL);
    SCENE_EXPECT(&s, "TRUSTED");
    scene_run_unknown(&s, "/tmp/intruder");
    SCENE_EXPECT(&s, "REFUSED unknown-file");
    for (int i = 0; i < 3; i++) {
        pass_through_file(&s);
        SCENE_EXPECT(&s, "REFUSED unknown-file");
        CHECK_UINT(s.round.way, ROUND_DELTA);
        CHECK_UINT(s.round.verdict.findings.count, 1);
        CHECK_UINT(s.round.verdict.checks[CHECK_FILES].outcome, OUTCOME_FAIL);
        CHECK_UINT((uint64_t)attack_entry(&s.round.verdict), 6);
        CHECK_TEXT(bytes_of_text(s.round.verdict.findings.at[0].path), "/tmp/intruder");
        scene_run_allowed(&s);
    }
    scene_run_unknown(&s, "/tmp/second");
    SCENE_EXPECT(&s, "REFUSED unknown-file");
    CHECK_UINT(s.round.verdict.findings.count, 2);
    SCENE_EXPECT(&s, "REFUSED unknown-file");
    CHECK_UINT(s.round.verdict.findings.count, 2);
    scene_clear(&s);
}

static void every_kind_of_finding_about_records_stays(void)
{
    static const struct {
        const char *name;
        const char *policy;
        const char *want;
        bool violation;
    } cases[] = {
        { "unknown file", NULL, "REFUSED unknown-file", false },
        { "denied file", WITH("  deny: [ { file: deny.sha256 } ]\n"), "REFUSED denied-file",
                false },
        { "violation", NULL, "REFUSED violation", true },
        { "violation within the limit", WITH("  violations: { limit: 2 }\n"), "TRUSTED", true },
        { "violation that only warns", WITH("  violations: warn\n"), "TRUSTED", true },
        { "violation above the limit", WITH("  violations: { limit: 0 }\n"), "REFUSED violation",
                true },
    };

    attack_write_list("deny.sha256", "", DIGEST_SHA256, "/tmp/intruder", "/tmp/intruder");
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct scene s;
        uint8_t data[512];

        check_case = cases[i].name;
        scene_make(&s, cases[i].policy);
        SCENE_EXPECT(&s, "TRUSTED");
        if (cases[i].violation) {
            forge_violation(&s.machine, FORGE_BOTH, 10, "ima-ng",
                    forge_file_data("/var/log/messages", data, sizeof(data)));
        } else {
            scene_run_unknown(&s, "/tmp/intruder");
        }
        SCENE_EXPECT(&s, cases[i].want);
        size_t count = s.round.verdict.findings.count;

        CHECK(count > 0);
        pass_through_file(&s);
        SCENE_EXPECT(&s, cases[i].want);
        CHECK_UINT(s.round.verdict.findings.count, count);
        scene_boot(&s);
        SCENE_EXPECT(&s, "TRUSTED");
        CHECK_UINT(s.round.verdict.findings.count, 0);
        scene_clear(&s);
    }
    check_case = "";
}

static void another_policy_judges_everything_again(void)
{
    struct scene s;

    scene_make(&s, NULL);
    scene_run_unknown(&s, "/tmp/intruder");
    SCENE_EXPECT(&s, "REFUSED unknown-file");

    /* The same text, another list: the policy digest tells. */
    attack_write_list("more.sha256", "", DIGEST_SHA256, "/usr/bin/other", "/usr/bin/other");
    scene_set_policy(&s, WITH("  deny: [ { file: more.sha256 } ]\n"));
    SCENE_EXPECT(&s, "REFUSED unknown-file");
    CHECK_UINT(s.round.way, ROUND_WHOLE);
    attack_write_list("more.sha256", "", DIGEST_SHA256, forge_files[0], forge_files[0]);
    scene_set_policy(&s, WITH("  deny: [ { file: more.sha256 } ]\n"));
    SCENE_EXPECT(&s, "REFUSED denied-file unknown-file");
    CHECK_UINT(s.round.way, ROUND_WHOLE);
    CHECK_UINT(s.round.verdict.findings.count, 2);

    /* Accepted: what was found is forgotten. */
    scene_set_policy(&s, WITH("  exclude: [ \"/tmp/**\" ]\n"));
    SCENE_EXPECT(&s, "TRUSTED");
    CHECK_UINT(s.round.verdict.excluded, 1);
    SCENE_EXPECT(&s, "TRUSTED");
    CHECK_UINT(s.round.way, ROUND_DELTA);
    CHECK_UINT(s.round.verdict.excluded, 1);
    scene_clear(&s);
}

static void a_policy_cannot_judge_what_is_gone(void)
{
    struct scene s;

    scene_make(&s, WITH("  kexec: allow\n"));
    SCENE_EXPECT(&s, "TRUSTED");
    scene_kexec(&s);
    SCENE_EXPECT(&s, "TRUSTED");
    scene_set_policy(&s, WITH("  kexec: allow\n  violations: warn\n"));
    SCENE_EXPECT(&s, "REFUSED ima-replay");
    CHECKF(strstr(s.round.verdict.findings.at[s.round.verdict.findings.count - 1].text,
                   "the policy changed") != NULL,
            "%s", s.round.verdict.findings.at[0].text);
    scene_set_policy(&s, WITH("  kexec: allow\n"));
    SCENE_EXPECT(&s, "TRUSTED");
    scene_set_policy(&s, WITH("  kexec: allow\n  violations: warn\n"));
    scene_boot(&s);
    SCENE_EXPECT(&s, "TRUSTED");
    scene_clear(&s);
}

/* The first of two records that nobody has attested yet is left out, of a delta and of all. */
static void drop_what_is_new(struct fake_agent *a, const struct message_request *r,
        struct fake_answer *answer)
{
    static uint8_t list[4096];
    const struct forge *f = a->machine;
    size_t start = (size_t)answer->evidence.log[LOG_KIND_IMA].offset;
    size_t from = f->record_at[6];
    size_t to = f->record_at[7];

    (void)r;
    memcpy(list, f->list.data, from);
    memcpy(list + from, f->list.data + to, f->list.len - to);
    answer->chunk[1].data = (struct bytes){ list + start, f->list.len - (to - from) - start };
}

static void break_signature(struct fake_agent *a)
{
    a->machine->quote.break_signature = true;
}

static void a_round_that_fails_leaves_the_state_untouched(void)
{
    struct scene s;

    scene_make(&s, NULL);
    SCENE_EXPECT(&s, "TRUSTED");
    struct buffer before CLEANUP(buffer_clear) = encoded(&s);

    scene_run_allowed(&s);
    scene_run_allowed(&s);
    s.agent.change_quote = break_signature;
    SCENE_EXPECT(&s, "REFUSED quote");
    s.agent.change_quote = NULL;
    s.agent.change = drop_what_is_new;
    SCENE_EXPECT(&s, "REFUSED ima-replay");
    CHECK_UINT(s.round.way, ROUND_RESYNC);
    struct buffer after CLEANUP(buffer_clear) = encoded(&s);

    CHECK(bytes_equal(buffer_view(&before), buffer_view(&after)));
    s.agent.change = NULL;
    SCENE_EXPECT(&s, "TRUSTED");
    CHECK_UINT(s.round.new_entries, 2);
    scene_clear(&s);
}

static void open_findings_are_part_of_a_verdict_that_fails_otherwise(void)
{
    struct scene s;

    scene_make(&s, NULL);
    scene_run_unknown(&s, "/tmp/intruder");
    SCENE_EXPECT(&s, "REFUSED unknown-file");
    s.agent.change_quote = break_signature;
    SCENE_EXPECT(&s, "REFUSED unknown-file quote");
    scene_clear(&s);
}

/* After a resync that failed only deltas are asked for, for a while. */
static void a_resync_that_failed_is_not_repeated_at_once(void)
{
    struct scene s;

    scene_make(&s, NULL);
    SCENE_EXPECT(&s, "TRUSTED");
    scene_run_allowed(&s);
    scene_run_allowed(&s);
    s.agent.change = drop_what_is_new;
    s.agent.quotes = 0;
    SCENE_EXPECT(&s, "REFUSED ima-replay");
    CHECK_UINT(s.agent.quotes, 2);
    for (int i = 0; i < 3; i++) {
        SCENE_EXPECT(&s, "REFUSED ima-replay");
        CHECK_UINT(s.round.way, ROUND_DELTA);
    }
    CHECK_UINT(s.agent.quotes, 5);
    s.host.no_resync_till = 0; /* time has passed */
    SCENE_EXPECT(&s, "REFUSED ima-replay");
    CHECK_UINT(s.round.way, ROUND_RESYNC);
    CHECK(s.host.no_resync_till > 0);
    s.agent.change = NULL;
    SCENE_EXPECT(&s, "TRUSTED"); /* honest again: the delta is enough */
    scene_clear(&s);
}

static void a_held_boot_log_that_does_not_fit_is_asked_for(void)
{
    struct scene s;

    scene_make(&s, NULL);
    SCENE_EXPECT(&s, "TRUSTED");
    s.state.boot.values.value[DIGEST_SHA256][4][0] ^= 1; /* as of another boot */
    SCENE_EXPECT(&s, "TRUSTED");
    CHECK_UINT(s.round.way, ROUND_RESYNC);
    SCENE_EXPECT(&s, "TRUSTED");
    CHECK_UINT(s.round.way, ROUND_DELTA);
    scene_clear(&s);
}

static void a_clock_that_goes_back_refuses(void)
{
    struct scene s;

    scene_make(&s, NULL);
    SCENE_EXPECT(&s, "TRUSTED");
    s.agent.clock.clock_ms -= 5000;
    SCENE_EXPECT(&s, "REFUSED quote");
    s.agent.clock.clock_ms += 50000;
    SCENE_EXPECT(&s, "TRUSTED");
    s.agent.clock.reset--;
    SCENE_EXPECT(&s, "REFUSED quote");
    scene_clear(&s);
}

static void a_clock_that_is_not_safe_is_told_in_every_round(void)
{
    struct scene s;

    scene_make(&s, NULL);
    s.agent.clock.safe = false;
    for (int i = 0; i < 2; i++) {
        SCENE_EXPECT(&s, "TRUSTED");
        CHECK_UINT(s.round.verdict.findings.count, 1);
        CHECK_UINT(s.state.open.count, 0);
    }
    scene_set_policy(&s, POLICY_DEFAULT "quote: { unsafe-clock: refuse }\n");
    SCENE_EXPECT(&s, "REFUSED quote");
    s.agent.clock.safe = true;
    SCENE_EXPECT(&s, "TRUSTED");
    scene_clear(&s);
}

static void too_many_findings_stay_too_many(void)
{
    struct scene s;
    char path[32];

    scene_make(&s, NULL);
    for (int i = 0; i < FINDINGS_MAX + 50; i++) {
        (void)snprintf(path, sizeof(path), "/tmp/%d", i);
        scene_run_unknown(&s, path);
    }
    s.agent.chunk = 1 << 20;
    SCENE_EXPECT(&s, "REFUSED unknown-file too-many");
    CHECK_UINT(s.round.verdict.findings.count, FINDINGS_MAX + 1);
    pass_through_file(&s);
    for (uint64_t i = 0; i < 3; i++) {
        SCENE_EXPECT(&s, "REFUSED unknown-file too-many");
        CHECK_UINT(s.round.verdict.findings.count, FINDINGS_MAX + 1);
        CHECK_UINT(s.round.verdict.findings.dropped[SEVERITY_REFUSE], 50 + i);
        CHECK_UINT(s.state.open.count, FINDINGS_MAX);
        scene_run_unknown(&s, "/tmp/one more");
    }
    scene_clear(&s);
}

static void check_same(const struct verdict *a, const struct verdict *b)
{
    CHECK_UINT(verdict_result(a), verdict_result(b));
    CHECK_UINT(a->attested, b->attested);
    CHECK_UINT(a->entries, b->entries);
    CHECK_UINT(a->violations, b->violations);
    CHECK_UINT(a->findings.kept[SEVERITY_REFUSE], b->findings.kept[SEVERITY_REFUSE]);
    CHECK_UINT(a->findings.kept[SEVERITY_WARN], b->findings.kept[SEVERITY_WARN]);
    CHECK(verdict_has_kind(a, "unknown-file") == verdict_has_kind(b, "unknown-file"));
    CHECK(verdict_has_kind(a, "violation") == verdict_has_kind(b, "violation"));
    for (int c = 0; c < CHECK_COUNT; c++) {
        CHECKF(a->checks[c].outcome == b->checks[c].outcome, "%s: %s, %s",
                check_name((enum check)c), outcome_name(a->checks[c].outcome),
                outcome_name(b->checks[c].outcome));
    }
}

/* Whatever happened, and in how many rounds: the verdict is that of one look at everything. */
static void deltas_add_up_to_the_whole(void)
{
    unsigned int seed = 7;

    for (int n = 0; n < 30; n++) {
        struct scene s;

        scene_make(&s, n % 2 == 0 ? NULL : WITH("  violations: { limit: 2 }\n"));
        for (int step = 0; step < 6; step++) {
            uint8_t data[512];
            char path[32];

            (void)snprintf(path, sizeof(path), "/tmp/%d", step);
            for (unsigned int k = (unsigned int)rand_r(&seed) % 4; k > 0; k--) {
                switch (rand_r(&seed) % 5) {
                case 0:
                    scene_run_unknown(&s, path);
                    break;
                case 1:
                    forge_violation(&s.machine, FORGE_BOTH, 10, "ima-ng",
                            forge_file_data(path, data, sizeof(data)));
                    break;
                default:
                    scene_run_allowed(&s);
                }
            }
            if (rand_r(&seed) % 4 == 0) {
                pass_through_file(&s);
            }
            (void)scene_round(&s);
            struct verdict kept = s.round.verdict;
            struct host_state none = { 0 };

            s.round.verdict = (struct verdict){ 0 };
            s.host.state = &none;
            (void)scene_round(&s);
            check_same(&kept, &s.round.verdict);
            verdict_clear(&kept);
            host_state_clear(&none);
            s.host.state = &s.state;
        }
        scene_clear(&s);
    }
}

int main(void)
{
    static const struct test tests[] = {
        { "R97: refused stays refused with nothing new", refused_stays_refused_with_nothing_new },
        { "every kind of finding about records stays", every_kind_of_finding_about_records_stays },
        { "R98: another policy judges everything again", another_policy_judges_everything_again },
        { "a policy cannot judge what is gone", a_policy_cannot_judge_what_is_gone },
        { "R39: a round that fails leaves the state untouched",
                a_round_that_fails_leaves_the_state_untouched },
        { "open findings are part of a verdict that fails otherwise",
                open_findings_are_part_of_a_verdict_that_fails_otherwise },
        { "R99: a resync that failed is not repeated at once",
                a_resync_that_failed_is_not_repeated_at_once },
        { "a held boot log that does not fit is asked for",
                a_held_boot_log_that_does_not_fit_is_asked_for },
        { "R13: a clock that goes back refuses", a_clock_that_goes_back_refuses },
        { "R14: a clock that is not safe is told in every round",
                a_clock_that_is_not_safe_is_told_in_every_round },
        { "too many findings stay too many", too_many_findings_stay_too_many },
        { "deltas add up to the whole", deltas_add_up_to_the_whole },
    };

    attack_setup();
    int status = run_tests("round findings", tests, ARRAY_LEN(tests));

    attack_teardown();
    return status;
}
