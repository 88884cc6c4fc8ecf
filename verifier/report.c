/* SPDX-License-Identifier: BSD-3-Clause */
#include "verifier/report.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <openssl/rand.h>

#include "verifier/commands.h"
#include "verifier/hook.h"
#include "verifier/options.h"

#define RED    "\033[1;31m"
#define GREEN  "\033[1;32m"
#define YELLOW "\033[33m"
#define PLAIN  "\033[0m"

/* Findings that are printed one by one; the JSON answer has all that were kept. */
#define PRINTED_MAX 20

void report_set_time(struct report *r)
{
    time_t now = time(NULL);
    struct tm utc;

    (void)gmtime_r(&now, &utc);
    (void)strftime(r->time, sizeof(r->time), "%Y-%m-%dT%H:%M:%SZ", &utc);
}

enum verdict_result report_result(const struct report *r)
{
    return r->failure != NULL ? VERDICT_UNKNOWN : verdict_result(r->verdict);
}

static json_t *json_of_identity(struct json_writer *w, const struct verdict *v)
{
    json_t *identity = json_object();

    json_put_text(w, identity, "mode", v->identity_mode);
    json_put_text(w, identity, "ak_name", v->ak_name[0] != '\0' ? v->ak_name : NULL);
    return identity;
}

static json_t *json_of_policy(struct json_writer *w, const struct report *r)
{
    json_t *policy;

    if (r->policy_path == NULL) {
        return json_null();
    }
    policy = json_object();
    json_put_bytes(w, policy, "file", bytes_of_text(r->policy_path));
    if (r->policy != NULL) {
        json_put_hex(w, policy, "digest",
                (struct bytes){ r->policy->digest, sizeof(r->policy->digest) });
    } else {
        json_put_text(w, policy, "digest", NULL);
    }
    return policy;
}

static json_t *json_of_boot(struct json_writer *w, const struct verdict *v)
{
    json_t *boot;

    if (!v->has_boot) {
        return json_null();
    }
    boot = json_object();
    json_put_uint(w, boot, "reset", v->reset_count);
    json_put_uint(w, boot, "restart", v->restart_count);
    json_put_uint(w, boot, "clock", v->clock_ms);
    json_put_bool(w, boot, "safe", v->clock_safe);
    return boot;
}

static json_t *json_of_checks(struct json_writer *w, const struct verdict *v)
{
    json_t *checks = json_array();

    for (size_t i = 0; i < CHECK_COUNT; i++) {
        json_t *check = json_object();

        json_put_text(w, check, "name", check_name((enum check)i));
        json_put_text(w, check, "outcome", outcome_name(v->checks[i].outcome));
        json_put_text(w, check, "detail", v->checks[i].detail);
        json_add(w, checks, check);
    }
    return checks;
}

static json_t *json_of_finding(struct json_writer *w, const struct finding *f)
{
    json_t *item = json_object();

    json_put_text(w, item, "severity", severity_name(f->severity));
    json_put_text(w, item, "kind", f->kind);
    json_put_text(w, item, "check", check_name(f->check));
    json_put_text(w, item, "log", f->log);
    json_put(w, item, "entry", f->has_entry ? json_integer((json_int_t)f->entry) : json_null());
    json_put_text(w, item, "path", f->path);
    json_put_text(w, item, "digest", f->digest);
    json_put_text(w, item, "rule", f->rule);
    json_put_text(w, item, "expected", f->expected);
    json_put_text(w, item, "found", f->found);
    json_put_text(w, item, "text", f->text != NULL ? f->text : "");
    return item;
}

