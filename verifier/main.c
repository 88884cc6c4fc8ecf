/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/attributes.h"
#include "verifier/commands.h"

static const struct {
    const char *name;
    int (*run)(int argc, char *argv[]);
    const char *summary;
} commands[] = {
    { "replay", command_replay, "Recompute PCR values from logs, and compare them" },
    { "show", command_show, "Print a log, a list, a quote or evidence, record by record" },
    { "attest", command_attest, "Ask a host for evidence, and judge it against a policy" },
    { "appraise", command_appraise, "Judge a quote and its logs against a policy" },
    { "inspect", command_inspect, "Say what evidence proves, without a policy" },
    { "policy", command_policy, "Check, create and extend policies" },
};

static void print_usage(FILE *to)
{
    fprintf(to,
            "Usage: tally COMMAND [OPTION...]\n\n"
            "Verifier of Tally: proves from outside that a machine is what it should be.\n\n"
            "Commands:\n");
    for (size_t i = 0; i < ARRAY_LEN(commands); i++) {
        fprintf(to, "  %-10s %s\n", commands[i].name, commands[i].summary);
    }
    fprintf(to,
            "\n\"tally COMMAND --help\" tells more.\n"
            "Exit status: 0 trusted or done, 1 could not tell, 2 wrong command line, 3 refused.\n");
}

/* An answer that could not be written was not given. */
static int flush_answer(int status)
{
    if (fflush(stdout) != 0 || ferror(stdout) != 0) {
        fprintf(stderr, "tally: cannot write the answer: %s\n", strerror(errno));
        return status == EXIT_SUCCESS ? EXIT_FAILURE : status;
    }
    return status;
}

int main(int argc, char *argv[])
{
    if (argc < 2) {
        print_usage(stderr);
        return EXIT_USAGE;
    }
    if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "help") == 0) {
        print_usage(stdout);
        return flush_answer(EXIT_SUCCESS);
    }
    if (strcmp(argv[1], "--version") == 0) {
        printf("tally %s\n", TALLY_VERSION);
        return flush_answer(EXIT_SUCCESS);
    }
    for (size_t i = 0; i < ARRAY_LEN(commands); i++) {
        if (strcmp(argv[1], commands[i].name) == 0) {
            return flush_answer(commands[i].run(argc - 1, argv + 1));
        }
    }
    fprintf(stderr, "tally: no command \"%s\"; try tally --help\n", argv[1]);
    return EXIT_USAGE;
}
