/* SPDX-License-Identifier: BSD-3-Clause */
#include "verifier/command_policy.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/attributes.h"
#include "verifier/commands.h"
#include "verifier/options.h"

static const struct {
    const char *name;
    int (*run)(int argc, char *argv[]);
    const char *summary;
} commands[] = {
    { "check", command_policy_check, "Say what is wrong or weak in a policy" },
    { "create", command_policy_create, "Write a policy from what a machine shows" },
    { "accept", command_policy_accept, "Add the unknown files of a verdict to a list" },
};

static void print_usage(FILE *to)
{
    fprintf(to, "Usage: tally policy COMMAND [OPTION...]\n\nCommands:\n");
    for (size_t i = 0; i < ARRAY_LEN(commands); i++) {
        fprintf(to, "  %-10s %s\n", commands[i].name, commands[i].summary);
    }
    fprintf(to, "\n\"tally policy COMMAND --help\" tells more.\n");
}

int command_policy(int argc, char *argv[])
{
    if (argc < 2) {
        print_usage(stderr);
        return EXIT_USAGE;
    }
    if (strcmp(argv[1], "--help") == 0) {
        print_usage(stdout);
        return EXIT_SUCCESS;
    }
    for (size_t i = 0; i < ARRAY_LEN(commands); i++) {
        if (strcmp(argv[1], commands[i].name) == 0) {
            return commands[i].run(argc - 1, argv + 1);
        }
    }
    return usage_error("policy", "no command \"%s\"", argv[1]);
}