json_t *report_json(struct json_writer *w, const struct report *r)
{
    const struct verdict *v = r->verdict;
    json_t *answer = json_object();
    json_t *attested = json_object();
    json_t *findings = json_array();

    json_put_text(w, answer, "verdict", verdict_result_name(report_result(r)));
    json_put_text(w, answer, "time", r->time);
    json_put_bytes(w, answer, "target", bytes_of_text(r->target));
    json_put_text(w, answer, "version", TALLY_VERSION);
    json_put(w, answer, "identity", json_of_identity(w, v));
    json_put(w, answer, "policy", json_of_policy(w, r));
    json_put_text(w, answer, "ima", v->ima != NULL ? v->ima : "absent");
    json_put(w, answer, "boot", json_of_boot(w, v));
    json_put_uint(w, attested, "entries", v->attested);
    json_put_uint(w, attested, "of", v->entries);
    json_put(w, answer, "attested", attested);
    json_put_uint(w, answer, "excluded", v->excluded);
    json_put(w, answer, "checks", json_of_checks(w, v));
    for (size_t i = 0; i < v->findings.count; i++) {
        json_add(w, findings, json_of_finding(w, &v->findings.at[i]));
    }
    json_put(w, answer, "findings", findings);
    if (r->failure != NULL) {
        json_put_text(w, answer, "error", r->failure);
    }
    return answer;
}

static void add_kind(struct json_writer *w, json_t *kinds, const char *kind)
{
    for (size_t i = 0; i < json_array_size(kinds); i++) {
        if (strcmp(json_string_value(json_array_get(kinds, i)), kind) == 0) {
            return;
        }
    }
    json_add(w, kinds, json_string(kind));
}

/* The kinds that refuse, in order: of the findings, and of a check that says no without one. */
static json_t *json_of_kinds(struct json_writer *w, const struct report *r)
{
    const struct verdict *v = r->verdict;
    json_t *kinds = json_array();

    if (r->failure != NULL) {
        json_add(w, kinds, json_string(r->failure_kind));
        return kinds;
    }
    for (size_t i = 0; i < v->findings.count; i++) {
        if (v->findings.at[i].severity == SEVERITY_REFUSE) {
            add_kind(w, kinds, v->findings.at[i].kind);
        }
    }
    for (size_t i = 0; i < v->findings.dropped_kind_count; i++) {
        add_kind(w, kinds, v->findings.dropped_kind[i]);
    }
    for (size_t i = 0; i < CHECK_COUNT; i++) {
        if (v->checks[i].outcome == OUTCOME_FAIL && json_array_size(kinds) == 0) {
            add_kind(w, kinds, check_kind((enum check)i));
        }
    }
    if (json_array_size(kinds) == 0) {
        add_kind(w, kinds, "internal"); /* a check that did not run, and nothing says why */
    }
    return kinds;
}

bool report_add_alert(struct json_writer *w, json_t *verdict, const struct report *r,
        struct error *err)
{
    uint8_t id[16];
    json_t *alert = json_object();

    if (RAND_bytes(id, sizeof(id)) != 1) {
        json_decref(alert);
        return error_set(err, ERROR_CRYPTO, "no random numbers for the alert id");
    }
    json_put_hex(w, alert, "id", (struct bytes){ id, sizeof(id) });
    json_put(w, alert, "kinds", json_of_kinds(w, r));
    json_put_text(w, alert, "time", r->time);
    json_put(w, verdict, "alert", alert);
    return true;
}

static bool run_hook(const struct report *r, const char *hook, struct error *err)
{
    struct json_writer w = { 0 };
    json_t *input = report_json(&w, r);

    if (!report_add_alert(&w, input, r, err)) {
        json_decref(input);
        return false;
    }
    char *text = w.failed ? NULL : json_dumps(input, JSON_COMPACT);

    json_decref(input);
    if (text == NULL) {
        return error_set(err, ERROR_NOMEM, "no memory for the hook's input");
    }
    bool ok = hook_run(hook, bytes_of_text(text), err);

    free(text);
    return ok;
}

