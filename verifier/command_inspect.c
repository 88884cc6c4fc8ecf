/* SPDX-License-Identifier: BSD-3-Clause */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>

#include "verifier/case.h"
#include "verifier/commands.h"
#include "verifier/options.h"
#include "verifier/report.h"

struct options {
    struct case_request request;
    bool json;
};

static void print_help(void)
{
    printf("Usage: tally inspect --evidence FILE [--challenge HEX] [--json]\n\n"
           "Say what evidence proves, without a policy: the quote is by a key of a TPM, and the\n"
           "logs are what that TPM measured. Nothing vouches for the key, and what ran is not\n"
           "judged: the answer is never TRUSTED.\n\n"
           "  --evidence FILE    as written by tally-agent collect\n"
           "  --challenge HEX    that it was collected with; without it the quote may be an old one\n"
           "  --json             answer in JSON (docs/schemas/verdict.json)\n\n"
           "Exit status: 0 genuine, 1 could not tell, 2 wrong command line, 3 not genuine.\n");
}

static int parse(int argc, char *argv[], struct options *o)
{
    static const struct option longs[] = {
        { "evidence", required_argument, NULL, 'E' },
        { "challenge", required_argument, NULL, 'C' },
        { "json", no_argument, NULL, 'j' },
        { "help", no_argument, NULL, 'h' },
        { 0 },
    };
    struct case_request *r = &o->request;
    struct error err = { 0 };

    for (int c; (c = getopt_long(argc, argv, "", longs, NULL)) != -1;) {
        switch (c) {
        case 'E':
            r->evidence = optarg;
            break;
        case 'C':
            if (!option_hex("--challenge", optarg, r->challenge, sizeof(r->challenge),
                        &r->challenge_len, &err)) {
                return usage_error("inspect", "%s", err.text);
            }
            break;
        case 'j':
            o->json = true;
            break;
        case 'h':
            print_help();
            return -1;
        default:
            return usage_error("inspect", "wrong command line");
        }
    }
    if (optind != argc) {
        return usage_error("inspect", "unexpected argument \"%s\"", argv[optind]);
    }
    if (r->evidence == NULL) {
        return usage_error("inspect", "--evidence is missing");
    }
    if (r->challenge_len > 0 && r->challenge_len < MESSAGE_CHALLENGE_MIN) {
        return usage_error("inspect", "--challenge: want 16 to 64 bytes of hexadecimal");
    }
    return EXIT_SUCCESS;
}

int command_inspect(int argc, char *argv[])
{
    struct options o = { 0 };
    int status = parse(argc, argv, &o);

    if (status != EXIT_SUCCESS) {
        return status < 0 ? EXIT_SUCCESS : status;
    }
    struct verdict verdict CLEANUP(verdict_clear) = { .profile = PROFILE_INSPECT };
    struct hasher hasher CLEANUP(hasher_clear) = { 0 };
    struct error err = { 0 };
    struct report report = { .verdict = &verdict, .target = o.request.evidence };

    verdict.identity_mode = "none";
    if (!hasher_init(&hasher, &err) || !case_judge(&o.request, NULL, &hasher, &verdict, &err)) {
        report.failure = err.text;
        report.failure_kind = "internal";
    }
    return report_answer(&report, "inspect", NULL, o.json);
}
