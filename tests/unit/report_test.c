/* SPDX-License-Identifier: BSD-3-Clause */
#include <stdlib.h>

#include "tests/check.h"
#include "verifier/report.h"

static void add(struct verdict *v, enum severity severity, const char *kind, const char *text)
{
    struct finding f = { .severity = severity, .kind = kind, .check = CHECK_FILES };
    struct error err = { 0 };

    CHECK(text_set(&f.text, &err, "%s", text) && text_escape(&f.path, bytes_of_text(text), &err) &&
            findings_add(&v->findings, &f, &err));
}

static json_t *make(const struct report *r, bool alert)
{
    struct json_writer w = { 0 };
    struct error err = { 0 };
    json_t *answer = report_json(&w, r);

    CHECK(!w.failed);
    CHECK(!alert || report_add_alert(&w, answer, r, &err));
    return answer;
}

static void check_kinds(const struct report *r, const char *want)
{
    json_t *answer = make(r, true);
    json_t *kinds = json_object_get(json_object_get(answer, "alert"), "kinds");
    char text[256] = "";

    for (size_t i = 0; i < json_array_size(kinds); i++) {
        strcat(text, i > 0 ? " " : "");
        strcat(text, json_string_value(json_array_get(kinds, i)));
    }
    CHECK_TEXT(bytes_of_text(text), want);
    json_decref(answer);
}

static void kinds_are_unique_in_order_and_only_those_that_refuse(void)
{
    struct verdict v = { .profile = PROFILE_APPRAISE };
    struct report r = { .verdict = &v, .target = "t", .policy_path = "p" };

    check_fail(&v, CHECK_CLOCK, "no finding says so");
    check_kinds(&r, "quote");
    add(&v, SEVERITY_WARN, "violation", "w");
    add(&v, SEVERITY_REFUSE, "unknown-file", "a");
    add(&v, SEVERITY_REFUSE, "denied-file", "b");
    add(&v, SEVERITY_REFUSE, "unknown-file", "c");
    check_kinds(&r, "unknown-file denied-file");
    r.failure = "the disk is on fire";
    r.failure_kind = "silence";
    check_kinds(&r, "silence");
    verdict_clear(&v);
}

static void a_check_that_did_not_run_is_internal(void)
{
    struct verdict v = { .profile = PROFILE_APPRAISE };
    struct report r = { .verdict = &v, .target = "t", .policy_path = "p" };

    check_kinds(&r, "internal");
}

static void ids_differ(void)
{
    struct verdict v = { .profile = PROFILE_APPRAISE };
    struct report r = { .verdict = &v, .target = "t", .policy_path = "p" };
    json_t *one = make(&r, true);
    json_t *two = make(&r, true);
    json_t *id = json_object_get(json_object_get(one, "alert"), "id");

    CHECK(json_string_length(id) == 32);
    CHECK(!json_equal(id, json_object_get(json_object_get(two, "alert"), "id")));
    json_decref(one);
    json_decref(two);
}

static void text_is_escaped_once(void)
{
    struct verdict v = { .profile = PROFILE_APPRAISE };
    struct report r = { .verdict = &v, .target = "/tmp/\xff\n", .policy_path = "\x01" };
    struct error err = { 0 };
    struct finding f = { .kind = "unknown-file" };

    CHECK(text_escape(&f.path, bytes_of_text("/a\n\\b"), &err) &&
            text_set(&f.text, &err, "entry 1: %s", f.path) && findings_add(&v.findings, &f, &err));
    json_t *answer = make(&r, false);
    json_t *finding = json_array_get(json_object_get(answer, "findings"), 0);

    CHECK_TEXT(bytes_of_text(json_string_value(json_object_get(answer, "target"))),
            "/tmp/\\xff\\x0a");
    CHECK_TEXT(bytes_of_text(json_string_value(json_object_get(finding, "path"))), "/a\\x0a\\x5cb");
    CHECK_TEXT(bytes_of_text(json_string_value(json_object_get(finding, "text"))),
            "entry 1: /a\\x0a\\x5cb");
    json_decref(answer);
    verdict_clear(&v);
}

static void failures_are_unknown(void)
{
    struct verdict v = { .profile = PROFILE_APPRAISE };
    struct report r = { .verdict = &v, .target = "t", .policy_path = "p", .failure = "why" };

    for (int c = 0; c < CHECK_COUNT; c++) {
        check_pass(&v, (enum check)c, "good");
    }
    CHECK_UINT(report_result(&r), VERDICT_UNKNOWN);
    r.failure = NULL;
    CHECK_UINT(report_result(&r), VERDICT_TRUSTED);
}

static const struct test tests[] = {
    { "kinds are unique, in order, and only those that refuse",
            kinds_are_unique_in_order_and_only_those_that_refuse },
    { "a check that did not run is internal", a_check_that_did_not_run_is_internal },
    { "ids of alerts differ", ids_differ },
    { "R31: text is escaped once", text_is_escaped_once },
    { "a failure is UNKNOWN, whatever passed", failures_are_unknown },
};

int main(void)
{
    return run_tests("report", tests, ARRAY_LEN(tests));
}
