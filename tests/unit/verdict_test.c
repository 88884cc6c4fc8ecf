/* SPDX-License-Identifier: BSD-3-Clause */
#include <stdlib.h>

#include "tests/check.h"
#include "verifier/verdict.h"

/* Everything as in the best case. */
static void all_pass(struct verdict *v, enum profile profile)
{
    *v = (struct verdict){ .profile = profile };
    for (int c = 0; c < CHECK_COUNT; c++) {
        check_pass(v, (enum check)c, "good");
    }
}

static void nothing_is_unknown(void)
{
    struct verdict v = { 0 };

    CHECK_UINT(verdict_result(&v), VERDICT_UNKNOWN);
    CHECK(!verdict_is_genuine(&v));
}

/* Which checks may be not-applicable, by command: DESIGN's table. */
static void every_check_must_pass_or_be_excused(void)
{
    static const bool excused[CHECK_COUNT][2] = {
        [CHECK_AK_IDENTITY] = { false, true },
        [CHECK_AK_ATTRIBUTES] = { true, false },
        [CHECK_NONCE] = { false, true },
        [CHECK_QUALIFIED_SIGNER] = { true, true },
        [CHECK_BOOT_REPLAY] = { true, true },
        [CHECK_IMA_REPLAY] = { true, true },
        [CHECK_BOOT_AGGREGATE] = { true, true },
        [CHECK_BOOT_POLICY] = { true, true },
        [CHECK_VIOLATIONS] = { true, true },
        [CHECK_FILES] = { true, true },
    };

    for (int p = PROFILE_APPRAISE; p <= PROFILE_INSPECT; p++) {
        struct verdict v;
        enum verdict_result good = p == PROFILE_APPRAISE ? VERDICT_TRUSTED : VERDICT_UNKNOWN;

        all_pass(&v, (enum profile)p);
        CHECK_UINT(verdict_result(&v), good);
        CHECK(verdict_is_genuine(&v));
        for (int c = 0; c < CHECK_COUNT; c++) {
            check_case = check_name((enum check)c);
            check_fail(&v, (enum check)c, "bad");
            CHECK_UINT(verdict_result(&v), VERDICT_REFUSED);
            CHECK(!verdict_is_genuine(&v));
            check_not_run(&v, (enum check)c, "idle");
            CHECK_UINT(verdict_result(&v), VERDICT_REFUSED);
            CHECK(!verdict_is_genuine(&v));
            check_not_applicable(&v, (enum check)c, "excused");
            CHECK_UINT(verdict_result(&v), excused[c][p] ? good : VERDICT_REFUSED);
            CHECK_UINT(verdict_is_genuine(&v), excused[c][p]);
            check_pass(&v, (enum check)c, "good");
        }
    }
    check_case = "";
}

static void a_finding_that_refuses_refuses(void)
{
    struct verdict v;
    struct error err = { 0 };
    struct finding warn = { .severity = SEVERITY_WARN, .kind = "quote" };
    struct finding refuse = { .severity = SEVERITY_REFUSE, .kind = "quote" };

    all_pass(&v, PROFILE_APPRAISE);
    CHECK(text_set(&warn.text, &err, "w") && findings_add(&v.findings, &warn, &err));
    CHECK_UINT(verdict_result(&v), VERDICT_TRUSTED);
    CHECK(text_set(&refuse.text, &err, "r") && findings_add(&v.findings, &refuse, &err));
    CHECK_UINT(verdict_result(&v), VERDICT_REFUSED);
    verdict_clear(&v);
    all_pass(&v, PROFILE_APPRAISE);
    v.findings.dropped[SEVERITY_REFUSE] = 1;
    CHECK_UINT(verdict_result(&v), VERDICT_REFUSED);
    verdict_clear(&v);
}

static void a_long_detail_is_cut(void)
{
    struct verdict v = { 0 };
    struct error err = { 0 };
    char text[1000];

    memset(text, 'x', sizeof(text) - 1);
    text[sizeof(text) - 1] = '\0';
    CHECK(check_refuse(&v, CHECK_CLOCK, NULL, &err, "%s", text));
    CHECK_UINT(strlen(v.checks[CHECK_CLOCK].detail), sizeof(v.checks[0].detail) - 1);
    CHECK_UINT(v.findings.count, 1);
    CHECK_TEXT(bytes_of_text(v.findings.at[0].kind), "quote");
    verdict_clear(&v);
}

/* A record's name may be 2 MiB long, and a thousand findings are kept. */
static void fields_of_findings_are_bounded(void)
{
    static uint8_t name[2 * 1024 * 1024];
    struct error err = { 0 };
    char *text = NULL;

    memset(name, 0xff, sizeof(name));
    CHECK(text_escape(&text, (struct bytes){ name, sizeof(name) }, &err));
    CHECK_UINT(strlen(text), 4 * TEXT_BYTES_MAX);
    CHECK(text_escape(&text, (struct bytes){ name, TEXT_BYTES_MAX }, &err));
    CHECK_UINT(strlen(text), 4 * TEXT_BYTES_MAX);
    CHECK(text_hex(&text, (struct bytes){ name, sizeof(name) }, &err));
    CHECK_UINT(strlen(text), 2 * TEXT_BYTES_MAX);
    free(text);
}

static void findings_keep_their_order_when_moved(void)
{
    struct findings a = { 0 };
    struct findings b = { 0 };
    struct error err = { 0 };

    for (uint64_t i = 0; i < FINDINGS_MAX + 5; i++) {
        struct finding f = { .kind = "unknown-file", .has_entry = true, .entry = i };

        CHECK(findings_add(i < 3 ? &a : &b, &f, &err));
    }
    CHECK(findings_move(&a, &b, &err));
    CHECK_UINT(a.count, FINDINGS_MAX);
    CHECK_UINT(a.dropped[SEVERITY_REFUSE], 5);
    CHECK_UINT(b.count, 0);
    for (size_t i = 0; i < a.count; i++) {
        CHECK_UINT(a.at[i].entry, i);
    }
    CHECK(findings_finish(&a, &err));
    CHECK_UINT(a.count, FINDINGS_MAX + 1);
    CHECK_TEXT(bytes_of_text(a.at[FINDINGS_MAX].kind), "too-many");
    findings_clear(&a);
    findings_clear(&b);
}

static const struct test tests[] = {
    { "nothing is unknown, and not a pass", nothing_is_unknown },
    { "every check must pass or be excused", every_check_must_pass_or_be_excused },
    { "a finding that refuses refuses, kept or dropped", a_finding_that_refuses_refuses },
    { "a long detail is cut", a_long_detail_is_cut },
    { "fields of findings are bounded", fields_of_findings_are_bounded },
    { "findings keep their order when moved", findings_keep_their_order_when_moved },
};

int main(void)
{
    return run_tests("verdict", tests, ARRAY_LEN(tests));
}
