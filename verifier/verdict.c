/* SPDX-License-Identifier: BSD-3-Clause */
#include "verifier/verdict.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/*
 * One row a check. The last two columns are the table of DESIGN: under which circumstance a check
 * may be not-applicable, by command; NULL: never. A check that is neither passed nor excused
 * refuses.
 */
static const struct {
    const char *name;
    const char *kind;
    const char *excused[2]; /* by enum profile */
} checks[CHECK_COUNT] = {
    [CHECK_EVIDENCE_FORMAT] = { "evidence-format", "malformed", { NULL, NULL } },
    [CHECK_QUOTE_MAGIC] = { "quote-magic", "quote", { NULL, NULL } },
    [CHECK_QUOTE_TYPE] = { "quote-type", "quote", { NULL, NULL } },
    [CHECK_AK_IDENTITY] = { "ak-identity", "identity", { NULL, "no key was enrolled" } },
    [CHECK_QUOTE_ALGORITHM] = { "quote-algorithm", "quote", { NULL, NULL } },
    [CHECK_QUOTE_SIGNATURE] = { "quote-signature", "quote", { NULL, NULL } },
    [CHECK_AK_ATTRIBUTES] = { "ak-attributes", "identity", { "the key is a PEM file", NULL } },
    [CHECK_NONCE] = { "nonce", "quote", { NULL, "no challenge was given" } },
    [CHECK_PCR_SELECTION] = { "pcr-selection", "quote", { NULL, NULL } },
    [CHECK_QUALIFIED_SIGNER] = { "qualified-signer", "identity",
            { "the EK is not known", "the EK is not known" } },
    [CHECK_CLOCK] = { "clock", "quote", { NULL, NULL } },
    [CHECK_BOOT_REPLAY] = { "boot-replay", "boot-replay",
            { "no boot PCR is quoted, or the policy says boot: absent",
                    "no boot PCR is quoted, or there is no boot log" } },
    [CHECK_IMA_REPLAY] = { "ima-replay", "ima-replay",
            { "the policy has no ima", "there is no list" } },
    [CHECK_PCR_DIGEST] = { "pcr-digest", "quote", { NULL, NULL } },
    [CHECK_BOOT_AGGREGATE] = { "boot-aggregate", "ima-replay",
            { "the policy has no ima", "there is no list" } },
    [CHECK_BOOT_POLICY] = { "boot-policy", "boot-policy",
            { "the policy says boot: unchecked or absent", "there is no policy" } },
    [CHECK_VIOLATIONS] = { "violations", "violation",
            { "the policy has no ima", "there is no policy" } },
    [CHECK_FILES] = { "files", "unknown-file", { "the policy has no ima", "there is no policy" } },
};

const char *check_name(enum check check)
{
    return checks[check].name;
}

const char *check_kind(enum check check)
{
    return checks[check].kind;
}

const char *outcome_name(enum outcome o)
{
    static const char *const names[] = {
        [OUTCOME_NOT_RUN] = "not-run",
        [OUTCOME_PASS] = "pass",
        [OUTCOME_FAIL] = "fail",
        [OUTCOME_NOT_APPLICABLE] = "not-applicable",
    };

    return names[o];
}

const char *severity_name(enum severity s)
{
    return s == SEVERITY_REFUSE ? "refuse" : "warn";
}

const char *verdict_result_name(enum verdict_result r)
{
    switch (r) {
    case VERDICT_TRUSTED:
        return "TRUSTED";
    case VERDICT_REFUSED:
        return "REFUSED";
    case VERDICT_UNKNOWN:
        break;
    }
    return "UNKNOWN";
}

static bool check_holds(const struct verdict *v, enum check check)
{
    enum outcome o = v->checks[check].outcome;

    return o == OUTCOME_PASS ||
            (o == OUTCOME_NOT_APPLICABLE && checks[check].excused[v->profile] != NULL);
}

bool verdict_is_genuine(const struct verdict *v)
{
    for (size_t i = 0; i < CHECK_COUNT; i++) {
        if (!check_holds(v, (enum check)i)) {
            return false;
        }
    }
    return v->findings.kept[SEVERITY_REFUSE] == 0 && v->findings.dropped[SEVERITY_REFUSE] == 0;
}

enum verdict_result verdict_result(const struct verdict *v)
{
    bool ran = false;

    for (size_t i = 0; i < CHECK_COUNT; i++) {
        ran = ran || v->checks[i].outcome != OUTCOME_NOT_RUN;
    }
    if (!ran) {
        return VERDICT_UNKNOWN;
    }
    if (v->profile == PROFILE_APPRAISE && verdict_is_genuine(v)) {
        return VERDICT_TRUSTED;
    }
    return v->profile == PROFILE_INSPECT && verdict_is_genuine(v) ? VERDICT_UNKNOWN
                                                                  : VERDICT_REFUSED;
}

void finding_clear(struct finding *f)
{
    free(f->path);
    free(f->digest);
    free(f->rule);
    free(f->expected);
    free(f->found);
    free(f->text);
    *f = (struct finding){ 0 };
}

void findings_clear(struct findings *f)
{
    for (size_t i = 0; i < f->count; i++) {
        finding_clear(&f->at[i]);
    }
    free(f->at);
    *f = (struct findings){ 0 };
}

void verdict_clear(struct verdict *v)
{
    findings_clear(&v->findings);
    *v = (struct verdict){ 0 };
}

static bool no_memory(struct error *err)
{
    return error_set(err, ERROR_NOMEM, "no memory for a finding");
}

bool text_set(char **out, struct error *err, const char *fmt, ...)
{
    va_list args;
    char *text;

    va_start(args, fmt);
    int n = vasprintf(&text, fmt, args);
    va_end(args);
    if (n < 0) {
        return no_memory(err);
    }
    free(*out);
    *out = text;
    return true;
}

