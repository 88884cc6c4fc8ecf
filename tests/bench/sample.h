/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "common/attributes.h"
#include "common/error.h"

/** Work to be timed: do it count times. */
typedef bool sample_work(void *ctx, size_t count, struct error *err);

/** Two ways to do the same. */
struct sample_pair {
    const char *name;
    sample_work *ours;
    sample_work *peer;
    void *ctx;
    size_t count; /* times in one sample */
};

/**
 * Time both by turns, rounds times, and print one line of JSON: the name, and for each way the CPU
 * nanoseconds of one piece of work in each round.
 */
MUST_USE bool sample_compare(const struct sample_pair *pair, size_t rounds, struct error *err);

/* One file each; see main in micro.c for their arguments. */
MUST_USE bool micro_boot(size_t rounds, char *const args[], struct error *err);
MUST_USE bool micro_quote(size_t rounds, char *const args[], struct error *err);
MUST_USE bool micro_allowlist(size_t rounds, char *const args[], struct error *err);
MUST_USE bool micro_message(size_t rounds, char *const args[], struct error *err);
