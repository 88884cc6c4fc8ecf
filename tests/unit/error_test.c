/* SPDX-License-Identifier: BSD-3-Clause */
#include "common/error.h"
#include "tests/check.h"

#define ROOM sizeof(((struct error *)0)->text)

static void a_failure_is_false_and_says_why(void)
{
    struct error err = { 0 };

    CHECK(!error_set(&err, ERROR_LIMIT, "%d of %s", 7, "them"));
    CHECK_UINT(err.code, ERROR_LIMIT);
    CHECK_TEXT(bytes_of_text(err.text), "7 of them");
    CHECK(!error_set(&err, ERROR_IO, "other"));
    CHECK_UINT(err.code, ERROR_IO);
    CHECK_TEXT(bytes_of_text(err.text), "other");
}

static void context_goes_in_front_and_the_code_stays(void)
{
    struct error err = { 0 };

    error_set(&err, ERROR_TRUNCATED, "cut");
    CHECK(!error_wrap(&err, "entry %d", 3));
    CHECK(!error_wrap(&err, "%s", "file"));
    CHECK_UINT(err.code, ERROR_TRUNCATED);
    CHECK_TEXT(bytes_of_text(err.text), "file: entry 3: cut");
}

/* Whatever the lengths: terminated, the context first, then as much of the rest as fits. */
static void text_that_does_not_fit_is_cut(void)
{
    for (size_t context = ROOM - 8; context < ROOM + 8; context++) {
        for (size_t inner = 0; inner < 2 * ROOM; inner += ROOM / 4) {
            struct {
                struct error err;
                char after[8];
            } e;
            char a[2 * ROOM];
            char b[2 * ROOM + 1];
            size_t kept = context < ROOM ? context : ROOM - 1;

            memset(&e, 0x5a, sizeof(e));
            memset(a, 'a', sizeof(a));
            memset(b, 'b', sizeof(b));
            error_set(&e.err, ERROR_IO, "%.*s", (int)inner, b);
            CHECK_UINT(strlen(e.err.text), inner < ROOM ? inner : ROOM - 1);
            error_wrap(&e.err, "%.*s", (int)context, a);
            size_t len = strlen(e.err.text);

            CHECK(len < ROOM && strspn(e.err.text, "a") == kept);
            CHECK(len == kept || strncmp(e.err.text + kept, ": ", 2) == 0);
            CHECK(len == kept || strspn(e.err.text + kept + 2, "b") == len - kept - 2);
            CHECK(e.after[0] == 0x5a);
        }
    }
}

static void a_long_text_keeps_its_beginning(void)
{
    struct error err = { 0 };
    char b[ROOM];

    memset(b, 'b', sizeof(b));
    error_set(&err, ERROR_IO, "%.*s", (int)sizeof(b), b);
    error_wrap(&err, "where");
    CHECK_UINT(strlen(err.text), ROOM - 1);
    CHECK(strncmp(err.text, "where: bbb", 10) == 0);
}

/* A path may hold any byte. */
static void text_is_printable_whatever_goes_in(void)
{
    struct error err = { 0 };
    char path[ROOM];

    error_set(&err, ERROR_IO, "%s: gone", "/a\x1b[31m\n\xff\xc3\xa9\\x41");
    CHECK_TEXT(bytes_of_text(err.text), "/a\\x1b[31m\\x0a\\xff\\xc3\\xa9\\x41: gone");
    error_wrap(&err, "\x07");
    CHECK_TEXT(bytes_of_text(err.text), "\\x07: /a\\x1b[31m\\x0a\\xff\\xc3\\xa9\\x41: gone");
    memset(path, 0xff, sizeof(path) - 1);
    path[sizeof(path) - 1] = '\0';
    error_set(&err, ERROR_IO, "%s", path);
    CHECK_UINT(strlen(err.text), (ROOM - 1) / 4 * 4);
    error_wrap(&err, "%s", path);
    CHECK(strlen(err.text) < ROOM);
}

static void every_code_has_a_name(void)
{
    for (int code = ERROR_NONE; code <= ERROR_NO_ANSWER; code++) {
        const char *name = error_code_name((enum error_code)code);

        CHECKF(strcmp(name, "unknown") != 0, "%d", code);
        for (int other = ERROR_NONE; other < code; other++) {
            CHECKF(strcmp(name, error_code_name((enum error_code)other)) != 0, "%d", code);
        }
    }
    CHECK_TEXT(bytes_of_text(error_code_name((enum error_code)(ERROR_NO_ANSWER + 1))), "unknown");
}

int main(void)
{
    static const struct test tests[] = {
        { "a failure is false and says why", a_failure_is_false_and_says_why },
        { "context goes in front and the code stays", context_goes_in_front_and_the_code_stays },
        { "text that does not fit is cut", text_that_does_not_fit_is_cut },
        { "a long text keeps its beginning", a_long_text_keeps_its_beginning },
        { "text is printable whatever goes in", text_is_printable_whatever_goes_in },
        { "every code has a name", every_code_has_a_name },
    };

    return run_tests("error", tests, ARRAY_LEN(tests));
}
