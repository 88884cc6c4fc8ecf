/* SPDX-License-Identifier: BSD-3-Clause */
#include "ima/algorithm.h"
#include "tests/check.h"

/* hash_algo_name[] of Linux 7.2 in its order, the sizes of include/crypto/hash_info.h. */
static const struct {
    const char *name;
    size_t size;
    bool weak;
} kernel[] = {
    { "md4", 16, true },
    { "md5", 16, true },
    { "sha1", 20, true },
    { "rmd160", 20, true },
    { "sha256", 32, false },
    { "sha384", 48, false },
    { "sha512", 64, false },
    { "sha224", 28, false },
    { "rmd128", 16, true },
    { "rmd256", 32, true },
    { "rmd320", 40, true },
    { "wp256", 32, false },
    { "wp384", 48, false },
    { "wp512", 64, false },
    { "tgr128", 16, true },
    { "tgr160", 20, true },
    { "tgr192", 24, true },
    { "sm3", 32, false },
    { "streebog256", 32, false },
    { "streebog512", 64, false },
    { "sha3-256", 32, false },
    { "sha3-384", 48, false },
    { "sha3-512", 64, false },
};

static void every_algorithm_of_the_kernel_is_known(void)
{
    for (size_t i = 0; i < ARRAY_LEN(kernel); i++) {
        const struct ima_algorithm *a = ima_algorithm_find(bytes_of_text(kernel[i].name));

        check_case = kernel[i].name;
        if (CHECK(a != NULL)) {
            CHECK_UINT(a->size, kernel[i].size);
            CHECK(a->weak == kernel[i].weak);
            CHECK(!a->computable || digest_size(a->alg) == a->size);
        }
    }
    check_case = "";
}

/* R36. */
static void what_is_shorter_than_224_bits_is_weak(void)
{
    for (size_t i = 0; i < ARRAY_LEN(kernel); i++) {
        CHECKF(kernel[i].size >= 28 || ima_algorithm_find(bytes_of_text(kernel[i].name))->weak,
                "%s", kernel[i].name);
    }
}

static void names_are_compared_whole(void)
{
    static const struct bytes cases[] = {
        { NULL, 0 },
        { (const uint8_t *)"sha25", 5 },
        { (const uint8_t *)"sha2566", 7 },
        { (const uint8_t *)"SHA256", 6 },
        { (const uint8_t *)"sha256\0", 7 },
        { (const uint8_t *)"unknown", 7 },
    };

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        CHECKF(ima_algorithm_find(cases[i]) == NULL, "row %zu", i);
    }
}

static void the_old_name_of_sm3_is_the_same_algorithm(void)
{
    const struct ima_algorithm *a = ima_algorithm_find(bytes_of_text("sm3-256"));

    CHECK(a != NULL && a->computable && a->alg == DIGEST_SM3_256);
}

static void a_size_names_sha1_or_sha2(void)
{
    static const struct {
        size_t size;
        const char *want;
    } cases[] = {
        { 20, "sha1" },
        { 32, "sha256" },
        { 48, "sha384" },
        { 64, "sha512" },
    };

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        const struct ima_algorithm *a = ima_algorithm_of_size(cases[i].size);

        CHECK(a != NULL && strcmp(a->name, cases[i].want) == 0 && a->size == cases[i].size);
    }
    for (size_t size = 0; size < 130; size++) {
        CHECKF((ima_algorithm_of_size(size) != NULL) ==
                        (size == 20 || size == 32 || size == 48 || size == 64),
                "%zu", size);
    }
}

static void a_bank_has_one_name(void)
{
    static const struct {
        enum digest_alg alg;
        const char *want;
    } cases[] = {
        { DIGEST_SHA1, "sha1" },
        { DIGEST_SHA256, "sha256" },
        { DIGEST_SHA384, "sha384" },
        { DIGEST_SHA512, "sha512" },
        { DIGEST_SM3_256, "sm3" },
    };

    CHECK_UINT(ARRAY_LEN(cases), DIGEST_ALG_COUNT);
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        const struct ima_algorithm *a = ima_algorithm_of(cases[i].alg);

        CHECK(a != NULL && strcmp(a->name, cases[i].want) == 0 && a->alg == cases[i].alg);
    }
}

int main(void)
{
    static const struct test tests[] = {
        { "every algorithm of the kernel is known", every_algorithm_of_the_kernel_is_known },
        { "R36: what is shorter than 224 bits is weak", what_is_shorter_than_224_bits_is_weak },
        { "names are compared whole", names_are_compared_whole },
        { "the old name of SM3 is the same algorithm", the_old_name_of_sm3_is_the_same_algorithm },
        { "a bank has one name", a_bank_has_one_name },
        { "a size names SHA-1 or SHA-2", a_size_names_sha1_or_sha2 },
    };

    return run_tests("ima algorithm", tests, ARRAY_LEN(tests));
}
