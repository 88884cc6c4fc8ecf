/* SPDX-License-Identifier: BSD-3-Clause */
#include "common/bytes.h"
#include "tests/check.h"

static void escapes_what_could_confuse_and_keeps_utf8(void)
{
    static const struct {
        const char *name;
        const char *in;
        size_t len;
        const char *want;
    } cases[] = {
        { "plain", "/usr/bin/ls", 11, "/usr/bin/ls" },
        { "newline and tab", "a\nb\tc", 5, "a\\x0ab\\x09c" },
        { "nul", "a\0b", 3, "a\\x00b" },
        { "backslash", "a\\x0a", 5, "a\\x5cx0a" },
        { "quote stays", "a\"b", 3, "a\"b" },
        { "two bytes", "N\xc3\xa9", 3, "N\xc3\xa9" },
        { "four bytes", "\xf0\x9f\x94\x91", 4, "\xf0\x9f\x94\x91" },
        { "lone continuation", "a\x80", 2, "a\\x80" },
        { "cut sequence", "a\xe2\x82", 3, "a\\xe2\\x82" },
        { "overlong", "\xc0\xaf", 2, "\\xc0\\xaf" },
        { "surrogate", "\xed\xa0\x80", 3, "\\xed\\xa0\\x80" },
        { "C1 control (CSI)", "\xc2\x9b", 2, "\\xc2\\x9b" },
        { "delete", "\x7f", 1, "\\x7f" },
        { "above U+10FFFF", "\xf4\x90\x80\x80", 4, "\\xf4\\x90\\x80\\x80" },
        { "empty", "", 0, "" },
    };

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        char out[64];
        struct bytes in = { (const uint8_t *)cases[i].in, cases[i].len };

        check_case = cases[i].name;
        CHECK_TEXT(bytes_of_text(bytes_escape(out, sizeof(out), in)), cases[i].want);
    }
    check_case = "";
}

/* The borders of table 3-7 of the Unicode standard, each alone and after a good character. */
static void only_well_formed_sequences_are_utf8(void)
{
    static const struct {
        const char *in;
        size_t len;
        bool ok;
    } cases[] = {
        { "", 0, true },
        { "\0", 1, true },
        { "\x7f", 1, true },
        { "\xc2\x80", 2, true },
        { "\xdf\xbf", 2, true },
        { "\xe0\xa0\x80", 3, true },
        { "\xed\x9f\xbf", 3, true },
        { "\xee\x80\x80", 3, true },
        { "\xef\xbf\xbf", 3, true },
        { "\xf0\x90\x80\x80", 4, true },
        { "\xf4\x8f\xbf\xbf", 4, true },
        { "\x80", 1, false },
        { "\xc1\xbf", 2, false },
        { "\xc2", 1, false },
        { "\xc2\x7f", 2, false },
        { "\xc2\xc0", 2, false },
        { "\xe0\x9f\xbf", 3, false },
        { "\xed\xa0\x80", 3, false },
        { "\xef\xbf", 2, false },
        { "\xef\xbf\xc0", 3, false },
        { "\xf0\x8f\xbf\xbf", 4, false },
        { "\xf4\x90\x80\x80", 4, false },
        { "\xf5\x80\x80\x80", 4, false },
        { "\xff", 1, false },
    };

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        uint8_t after[8] = "e";
        struct bytes in = { (const uint8_t *)cases[i].in, cases[i].len };

        memcpy(after + 1, cases[i].in, cases[i].len);
        CHECKF(bytes_are_utf8(in) == cases[i].ok, "row %zu", i);
        CHECKF(bytes_are_utf8((struct bytes){ after, cases[i].len + 1 }) == cases[i].ok, "row %zu",
                i);
    }
}

static void cuts_between_characters(void)
{
    char out[6];
    struct bytes in = { (const uint8_t *)"ab\n\xc3\xa9", 5 };

    CHECK_TEXT(bytes_of_text(bytes_escape(out, sizeof(out), in)), "ab");
    CHECK_TEXT(bytes_of_text(bytes_print(out, sizeof(out), in)), "ab");
    CHECK_TEXT(bytes_of_text(bytes_hex(out, sizeof(out), in)), "6162");
}

static void hexadecimal_goes_both_ways(void)
{
    uint8_t raw[3] = { 0 };
    size_t len = 99;

    CHECK(bytes_from_hex(bytes_of_text("00fFA5"), raw, sizeof(raw), &len));
    CHECK_UINT(len, 3);
    CHECK(raw[0] == 0x00 && raw[1] == 0xff && raw[2] == 0xa5);
    len = 99;
    CHECK(!bytes_from_hex(bytes_of_text("00fFA50"), raw, sizeof(raw), &len));
    CHECK(!bytes_from_hex(bytes_of_text("00fFA501"), raw, sizeof(raw), &len));
    CHECK(!bytes_from_hex(bytes_of_text("0x"), raw, sizeof(raw), &len));
    CHECK(!bytes_from_hex(bytes_of_text("g0"), raw, sizeof(raw), &len));
    CHECK_UINT(len, 99);
    CHECK(bytes_from_hex((struct bytes){ 0 }, raw, sizeof(raw), &len));
    CHECK_UINT(len, 0);
}

static void secret_comparison_sees_every_difference(void)
{
    uint8_t a[] = { 1, 2, 3 };
    uint8_t b[] = { 1, 2, 4 };

    CHECK(bytes_equal_secret((struct bytes){ a, 3 }, (struct bytes){ a, 3 }));
    CHECK(!bytes_equal_secret((struct bytes){ a, 3 }, (struct bytes){ b, 3 }));
    CHECK(!bytes_equal_secret((struct bytes){ a, 3 }, (struct bytes){ a, 2 }));
    CHECK(!bytes_equal_secret((struct bytes){ a, 3 }, (struct bytes){ 0 }));
}

int main(void)
{
    static const struct test tests[] = {
        { "escapes what could confuse and keeps UTF-8", escapes_what_could_confuse_and_keeps_utf8 },
        { "only well-formed sequences are UTF-8", only_well_formed_sequences_are_utf8 },
        { "cuts between characters", cuts_between_characters },
        { "hexadecimal goes both ways", hexadecimal_goes_both_ways },
        { "secret comparison sees every difference", secret_comparison_sees_every_difference },
    };

    return run_tests("bytes", tests, ARRAY_LEN(tests));
}
