/* SPDX-License-Identifier: BSD-3-Clause */
#include "verifier/watch.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "host/clock.h"
#include "verifier/options.h"
#include "verifier/stop.h"

/* New findings that are told one by one when a round brings many. */
#define TOLD_MAX 5

/* What the round before said. All zero: there was none. */
struct before {
    bool known;
    enum verdict_result verdict;
    char reason[600];
    char agent[sizeof(((struct round *)NULL)->agent)];
    size_t open; /* findings that refuse */
};

static const char *reason_of(const struct report *r)
{
    const struct findings *f = &r->verdict->findings;

    if (r->failure != NULL) {
        return r->failure;
    }
    for (size_t i = 0; i < f->count; i++) {
        if (f->at[i].severity == SEVERITY_REFUSE) {
            return f->at[i].text;
        }
    }
    return "";
}

static void print_round(const struct report *r, const struct round *round, int64_t ms)
{
    printf("%s  %-8s", r->time, verdict_result_name(report_result(r)));
    if (r->failure == NULL) {
        printf(" %" PRIu64 " of %" PRIu64 " records, %" PRIu64 " new,", r->verdict->attested,
                r->verdict->entries, round->new_entries);
    }
    printf(" %" PRId64 ".%03" PRId64 " s\n", ms / 1000, ms % 1000);
}

/* Refusing findings that were not there in the round before: the last ones of their kind. */
static void print_new_findings(const struct report *r, size_t already)
{
    const struct findings *f = &r->verdict->findings;
    size_t seen = 0;

    for (size_t i = 0; i < f->count && seen < already + TOLD_MAX; i++) {
        if (f->at[i].severity == SEVERITY_REFUSE && ++seen > already) {
            printf("%s  found: %s\n", r->time, f->at[i].text);
        }
    }
    if (f->kept[SEVERITY_REFUSE] > already + TOLD_MAX) {
        printf("%s  found: %zu more\n", r->time, f->kept[SEVERITY_REFUSE] - already - TOLD_MAX);
    }
}

static void print_verdict(const struct report *r, const struct before *before)
{
    enum verdict_result now = report_result(r);
    const char *reason = reason_of(r);
    bool same_reason = strncmp(reason, before->reason, sizeof(before->reason) - 1) == 0;

    if (before->known && now != before->verdict) {
        printf("%s  %s -> %s%s%s\n", r->time, verdict_result_name(before->verdict),
                verdict_result_name(now), *reason != '\0' ? ": " : "", reason);
    } else if (now != VERDICT_TRUSTED && !same_reason) {
        printf("%s  %s: %s\n", r->time, verdict_result_name(now), reason);
    } else if (now == VERDICT_REFUSED) {
        print_new_findings(r, before->open);
    }
}

static void print_changes(const struct report *r, const struct round *round,
        const struct before *before)
{
    if (round->is_new_boot) {
        printf("%s  booted: reset %" PRIu32 ", restart %" PRIu32 "\n", r->time,
                r->verdict->reset_count, r->verdict->restart_count);
    }
    if (round->has_evidence && before->agent[0] != '\0' &&
            strcmp(before->agent, round->agent) != 0) {
        printf("%s  agent: %s -> %s\n", r->time, before->agent, round->agent);
    }
    print_verdict(r, before);
}

static void remember(struct before *b, const struct report *r, const struct round *round)
{
    b->known = true;
    b->verdict = report_result(r);
    b->open = r->verdict->findings.kept[SEVERITY_REFUSE];
    (void)snprintf(b->reason, sizeof(b->reason), "%s", reason_of(r));
    if (round->has_evidence) {
        memcpy(b->agent, round->agent, sizeof(b->agent));
    }
}

/* False: the answer cannot be written any more. */
static bool print(const struct attest *a, const struct report *r, const struct round *round,
        const struct before *before, int64_t ms)
{
    struct json_writer w = { 0 };
    struct error err = { 0 };

    if (!a->options->json) {
        print_round(r, round, ms);
        print_changes(r, round, before);
    } else if (!json_print(&w, report_json(&w, r), true, &err)) {
        print_error("attest", &err);
    }
    return fflush(stdout) == 0;
}

static bool watch_once(struct attest *a, struct before *before, int *status)
{
    struct round round CLEANUP(round_clear) = { 0 };
    int64_t start = clock_now_ms();
    struct report report;
    struct error err;

    if (!attest_round(a, &round, &report, &err)) {
        return false;
    }
    *status = report_status(&report);
    report_alert(&report, "attest", a->options->hook);
    bool ok = print(a, &report, &round, before, clock_now_ms() - start);

    remember(before, &report, &round);
    return ok;
}

int watch_run(struct attest *a)
{
    struct before before = { 0 };
    int64_t next = clock_now_ms();
    int status = EXIT_FAILURE;

    while (!stop_wanted() && watch_once(a, &before, &status)) {
        int64_t now = clock_now_ms();

        next += a->options->watch_ms;
        next = next > now ? next : now; /* what was missed is not made up for */
        stop_wait_ms(next - now);
    }
    return status;
}