static struct bytes cut(struct bytes b)
{
    return (struct bytes){ b.ptr, b.len < TEXT_BYTES_MAX ? b.len : TEXT_BYTES_MAX };
}

bool text_escape(char **out, struct bytes b, struct error *err)
{
    b = cut(b);
    size_t size = 4 * b.len + 1;
    char *text = malloc(size);

    if (text == NULL) {
        return no_memory(err);
    }
    bytes_escape(text, size, b);
    free(*out);
    *out = text;
    return true;
}

bool text_hex(char **out, struct bytes b, struct error *err)
{
    b = cut(b);
    size_t size = 2 * b.len + 1;
    char *text = malloc(size);

    if (text == NULL) {
        return no_memory(err);
    }
    bytes_hex(text, size, b);
    free(*out);
    *out = text;
    return true;
}

static bool findings_append(struct findings *list, struct finding *f, struct error *err)
{
    if (list->count == list->room) {
        size_t room = list->room == 0 ? 8 : 2 * list->room;
        struct finding *at = reallocarray(list->at, room, sizeof(*at));

        if (at == NULL) {
            return no_memory(err);
        }
        list->at = at;
        list->room = room;
    }
    list->kept[f->severity]++;
    list->at[list->count++] = *f;
    *f = (struct finding){ 0 };
    return true;
}

bool findings_are_full(const struct findings *list, enum severity s)
{
    return list->kept[s] >= FINDINGS_MAX;
}

static bool has_dropped_kind(const struct findings *list, const char *kind)
{
    for (size_t i = 0; i < list->dropped_kind_count; i++) {
        if (strcmp(list->dropped_kind[i], kind) == 0) {
            return true;
        }
    }
    return false;
}

static void remember_kind(struct findings *list, const char *kind)
{
    if (!has_dropped_kind(list, kind) && list->dropped_kind_count < FINDINGS_KINDS_MAX) {
        list->dropped_kind[list->dropped_kind_count++] = kind;
    }
}

bool verdict_has_kind(const struct verdict *v, const char *kind)
{
    for (size_t i = 0; i < v->findings.count; i++) {
        const struct finding *f = &v->findings.at[i];

        if (f->severity == SEVERITY_REFUSE && strcmp(f->kind, kind) == 0) {
            return true;
        }
    }
    return has_dropped_kind(&v->findings, kind);
}

bool findings_add(struct findings *list, struct finding *f, struct error *err)
{
    bool ok = true;

    if (findings_are_full(list, f->severity)) {
        list->dropped[f->severity]++;
        if (f->severity == SEVERITY_REFUSE) {
            remember_kind(list, f->kind);
        }
    } else {
        ok = findings_append(list, f, err);
    }
    finding_clear(f);
    return ok;
}

bool findings_move(struct findings *list, struct findings *from, struct error *err)
{
    bool ok = true;

    for (size_t i = 0; i < from->count && ok; i++) {
        ok = findings_add(list, &from->at[i], err);
    }
    list->dropped[SEVERITY_REFUSE] += from->dropped[SEVERITY_REFUSE];
    list->dropped[SEVERITY_WARN] += from->dropped[SEVERITY_WARN];
    for (size_t i = 0; i < from->dropped_kind_count; i++) {
        remember_kind(list, from->dropped_kind[i]);
    }
    findings_clear(from);
    return ok;
}

bool findings_finish(struct findings *list, struct error *err)
{
    for (int s = SEVERITY_REFUSE; s <= SEVERITY_WARN; s++) {
        struct finding f = { .severity = (enum severity)s,
            .kind = "too-many",
            .check = CHECK_FILES };

        if (list->dropped[s] == 0) {
            continue;
        }
        if (!text_set(&f.text, err, "%" PRIu64 " more findings are not kept", list->dropped[s]) ||
                !findings_append(list, &f, err)) {
            finding_clear(&f);
            return false;
        }
    }
    return true;
}

static PRINTF(4, 0) void check_set(struct verdict *v, enum check check, enum outcome outcome,
        const char *fmt, va_list args)
{
    struct check_result *c = &v->checks[check];

    c->outcome = outcome;
    (void)vsnprintf(c->detail, sizeof(c->detail), fmt, args);
}

void check_pass(struct verdict *v, enum check check, const char *fmt, ...)
{
    va_list args;

    va_start(args, fmt);
    check_set(v, check, OUTCOME_PASS, fmt, args);
    va_end(args);
}

void check_not_applicable(struct verdict *v, enum check check, const char *fmt, ...)
{
    va_list args;

    va_start(args, fmt);
    check_set(v, check, OUTCOME_NOT_APPLICABLE, fmt, args);
    va_end(args);
}

void check_not_run(struct verdict *v, enum check check, const char *fmt, ...)
{
    va_list args;

    va_start(args, fmt);
    check_set(v, check, OUTCOME_NOT_RUN, fmt, args);
    va_end(args);
}

void check_fail(struct verdict *v, enum check check, const char *fmt, ...)
{
    va_list args;

    va_start(args, fmt);
    check_set(v, check, OUTCOME_FAIL, fmt, args);
    va_end(args);
}

bool check_refuse(struct verdict *v, enum check check, const char *log, struct error *err,
        const char *fmt, ...)
{
    struct finding f = { .check = check, .kind = check_kind(check), .log = log };
    va_list args;

    va_start(args, fmt);
    check_set(v, check, OUTCOME_FAIL, fmt, args);
    va_end(args);
    return text_set(&f.text, err, "%s", v->checks[check].detail) &&
            findings_add(&v->findings, &f, err);
}
