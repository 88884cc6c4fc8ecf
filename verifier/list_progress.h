/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "common/digest.h"
#include "common/pcr.h"
#include "ima/entry.h"

/* SHA-256 of a record's template data. */
#define LIST_RECORD_ID_SIZE 32

/** What came of the boot_aggregate records. */
enum aggregate_state {
    AGGREGATE_NONE = 0, /* none seen */
    AGGREGATE_UNJUDGED, /* what it has to recompute from was not known */
    AGGREGATE_GOOD,
    AGGREGATE_BAD, /* stays: a later good one does not mend it */
};

/** What judging attested records came to, as far as judging the next ones needs it. */
struct list_judged {
    uint64_t violations;
    uint64_t excluded; /* records that the policy excludes */
    uint64_t files;    /* records judged as files */
    struct {
        enum aggregate_state state;
        /* The last one, unless BAD: recomputed in every round, from the boot log of that round. */
        uint64_t entry;
        enum digest_alg alg;
        uint8_t digest[DIGEST_SIZE_MAX];
    } aggregate;
};

/** At some place of a list: what its registers hold there, and what came of the records before. */
struct list_state {
    struct pcr_values pcrs; /* of the list, in every quoted bank */
    struct list_judged judged;
};

/**
 * How far an IMA list has been attested, and all that must be known to go on from there in a later
 * round: O(1) in the length of the list. A plain value; everything in it is about attested records,
 * but for `seen`. All zero: nothing was attested yet.
 */
struct list_progress {
    uint32_t reset; /* the boot that the list is of: counters of the quote (TPMS_CLOCK_INFO) */
    uint32_t restart;
    struct ima_digest_format format;
    uint64_t entry;  /* records attested: index of the first one that is not */
    uint64_t offset; /* of that one's first byte in the list as the kernel gives it out now */
    uint64_t seen; /* index after the last record of the list when it was read: entry, or more when
                      there was an unattested tail, all of which the next quote must attest */
    uint8_t tail[LIST_RECORD_ID_SIZE]; /* a chain over its records, zeros when there is none:
                                          SHA-256(chain || id) for each, with zeros
                                          as the id of a violation */
    struct list_state start; /* before its first record: zeros, or where another kernel took over
                                (kexec) and began a list of its own */
    struct list_state at;    /* after the last attested record */
    uint32_t padded;         /* mask over enum digest_alg: banks that follow a zero-padded rule */
    bool kexec;              /* another kernel took over without the firmware */
    /* To find the place in a list that was trimmed in front: the last attested record that is no
     * violation (equal violations are common), and the number of violations behind it. */
    uint8_t last_record[LIST_RECORD_ID_SIZE];
    uint64_t violations_behind;
};
