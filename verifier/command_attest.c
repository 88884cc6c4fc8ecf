/* SPDX-License-Identifier: BSD-3-Clause */
#include <stdlib.h>

#include "verifier/attest.h"
#include "verifier/commands.h"
#include "verifier/stop.h"
#include "verifier/watch.h"

/* There was nothing to judge with. */
static int could_not_start(const struct attest_options *o, const struct error *err)
{
    struct verdict nothing = {
        .profile = PROFILE_APPRAISE,
        .identity_mode = o->first_use != NULL ? "first-use" : "pinned",
    };
    struct report report = {
        .verdict = &nothing,
        .target = o->uri,
        .policy_path = o->policy,
        .failure = err->text,
        .failure_kind = "internal",
    };

    return report_answer(&report, "attest", o->hook, o->json);
}

static int attest_once(struct attest *a)
{
    struct round round CLEANUP(round_clear) = { 0 };
    struct report report;
    struct error err;

    if (!attest_round(a, &round, &report, &err)) {
        return EXIT_FAILURE; /* interrupted: whoever did it needs no answer and no alert */
    }
    return report_answer(&report, "attest", a->options->hook, a->options->json);
}

int command_attest(int argc, char *argv[])
{
    struct attest attest CLEANUP(attest_clear) = { 0 };
    struct attest_options options = { 0 };
    struct error err = { 0 };
    int status = attest_options_parse(argc, argv, &options);

    if (status != EXIT_SUCCESS) {
        return status < 0 ? EXIT_SUCCESS : status;
    }
    stop_catch();
    if (!attest_open(&attest, &options, &err)) {
        return could_not_start(&options, &err);
    }
    return options.watch_ms > 0 ? watch_run(&attest) : attest_once(&attest);
}
