/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "common/attributes.h"
#include "common/error.h"

/*
 * What keeps this machine from being attested, in plain words: the settings, the TPM, the two logs
 * and who may read them. Everything is looked at and nothing is changed.
 */

enum doctor_outcome {
    DOCTOR_OK,
    DOCTOR_NOT_CHECKED, /* could not tell */
    DOCTOR_WARNING, /* the machine can be attested, but proves less, or the policy has to know */
    DOCTOR_PROBLEM, /* as it is, no policy will trust this machine, or the agent does not run */
};

/* Longest text of a check with its NUL; longer ones are cut. */
#define DOCTOR_TEXT_MAX   1024
#define DOCTOR_CHECKS_MAX 40

struct doctor_check {
    const char *name;
    enum doctor_outcome outcome;
    char found[DOCTOR_TEXT_MAX]; /* printable ASCII */
    const char *why;             /* it matters; empty when there is nothing to complain of */
    char next[DOCTOR_TEXT_MAX];  /* what to do or type, a line each; may be empty */
};

struct doctor_report {
    size_t count;
    struct doctor_check check[DOCTOR_CHECKS_MAX];
};

struct doctor_options {
    const char *config; /* settings file; NULL: the usual one, which may be absent */
    const char *root; /* in front of every path in /sys, /proc, /etc, /boot and /dev; "" for none */
};

/** Examine the machine. @param err  ERROR_NOMEM, ERROR_CRYPTO */
MUST_USE bool doctor_examine(const struct doctor_options *options, struct doctor_report *out,
        struct error *err);

/** What the report comes to. */
enum doctor_verdict {
    DOCTOR_READY,
    DOCTOR_LIMITED,   /* can be attested, with warnings */
    DOCTOR_NOT_READY, /* a problem */
    DOCTOR_UNKNOWN,   /* nothing found, and not everything could be checked */
};

enum doctor_verdict doctor_verdict(const struct doctor_report *report);

/** "ok", "not checked", "warning", "problem". */
const char *doctor_outcome_name(enum doctor_outcome outcome);

/** "ready", "limited", "not-ready", "unknown". */
const char *doctor_verdict_name(enum doctor_verdict verdict);

/** Print the report for people, at most 100 columns wide but for commands. */
void doctor_print(const struct doctor_report *report);

/**
 * Print it as one JSON object (docs/schemas/doctor.json).
 *
 * @param why  there is no report, for this reason; NULL when there is one
 * @param err  ERROR_NOMEM
 */
MUST_USE bool doctor_print_json(const struct doctor_report *report, const char *why,
        struct error *err);
