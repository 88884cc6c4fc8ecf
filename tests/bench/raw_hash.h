/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include <stdint.h>

#include "common/bytes.h"
#include "common/digest.h"

/**
 * out = H(a || b) by libcrypto's low-level functions (SHA256_Init, _Update, _Final), which
 * allocate and look up nothing: the limit that benchmarks compare with.
 *
 * @param alg  one of the SHA family
 * @param out  digest_size(alg) bytes; may overlap a or b
 */
void raw_hash(enum digest_alg alg, struct bytes a, struct bytes b, uint8_t *out);