static void print_finding(FILE *to, const struct finding *f, bool colour)
{
    bool refuse = f->severity == SEVERITY_REFUSE;

    fprintf(to, "  %s%s%s  %s\n",
            !colour          ? ""
                    : refuse ? RED
                             : YELLOW,
            refuse ? "REFUSE" : "WARN  ", colour ? PLAIN : "", f->text != NULL ? f->text : "");
    fprintf(to, "          check %s%s%s", check_name(f->check), f->log != NULL ? ", log " : "",
            f->log != NULL ? f->log : "");
    if (f->has_entry) {
        fprintf(to, ", entry %" PRIu64, f->entry);
    }
    if (f->rule != NULL) {
        fprintf(to, ", rule %s", f->rule);
    }
    fprintf(to, "\n");
    if (f->expected != NULL) {
        fprintf(to, "          expected %s\n", f->expected);
    }
    if (f->found != NULL) {
        fprintf(to, "          found    %s\n", f->found);
    }
}

static void print_findings(FILE *to, const struct verdict *v, bool colour)
{
    size_t printed = 0;

    for (size_t i = 0; i < v->findings.count; i++) {
        if (printed == PRINTED_MAX) {
            fprintf(to, "  ... and %zu more (--json shows %s)\n", v->findings.count - i,
                    "all that were kept");
            break;
        }
        print_finding(to, &v->findings.at[i], colour);
        printed++;
    }
}

/* A file that may be accepted: known to no list, and named. */
static const struct finding *find_acceptable(const struct verdict *v)
{
    for (size_t i = 0; i < v->findings.count; i++) {
        const struct finding *f = &v->findings.at[i];

        if (f->severity == SEVERITY_REFUSE && strcmp(f->kind, "unknown-file") == 0 &&
                f->found != NULL && f->path != NULL) {
            return f;
        }
    }
    return NULL;
}

/* What to do next, one line for each kind of refusal. */
static void print_advice(FILE *to, const struct report *r)
{
    static const struct {
        const char *kind;
        const char *advice;
    } lines[] = {
        { "malformed",
                "The evidence cannot be read: collect it again; if it stays so, treat the"
                " host as compromised." },
        { "identity",
                "The quote is not by the key you enrolled: compare --ak with the host's key." },
        { "quote",
                "Ask for a new quote with a fresh nonce, and with the banks and PCRs of the"
                " policy." },
        { "boot-replay",
                "The boot log is not the one the TPM measured: read it again from"
                " securityfs; if it stays so, treat the host as compromised." },
        { "ima-replay",
                "The list is not what the kernel measured. Read it again after the quote;"
                " if it stays so, it was doctored (or the TPM missed an extend: look for"
                " TPM_error in the host's audit log)." },
        { "boot-policy",
                "If you updated firmware, boot loader or kernel, add the new PCR values to"
                " the policy." },
        { "violation",
                "See which files are written while they are read (docs/policy.md,"
                " violations)." },
        { "kexec",
                "Another kernel was started without the firmware: if it was you, see docs/policy.md"
                " (kexec), or boot the host." },
        { "denied-file", "A file that you forbade was run or read: isolate the host." },
    };
    const struct finding *file = find_acceptable(r->verdict);

    for (size_t i = 0; i < ARRAY_LEN(lines); i++) {
        if (verdict_has_kind(r->verdict, lines[i].kind)) {
            fprintf(to, "Next: %s\n", lines[i].advice);
        }
    }
    if (file != NULL && r->policy_path != NULL) {
        fprintf(to,
                "Next: if you know the file, save this answer with --json and accept it:\n"
                "  tally policy accept VERDICT.json --entry %" PRIu64 " --reason \"why\"\n",
                file->entry);
    }
}

static void print_advice_for_failure(FILE *to, const struct report *r)
{
    if (r->failure_kind != NULL && strcmp(r->failure_kind, "silence") == 0) {
        fprintf(to,
                "Next: see whether the machine is up, tally-agent runs (systemctl status tally-agent)"
                " and its port is\nreachable. Silence proves nothing: whoever took the host over may"
                " choose it.\n");
    }
}

static const char *colour_of(enum outcome o)
{
    switch (o) {
    case OUTCOME_PASS:
        return "\033[32m";
    case OUTCOME_FAIL:
        return RED;
    case OUTCOME_NOT_RUN:
    case OUTCOME_NOT_APPLICABLE:
        break;
    }
    return YELLOW;
}

