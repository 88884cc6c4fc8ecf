/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/* Exit status, beside EXIT_SUCCESS (done) and EXIT_FAILURE (could not). */
#define EXIT_USAGE    2
#define EXIT_FINDINGS 3 /* doctor */

/* One command each; argv[0] is its name. Returns the exit status. */
int command_collect(int argc, char *argv[]);
int command_doctor(int argc, char *argv[]);
int command_ima_setup(int argc, char *argv[]);
int command_run(int argc, char *argv[]);
