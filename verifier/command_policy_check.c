/* SPDX-License-Identifier: BSD-3-Clause */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "verifier/command_policy.h"
#include "verifier/commands.h"
#include "verifier/json.h"
#include "verifier/options.h"
#include "verifier/policy_check.h"

struct options {
    const char *file;
    bool json;
};

static void print_check_help(void)
{
    printf("Usage: tally policy check FILE [--json]\n\n"
           "Say what is wrong or weak in a policy and the lists it names.\n\n"
           "  --json   answer in JSON\n\n"
           "Exit status: 0 no errors and no warnings (notes do not count), 1 the file cannot be\n"
           "read, 3 findings.\n");
}

/* EXIT_SUCCESS, EXIT_USAGE, or -1 when the help was printed. */
static int parse_check(int argc, char *argv[], struct options *o)
{
    static const struct option longs[] = {
        { "json", no_argument, NULL, 'j' },
        { "help", no_argument, NULL, 'h' },
        { 0 },
    };

    optind = 0; /* a second command line in one process: the first had "policy" in front */
    for (int c; (c = getopt_long(argc, argv, "", longs, NULL)) != -1;) {
        switch (c) {
        case 'j':
            o->json = true;
            break;
        case 'h':
            print_check_help();
            return -1;
        default:
            return usage_error("policy check", "wrong command line");
        }
    }
    if (optind + 1 != argc) {
        return usage_error("policy check", "give one policy file");
    }
    o->file = argv[optind];
    return EXIT_SUCCESS;
}

static void print_report(const struct options *o, const struct policy_report *r)
{
    size_t errors = policy_report_count(r, POLICY_ERROR);
    size_t warnings = policy_report_count(r, POLICY_WARNING) - errors;
    char hex[2 * sizeof(r->digest) + 1];

    for (size_t i = 0; i < r->count; i++) {
        printf("%s: %s: %s\n", r->findings[i].where, policy_severity_name(r->findings[i].severity),
                r->findings[i].text);
    }
    printf("%s: %zu error%s, %zu warning%s\n", o->file, errors, errors == 1 ? "" : "s", warnings,
            warnings == 1 ? "" : "s");
    if (r->has_digest) {
        printf("policy digest %s\n",
                bytes_hex(hex, sizeof(hex), (struct bytes){ r->digest, sizeof(r->digest) }));
    }
}

static json_t *json_of_policy(struct json_writer *w, const struct options *o,
        const struct policy_report *r)
{
    json_t *policy = json_object();

    json_put_bytes(w, policy, "file", bytes_of_text(o->file));
    if (r->has_digest) {
        json_put_hex(w, policy, "digest", (struct bytes){ r->digest, sizeof(r->digest) });
    } else {
        json_put(w, policy, "digest", json_null());
    }
    return policy;
}

static json_t *json_of_report(struct json_writer *w, const struct options *o,
        const struct policy_report *r)
{
    json_t *answer = json_object();
    json_t *findings = json_array();

    for (size_t i = 0; i < r->count; i++) {
        json_t *finding = json_object();

        json_put_text(w, finding, "severity", policy_severity_name(r->findings[i].severity));
        json_put_text(w, finding, "where", r->findings[i].where);
        json_put_text(w, finding, "text", r->findings[i].text);
        json_add(w, findings, finding);
    }
    json_put(w, answer, "findings", findings);
    json_put(w, answer, "policy", json_of_policy(w, o, r));
    return answer;
}

int command_policy_check(int argc, char *argv[])
{
    struct policy_report report CLEANUP(policy_report_clear) = { 0 };
    struct options o = { 0 };
    struct json_writer w = { 0 };
    struct error err = { 0 };
    int status = parse_check(argc, argv, &o);

    if (status != EXIT_SUCCESS) {
        return status < 0 ? EXIT_SUCCESS : status;
    }
    bool checked = policy_check(o.file, &report, &err);
    if (o.json) {
        json_t *answer = json_of_report(&w, &o, &report);

        if (!checked) {
            json_put_bytes(&w, answer, "error", bytes_of_text(err.text));
        }
        struct error print_err = { 0 };
        if (!json_print(&w, answer, false, &print_err)) {
            print_error("policy check", &print_err);
            return EXIT_FAILURE;
        }
    }
    if (!checked) {
        print_error("policy check", &err);
        return EXIT_FAILURE;
    }
    if (!o.json) {
        print_report(&o, &report);
    }
    return policy_report_count(&report, POLICY_WARNING) > 0 ? EXIT_REFUSED : EXIT_SUCCESS;
}
