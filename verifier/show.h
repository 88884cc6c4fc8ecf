/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include <stdbool.h>

#include "common/attributes.h"
#include "common/digest.h"
#include "common/error.h"
#include "eventlog/event.h"

/* What `tally show` prints: a text line or a JSON object per record, as far as the input parses. */

/** How to print. */
struct show_style {
    bool json;
    bool colour; /* text only */
};

/**
 * Print every record of a list.
 *
 * @param ima_digest  value of --ima-digest, or NULL
 * @param err  what could not be read or parsed, after what could has been printed
 */
MUST_USE bool show_ima_log(const char *path, const char *ima_digest, struct hasher *h,
        const struct show_style *style, struct error *err);

/** Print every event of a boot log, or of a confidential VM's. */
MUST_USE bool show_boot_log(const char *path, enum eventlog_registers registers, struct hasher *h,
        const struct show_style *style, struct error *err);

/** Print a TPMS_ATTEST. Nothing is verified. */
MUST_USE bool show_quote(const char *path, const struct show_style *style, struct error *err);

/** Print what an evidence file holds, without its logs. Nothing is verified. */
MUST_USE bool show_evidence(const char *path, struct hasher *h, const struct show_style *style,
        struct error *err);
