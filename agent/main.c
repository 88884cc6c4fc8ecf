/* SPDX-License-Identifier: BSD-3-Clause */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/commands.h"
#include "agent/config.h"
#include "common/attributes.h"

static const struct {
    const char *name;
    int (*run)(int argc, char *argv[]);
    const char *summary;
} commands[] = {
    { "collect", command_collect, "Write this machine's evidence to a file" },
    { "run", command_run, "Answer verifiers over the network" },
    { "doctor", command_doctor, "Say what keeps this machine from being attested" },
    { "ima-setup", command_ima_setup, "Install a policy by which the kernel measures what is run" },
};

static void print_usage(FILE *to)
{
    (void)fprintf(to,
            "Usage: tally-agent COMMAND [OPTION...]\n\n"
            "Attester of Tally: gives a verifier what this machine's TPM and kernel measured.\n\n"
            "Commands:\n");
    for (size_t i = 0; i < ARRAY_LEN(commands); i++) {
        (void)fprintf(to, "  %-10s %s\n", commands[i].name, commands[i].summary);
    }
    (void)fprintf(to, "\nSettings (%s, its drop-ins %s.d/*.conf, or --config FILE):\n",
            AGENT_CONFIG_PATH, AGENT_CONFIG_PATH);
    agent_config_print(to);
    (void)fprintf(to,
            "\n\"tally-agent COMMAND --help\" tells more.\n"
            "Exit status: 0 done, 1 could not, 2 wrong command line; doctor: 3 findings.\n");
}

static int flush_answer(int status)
{
    if (fflush(stdout) != 0 || ferror(stdout) != 0) {
        perror("tally-agent: cannot write the answer");
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
        (void)printf("tally-agent %s\n", TALLY_VERSION);
        return flush_answer(EXIT_SUCCESS);
    }
    for (size_t i = 0; i < ARRAY_LEN(commands); i++) {
        if (strcmp(argv[1], commands[i].name) == 0) {
            return flush_answer(commands[i].run(argc - 1, argv + 1));
        }
    }
    (void)fprintf(stderr, "tally-agent: no command \"%s\"; try tally-agent --help\n", argv[1]);
    return EXIT_USAGE;
}
