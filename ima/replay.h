/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/attributes.h"
#include "common/digest.h"
#include "common/error.h"
#include "common/pcr.h"
#include "ima/entry.h"

/**
 * How the kernel extended a bank. Kernels and banks differ, so that one list may need more than one
 * rule, bank by bank.
 */
enum ima_rule {
    /* Linux >= 5.8: the bank's own hash of the template data; a violation is 0xff all over. */
    IMA_RULE_PER_BANK = 0,
    /* Older kernels, and banks whose hash the kernel could not load: the SHA-1 template digest with
     * zeros behind. Kernels differ in what they extend for a violation: 0xff over the whole bank
     * ... */
    IMA_RULE_PADDED,
    /* ... or over 20 bytes, with zeros behind: ima_init_digests() in ima_queue.c. */
    IMA_RULE_PADDED_20,
    IMA_RULE_COUNT,
};

/** "per-bank" or "padded-sha1" (both padded rules: they differ in violations only). */
const char *ima_rule_name(enum ima_rule rule);

/** Which rule each bank follows. */
struct ima_rules {
    enum ima_rule rule[DIGEST_ALG_COUNT];
};

/**
 * Running PCR values of a list. A plain value: a copy of it, with the list's index and offset
 * (ima/list.h), is all that is needed to go on later.
 */
struct ima_replay {
    struct ima_digest_format format;
    uint32_t banks; /* bit of each enum digest_alg that is followed */
    bool padded;    /* follow the padded rules, too */
    uint32_t pcrs;  /* registers named by records so far */
    uint64_t entries;
    uint64_t violations;
    uint64_t wrong_digests; /* records whose logged template digest is not that of their data */
    uint8_t value[DIGEST_ALG_COUNT][IMA_RULE_COUNT][PCR_COUNT][DIGEST_SIZE_MAX];
};

/** What replaying one record found out about it. */
struct ima_measured {
    bool violation;
    bool digest_ok;    /* the logged template digest is that of the data; true for a violation */
    uint32_t computed; /* bit of each enum digest_alg in digest */
    uint8_t digest[DIGEST_ALG_COUNT]
                  [DIGEST_SIZE_MAX]; /* of the template data; not for violations */
};

/**
 * Start with registers at their reset value.
 *
 * @param banks  those the hasher cannot compute are an error of the caller
 */
void ima_replay_init(struct ima_replay *r, struct ima_digest_format format, uint32_t banks,
        bool padded);

/** Start (or go on) from other values: where boot log and list share a register, or a saved state.
 */
void ima_replay_start(struct ima_replay *r, const struct pcr_values *values);

/**
 * Extend one record into every bank by every rule that is followed.
 *
 * @param err  ERROR_CRYPTO only: any well-formed record can be replayed
 */
MUST_USE bool ima_replay_add(struct ima_replay *r, struct hasher *h, const struct ima_entry *entry,
        struct ima_measured *out, struct error *err);

/** Value of a register by a rule; digest_size(alg) bytes. Valid until the next add. */
struct bytes ima_replay_value(const struct ima_replay *r, enum digest_alg alg, enum ima_rule rule,
        unsigned int pcr);

/** Rules that can still differ for this bank: 1, 2 or 3 from IMA_RULE_PER_BANK on. */
unsigned int ima_replay_rules(const struct ima_replay *r, enum digest_alg alg);
