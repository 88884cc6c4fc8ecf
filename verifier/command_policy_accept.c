/* SPDX-License-Identifier: BSD-3-Clause */
#include <ctype.h>
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "verifier/command_policy.h"
#include "verifier/commands.h"
#include "verifier/options.h"
#include "verifier/policy_accept.h"

#define REASON_MAX 1000

static void print_help(void)
{
    printf("Usage: tally policy accept VERDICT.json --reason TEXT [OPTION...]\n\n"
           "Add the files that a verdict found unknown, by path and digest, to a list of the\n"
           "policy.\n\n"
           "  --reason TEXT   why; it is written into the list\n"
           "  --entry N       only the file of entry N of the IMA list\n"
           "  --policy FILE   the policy (default: the one that the verdict names)\n"
           "  --list NAME     the list, as the policy names it: relative to the policy's folder\n"
           "                  (default: accepted.sha256); the policy is changed to name it\n\n"
           "Exit status: 0 accepted, or nothing was new; 1 could not tell; 2 wrong command line;\n"
           "3 nothing was accepted: a denied file, or a finding that is no file.\n");
}

static bool parse_entry(const char *text, uint64_t *out)
{
    char *end = NULL;

    errno = 0;
    *out = strtoull(text, &end, 10);
    return isdigit((unsigned char)text[0]) && *end == '\0' && errno == 0;
}

/* One line that cannot end the comment it stands in. */
static bool is_reason(const char *text)
{
    size_t len = 0;

    for (; text[len] != '\0'; len++) {
        if (iscntrl((unsigned char)text[len])) {
            return false;
        }
    }
    return len > 0 && len <= REASON_MAX;
}

static int check_options(const struct policy_accept *a)
{
    if (a->reason == NULL) {
        return usage_error("policy accept", "--reason is missing");
    }
    if (!is_reason(a->reason)) {
        return usage_error("policy accept", "--reason: one line of at most %d bytes", REASON_MAX);
    }
    return EXIT_SUCCESS;
}

static int parse(int argc, char *argv[], struct policy_accept *a)
{
    static const struct option longs[] = {
        { "reason", required_argument, NULL, 'r' },
        { "entry", required_argument, NULL, 'e' },
        { "policy", required_argument, NULL, 'p' },
        { "list", required_argument, NULL, 'l' },
        { "help", no_argument, NULL, 'h' },
        { 0 },
    };

    optind = 0;
    for (int c; (c = getopt_long(argc, argv, "", longs, NULL)) != -1;) {
        switch (c) {
        case 'r':
            a->reason = optarg;
            break;
        case 'e':
            a->one_entry = true;
            if (!parse_entry(optarg, &a->entry)) {
                return usage_error("policy accept", "--entry: want a number");
            }
            break;
        case 'p':
            a->policy = optarg;
            break;
        case 'l':
            a->list = optarg;
            break;
        case 'h':
            print_help();
            return -1;
        default:
            return usage_error("policy accept", "wrong command line");
        }
    }
    if (optind + 1 != argc) {
        return usage_error("policy accept", "give one verdict");
    }
    a->verdict = argv[optind];
    return check_options(a);
}

int command_policy_accept(int argc, char *argv[])
{
    struct policy_accept a = { .list = "accepted.sha256" };
    struct error err = { 0 };
    int status = parse(argc, argv, &a);

    if (status != EXIT_SUCCESS) {
        return status < 0 ? EXIT_SUCCESS : status;
    }
    if (!policy_accept_run(&a, stdout, &err)) {
        print_error("policy accept", &err);
        return EXIT_FAILURE;
    }
    printf("accepted %" PRIu64 ", allowed before %" PRIu64 ", not accepted %" PRIu64 "\n",
            a.accepted, a.known, a.refused);
    return a.refused > 0 && a.accepted + a.known == 0 ? EXIT_REFUSED : EXIT_SUCCESS;
}
