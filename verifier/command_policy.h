/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/* Commands of `tally policy`; argv[0] is "create" and so on. */
int command_policy_check(int argc, char *argv[]);
int command_policy_create(int argc, char *argv[]);
int command_policy_accept(int argc, char *argv[]);
