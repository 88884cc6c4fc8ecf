/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "tpm/public.h"

/** The command line of `tally attest`. Paths are NULL when not given. */
struct attest_options {
    const char *uri;
    const char *ak; /* exactly one of the next three */
    struct tpm_name ak_name;
    const char *first_use;
    const char *ak_scheme;
    const char *policy;
    const char *state;
    const char *hook;
    int64_t watch_ms;   /* between the starts of two rounds; 0: one round */
    int64_t timeout_ms; /* without progress; 0: the client's own */
    bool json;
};

/** @return EXIT_SUCCESS; -1: help was printed; else the exit status */
int attest_options_parse(int argc, char *argv[], struct attest_options *out);
