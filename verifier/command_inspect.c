/* SPDX-License-Identifier: BSD-3-Clause */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "protocol/uri.h"
#include "verifier/case.h"
#include "verifier/commands.h"
#include "verifier/evidence_input.h"
#include "verifier/fetched_file.h"
#include "verifier/options.h"
#include "verifier/report.h"
#include "verifier/stop.h"

struct options {
    struct case_request request;
    struct fetch_options fetch;
    const char *save;
    bool json;
};

static void print_help(void)
{
    printf("Usage: tally inspect URI [--banks LIST] [--timeout S] [--save-evidence FILE] [--json]\n"
           "       tally inspect --evidence FILE [--challenge HEX] [--json]\n\n"
           "Say what evidence proves, without a policy: the quote is by a key of a TPM, and the\n"
           "logs are what that TPM measured. Nothing vouches for the key, and what ran is not\n"
           "judged: the answer is never TRUSTED.\n\n"
           "  URI                coap://HOST[:PORT] or coap+tcp://HOST[:PORT]: ask tally-agent there\n"
           "  --banks LIST       of PCRs to have quoted (default sha256)\n"
           "  --timeout SECONDS  without progress, until the host counts as silent\n"
           "  --save-evidence FILE  keep what came, for --evidence; FILE must not exist\n"
           "  --evidence FILE    as written by tally-agent collect\n"
           "  --challenge HEX    that it was collected with; without it the quote may be an old one\n"
           "  --json             answer in JSON (docs/schemas/verdict.json)\n\n"
           "Exit status: 0 genuine, 1 could not tell, 2 wrong command line, 3 not genuine.\n");
}

static int take_option(int c, struct options *o)
{
    struct case_request *r = &o->request;
    struct error err = { 0 };
    bool ok = true;

    switch (c) {
    case 'E':
        r->evidence = optarg;
        break;
    case 'C':
        ok = option_hex("--challenge", optarg, r->challenge, sizeof(r->challenge),
                &r->challenge_len, &err);
        break;
    case 'b':
        ok = option_banks(optarg, &o->fetch.banks, &err);
        break;
    case 't':
        ok = option_timeout(optarg, &o->fetch.timeout_ms, &err);
        break;
    case 's':
        o->save = optarg;
        break;
    case 'j':
        o->json = true;
        break;
    default:
        return usage_error("inspect", "wrong command line");
    }
    return ok ? EXIT_SUCCESS : usage_error("inspect", "%s", err.text);
}

static int check_options(const struct options *o)
{
    const struct case_request *r = &o->request;
    struct error err = { 0 };
    struct uri uri;

    if ((r->evidence != NULL) == (o->fetch.uri != NULL)) {
        return usage_error("inspect", "give a URI, or --evidence");
    }
    if (o->fetch.uri != NULL) {
        if (r->challenge_len > 0) {
            return usage_error("inspect", "--challenge goes with --evidence");
        }
        return uri_read(bytes_of_text(o->fetch.uri), &uri, &err)
                ? EXIT_SUCCESS
                : usage_error("inspect", "%s", err.text);
    }
    if (o->save != NULL || o->fetch.banks != 0 || o->fetch.timeout_ms != 0) {
        return usage_error("inspect", "--save-evidence, --banks and --timeout go with a URI");
    }
    if (r->challenge_len > 0 && r->challenge_len < MESSAGE_CHALLENGE_MIN) {
        return usage_error("inspect", "--challenge: want 16 to 64 bytes of hexadecimal");
    }
    return EXIT_SUCCESS;
}

static int parse(int argc, char *argv[], struct options *o)
{
    static const struct option longs[] = {
        { "evidence", required_argument, NULL, 'E' },
        { "challenge", required_argument, NULL, 'C' },
        { "banks", required_argument, NULL, 'b' },
        { "timeout", required_argument, NULL, 't' },
        { "save-evidence", required_argument, NULL, 's' },
        { "json", no_argument, NULL, 'j' },
        { "help", no_argument, NULL, 'h' },
        { 0 },
    };

    for (int c; (c = getopt_long(argc, argv, "", longs, NULL)) != -1;) {
        if (c == 'h') {
            print_help();
            return -1;
        }
        int status = take_option(c, o);

        if (status != EXIT_SUCCESS) {
            return status;
        }
    }
    if (optind < argc) {
        o->fetch.uri = argv[optind++];
    }
    if (optind != argc) {
        return usage_error("inspect", "unexpected argument \"%s\"", argv[optind]);
    }
    return check_options(o);
}

static bool save(const struct options *o, const struct fetched_file *f, struct error *err)
{
    char hex[2 * FETCH_CHALLENGE_SIZE + 1];

    if (o->save == NULL) {
        return true;
    }
    if (!fetched_file_save(f, o->save, err)) {
        return error_wrap(err, "--save-evidence");
    }
    bytes_hex(hex, sizeof(hex), (struct bytes){ f->challenge, sizeof(f->challenge) });
    fprintf(stderr, "Saved; it goes with --challenge %s\n", hex);
    return true;
}

/* Ask for what is to be inspected. What comes and is no evidence ends in v. */
static bool get(struct options *o, struct fetched_file *f, struct verdict *v, struct error *err)
{
    struct error why = { 0 };

    if (!fetched_file_get(f, &o->fetch, &why)) {
        return evidence_refuse_garbage(v, &why, err);
    }
    o->request.evidence = f->path;
    memcpy(o->request.challenge, f->challenge, sizeof(f->challenge));
    o->request.challenge_len = sizeof(f->challenge);
    return save(o, f, err);
}

static bool inspect(struct options *o, struct verdict *v, struct error *err)
{
    struct fetched_file fetched CLEANUP(fetched_file_close) = { 0 };
    struct hasher hasher CLEANUP(hasher_clear) = { 0 };

    if (!hasher_init(&hasher, err) || (o->fetch.uri != NULL && !get(o, &fetched, v, err))) {
        return false;
    }
    return o->request.evidence == NULL || case_judge(&o->request, NULL, &hasher, v, NULL, err);
}

int command_inspect(int argc, char *argv[])
{
    struct options o = { 0 };
    int status = parse(argc, argv, &o);

    if (status != EXIT_SUCCESS) {
        return status < 0 ? EXIT_SUCCESS : status;
    }
    struct verdict verdict CLEANUP(verdict_clear) = { .profile = PROFILE_INSPECT };
    struct error err = { 0 };
    struct report report = {
        .verdict = &verdict,
        .target = o.fetch.uri != NULL ? o.fetch.uri : o.request.evidence,
    };

    verdict.identity_mode = "none";
    stop_catch();
    if (!inspect(&o, &verdict, &err)) {
        if (stop_wanted()) {
            return EXIT_FAILURE;
        }
        report.failure = err.text;
        report.failure_kind = err.code == ERROR_NO_ANSWER ? "silence" : "internal";
    }
    return report_answer(&report, "inspect", NULL, o.json);
}
