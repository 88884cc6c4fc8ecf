/* SPDX-License-Identifier: BSD-3-Clause */
#include "ima/digest_format.h"
#include "tests/check.h"

static void a_list_is_named_after_its_bank(void)
{
    static const struct {
        const char *path;
        enum digest_alg alg;
        size_t size;
    } cases[] = {
        { "binary_runtime_measurements", DIGEST_SHA1, 20 },
        { "/sys/kernel/security/ima/binary_runtime_measurements_sha1", DIGEST_SHA1, 20 },
        { "binary_runtime_measurements_sha256", DIGEST_SHA256, 32 },
        { "binary_runtime_measurements_sha384.boot", DIGEST_SHA384, 48 },
        { "binary_runtime_measurements_sha512", DIGEST_SHA512, 64 },
        { "binary_runtime_measurements_sm3_256", DIGEST_SM3_256, 32 },
        { "binary_runtime_measurements_tpm_alg_12", DIGEST_SHA1, 32 },
        { "binary_runtime_measurements_tpm_alg_28.later", DIGEST_SHA1, 48 },
        { "binary_runtime_measurements_tpm_alg_", DIGEST_SHA1, 20 },
        { "/lists_sha256/binary", DIGEST_SHA1, 20 },
        { "list_sha256x", DIGEST_SHA1, 20 },
        { "", DIGEST_SHA1, 20 },
    };

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct ima_digest_format got = ima_digest_format_of_path(cases[i].path);

        check_case = cases[i].path;
        CHECK_UINT(got.alg, cases[i].alg);
        CHECK_UINT(got.size, cases[i].size);
    }
    check_case = "";
}

int main(void)
{
    static const struct test tests[] = {
        { "a list is named after its bank", a_list_is_named_after_its_bank },
    };

    return run_tests("ima digest format", tests, ARRAY_LEN(tests));
}
