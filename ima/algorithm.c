/* SPDX-License-Identifier: BSD-3-Clause */
#include "ima/algorithm.h"

static const struct ima_algorithm algorithms[] = {
    { "md4", 16, true, false, 0 },
    { "md5", 16, true, false, 0 },
    { "sha1", 20, true, true, DIGEST_SHA1 },
    { "rmd160", 20, true, false, 0 },
    { "sha256", 32, false, true, DIGEST_SHA256 },
    { "sha384", 48, false, true, DIGEST_SHA384 },
    { "sha512", 64, false, true, DIGEST_SHA512 },
    { "sha224", 28, false, false, 0 },
    { "rmd128", 16, true, false, 0 },
    { "rmd256", 32, true, false, 0 }, /* two RIPEMD-128 lines side by side */
    { "rmd320", 40, true, false, 0 }, /* two RIPEMD-160 lines side by side */
    { "wp256", 32, false, false, 0 },
    { "wp384", 48, false, false, 0 },
    { "wp512", 64, false, false, 0 },
    { "tgr128", 16, true, false, 0 },
    { "tgr160", 20, true, false, 0 },
    { "tgr192", 24, true, false, 0 },
    { "sm3", 32, false, true, DIGEST_SM3_256 },
    { "sm3-256", 32, false, true, DIGEST_SM3_256 }, /* the name before Linux 6.0 */
    { "streebog256", 32, false, false, 0 },
    { "streebog512", 64, false, false, 0 },
    { "sha3-256", 32, false, false, 0 },
    { "sha3-384", 48, false, false, 0 },
    { "sha3-512", 64, false, false, 0 },
};

const struct ima_algorithm *ima_algorithm_find(struct bytes name)
{
    for (size_t i = 0; i < ARRAY_LEN(algorithms); i++) {
        if (bytes_equal_text(name, algorithms[i].name)) {
            return &algorithms[i];
        }
    }
    return NULL;
}

const struct ima_algorithm *ima_algorithm_of(enum digest_alg alg)
{
    for (size_t i = 0; i < ARRAY_LEN(algorithms); i++) {
        if (algorithms[i].computable && algorithms[i].alg == alg) {
            return &algorithms[i];
        }
    }
    return NULL;
}

const struct ima_algorithm *ima_algorithm_of_size(size_t size)
{
    for (size_t i = 0; i < ARRAY_LEN(algorithms); i++) {
        /* SHA-2 stands before SM3, which has the size of SHA-256. */
        if (algorithms[i].computable && algorithms[i].size == size) {
            return &algorithms[i];
        }
    }
    return NULL;
}
