/* SPDX-License-Identifier: BSD-3-Clause */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>

#include "agent/commands.h"
#include "agent/config.h"
#include "agent/doctor.h"

struct options {
    struct doctor_options doctor;
    bool json;
};

static void print_help(FILE *to)
{
    (void)fprintf(to,
            "Usage: tally-agent doctor [OPTION...]\n\n"
            "Says what keeps this machine from being attested, why that matters, and what to type\n"
            "next. Changes nothing. Run it as the user that the agent runs as, or as root.\n\n"
            "  --config FILE  settings, instead of %s\n"
            "  --root DIR     look at /sys, /proc, /etc, /boot and /dev below DIR\n"
            "  --json         answer in JSON\n\n"
            "Exit status: 0 nothing to complain of, 1 could not tell, 2 wrong command line,\n"
            "3 problems or warnings.\n",
            AGENT_CONFIG_PATH);
}

/* Returns an exit status, or -1 to go on. */
static int parse_command_line(int argc, char *argv[], struct options *o)
{
    static const struct option names[] = {
        { "config", required_argument, NULL, 'f' },
        { "root", required_argument, NULL, 'r' },
        { "json", no_argument, NULL, 'j' },
        { "help", no_argument, NULL, 'h' },
        { 0 },
    };
    int option;

    while ((option = getopt_long(argc, argv, "", names, NULL)) != -1) {
        switch (option) {
        case 'f':
            o->doctor.config = optarg;
            break;
        case 'r':
            o->doctor.root = optarg;
            break;
        case 'j':
            o->json = true;
            break;
        case 'h':
            print_help(stdout);
            return EXIT_SUCCESS;
        default:
            return EXIT_USAGE;
        }
    }
    if (optind != argc) {
        (void)fprintf(stderr, "tally-agent: doctor takes no words; see --help\n");
        return EXIT_USAGE;
    }
    return -1;
}

static int status_of(enum doctor_verdict verdict)
{
    static const int status[] = {
        [DOCTOR_READY] = EXIT_SUCCESS,
        [DOCTOR_LIMITED] = EXIT_FINDINGS,
        [DOCTOR_NOT_READY] = EXIT_FINDINGS,
        [DOCTOR_UNKNOWN] = EXIT_FAILURE,
    };

    return status[verdict];
}

/* why: there is no report, for this reason. */
static bool print_report(const struct options *o, const struct doctor_report *report,
        const char *why)
{
    struct error err = { 0 };

    if (o->json && !doctor_print_json(report, why, &err)) {
        (void)fprintf(stderr, "tally-agent: %s (%s)\n", err.text, error_code_name(err.code));
        return false;
    }
    if (!o->json && why == NULL) {
        doctor_print(report);
    }
    return true;
}

int command_doctor(int argc, char *argv[])
{
    static struct doctor_report report;
    struct options o = { .doctor = { .root = "" } };
    struct error err = { 0 };
    int status = parse_command_line(argc, argv, &o);

    if (status >= 0) {
        return status;
    }
    bool examined = doctor_examine(&o.doctor, &report, &err);

    if (!examined) {
        (void)fprintf(stderr, "tally-agent: %s (%s)\n", err.text, error_code_name(err.code));
    }
    if (!print_report(&o, &report, examined ? NULL : err.text) || !examined) {
        return EXIT_FAILURE;
    }
    return status_of(doctor_verdict(&report));
}
