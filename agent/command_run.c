/* SPDX-License-Identifier: BSD-3-Clause */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>

#include "agent/commands.h"
#include "agent/config.h"
#include "agent/service.h"

static void print_help(FILE *to)
{
    (void)fprintf(to,
            "Usage: tally-agent run [--config FILE]\n\n"
            "Answers verifiers: quotes the TPM over their challenge, and sends the boot log and IMA's\n"
            "list. Stays in the foreground and logs to standard error.\n\n"
            "  --config FILE      settings, instead of %s\n\n"
            "SIGTERM or SIGINT ends it, SIGHUP makes it read its settings again.\n",
            AGENT_CONFIG_PATH);
}

int command_run(int argc, char *argv[])
{
    static const struct option names[] = {
        { "config", required_argument, NULL, 'f' },
        { "help", no_argument, NULL, 'h' },
        { 0 },
    };
    const char *config = NULL;
    struct error err = { 0 };
    int option;

    while ((option = getopt_long(argc, argv, "", names, NULL)) != -1) {
        switch (option) {
        case 'h':
            print_help(stdout);
            return EXIT_SUCCESS;
        case 'f':
            config = optarg;
            break;
        default:
            return EXIT_USAGE;
        }
    }
    if (optind != argc) {
        (void)fprintf(stderr, "tally-agent: run takes no words; see --help\n");
        return EXIT_USAGE;
    }
    if (!service_run(config, &err)) {
        (void)fprintf(stderr, "tally-agent: %s (%s)\n", err.text, error_code_name(err.code));
        return EXIT_FAILURE;
    }
    return EXIT_SUCCESS;
}
