/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/attributes.h"
#include "common/bytes.h"
#include "common/digest.h"
#include "common/error.h"
#include "common/reader.h"

/* Room for 15 field ids of 16 characters and the bars between: IMA_TEMPLATE_NUM_FIELDS_MAX and
 * IMA_TEMPLATE_FIELD_ID_MAX_LEN in the kernel's security/integrity/ima/ima.h. */
#define IMA_TEMPLATE_NAME_MAX 255
/* IMA_EVENT_NAME_LEN_MAX: the name in a record of the old "ima" template. */
#define IMA_LEGACY_NAME_MAX 255
/* The longest field is the payload of a key (add_key takes up to 1 MiB); bounds what one record can
 * make us keep. */
#define IMA_TEMPLATE_DATA_MAX ((size_t)2 * 1024 * 1024)

/**
 * Algorithm and width of the template digest in every record of one list. Nothing in the list says
 * it; the kernel has one list file per bank. A width above the algorithm's is filled with zeros.
 */
struct ima_digest_format {
    enum digest_alg alg;
    size_t size; /* bytes, digest_size(alg) to DIGEST_SIZE_MAX */
};

/** One record of the IMA runtime measurement list. Views into the list; nothing to free. */
struct ima_entry {
    uint64_t index;               /* of the record in the list, from 0 */
    uint64_t offset;              /* of its first byte in the list */
    size_t size;                  /* bytes it has in the list */
    uint32_t pcr;                 /* register the kernel extended, below PCR_COUNT */
    struct bytes template_digest; /* as logged; all zero marks a violation */
    struct bytes template_name;   /* "ima-ng", "ima-sig", ...; covered by no digest */
    struct bytes template_data;   /* what template_digest covers ("ima": plus padding) */
    bool legacy;                  /* the fixed layout of the old "ima" template */
};

/** The kernel logs an all-zero digest for a violation and extends 0xff instead: ima_queue.c. */
static inline bool ima_entry_is_violation(const struct ima_entry *entry)
{
    return bytes_are_zero(entry->template_digest);
}

/**
 * Read the next record of a binary runtime measurement list; index and offset count from the
 * reader's origin and are corrected by whoever knows better (ima/list.h).
 *
 * Format: ima_measurements_show() in security/integrity/ima/ima_fs.c; integers are little-endian
 * (x86, or any machine with ima_canonical_fmt).
 *
 * @param r       cursor at the start of a record; left there on failure
 * @param format  width of the template digest
 * @param out     set on success only; borrows from the bytes under r
 * @param err     ERROR_TRUNCATED (more bytes could make it whole), ERROR_MALFORMED, ERROR_LIMIT
 */
MUST_USE bool ima_entry_read(struct reader *r, struct ima_digest_format format,
        struct ima_entry *out, struct error *err);
