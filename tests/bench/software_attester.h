/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "agent/attester.h"
#include "common/attributes.h"
#include "common/error.h"
#include "tests/forge.h"

/**
 * A machine whose TPM is software in this process: real signatures over the PCRs of a list that
 * may grow with every quote. No boot log; PCRs 0-9 were never extended.
 *
 * What a real machine's kernel and TPM would do (measure, extend, sign) is done in prove(); its
 * time is counted, so that it can be taken off the agent's.
 */
struct software_attester {
    struct forge_key key;
    struct forge machine;
    struct hasher hasher;
    struct tpm_name name;
    FILE *feed;      /* all records there will ever be; at those that were not measured yet */
    FILE *list;      /* the file that the agent serves */
    uint64_t grow;   /* records measured before each quote */
    uint64_t cpu_ns; /* that prove() took */
    uint64_t quotes;
};

/**
 * @param feed   a valid list, as tally-generate writes it: it is not checked
 * @param start  records that have been measured when the first quote comes
 * @param list   path of the file to write what has been measured to
 */
MUST_USE bool software_attester_open(struct software_attester *s, enum forge_key_kind kind,
        const char *feed, uint64_t start, uint64_t grow, const char *list, struct error *err);
void software_attester_close(struct software_attester *s);

/** s must not be moved. */
struct attester software_attester(struct software_attester *s);
