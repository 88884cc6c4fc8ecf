/* SPDX-License-Identifier: BSD-3-Clause */
#include <stdlib.h>

#include "tests/check.h"
#include "verifier/pattern.h"

static void patterns_match_by_components(void)
{
    static const struct {
        const char *pattern;
        const char *path;
        bool want;
    } cases[] = {
        { "/tmp", "/tmp", true },
        { "/tmp", "/tmpx", false }, /* R33 */
        { "/tmp", "/tmp/x", false },
        { "/tmp/**", "/tmp/x", true },
        { "/tmp/**", "/tmp/x/y/z", true },
        { "/tmp/**", "/tmp", false },
        { "/tmp/**", "/tmpx/y", false },
        { "/tmp/**", "/a/../tmp/x", false }, /* R33: never resolved */
        { "/tmp/**", "/tmp/../etc/passwd", false },
        { "/tmp/**", "/tmp//x", false },
        { "/tmp/**", "/tmp/./x", false },
        { "/tmp/**", "/tmp/x/", false },
        { "/tmp/**", "tmp/x", false },
        { "/tmp/**", "", false },
        { "/**", "/", false },
        { "/**", "/x", true },
        { "/**", "x", false },
        { "/a/**/b", "/a/b", true },
        { "/a/**/b", "/a/x/b", true },
        { "/a/**/b", "/a/x/y/b", true },
        { "/a/**/b", "/a/x/b/c", false },
        { "/a/**/b", "/ab", false },
        { "/**/b/**", "/b/x", true },
        { "/**/b/**", "/a/b", false },
        { "/**/b/**", "/a/b/b/c", true },
        { "/a/**/**", "/a/x", true },
        { "/a/**/**", "/a", false },
        { "/a/**/c/**/e", "/a/b/c/x/c/d/e", true },
        { "/a/**/c/**/e", "/a/b/x/d/e", false },
        { "/a/*", "/a/b", true },
        { "/a/*", "/a/b/c", false },
        { "/a/*", "/a/.hidden", true },
        { "/a/*.log", "/a/x.log", true },
        { "/a/*.log", "/a/.log", true },
        { "/a/*.log", "/a/x.log.1", false },
        { "/a/*b*d", "/a/xbycd", true },
        { "/a/*b*d", "/a/xbyc", false },
        { "/a/*/c", "/a/b/c", true },
        { "/a/*/c", "/a/c", false },
        { "/a?c", "/abc", true },
        { "/a?c", "/a/c", false },
        { "/a?c", "/ac", false },
        { "/a b", "/a_b", true }, /* R32 */
        { "/a_b", "/a_b", true },
        { "/a[b]", "/ab", false },
        { "/a[b]", "/a[b]", true },
        { "/a\\b", "/a\\b", true },
    };

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct error err = { 0 };
        struct bytes pattern = bytes_of_text(cases[i].pattern);

        check_case = cases[i].pattern;
        CHECKF(pattern_check(pattern, &err), "%s", err.text);
        CHECKF(pattern_matches(pattern, bytes_of_text(cases[i].path)) == cases[i].want, "%s",
                cases[i].path);
    }
    check_case = "";
}

static void names_that_a_pattern_cannot_be(void)
{
    static const char *const cases[] = { "", "tmp/**", "*", "/", "/a//b", "/a/", "/./a", "/a/..",
        "/a/**b", "/a**", "/***" };

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct error err = { 0 };

        check_case = cases[i];
        CHECK(!pattern_check(bytes_of_text(cases[i]), &err));
        CHECK_UINT(err.code, ERROR_CONFIG);
    }
    check_case = "";
}

static void a_pattern_that_is_too_long_is_refused(void)
{
    static char text[PATTERN_MAX + 2];
    struct error err = { 0 };

    memset(text, 'a', sizeof(text) - 1);
    text[0] = '/';
    CHECK(!pattern_check(bytes_of_text(text), &err));
    CHECK_UINT(err.code, ERROR_LIMIT);
    text[PATTERN_MAX] = '\0';
    CHECK(pattern_check(bytes_of_text(text), &err));
}

/* 2^40 steps if every star were tried against every other. */
static void many_stars_take_no_exponential_time(void)
{
    static const char stars[] = "/**/a/**/a/**/a/**/a/**/a/**/a/**/a/**/a/**/a/**/a/**/a/**/a/**/a"
                                "/**/a/**/a/**/a/**/a/**/a/**/a/**/a/b";
    static const char inner[] = "/*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*b";
    char deep[2 * 2000 + 1];
    char wide[4000];

    for (size_t i = 0; i < 2000; i++) {
        memcpy(deep + 2 * i, "/a", 3);
    }
    memset(wide, 'a', sizeof(wide) - 1);
    wide[0] = '/';
    wide[sizeof(wide) - 1] = '\0';
    CHECK(!pattern_matches(bytes_of_text(stars), bytes_of_text(deep)));
    CHECK(!pattern_matches(bytes_of_text(inner), bytes_of_text(wide)));
}

static void a_pattern_reaches_what_it_can_match_below_a_directory(void)
{
    static const struct {
        const char *pattern;
        const char *directory;
        bool want;
    } cases[] = {
        { "/tmp/**", "/tmp", true },
        { "/tmp/x", "/tmp", true },
        { "/tmp", "/tmp", false },
        { "/**", "/tmp", true },
        { "/*/x", "/tmp", true },
        { "/var/**", "/var/tmp", true },
        { "/var/log/**", "/var/tmp", false },
        { "/tmpx/**", "/tmp", false },
        { "/run/user/*/x", "/run/user", true },
        { "/ru?/**", "/run/user", true },
    };

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        check_case = cases[i].pattern;
        CHECKF(pattern_reaches(bytes_of_text(cases[i].pattern),
                       bytes_of_text(cases[i].directory)) == cases[i].want,
                "%s", cases[i].directory);
    }
    check_case = "";
}

int main(void)
{
    static const struct test tests[] = {
        { "patterns match by components (R32, R33)", patterns_match_by_components },
        { "names that a pattern cannot be", names_that_a_pattern_cannot_be },
        { "a pattern that is too long is refused", a_pattern_that_is_too_long_is_refused },
        { "many stars take no exponential time", many_stars_take_no_exponential_time },
        { "a pattern reaches what it can match below a directory",
                a_pattern_reaches_what_it_can_match_below_a_directory },
    };

    return run_tests("pattern", tests, ARRAY_LEN(tests));
}
