/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "common/attributes.h"
#include "common/error.h"
#include "verifier/fetch.h"

/* PCRs that are quoted when no policy says: those that anything on Linux extends, and all below. */
#define FETCHED_PCRS 0xffffu

/** Whom to ask, and for what. */
struct fetch_options {
    const char *uri;
    uint32_t banks;     /* mask over enum digest_alg; 0: SHA-256 */
    int64_t timeout_ms; /* without progress; 0: the client's own */
};

/**
 * Whole evidence that an agent was asked for, as an evidence file without a name (TMPDIR, else
 * /tmp), for commands that work on files. It is gone when it is closed. All zero is a valid, closed
 * one.
 */
struct fetched_file {
    int fd;        /* open if and only if path is set */
    char path[32]; /* under which this process, and nobody else, can open it */
    uint8_t challenge[FETCH_CHALLENGE_SIZE];
};

/**
 * Ask the agent for a quote of FETCHED_PCRS over a fresh challenge, and for boot log and IMA list.
 *
 * @param out  closed on entry; fetched_file_close() it whatever happens
 * @param err  ERROR_CONFIG: the URI; ERROR_NO_ANSWER: silence; what error_is_about_input(): the
 *             attester's fault; the rest is ours
 */
MUST_USE bool fetched_file_get(struct fetched_file *out, const struct fetch_options *options,
        struct error *err);

/** Copy it to a new file, mode 0600. @param err  ERROR_IO, also when there is one already */
MUST_USE bool fetched_file_save(const struct fetched_file *f, const char *path, struct error *err);

/** Close it; fits CLEANUP(). */
void fetched_file_close(struct fetched_file *f);
