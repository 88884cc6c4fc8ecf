/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "common/attributes.h"
#include "common/bytes.h"
#include "common/digest.h"

/**
 * A hash algorithm by the kernel's name, as it stands in front of a file digest: hash_algo_name[]
 * in crypto/hash_info.c.
 */
struct ima_algorithm {
    const char *name;
    size_t size;     /* of the digest, bytes */
    bool weak;       /* collisions are known or the digest is shorter than 224 bits */
    bool computable; /* alg is set: we can compute it */
    enum digest_alg alg;
};

/** The algorithm, or NULL when the kernel knows no such name. Static storage. */
const struct ima_algorithm *ima_algorithm_find(struct bytes name);

/** The algorithm of a bank, by its present name. */
const struct ima_algorithm *ima_algorithm_of(enum digest_alg alg);

/** The usual algorithm of a digest of this many bytes (20, 32, 48, 64: SHA-1 and SHA-2), or NULL.
 */
const struct ima_algorithm *ima_algorithm_of_size(size_t size);
