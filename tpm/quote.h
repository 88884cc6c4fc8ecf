/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/attributes.h"
#include "common/bytes.h"
#include "common/error.h"
#include "common/pcr.h"

/* TPM_GENERATED_VALUE: a restricted key signs nothing from outside that starts with it. */
#define TPM_GENERATED 0xff544347u

/* TPM_ST of the attestation structures. */
enum tpm_attest_type {
    TPM_ATTEST_NV = 0x8014,
    TPM_ATTEST_COMMAND_AUDIT = 0x8015,
    TPM_ATTEST_SESSION_AUDIT = 0x8016,
    TPM_ATTEST_CERTIFY = 0x8017,
    TPM_ATTEST_QUOTE = 0x8018,
    TPM_ATTEST_TIME = 0x8019,
    TPM_ATTEST_CREATION = 0x801a,
    TPM_ATTEST_NV_DIGEST = 0x801c,
};

/* TPM2_NUM_PCR_BANKS of tpm2-tss: no TPM has more. */
#define TPM_SELECTION_MAX 16

/** TPML_PCR_SELECTION as signed, not yet understood. */
struct tpm_selection {
    size_t count;
    struct {
        uint16_t alg;      /* TPM_ALG_ID of the bank */
        struct bytes bits; /* PCR n is bit n % 8, lowest first, of byte n / 8 */
    } bank[TPM_SELECTION_MAX];
};

/** TPMS_CLOCK_INFO. */
struct tpm_clock {
    uint64_t clock_ms; /* never goes back until TPM2_Clear */
    uint32_t reset;    /* power cycles or resets since TPM2_Clear */
    uint32_t restart;  /* resumes since the last reset */
    bool safe;         /* false: the clock may repeat values after an unorderly shutdown */
};

/** TPMS_ATTEST. All views point into the bytes it was read from. */
struct tpm_attest {
    uint32_t magic;                /* anything but TPM_GENERATED: all that follows is zero */
    uint16_t type;                 /* enum tpm_attest_type, or what else the sender put there */
    struct bytes qualified_signer; /* qualified name of the signing key, with its algorithm */
    struct bytes extra_data;       /* the challenger's qualifyingData */
    struct tpm_clock clock;
    uint64_t firmware;              /* of the vendor's making */
    struct tpm_selection selection; /* type quote only */
    struct bytes pcr_digest;        /* type quote only */
};

/**
 * Read a TPMS_ATTEST (TPM 2.0 Part 2, 10.12.12), which must fill in exactly.
 *
 * Another magic or type than a quote's is no error here, so that it can be reported as what it is:
 * after a wrong magic nothing more is read, and of other types only the header they all share.
 *
 * @param in   TPMS_ATTEST, without the size of a TPM2B_ATTEST
 * @param err  ERROR_TRUNCATED, ERROR_MALFORMED, ERROR_LIMIT
 */
MUST_USE bool tpm_attest_read(struct bytes in, struct tpm_attest *out, struct error *err);

/** Name of an attestation type ("certify"), for messages; "unknown" for others. */
const char *tpm_attest_type_name(uint16_t type);

/**
 * Understand a selection: banks in the order they were hashed in.
 *
 * @param err  ERROR_UNSUPPORTED (a bank this build does not know), ERROR_MALFORMED (a bank twice, a
 *             PCR of 24 or more, no PCR at all)
 */
MUST_USE bool tpm_selection_read(const struct tpm_selection *in, struct pcr_selection *out,
        struct error *err);

/*
 * One check of a quote each. True: it holds. False: it does not, and why->text says what was found
 * and what was wanted (why->code is ERROR_MALFORMED); that is a verdict, not a fault of ours.
 */
MUST_USE bool tpm_check_magic(const struct tpm_attest *a, struct error *why);
MUST_USE bool tpm_check_type(const struct tpm_attest *a, struct error *why);

/** extraData is exactly nonce; compared without leaking where they differ. An empty nonce matches
 * nothing. */
MUST_USE bool tpm_check_nonce(const struct tpm_attest *a, struct bytes nonce, struct error *why);

/** The key that signed is the one with this qualified name (tpm_qualified_name()). */
MUST_USE bool tpm_check_signer(const struct tpm_attest *a, struct bytes name, struct error *why);

/** The same banks in the same order with the same PCRs. */
MUST_USE bool tpm_check_selection(const struct pcr_selection *got, const struct pcr_selection *want,
        struct error *why);

/** pcrDigest is digest: the hash of the signing scheme over the PCR values (pcr_composite()). */
MUST_USE bool tpm_check_pcr_digest(const struct tpm_attest *a, struct bytes digest,
        struct error *why);
