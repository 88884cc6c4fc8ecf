/* SPDX-License-Identifier: BSD-3-Clause */
#include "verifier/attest_options.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "protocol/uri.h"
#include "tpm/ak.h"
#include "verifier/commands.h"
#include "verifier/options.h"

#define WATCH_MAX_MS ((int64_t)30 * 24 * 3600 * 1000)

static void print_help(void)
{
    printf("Usage: tally attest URI (--ak FILE | --ak-name HEX | --first-use FILE) --policy FILE\n"
           "           [OPTION...]\n\n"
           "Ask a host's tally-agent for evidence, and judge it against a policy.\n\n"
           "  URI                coap://HOST[:PORT] or coap+tcp://HOST[:PORT]\n"
           "  --ak FILE          the enrolled key: TPM2B_PUBLIC or PEM\n"
           "  --ak-scheme S      what a PEM key does not say: rsassa|rsapss|ecdsa[:HASH]\n"
           "  --ak-name HEX      the enrolled key by its Name\n"
           "  --first-use FILE   no key is enrolled yet: write the one that answers to FILE, which\n"
           "                     must not exist, once its quote has been verified\n"
           "  --policy FILE      what to accept (docs/policy.md)\n"
           "  --state FILE       remember the host: the next run asks for what is new only, and\n"
           "                     what was found stays found until the host boots\n"
           "  --watch SECONDS    again and again, until a signal; one line for each round\n"
           "  --timeout SECONDS  without progress, until the host counts as silent\n"
           "  --hook COMMAND     run it, with the verdict as JSON on standard input, unless trusted\n"
           "  --json             answer in JSON (docs/schemas/verdict.json)\n\n"
           "Exit status: 0 trusted, 1 could not tell (no answer), 2 wrong command line, 3 refused;\n"
           "with --watch that of the last round.\n");
}

static int take_option(int c, struct attest_options *o)
{
    struct error err = { 0 };
    bool ok = true;

    switch (c) {
    case 'a':
        o->ak = optarg;
        break;
    case 'S':
        o->ak_scheme = optarg;
        break;
    case 'N':
        ok = option_hex("--ak-name", optarg, o->ak_name.data, sizeof(o->ak_name.data),
                &o->ak_name.len, &err);
        break;
    case 'f':
        o->first_use = optarg;
        break;
    case 'p':
        o->policy = optarg;
        break;
    case 's':
        o->state = optarg;
        break;
    case 'w':
        ok = option_seconds("--watch", optarg, WATCH_MAX_MS, &o->watch_ms, &err);
        break;
    case 't':
        ok = option_timeout(optarg, &o->timeout_ms, &err);
        break;
    case 'H':
        o->hook = optarg;
        break;
    case 'j':
        o->json = true;
        break;
    default:
        return usage_error("attest", "wrong command line");
    }
    return ok ? EXIT_SUCCESS : usage_error("attest", "%s", err.text);
}

static int check_options(const struct attest_options *o)
{
    struct tpm_scheme scheme;
    struct error err = { 0 };
    struct stat st;
    struct uri uri;

    if (o->uri == NULL) {
        return usage_error("attest", "the URI is missing");
    }
    if (!uri_read(bytes_of_text(o->uri), &uri, &err)) {
        return usage_error("attest", "%s", err.text);
    }
    if ((o->ak != NULL) + (o->ak_name.len > 0) + (o->first_use != NULL) != 1) {
        return usage_error("attest", "give exactly one of --ak, --ak-name and --first-use");
    }
    if (o->ak_scheme != NULL && o->ak == NULL) {
        return usage_error("attest", "--ak-scheme goes with --ak");
    }
    if (o->ak_scheme != NULL && !tpm_scheme_from_text(o->ak_scheme, &scheme, &err)) {
        return usage_error("attest", "--ak-scheme: %s", err.text);
    }
    if (o->first_use != NULL && lstat(o->first_use, &st) == 0) {
        return usage_error("attest", "--first-use %s: it is there already; give it to --ak",
                o->first_use);
    }
    if (o->policy == NULL) {
        return usage_error("attest", "--policy is missing");
    }
    if (o->hook != NULL && *o->hook == '\0') {
        return usage_error("attest", "--hook is empty");
    }
    if (o->state != NULL && *o->state == '\0') {
        return usage_error("attest", "--state is empty");
    }
    return EXIT_SUCCESS;
}

int attest_options_parse(int argc, char *argv[], struct attest_options *out)
{
    static const struct option longs[] = {
        { "ak", required_argument, NULL, 'a' },
        { "ak-scheme", required_argument, NULL, 'S' },
        { "ak-name", required_argument, NULL, 'N' },
        { "first-use", required_argument, NULL, 'f' },
        { "policy", required_argument, NULL, 'p' },
        { "state", required_argument, NULL, 's' },
        { "watch", required_argument, NULL, 'w' },
        { "timeout", required_argument, NULL, 't' },
        { "hook", required_argument, NULL, 'H' },
        { "json", no_argument, NULL, 'j' },
        { "help", no_argument, NULL, 'h' },
        { 0 },
    };

    for (int c; (c = getopt_long(argc, argv, "", longs, NULL)) != -1;) {
        if (c == 'h') {
            print_help();
            return -1;
        }
        int status = take_option(c, out);

        if (status != EXIT_SUCCESS) {
            return status;
        }
    }
    if (optind < argc) {
        out->uri = argv[optind++];
    }
    if (optind != argc) {
        return usage_error("attest", "unexpected argument \"%s\"", argv[optind]);
    }
    return check_options(out);
}
