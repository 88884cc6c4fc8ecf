/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <tss2/tss2_esys.h>

#include "common/attributes.h"
#include "common/bytes.h"
#include "common/error.h"
#include "common/pcr.h"
#include "tpm/public.h"

/*
 * A TPM 2.0 over ESYS: the only code that talks to one.
 *
 * Every error is ERROR_TPM unless said otherwise, and says what the operator can do next. Nothing
 * transient stays in the TPM after a call, however it ends.
 */

/** A marshalled TPM structure; larger than any we handle. */
struct tpm_blob {
    uint8_t data[4096];
    size_t len;
};

static inline struct bytes tpm_blob_view(const struct tpm_blob *b)
{
    return (struct bytes){ b->data, b->len };
}

/** An open TPM. All zero is a valid, closed one. Not thread-safe. */
struct tpm_device {
    TSS2_TCTI_CONTEXT *tcti;
    ESYS_CONTEXT *esys;
    TSS2_RC failed; /* response code of the command that failed last */
};

/**
 * Open the TPM that tcti names, as "device:/dev/tpmrm0" or "swtpm:path=/run/swtpm.sock".
 *
 * tpm2-tss would look around for any TPM, a simulator on the network port included, where no name
 * is given: that is ERROR_CONFIG. Unless TSS2_LOG is set it is told to log nothing.
 *
 * @param out  closed on entry; on success close it with tpm_device_clear()
 */
MUST_USE bool tpm_device_open(struct tpm_device *out, const char *tcti, struct error *err);

/** Close the TPM; fits CLEANUP(). */
void tpm_device_clear(struct tpm_device *dev);

/** The banks that are allocated, with the PCRs they have; none of them may be of use to us. */
MUST_USE bool tpm_device_banks(struct tpm_device *dev, struct pcr_selection *out,
        struct error *err);

/* Persistent handles that belong to the owner (TPM 2.0 Part 2, 7.5). */
#define TPM_KEY_HANDLE_FIRST 0x81000000u
#define TPM_KEY_HANDLE_LAST  0x817fffffu

/** Which kind of attestation key to create. */
enum tpm_key_kind {
    TPM_KEY_AUTO, /* ECC P-256 where the TPM has it, else RSA-2048 */
    TPM_KEY_ECC,
    TPM_KEY_RSA,
};

/** Where the attestation key is, and of which kind it is to be if it has to be created. */
struct tpm_key_place {
    uint32_t handle;        /* TPM_KEY_HANDLE_FIRST to _LAST */
    enum tpm_key_kind kind; /* a key that is there is taken as it is */
};

/** The attestation key of this machine. */
struct tpm_key {
    ESYS_TR handle;         /* of the open device; ESYS_TR_NONE when closed */
    struct tpm_blob public; /* TPM2B_PUBLIC */
    struct tpm_blob ek;     /* TPM2B_PUBLIC of its parent, the EK; empty when that is not known */
    struct tpm_name name;
};

/**
 * Find the attestation key at a persistent handle, or create it there.
 *
 * A new key is a restricted signing key under the EK, in the endorsement hierarchy: ECDSA P-256 or
 * RSASSA-2048, with SHA-256. The EK is made from the template in the TPM's NV memory or, where
 * there is none, from the TCG's default one, and is not kept. What is found must be a key that can
 * attest (tpm_check_attributes()); it is not replaced.
 *
 * @param known    what an earlier call gave out, or NULL. If the key is still the same one, that is
 *                 given out again: making its EK takes some TPMs seconds.
 * @param created  true when the key is new; may be NULL
 * @param err      also ERROR_CONFIG: a handle of another range
 */
MUST_USE bool tpm_device_key(struct tpm_device *dev, struct hasher *h,
        const struct tpm_key_place *at, const struct tpm_key *known, struct tpm_key *out,
        bool *created, struct error *err);

/** Forget the key's handle in an open device; the key stays in the TPM. */
void tpm_device_key_close(struct tpm_device *dev, struct tpm_key *key);

/**
 * Look at what is at a persistent handle, and create nothing.
 *
 * @param found  false: nothing is there, and out is not set
 * @param err    also when something is there that cannot attest
 */
MUST_USE bool tpm_device_key_find(struct tpm_device *dev, struct hasher *h, uint32_t handle,
        struct tpm_key *out, bool *found, struct error *err);

/** What a TPM says of itself. */
struct tpm_info {
    char vendor[5];            /* "IBM", "INTC"; as the TPM spells it: any byte but NUL */
    uint32_t firmware[2];      /* version, in the vendor's own way of counting */
    bool owner_password;       /* the owner hierarchy has one ... */
    bool endorsement_password; /* ... the endorsement hierarchy has one */
    bool locked_out;           /* after failed authorizations */
};

MUST_USE bool tpm_device_info(struct tpm_device *dev, struct tpm_info *out, struct error *err);

/**
 * Quote the selected PCRs.
 *
 * @param qualifying  at most 32 bytes: what every TPM takes
 * @param attest      TPMS_ATTEST
 * @param signature   TPMT_SIGNATURE
 */
MUST_USE bool tpm_device_quote(struct tpm_device *dev, const struct tpm_key *key,
        struct bytes qualifying, const struct pcr_selection *selection, struct tpm_blob *attest,
        struct tpm_blob *signature, struct error *err);

/**
 * Read the selected PCRs.
 *
 * Several reads that belong together as long as nothing is extended meanwhile: then they are
 * repeated. On a machine that never rests the last try is given out, which is still good as hints.
 */
MUST_USE bool tpm_device_pcrs(struct tpm_device *dev, const struct pcr_selection *selection,
        struct pcr_values *out, struct error *err);
