/* SPDX-License-Identifier: BSD-3-Clause */
#include "tests/check.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>

#include <CUnit/Basic.h>

const char *check_case = "";

bool check_at(unsigned int line, const char *file, bool ok, const char *cond, const char *fmt, ...)
{
    char text[512];
    char more[256];
    va_list args;

    va_start(args, fmt);
    (void)vsnprintf(more, sizeof(more), fmt, args);
    va_end(args);
    (void)snprintf(text, sizeof(text), "%s%s%s%s%s", check_case, *check_case ? ": " : "", cond,
            *more ? ": " : "", more);
    return CU_assertImplementation(ok, line, text, file, "", CU_FALSE);
}

bool check_uint_at(unsigned int line, const char *file, const char *what, uint64_t got,
        uint64_t want)
{
    return check_at(line, file, got == want, what, "got %" PRIu64 ", want %" PRIu64, got, want);
}

bool check_text_at(unsigned int line, const char *file, const char *what, struct bytes got,
        const char *want)
{
    char text[160];

    return check_at(line, file, bytes_equal_text(got, want), what, "got \"%s\", want \"%s\"",
            bytes_print(text, sizeof(text), got), want);
}

int run_tests(const char *suite, const struct test *tests, size_t count)
{
    CU_pSuite s;

    if (CU_initialize_registry() != CUE_SUCCESS) {
        return EXIT_FAILURE;
    }
    s = CU_add_suite(suite, NULL, NULL);
    for (size_t i = 0; i < count; i++) {
        if (s == NULL || CU_add_test(s, tests[i].name, tests[i].run) == NULL) {
            fprintf(stderr, "cannot add test %s: %s\n", tests[i].name, CU_get_error_msg());
            return EXIT_FAILURE;
        }
    }
    CU_basic_set_mode(CU_BRM_NORMAL);
    /* CU_basic_run_tests() returns 0 even when tests fail; the failure count is what decides. */
    bool ran = CU_basic_run_tests() == CUE_SUCCESS && CU_get_number_of_tests_run() == count;
    bool passed = CU_get_number_of_failures() == 0;
    CU_cleanup_registry();
    return ran && passed ? EXIT_SUCCESS : EXIT_FAILURE;
}
