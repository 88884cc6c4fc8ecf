/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/attributes.h"
#include "common/error.h"

enum policy_severity {
    POLICY_NOTE,    /* good to know */
    POLICY_WARNING, /* allowed, but weaker than it could be, or without effect */
    POLICY_ERROR,   /* the policy cannot be used, or nothing can pass it */
};

/** Something about a policy that its author should know. Owned by the report. */
struct policy_finding {
    enum policy_severity severity;
    char *where; /* "FILE:LINE:COLUMN", or "FILE:LINE" in a list */
    char *text;
};

/** All zero is a valid empty report. */
struct policy_report {
    struct policy_finding *findings;
    size_t count;
    size_t room;
    bool has_digest; /* every list could be read */
    uint8_t digest[32];
};

/** "error", "warning" or "note". */
const char *policy_severity_name(enum policy_severity severity);

/**
 * Look for what is wrong or weak in a policy and its lists, in the order of its sections.
 *
 * @param err  the policy cannot be read, or is not YAML: ERROR_IO, ERROR_CONFIG, ERROR_LIMIT; also
 *             ERROR_NOMEM, ERROR_CRYPTO. What is YAML but no policy is a finding.
 */
MUST_USE bool policy_check(const char *path, struct policy_report *out, struct error *err);

/** Findings of at least this severity. */
size_t policy_report_count(const struct policy_report *r, enum policy_severity severity);

/** Free the findings; fits CLEANUP(). */
void policy_report_clear(struct policy_report *r);
