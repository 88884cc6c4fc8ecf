/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include <pthread.h>
#include <stdbool.h>

#include "agent/attester.h"
#include "agent/config.h"
#include "common/attributes.h"
#include "common/digest.h"
#include "common/error.h"
#include "common/pcr.h"
#include "tpm/device.h"

/** Which TPM, and which of its keys. */
struct tpm_place {
    char tcti[AGENT_TEXT_MAX];
    struct tpm_key_place key;
};

struct tpm_place tpm_place_of(const struct agent_config *config);

/**
 * The attester that a TPM is.
 *
 * The TPM is opened when there is something to do, and stays open until rest(): /dev/tpm0 and swtpm
 * serve one program at a time. What was learnt about the key is kept, by its Name, so that only the
 * first quote has to look for its EK.
 */
struct tpm_attester {
    struct tpm_place place; /* in use; of the thread that calls */
    struct tpm_device dev;
    struct tpm_key key; /* as last seen; without a name: not yet */
    struct hasher hasher;
    pthread_mutex_t lock;
    struct tpm_place next; /* guarded by lock: from the next call on */
};

/** @param err  ERROR_CRYPTO, ERROR_NOMEM. The TPM is not touched. */
MUST_USE bool tpm_attester_init(struct tpm_attester *out, const struct tpm_place *place,
        struct error *err);

/** Let go of the TPM; fits CLEANUP() after a successful tpm_attester_init(). */
void tpm_attester_clear(struct tpm_attester *t);

/** Another TPM or key, from the next call on. From any thread. True when it is another. */
bool tpm_attester_move(struct tpm_attester *t, const struct tpm_place *place);

/** Find or create the key, and its EK, ahead of the first quote. */
MUST_USE bool tpm_attester_prepare(struct tpm_attester *t, bool *out_created, struct error *err);

/** The banks that are allocated, with the PCRs they have. */
MUST_USE bool tpm_attester_banks(struct tpm_attester *t, struct pcr_selection *out,
        struct error *err);

/** For whoever wants proof; t must outlive what is returned. */
struct attester tpm_attester(struct tpm_attester *t);
