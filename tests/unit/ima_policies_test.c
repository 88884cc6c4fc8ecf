/* SPDX-License-Identifier: BSD-3-Clause */
#include "agent/ima_policies.h"
#include "agent/ima_rule.h"
#include "agent/ima_setup.h"
#include "host/file.h"
#include "tests/check.h"

static void policies_are_the_files(void)
{
    for (size_t i = 0; i < IMA_POLICIES; i++) {
        struct buffer file CLEANUP(buffer_clear) = { 0 };
        struct error err = { 0 };
        char path[512];

        check_case = ima_policies[i].name;
        (void)snprintf(path, sizeof(path), "%s/%s.policy", TALLY_IMA_POLICIES,
                ima_policies[i].name);
        CHECKF(file_read(path, 1 << 20, &file, &err), "%s", err.text);
        CHECK(bytes_equal(buffer_view(&file), ima_policies[i].text));
    }
}

static void every_kernel_takes_every_policy(void)
{
    static const unsigned int kernels[] = { 0x0601, 0x060c, 0x0702 };

    for (size_t i = 0; i < IMA_POLICIES; i++) {
        for (size_t k = 0; k < ARRAY_LEN(kernels); k++) {
            struct error err = { 0 };

            check_case = ima_policies[i].name;
            CHECKF(ima_rules_check(ima_policies[i].text, kernels[k], &err), "%s", err.text);
        }
    }
}

/* Only such lines: a rule that appraises could keep a machine from starting. */
static void policies_measure_and_do_nothing_else(void)
{
    for (size_t i = 0; i < IMA_POLICIES; i++) {
        struct bytes text = ima_policies[i].text;

        check_case = ima_policies[i].name;
        while (text.len > 0) {
            const uint8_t *end = memchr(text.ptr, '\n', text.len);

            CHECK(end != NULL);
            if (end == NULL) {
                break;
            }
            size_t len = (size_t)(end - text.ptr);

            CHECKF(len == 0 || text.ptr[0] == '#' ||
                            (len > 8 && memcmp(text.ptr, "measure ", 8) == 0) ||
                            (len > 13 && memcmp(text.ptr, "dont_measure ", 13) == 0),
                    "%.*s", (int)len, (const char *)text.ptr);
            text.ptr += len + 1;
            text.len -= len + 1;
        }
    }
}

static void reading_is_measured_only_when_asked_for(void)
{
    for (size_t i = 0; i < IMA_POLICIES_WHOLE; i++) {
        struct buffer plain CLEANUP(buffer_clear) = { 0 };
        struct buffer more CLEANUP(buffer_clear) = { 0 };
        struct error err = { 0 };
        static const char rule[] = "\nmeasure func=FILE_CHECK";

        check_case = ima_policies[i].name;
        CHECK(ima_setup_policy(ima_policies[i].name, false, &plain, &err));
        CHECK(ima_setup_policy(ima_policies[i].name, true, &more, &err));
        CHECK(memmem(plain.data, plain.len, rule, sizeof(rule) - 1) == NULL);
        CHECK(memmem(more.data, more.len, rule, sizeof(rule) - 1) != NULL);
    }
}

static void other_names_are_no_policies(void)
{
    struct buffer out CLEANUP(buffer_clear) = { 0 };
    struct error err = { 0 };

    CHECK(!ima_setup_policy("read-files", false, &out, &err));
    CHECK_UINT(err.code, ERROR_CONFIG);
    CHECK(!ima_setup_has_policy("read-files"));
    CHECK(ima_setup_has_policy("server"));
}

int main(void)
{
    static const struct test tests[] = {
        { "policies are the files", policies_are_the_files },
        { "every kernel takes every policy", every_kernel_takes_every_policy },
        { "policies measure and do nothing else", policies_measure_and_do_nothing_else },
        { "reading is measured only when asked for", reading_is_measured_only_when_asked_for },
        { "other names are no policies", other_names_are_no_policies },
    };

    return run_tests("ima_policies", tests, ARRAY_LEN(tests));
}
