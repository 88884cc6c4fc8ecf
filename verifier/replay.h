/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/attributes.h"
#include "common/digest.h"
#include "common/error.h"
#include "common/pcr.h"
#include "eventlog/replay.h"
#include "ima/walk.h"
#include "verifier/ima_input.h"
#include "verifier/pcr_file.h"

/* Template names of one list that are counted by name; an attacker can invent any number. */
#define REPLAY_TEMPLATES_MAX 64
/* Entries with a wrong template digest that are listed. */
#define REPLAY_WRONG_MAX 1000
#define REPLAY_NOTES_MAX 8

/** What to replay: the options of `tally replay`. */
struct replay_request {
    const char *boot_log; /* path; NULL: none */
    enum eventlog_registers registers;
    const char *ima_log;
    const char *ima_digest;      /* NULL: by the file name */
    const struct pcr_file *pcrs; /* NULL: nothing to compare with */
    uint32_t banks;              /* mask over enum digest_alg; 0: choose */
};

/** One register compared. */
struct comparison {
    enum digest_alg bank;
    unsigned int pcr;
    const char *rule; /* static: "boot-log", "reset", "per-bank", "padded-sha1" */
    uint8_t replayed[DIGEST_SIZE_MAX];
    uint8_t expected[DIGEST_SIZE_MAX];
    bool match;
};

/** One register that could not be compared, or is explained by nothing. */
struct omission {
    enum digest_alg bank;
    unsigned int pcr;
    const char *reason; /* static; NULL for an unexplained one */
    uint8_t expected[DIGEST_SIZE_MAX];
};

struct template_count {
    char name[4 * IMA_TEMPLATE_NAME_MAX + 1]; /* escaped */
    uint64_t count;
};

/** What came out. Large; keep it off small stacks. */
struct replay_result {
    uint32_t banks;
    bool has_boot_log;
    struct eventlog_replay boot;

    bool has_ima_log;     /* at least opened; all below it counts what was read */
    bool ima_is_whole;    /* it was read to its end */
    struct ima_walk walk; /* not running any more: results only */
    size_t template_count;
    struct template_count templates[REPLAY_TEMPLATES_MAX + 1]; /* the last one: all others */
    size_t last_template;                                      /* index of the one counted last */
    size_t wrong_count;
    uint64_t wrong[REPLAY_WRONG_MAX];
    struct ima_entry first_wrong; /* index and offset only */

    size_t compared_count;
    struct comparison compared[DIGEST_ALG_COUNT * PCR_COUNT];
    size_t unexplained_count;
    struct omission unexplained[DIGEST_ALG_COUNT * PCR_COUNT];
    size_t not_compared_count;
    struct omission not_compared[DIGEST_ALG_COUNT * PCR_COUNT];
    size_t note_count;
    char notes[REPLAY_NOTES_MAX][160];

    bool mismatch;       /* a register, the list as a whole, or a template digest */
    bool uncompared_log; /* values were given, and a log of which no register could be compared */
};

/**
 * Replay and compare, by the rules of docs/cli.md ("What replay compares"). Judges no policy.
 *
 * @param out  filled as far as it got, on failure, too
 * @param err  what could not be read or parsed
 */
MUST_USE bool replay_run(const struct replay_request *request, struct hasher *h,
        struct replay_result *out, struct error *err);
