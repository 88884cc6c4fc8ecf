/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "common/attributes.h"
#include "common/error.h"
#include "common/pcr.h"

enum list_template {
    LIST_IMA_NG,
    LIST_IMA_SIG, /* one record of three has a signature: random bytes of the right length */
    LIST_MIXED,   /* ima-ng and ima-sig in turn */
};

/** What to make: the same bytes for the same values, on every machine. */
struct list_plan {
    uint64_t entries; /* the first is boot_aggregate, over PCRs 0-9 that are all zero */
    enum list_template template;
    uint64_t violation_every; /* one record of so many is a violation; 0: none */
    uint64_t seed;
};

/**
 * Write a valid IMA list, and the files it measures as sha256sum would list them.
 *
 * @param allow  may be NULL
 * @param out    PCR 10 of the SHA-1 and SHA-2 banks after the list
 */
MUST_USE bool ima_list_write(const struct list_plan *plan, FILE *list, FILE *allow,
        struct pcr_values *out, struct error *err);