static void print_checks(FILE *to, const struct verdict *v, bool colour)
{
    for (size_t i = 0; i < CHECK_COUNT; i++) {
        const struct check_result *c = &v->checks[i];

        fprintf(to, "  %-17s %s%-14s%s  %s\n", check_name((enum check)i),
                colour ? colour_of(c->outcome) : "", outcome_name(c->outcome), colour ? PLAIN : "",
                c->detail);
    }
}

static void print_summary(FILE *to, const struct report *r)
{
    const struct verdict *v = r->verdict;

    fprintf(to, "Identity: %s%s%s\n", v->identity_mode, v->ak_name[0] != '\0' ? ", AK " : "",
            v->ak_name);
    if (v->has_boot) {
        fprintf(to, "Boot:     reset %" PRIu32 ", restart %" PRIu32 ", clock %" PRIu64 " ms%s\n",
                v->reset_count, v->restart_count, v->clock_ms, v->clock_safe ? "" : " (not safe)");
    }
    if (v->ima != NULL) {
        fprintf(to, "IMA:      %s", v->ima);
        if (v->entries > 0) {
            fprintf(to,
                    ", %" PRIu64 " of %" PRIu64 " records attested, %" PRIu64 " excluded by policy",
                    v->attested, v->entries, v->excluded);
        }
        fprintf(to, "\n");
    }
}

void report_print(FILE *to, const struct report *r, bool colour)
{
    enum verdict_result result = report_result(r);
    const struct verdict *v = r->verdict;
    char target[512];

    bytes_escape(target, sizeof(target), bytes_of_text(r->target));
    if (v->profile == PROFILE_INSPECT && r->failure == NULL) {
        bool genuine = verdict_is_genuine(v);

        fprintf(to, "%s%s%s  %s\n",
                !colour           ? ""
                        : genuine ? GREEN
                                  : RED,
                genuine ? "GENUINE" : "NOT GENUINE", colour ? PLAIN : "", target);
    } else {
        fprintf(to, "%s%s%s  %s\n",
                !colour                             ? ""
                        : result == VERDICT_TRUSTED ? GREEN
                                                    : RED,
                verdict_result_name(result), colour ? PLAIN : "", target);
    }
    if (r->failure != NULL) {
        fprintf(to, "%s\n", r->failure);
        print_advice_for_failure(to, r);
        return;
    }
    print_findings(to, v, colour);
    print_advice(to, r);
    fprintf(to, "\n");
    print_checks(to, v, colour);
    fprintf(to, "\n");
    print_summary(to, r);
}

int report_status(const struct report *r)
{
    if (r->failure != NULL) {
        return EXIT_FAILURE;
    }
    if (r->verdict->profile == PROFILE_INSPECT) {
        return verdict_is_genuine(r->verdict) ? EXIT_SUCCESS : EXIT_REFUSED;
    }
    switch (verdict_result(r->verdict)) {
    case VERDICT_TRUSTED:
        return EXIT_SUCCESS;
    case VERDICT_REFUSED:
        return EXIT_REFUSED;
    case VERDICT_UNKNOWN:
        break;
    }
    return EXIT_FAILURE;
}

void report_alert(const struct report *r, const char *command, const char *hook)
{
    struct error err = { 0 };

    if (hook != NULL && report_status(r) != EXIT_SUCCESS && !run_hook(r, hook, &err)) {
        print_error(command, &err);
    }
}

int report_answer(struct report *r, const char *command, const char *hook, bool json)
{
    struct json_writer w = { 0 };
    struct error err = { 0 };
    int status = report_status(r);

    if (r->time[0] == '\0') {
        report_set_time(r);
    }
    report_alert(r, command, hook);
    if (r->failure != NULL) {
        fprintf(stderr, "tally %s: %s\n", command, r->failure);
    }
    if (!json) {
        report_print(stdout, r, output_has_colour());
    } else if (!json_print(&w, report_json(&w, r), false, &err)) {
        print_error(command, &err);
        return status == EXIT_SUCCESS ? EXIT_FAILURE : status;
    }
    return status;
}
