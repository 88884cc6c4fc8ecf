/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "agent/config.h"
#include "common/attributes.h"
#include "common/bytes.h"
#include "common/error.h"
#include "common/pcr.h"
#include "protocol/envelope.h"
#include "tpm/public.h"

/** What the evidence is to prove. */
struct collect_request {
    struct bytes challenge;     /* MESSAGE_CHALLENGE_MIN to _MAX bytes */
    struct pcr_selection banks; /* in the order of the quote, masks not used; none: SHA-256 where
                                   the TPM has it, else its strongest */
    uint32_t pcrs;              /* bit n: PCR n, in each bank */
};

/** What was written. */
struct collect_summary {
    struct pcr_selection selection;
    struct tpm_name ak_name;
    bool ak_created;
    bool has_log[LOG_KIND_COUNT];
    uint64_t log_size[LOG_KIND_COUNT]; /* bytes */
};

/**
 * Quote, then read the logs to their ends, and write both to an evidence file.
 *
 * In this order, so that the list holds at least what the quote covers. A log that does not exist
 * is left out, and the evidence says so; one that cannot be read is an error. No log is held in
 * memory.
 *
 * @param path  of the evidence file, which appears when it is whole
 * @param err   also ERROR_TPM, ERROR_CONFIG (a bank that the TPM has not allocated)
 */
MUST_USE bool collect_to_file(const struct agent_config *config,
        const struct collect_request *request, const char *path, struct collect_summary *out,
        struct error *err);
