/* SPDX-License-Identifier: BSD-3-Clause */
#include "eventlog/guid.h"
#include "eventlog/text.h"
#include "tests/check.h"

#define BYTES(s) ((struct bytes){ (const uint8_t *)(s), sizeof(s) - 1 })

static void UTF16_becomes_UTF8_and_what_is_no_text_is_escaped(void)
{
    static const struct {
        struct bytes in;
        const char *want;
    } cases[] = {
        { { (const uint8_t *)"", 0 }, "" },
        { { (const uint8_t *)"a\0b\0", 4 }, "ab" },
        { { (const uint8_t *)"\\\0a\0", 4 }, "\\a" },
        { { (const uint8_t *)"\xe4\0", 2 }, "\xc3\xa4" },
        { { (const uint8_t *)"\xac\x20", 2 }, "\xe2\x82\xac" },
        { { (const uint8_t *)"\x3d\xd8\x00\xde", 4 }, "\xf0\x9f\x98\x80" },
        { { (const uint8_t *)"\x1b\0[\0", 4 }, "\\x1b[" },
        { { (const uint8_t *)"\x9b\0", 2 }, "\\x9b" },
        { { (const uint8_t *)"\0\0", 2 }, "\\x00" },
        { { (const uint8_t *)"\x3d\xd8", 2 }, "\\x3d\\xd8" },
        { { (const uint8_t *)"\x00\xde", 2 }, "\\x00\\xde" },
        { { (const uint8_t *)"\x3d\xd8\x61\0", 4 }, "\\x3d\\xd8a" },
        { { (const uint8_t *)"a\0b", 3 }, "a\\x62" },
    };

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        char dst[64];
        struct text t = text_init(dst, sizeof(dst));

        text_add_utf16(&t, cases[i].in);
        CHECK_TEXT(bytes_of_text(dst), cases[i].want);
        CHECK(!t.cut);
    }
}

static void text_that_does_not_fit_is_cut_between_characters(void)
{
    for (size_t size = 1; size < 8; size++) {
        char dst[8];
        struct text t = text_init(dst, size);

        memset(dst + size, 0x55, sizeof(dst) - size);
        text_add_utf16(&t, BYTES("a\0\xac\x20z\0"));
        CHECK_UINT(strlen(dst), size < 2 ? 0 : size < 5 ? 1 : size < 6 ? 4 : 5);
        CHECK_UINT(t.cut, size < 6);
        text_add(&t, "%s", "too long for what is left");
        CHECK(t.cut && strlen(dst) < size);
        CHECK(size == sizeof(dst) || dst[size] == 0x55);
    }
}

static void nothing_follows_a_gap(void)
{
    char dst[6];
    struct text t = text_init(dst, sizeof(dst));

    text_add(&t, "abc");
    text_add(&t, "defgh");
    text_add(&t, "i");
    text_add_utf8(&t, BYTES("j"));
    text_add_hex(&t, BYTES("k"));
    CHECK_TEXT(bytes_of_text(dst), "abc");
    CHECK(t.cut);
}

static void UTF8_is_escaped_and_cut_is_said(void)
{
    char dst[16];
    struct text t = text_init(dst, sizeof(dst));

    text_add_utf8(&t, BYTES("a\n\xff"));
    CHECK_TEXT(bytes_of_text(dst), "a\\x0a\\xff");
    CHECK(!t.cut);
    text_add_utf8(&t, BYTES("z"));
    CHECK_TEXT(bytes_of_text(dst), "a\\x0a\\xffz");
    CHECK(!t.cut);
    text_add_utf8(&t, BYTES(""));
    CHECK(!t.cut);
    text_add_utf8(&t, BYTES("0123456789"));
    CHECK(t.cut);

    /* Room for it escaped, if only just: nothing is cut. */
    t = text_init(dst, 5);
    text_add_utf8(&t, BYTES("a"));
    CHECK(!t.cut);
}

static void text_is_told_from_binary_data(void)
{
    static const struct {
        struct bytes in;
        bool ascii;
        bool utf16;
    } cases[] = {
        { { (const uint8_t *)"abc", 3 }, true, false },
        { { (const uint8_t *)"ab\0", 3 }, true, false },
        { { (const uint8_t *)"a\nb", 3 }, true, false },
        { { (const uint8_t *)"a\0b", 3 }, false, false },
        { { (const uint8_t *)"\x01", 1 }, false, false },
        { { (const uint8_t *)"", 0 }, false, false },
        { { (const uint8_t *)"\0\0", 2 }, false, false },
        { { (const uint8_t *)"a\0b\0", 4 }, false, true },
        { { (const uint8_t *)"a\0b\0\0\0\0\0", 8 }, false, true },
        { { (const uint8_t *)"a\0b\0\0\0c\0", 8 }, false, false },
        { { (const uint8_t *)"\x5d\x58\x61\x62", 4 }, true, false },
        { { (const uint8_t *)"a\0b\0c", 5 }, false, false },
    };

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        CHECKF(text_is_ascii(cases[i].in) == cases[i].ascii, "case %zu", i);
        CHECKF(text_is_utf16(cases[i].in) == cases[i].utf16, "case %zu", i);
    }
    CHECK_UINT(text_until_nul(BYTES("ab\0c")).len, 2);
    CHECK_UINT(text_until_nul(BYTES("abc")).len, 3);
    CHECK_UINT(text_utf16_until_nul(BYTES("a\0\0\0c\0")).len, 2);
    CHECK_UINT(text_utf16_until_nul(BYTES("\0a\0b")).len, 4);
}

static void a_GUID_has_three_little_endian_groups(void)
{
    static const uint8_t guid[GUID_SIZE] = { 0x61, 0xdf, 0xe4, 0x8b, 0xca, 0x93, 0xd2, 0x11, 0xaa,
        0x0d, 0x00, 0xe0, 0x98, 0x03, 0x2b, 0x8c };
    static const uint8_t zeros[GUID_SIZE];
    char text[GUID_TEXT_SIZE];

    CHECK_TEXT(bytes_of_text(guid_text(guid, text)), "8be4df61-93ca-11d2-aa0d-00e098032b8c");
    CHECK_TEXT(bytes_of_text(guid_name(guid)), "efi-global");
    CHECK(guid_name(zeros) == NULL);
}

int main(void)
{
    static const struct test tests[] = {
        { "UTF-16 becomes UTF-8, and what is no text is escaped",
                UTF16_becomes_UTF8_and_what_is_no_text_is_escaped },
        { "text that does not fit is cut between characters",
                text_that_does_not_fit_is_cut_between_characters },
        { "nothing follows a gap", nothing_follows_a_gap },
        { "UTF-8 is escaped, and a cut is said", UTF8_is_escaped_and_cut_is_said },
        { "text is told from binary data", text_is_told_from_binary_data },
        { "a GUID has three little-endian groups", a_GUID_has_three_little_endian_groups },
    };

    return run_tests("event text", tests, ARRAY_LEN(tests));
}
