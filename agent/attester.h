/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "common/attributes.h"
#include "common/bytes.h"
#include "common/error.h"
#include "common/pcr.h"
#include "tpm/device.h"

/** Everything in evidence that comes from the TPM. */
struct attester_proof {
    struct tpm_blob attest;    /* TPMS_ATTEST */
    struct tpm_blob signature; /* TPMT_SIGNATURE */
    struct tpm_blob ak_public; /* TPM2B_PUBLIC */
    struct tpm_blob ek_public; /* TPM2B_PUBLIC; empty when not known */
    struct tpm_name ak_name;
    uint32_t reset_count; /* TPMS_CLOCK_INFO of attest */
    uint32_t restart_count;
    struct pcr_values hints; /* read after the quote */
    bool ak_created;         /* the key is new */
};

/**
 * Who proves: a TPM (agent/tpm_attester.h), or whatever a test puts in its place. Called from one
 * thread only, one call at a time, and may take seconds.
 */
struct attester {
    /**
     * Quote the selected PCRs over the binding of challenge, this key, and empty host claims.
     *
     * @param err  ERROR_CONFIG: a bank or PCR that the TPM has not allocated (the request's fault);
     *             ERROR_TPM and others: could not
     */
    bool (*prove)(void *ctx, struct bytes challenge, const struct pcr_selection *selection,
            struct attester_proof *out, struct error *err);
    /** Nothing waits any more: let go of the TPM, which may serve one client only. */
    void (*rest)(void *ctx);
    void *ctx;
};
