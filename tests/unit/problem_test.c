/* SPDX-License-Identifier: BSD-3-Clause */
#include <stdlib.h>

#include "protocol/problem.h"
#include "tests/check.h"

#define BYTES(text)                               \
    {                                             \
        (const uint8_t *)(text), sizeof(text) - 1 \
    }

static void problems_come_back_as_they_were(void)
{
    static const struct {
        const char *title;
        const char *detail;
        struct bytes encoded;
    } cases[] = {
        { "", "", BYTES("\xa0") },
        { "Busy", "",
                BYTES("\xa1\x20\x64"
                      "Busy") },
        { "", "wait",
                BYTES("\xa1\x21\x64"
                      "wait") },
        { "Busy", "wait",
                BYTES("\xa2\x20\x64"
                      "Busy\x21\x64"
                      "wait") },
    };

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct problem p = { bytes_of_text(cases[i].title), bytes_of_text(cases[i].detail) };
        struct problem back;
        uint8_t buffer[PROBLEM_ENCODED_MAX];
        struct bytes encoded = { 0 };
        struct error err = { 0 };

        CHECK(problem_encode(&p, buffer, sizeof(buffer), &encoded));
        CHECK(bytes_equal(encoded, cases[i].encoded));
        CHECKF(problem_decode(encoded, &back, &err), "%s", err.text);
        CHECK_TEXT(back.title, cases[i].title);
        CHECK_TEXT(back.detail, cases[i].detail);
        CHECK(!problem_encode(&p, buffer, encoded.len - 1, &encoded));
    }
}

static void long_texts_are_cut_between_characters(void)
{
    /* Two bytes each, and one before them: the limit is inside a character. */
    char text[1 + 2 * PROBLEM_TEXT_MAX + 1] = "x";
    uint8_t buffer[PROBLEM_ENCODED_MAX];
    struct bytes encoded = { 0 };
    struct problem back;
    struct error err = { 0 };

    for (size_t i = 1; i + 2 < sizeof(text); i += 2) {
        memcpy(text + i, "\xc3\xa9", 2);
    }
    struct problem p = { bytes_of_text(text), bytes_of_text(text) };

    CHECK(problem_encode(&p, buffer, sizeof(buffer), &encoded));
    CHECKF(problem_decode(encoded, &back, &err), "%s", err.text);
    CHECK_UINT(back.title.len, PROBLEM_TEXT_MAX - 1);
    CHECK(bytes_are_utf8(back.detail));
}

static void other_entries_are_ignored(void)
{
    /* -3 instance, -4 response-code, and an entry of somebody's own. */
    static const struct bytes in = BYTES("\xa5\x01\x82\x01\x02\x20\x61t\x21\x61"
                                         "d\x22\x61i\x23\x18\x80");
    struct problem p;
    struct error err = { 0 };

    CHECKF(problem_decode(in, &p, &err), "%s", err.text);
    CHECK_TEXT(p.title, "t");
    CHECK_TEXT(p.detail, "d");
}

static void what_is_no_problem_is_refused(void)
{
    static const struct {
        const char *name;
        struct bytes in;
        enum error_code want;
    } cases[] = {
        { "nothing", BYTES(""), ERROR_TRUNCATED },
        { "an array", BYTES("\x80"), ERROR_MALFORMED },
        { "bytes behind it", BYTES("\xa0\x00"), ERROR_MALFORMED },
        { "the title a number", BYTES("\xa1\x20\x01"), ERROR_MALFORMED },
        { "the title bytes", BYTES("\xa1\x20\x41t"), ERROR_MALFORMED },
        { "the title with a language tag",
                BYTES("\xa1\x20\xd8\x26\x82\x62"
                      "en\x61t"),
                ERROR_MALFORMED },
        { "no UTF-8", BYTES("\xa1\x20\x61\xff"), ERROR_MALFORMED },
        { "the title twice",
                BYTES("\xa2\x20\x61"
                      "a\x20\x61"
                      "b"),
                ERROR_MALFORMED },
        { "the wrong order",
                BYTES("\xa2\x21\x61"
                      "a\x20\x61"
                      "b"),
                ERROR_MALFORMED },
        { "4 GiB of text", BYTES("\xa1\x20\x7a\xff\xff\xff\xff"), ERROR_TRUNCATED },
        { "an indefinite map", BYTES("\xbf\xff"), ERROR_MALFORMED },
    };

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct problem p = { 0 };
        struct error err = { 0 };

        check_case = cases[i].name;
        CHECK(!problem_decode(cases[i].in, &p, &err));
        CHECK_UINT(err.code, cases[i].want);
        CHECK_UINT(p.title.len + p.detail.len, 0);
    }
    check_case = "";
}

static void a_text_that_is_too_long_is_refused(void)
{
    uint8_t in[4 + PROBLEM_TEXT_MAX + 1] = { 0xa1, 0x20, 0x79, (PROBLEM_TEXT_MAX + 1) >> 8,
        (PROBLEM_TEXT_MAX + 1) & 0xff };
    struct problem p;
    struct error err = { 0 };
    struct bytes b = { in, 5 + PROBLEM_TEXT_MAX + 1 };
    uint8_t *copy = calloc(1, b.len);

    memcpy(copy, in, 5);
    memset(copy + 5, 'x', PROBLEM_TEXT_MAX + 1);
    b.ptr = copy;
    CHECK(!problem_decode(b, &p, &err));
    CHECK_UINT(err.code, ERROR_LIMIT);
    free(copy);
}

static void a_problem_that_is_cut_is_refused(void)
{
    static const struct bytes whole = BYTES("\xa2\x20\x64"
                                            "Busy\x21\x64"
                                            "wait");

    for (size_t cut = 0; cut < whole.len; cut++) {
        uint8_t *copy = malloc(cut + 1);
        struct problem p;
        struct error err = { 0 };

        memcpy(copy, whole.ptr, cut);
        CHECKF(!problem_decode((struct bytes){ copy, cut }, &p, &err), "cut at %zu", cut);
        CHECK_UINT(err.code, ERROR_TRUNCATED);
        free(copy);
    }
}

int main(void)
{
    static const struct test tests[] = {
        { "problems come back as they were", problems_come_back_as_they_were },
        { "long texts are cut between characters", long_texts_are_cut_between_characters },
        { "other entries are ignored", other_entries_are_ignored },
        { "what is no problem is refused", what_is_no_problem_is_refused },
        { "a text that is too long is refused", a_text_that_is_too_long_is_refused },
        { "a problem that is cut is refused", a_problem_that_is_cut_is_refused },
    };

    return run_tests("problem", tests, ARRAY_LEN(tests));
}
