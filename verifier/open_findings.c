/* SPDX-License-Identifier: BSD-3-Clause */
#include "verifier/open_findings.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

bool finding_stays(const struct finding *f)
{
    if (f->log == NULL || strcmp(f->log, "ima") != 0 || f->check == CHECK_EVIDENCE_FORMAT) {
        return false;
    }
    return f->has_entry || f->check == CHECK_VIOLATIONS || strcmp(f->kind, "kexec") == 0;
}

static bool text_copy(char **to, const char *from, struct error *err)
{
    return from == NULL || text_set(to, err, "%s", from);
}

bool finding_copy(struct finding *to, const struct finding *from, struct error *err)
{
    *to = (struct finding){
        .severity = from->severity,
        .check = from->check,
        .kind = from->kind,
        .log = from->log,
        .has_entry = from->has_entry,
        .entry = from->entry,
    };
    if (text_copy(&to->path, from->path, err) && text_copy(&to->digest, from->digest, err) &&
            text_copy(&to->rule, from->rule, err) &&
            text_copy(&to->expected, from->expected, err) &&
            text_copy(&to->found, from->found, err) && text_copy(&to->text, from->text, err)) {
        return true;
    }
    finding_clear(to);
    return false;
}

static bool add_copy(struct findings *to, const struct finding *f, struct error *err)
{
    struct finding copy;

    return finding_copy(&copy, f, err) && findings_add(to, &copy, err);
}

static bool same_text(const char *a, const char *b)
{
    return a == b || (a != NULL && b != NULL && strcmp(a, b) == 0);
}

/* Is this finding of the round one that is open already? */
static bool is_open(const struct findings *open, const struct finding *f)
{
    for (size_t i = 0; i < open->count && finding_stays(f); i++) {
        const struct finding *o = &open->at[i];

        if (o->entry == f->entry && o->check == f->check && o->severity == f->severity &&
                same_text(o->kind, f->kind) && same_text(o->path, f->path)) {
            return true;
        }
    }
    return false;
}

/* Checks that held in this round's records, but not in those of earlier rounds. */
static void fail_checks(const struct findings *open, struct verdict *v)
{
    uint64_t count[CHECK_COUNT] = { [CHECK_FILES] = open->dropped[SEVERITY_REFUSE] };

    for (size_t i = 0; i < open->count; i++) {
        count[open->at[i].check] += open->at[i].severity == SEVERITY_REFUSE;
    }
    for (int c = 0; c < CHECK_COUNT; c++) {
        if (count[c] > 0 && v->checks[c].outcome == OUTCOME_PASS) {
            check_fail(v, (enum check)c, "%" PRIu64 " findings of earlier rounds are open",
                    count[c]);
        }
    }
}

/* The counts of what had no room. */
static bool add_dropped(struct findings *to, const struct findings *from, struct error *err)
{
    struct findings counts = *from;

    counts.at = NULL;
    counts.count = counts.room = 0;
    return findings_move(to, &counts, err);
}

bool open_findings_show(const struct findings *open, struct verdict *v, struct error *err)
{
    struct findings all CLEANUP(findings_clear) = { 0 };

    for (size_t i = 0; i < open->count; i++) {
        if (!add_copy(&all, &open->at[i], err)) {
            return false;
        }
    }
    for (size_t i = 0; i < v->findings.count; i++) {
        struct finding *f = &v->findings.at[i];

        if (strcmp(f->kind, "too-many") != 0 && !is_open(open, f) && !findings_add(&all, f, err)) {
            return false;
        }
    }
    if (!add_dropped(&all, open, err) || !add_dropped(&all, &v->findings, err) ||
            !findings_finish(&all, err)) {
        return false;
    }
    findings_clear(&v->findings);
    v->findings = all;
    all = (struct findings){ 0 };
    fail_checks(open, v);
    return true;
}

bool open_findings_take(struct findings *open, const struct verdict *v, struct error *err)
{
    struct findings taken CLEANUP(findings_clear) = { 0 };

    for (size_t i = 0; i < v->findings.count; i++) {
        if (finding_stays(&v->findings.at[i]) && !add_copy(&taken, &v->findings.at[i], err)) {
            return false;
        }
    }
    if (!add_dropped(&taken, &v->findings, err)) {
        return false;
    }
    findings_clear(open);
    *open = taken;
    taken = (struct findings){ 0 };
    return true;
}
