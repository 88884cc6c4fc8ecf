/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/* Exit status of every command (docs/cli.md): EXIT_SUCCESS is trusted, reproduced or done;
 * EXIT_FAILURE is "could not tell". */
#define EXIT_USAGE   2 /* the command line is wrong */
#define EXIT_REFUSED 3 /* appraised, and refused */

/* Each command gets argv[0] = its own name and returns an exit status. */
int command_replay(int argc, char *argv[]);
int command_show(int argc, char *argv[]);
int command_attest(int argc, char *argv[]);
int command_appraise(int argc, char *argv[]);
int command_inspect(int argc, char *argv[]);
int command_policy(int argc, char *argv[]);
