/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>

#include "common/attributes.h"
#include "common/error.h"
#include "verifier/json.h"
#include "verifier/policy.h"
#include "verifier/verdict.h"

/** What a verdict is about, beside what is in it. */
struct report {
    const struct verdict *verdict;
    const char *target;          /* file or URI */
    const struct policy *policy; /* NULL: none was loaded */
    const char *policy_path;     /* as named on the command line; NULL: inspect */
    const char *failure;         /* could not tell, and why; NULL: there is a verdict */
    const char *failure_kind;    /* static: "internal" or "silence", with failure */
    char time[32];               /* RFC 3339, UTC; report_set_time() */
};

void report_set_time(struct report *r);

enum verdict_result report_result(const struct report *r);

/** The JSON verdict of docs/cli.md (docs/schemas/verdict.json); NULL or w->failed when out of
 * memory. */
json_t *report_json(struct json_writer *w, const struct report *r);

/** Add the "alert" member of a hook's input (docs/schemas/alert.json): a random id, the refusing
 * kinds. @param err  ERROR_CRYPTO: no random numbers */
MUST_USE bool report_add_alert(struct json_writer *w, json_t *verdict, const struct report *r,
        struct error *err);

/** For people: the answer first, then what refuses and what to do, then the table of checks. */
void report_print(FILE *to, const struct report *r, bool colour);

/** The exit status that goes with the answer. */
int report_status(const struct report *r);

/** Run the hook, if there is one, unless the answer is TRUSTED (or inspect says genuine). What goes
 * wrong with it is told on standard error and changes nothing. */
void report_alert(const struct report *r, const char *command, const char *hook);

/**
 * Give the answer: set the time unless it is set, run the hook, print JSON or text.
 *
 * @return the exit status that goes with it
 */
int report_answer(struct report *r, const char *command, const char *hook, bool json);
