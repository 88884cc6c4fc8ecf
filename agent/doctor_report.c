/* SPDX-License-Identifier: BSD-3-Clause */
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/doctor.h"

/* Of a line for people, and of the column that the texts start in. */
#define WIDTH  98
#define INDENT 28

static const struct {
    const char *name;
    const char *mark;
} outcomes[] = {
    [DOCTOR_OK] = { "ok", "ok" },
    [DOCTOR_NOT_CHECKED] = { "not checked", "?" },
    [DOCTOR_WARNING] = { "warning", "WARNING" },
    [DOCTOR_PROBLEM] = { "problem", "PROBLEM" },
};

static const struct {
    const char *name;
    const char *sentence;
} verdicts[] = {
    [DOCTOR_READY] = { "ready", "this machine can be attested" },
    [DOCTOR_LIMITED] = { "limited", "this machine can be attested; mind the warnings" },
    [DOCTOR_NOT_READY] = { "not-ready", "this machine cannot be attested as it is" },
    [DOCTOR_UNKNOWN] = { "unknown", "could not tell" },
};

const char *doctor_outcome_name(enum doctor_outcome outcome)
{
    return outcomes[outcome].name;
}

const char *doctor_verdict_name(enum doctor_verdict verdict)
{
    return verdicts[verdict].name;
}

/* Words from column INDENT on, broken so that a line fits, and the line's end. */
static void print_wrapped(const char *text)
{
    size_t at = INDENT;

    while (*text != '\0') {
        size_t len = strcspn(text, " ");

        if (at > INDENT && at + 1 + len > WIDTH) {
            printf("\n%*s", INDENT, "");
            at = INDENT;
        }
        at += (size_t)printf("%s%.*s", at > INDENT ? " " : "", (int)len, text);
        text += len + strspn(text + len, " ");
    }
    putchar('\n');
}

/* Commands are not broken: they are there to be copied. */
static void print_lines(const char *title, const char *text)
{
    while (*text != '\0') {
        size_t len = strcspn(text, "\n");

        printf("%*s%s%.*s\n", INDENT - (int)strlen(title), "", title, (int)len, text);
        text += len + (text[len] == '\n');
        title = "";
    }
}

static size_t count_of(const struct doctor_report *report, enum doctor_outcome outcome)
{
    size_t n = 0;

    for (size_t i = 0; i < report->count; i++) {
        n += report->check[i].outcome == outcome;
    }
    return n;
}

void doctor_print(const struct doctor_report *report)
{
    size_t problems = count_of(report, DOCTOR_PROBLEM);
    size_t warnings = count_of(report, DOCTOR_WARNING);

    for (size_t i = 0; i < report->count; i++) {
        const struct doctor_check *c = &report->check[i];

        printf("%-8s %-*s ", outcomes[c->outcome].mark, INDENT - 10, c->name);
        print_wrapped(c->found);
        if (*c->why != '\0') {
            printf("%*s", INDENT, "why: ");
            print_wrapped(c->why);
        }
        print_lines("do: ", c->next);
    }
    printf("%zu problem%s, %zu warning%s: %s\n", problems, problems == 1 ? "" : "s", warnings,
            warnings == 1 ? "" : "s", verdicts[doctor_verdict(report)].sentence);
}

static json_t *json_of_check(const struct doctor_check *c)
{
    return json_pack("{s:s, s:s, s:s, s:s, s:s}", "name", c->name, "outcome",
            outcomes[c->outcome].name, "found", c->found, "why", c->why, "next", c->next);
}

bool doctor_print_json(const struct doctor_report *report, const char *why, struct error *err)
{
    const char *verdict = verdicts[why != NULL ? DOCTOR_UNKNOWN : doctor_verdict(report)].name;
    json_t *checks = json_array();
    bool complete = checks != NULL;

    for (size_t i = 0; why == NULL && i < report->count; i++) {
        complete = json_array_append_new(checks, json_of_check(&report->check[i])) == 0 && complete;
    }
    json_t *answer =
            json_pack("{s:s, s:s*, s:o}", "verdict", verdict, "error", why, "checks", checks);
    char *text = complete ? json_dumps(answer, JSON_INDENT(2)) : NULL;

    json_decref(answer);
    if (text == NULL) {
        return error_set(err, ERROR_NOMEM, "no memory for the answer");
    }
    puts(text);
    free(text);
    return true;
}
