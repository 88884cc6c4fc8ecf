/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "common/pcr.h"
#include "ima/entry.h"

/* SHA-256 of a record's template data. */
#define LIST_RECORD_ID_SIZE 32

/**
 * How far an IMA list has been attested, and all that must be known to go on from there in a later
 * round: O(1) in the length of the list. A plain value; everything in it is about attested records,
 * but for `seen`. All zero: nothing was attested yet.
 */
struct list_progress {
    struct ima_digest_format format;
    uint64_t entry;  /* records attested: index of the first one that is not */
    uint64_t offset; /* of that one's first byte in the list as the kernel gives it out now */
    uint64_t seen; /* index after the last record of the list when it was read: entry, or more when
                      there was an unattested tail, all of which the next quote must attest */
    struct pcr_values start; /* the list's registers before its first record: zeros, or what they
                                held when another kernel took over (kexec) */
    struct pcr_values at;    /* after the last attested record, in every quoted bank */
    bool padded;             /* a bank follows a zero-padded rule */
    uint8_t last_record[LIST_RECORD_ID_SIZE]; /* the last attested one; finds the place in a list
                                                 that was trimmed in front */
    bool kexec;                               /* another kernel took over without the firmware */
    bool aggregate;                           /* a boot_aggregate was recomputed and is right */
    uint64_t violations;
    uint64_t excluded; /* records that the policy excludes */
    uint64_t files;    /* records judged as files */
};
