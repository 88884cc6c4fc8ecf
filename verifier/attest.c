/* SPDX-License-Identifier: BSD-3-Clause */
#include "verifier/attest.h"

#include <string.h>

#include "host/file_writer.h"
#include "verifier/options.h"
#include "verifier/stop.h"

static bool read_identity(struct attest *a, struct error *err)
{
    const struct attest_options *o = a->options;

    a->who.name = o->ak_name;
    a->first_use = o->first_use != NULL;
    return o->ak == NULL || identity_read(o->ak, o->ak_scheme, &a->hasher, &a->who, err);
}

/* A state of another key than the enrolled one is a mistake of the command line: it must not make
 * the host look like an impostor. */
static bool check_state_name(const struct attest *a, struct error *err)
{
    struct bytes enrolled = identity_name(&a->who);
    struct bytes held = tpm_name_view(&a->state.ak_name);

    return enrolled.len == 0 || held.len == 0 || bytes_equal(enrolled, held) ||
            error_set(err, ERROR_CONFIG,
                    "%s: the state of a host with another attestation key than the one given",
                    a->options->state);
}

static bool read_state(struct attest *a, struct error *err)
{
    return a->options->state == NULL ||
            (state_file_open(&a->file, a->options->state, &a->state, err) &&
                    check_state_name(a, err));
}

bool attest_open(struct attest *a, const struct attest_options *options, struct error *err)
{
    a->options = options;
    a->host = (struct host){
        .link = &a->remote.link,
        .hasher = &a->hasher,
        .who = &a->who,
        .identity_mode = options->first_use != NULL ? "first-use" : "pinned",
        .state = &a->state,
    };
    return hasher_init(&a->hasher, err) && read_identity(a, err) && read_state(a, err) &&
            remote_init(&a->remote, options->uri, (unsigned int)options->timeout_ms,
                    &a->host.deadline_ms, err);
}

static bool run(struct attest *a, struct round *round, struct error *err)
{
    if (!policy_watch_update(&a->policy, a->options->policy, err)) {
        return false;
    }
    remote_begin(&a->remote);
    bool ok = round_run(&a->host, &a->policy.policy, round, err);

    remote_end(&a->remote);
    return ok;
}

/* The key that answered first, and has proven that it is a TPM's: from now on it is the one. */
static bool pin(struct attest *a, const struct round *round, struct error *err)
{
    if (!a->first_use || !round->quote_is_proven) {
        return true;
    }
    if (!file_write(a->options->first_use, FILE_REFUSE, buffer_view(&round->ak_public), err)) {
        return error_wrap(err, "--first-use");
    }
    a->first_use = false;
    a->who.name = round->ak_name;
    return true;
}

static bool save(struct attest *a, const struct report *report, struct error *err)
{
    if (a->file.path == NULL) {
        return true;
    }
    a->state.verdict = report_result(report);
    memcpy(a->state.time, report->time, sizeof(a->state.time) - 1);
    return state_file_save(&a->file, &a->state, err);
}

static void set_failure(struct report *report, const struct error *err)
{
    report->failure = err->text;
    report->failure_kind = err->code == ERROR_NO_ANSWER ? "silence" : "internal";
}

/* Something of ours went wrong after the verdict. A refusal stays one. */
static void note_fault(struct report *report, const struct error *fault, struct error *err)
{
    if (report->failure != NULL || report_result(report) == VERDICT_REFUSED) {
        print_error("attest", fault);
        return;
    }
    *err = *fault;
    err->code = err->code == ERROR_NO_ANSWER ? ERROR_IO : err->code;
    set_failure(report, err);
}

bool attest_round(struct attest *a, struct round *round, struct report *report, struct error *err)
{
    struct error fault = { 0 };

    *report = (struct report){
        .verdict = &round->verdict,
        .target = a->options->uri,
        .policy_path = a->options->policy,
    };
    *err = (struct error){ 0 };
    bool ok = run(a, round, err);

    if (!ok && stop_wanted()) {
        return false;
    }
    report->policy = a->policy.loaded ? &a->policy.policy : NULL;
    report_set_time(report);
    round->verdict.profile = PROFILE_APPRAISE;
    round->verdict.identity_mode = a->host.identity_mode;
    if (!ok) {
        set_failure(report, err);
    } else if (!pin(a, round, &fault)) {
        note_fault(report, &fault, err);
    }
    if (!save(a, report, &fault)) {
        note_fault(report, &fault, err);
    }
    return true;
}

void attest_clear(struct attest *a)
{
    remote_clear(&a->remote);
    state_file_close(&a->file);
    host_state_clear(&a->state);
    policy_watch_clear(&a->policy);
    identity_clear(&a->who);
    hasher_clear(&a->hasher);
    *a = (struct attest){ 0 };
}
