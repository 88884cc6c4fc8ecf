/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/attributes.h"
#include "common/bytes.h"
#include "common/digest.h"
#include "common/error.h"

/* PC Client Platform TPM Profile: 24 registers in each bank. */
#define PCR_COUNT 24
#define PCR_ALL   0xffffffu

/*
 * Who extends which register: PC Client Platform Firmware Profile, "PCR Usage"; the Linux kernel
 * for IMA (CONFIG_IMA_MEASURE_PCR_IDX).
 */
#define PCR_MASK_FIRMWARE 0x0000ffu /* 0-7: on every boot */
#define PCR_MASK_BOOT     0x0043ffu /* 0-9, 14: explained by the boot log, or at their reset value */
#define PCR_MASK_SHARED   0xffb800u /* 11-13, 15-23: user space extends them, too */
#define PCR_IMA           10u       /* the measurement list, unless a policy says others */

/** Value of a register after TPM2_Startup(CLEAR): zeros, or 0xff for 17-22 (DRTM). out: size bytes.
 */
void pcr_reset_value(unsigned int index, size_t size, uint8_t *out);

/** PCR := H(PCR || digest). value: digest_size(alg) bytes, changed in place.
 * @param err  ERROR_MALFORMED: digest is not of the bank's size; ERROR_CRYPTO */
MUST_USE bool pcr_extend(struct hasher *h, enum digest_alg alg, uint8_t *value, struct bytes digest,
        struct error *err);

/** What is known of the registers of all banks: hints, expected or replayed values. */
struct pcr_values {
    uint32_t known[DIGEST_ALG_COUNT]; /* bit n: value[alg][n] is set */
    uint8_t value[DIGEST_ALG_COUNT][PCR_COUNT][DIGEST_SIZE_MAX];
};

/** Store a value. index must be below PCR_COUNT; value has digest_size(alg) bytes. */
void pcr_values_set(struct pcr_values *v, enum digest_alg alg, unsigned int index,
        const uint8_t *value);

/** The value, or false when it is not known. The view is valid as long as v is unchanged. */
MUST_USE bool pcr_values_get(const struct pcr_values *v, enum digest_alg alg, unsigned int index,
        struct bytes *out);

/** Registers of one bank in a selection. */
struct pcr_selection_bank {
    enum digest_alg alg;
    uint32_t mask; /* bit n: PCR n is selected */
};

/** Which registers a quote covers; banks in the order the TPM hashed them, none twice. */
struct pcr_selection {
    size_t count;
    struct pcr_selection_bank bank[DIGEST_ALG_COUNT];
};

/** Mask of alg in s; 0 when the bank is not selected. */
uint32_t pcr_selection_mask(const struct pcr_selection *s, enum digest_alg alg);

/** True when every register of want is selected in have. */
bool pcr_selection_covers(const struct pcr_selection *have, const struct pcr_selection *want);

/**
 * Write s as "sha256:0-9,14+sha1:10", for people; cut to fit, NUL-terminated.
 *
 * @param size  size of dst in bytes, at least 1
 * @return dst
 */
const char *pcr_selection_print(char *dst, size_t size, const struct pcr_selection *s);

/**
 * TPML_PCR_SELECTION digest as TPM2_Quote computes it (TPM 2.0 Part 3, TPM2_Quote): H over the
 * selected values, banks in selection order, registers ascending.
 *
 * @param alg  hash of the signing scheme, not of a bank
 * @param out  digest_size(alg) bytes
 * @param err  ERROR_MALFORMED when a selected value is not known, ERROR_CRYPTO
 */
MUST_USE bool pcr_composite(struct hasher *h, enum digest_alg alg, const struct pcr_selection *s,
        const struct pcr_values *v, uint8_t *out, struct error *err);
