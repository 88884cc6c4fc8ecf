/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <CUnit/CUnit.h>
#include <CUnit/TestRun.h>

#include "common/attributes.h"
#include "common/bytes.h"
#include "common/error.h"

/*
 * CUnit's own macros print the expression, not the values. These print both, and the name of the
 * case; they never jump, so cleanup handlers run (CU_*_FATAL uses longjmp, which skips them).
 */
#define CHECK(cond)           check_at(__LINE__, __FILE__, (cond), #cond, "%s", "")
#define CHECKF(cond, ...)     check_at(__LINE__, __FILE__, (cond), #cond, __VA_ARGS__)
#define CHECK_UINT(got, want) check_uint_at(__LINE__, __FILE__, #got, (got), (want))
#define CHECK_TEXT(got, want) check_text_at(__LINE__, __FILE__, #got, (got), (want))

/* Name of the row a table test is on; part of every failure message. */
extern const char *check_case;

bool check_at(unsigned int line, const char *file, bool ok, const char *cond, const char *fmt, ...)
        PRINTF(5, 6);
bool check_uint_at(unsigned int line, const char *file, const char *what, uint64_t got,
        uint64_t want);
bool check_text_at(unsigned int line, const char *file, const char *what, struct bytes got,
        const char *want);

struct test {
    const char *name;
    void (*run)(void);
};

/** Run the tests; the exit status for main(): 0 only if at least one ran and none failed. */
int run_tests(const char *suite, const struct test *tests, size_t count);
