/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "common/attributes.h"
#include "common/digest.h"
#include "common/error.h"
#include "common/pcr.h"

/* The last PCR that boot_aggregate covers; the legacy one in a SHA-1 bank, and in kernels before
 * 5.8 in any. */
#define IMA_AGGREGATE_LAST        9
#define IMA_AGGREGATE_LEGACY_LAST 7

/**
 * boot_aggregate: H(PCR 0 || ... || PCR last) over one bank, H being the bank's own hash, as
 * ima_calc_boot_aggregate_tfm() in the kernel's ima_crypto.c computes it.
 *
 * @param boot  registers as they were when the kernel started
 * @param out   digest_size(alg) bytes; set when *known
 * @param known  false: one of the registers is not known
 * @param err   ERROR_CRYPTO
 */
MUST_USE bool ima_boot_aggregate(struct hasher *h, const struct pcr_values *boot,
        enum digest_alg alg, unsigned int last, uint8_t *out, bool *known, struct error *err);
