/* SPDX-License-Identifier: BSD-3-Clause */
#include "protocol/item.h"
#include "tests/check.h"
#include "tests/protocol/vectors.h"

static struct bytes hex(const char *text, uint8_t *dst, size_t size)
{
    size_t len = 0;

    CHECKF(bytes_from_hex(bytes_of_text(text), dst, size, &len), "%s", text);
    return (struct bytes){ dst, len };
}

static void an_item_is_read_with_its_value(void)
{
    /* Examples of RFC 8949, appendix A. */
    static const struct {
        const char *hex;
        enum item_type type;
        uint64_t value;
    } cases[] = {
        { "00", ITEM_UINT, 0 },
        { "17", ITEM_UINT, 23 },
        { "1818", ITEM_UINT, 24 },
        { "18ff", ITEM_UINT, 255 },
        { "190100", ITEM_UINT, 256 },
        { "1903e8", ITEM_UINT, 1000 },
        { "1a000f4240", ITEM_UINT, 1000000 },
        { "1b000000e8d4a51000", ITEM_UINT, 1000000000000 },
        { "1bffffffffffffffff", ITEM_UINT, UINT64_MAX },
        { "20", ITEM_NEGATIVE, 0 },
        { "3863", ITEM_NEGATIVE, 99 },
        { "3903e7", ITEM_NEGATIVE, 999 },
        { "3a000f4240", ITEM_NEGATIVE, 1000000 },
        { "3bffffffffffffffff", ITEM_NEGATIVE, UINT64_MAX },
        { "40", ITEM_BYTES, 0 },
        { "4401020304", ITEM_BYTES, 4 },
        { "60", ITEM_TEXT, 0 },
        { "62c3bc", ITEM_TEXT, 2 },
        { "64f0908591", ITEM_TEXT, 4 },
        { "80", ITEM_ARRAY, 0 },
        { "9819", ITEM_ARRAY, 25 },
        { "9affffffff", ITEM_ARRAY, UINT32_MAX },
        { "a2", ITEM_MAP, 2 },
        { "f4", ITEM_BOOL, 0 },
        { "f5", ITEM_BOOL, 1 },
        { "f6", ITEM_NULL, 0 },
    };

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        uint8_t buf[32];
        struct bytes in = hex(cases[i].hex, buf, sizeof(buf));
        struct reader r = reader_init(in);
        struct item item;
        struct error err = { 0 };

        check_case = cases[i].hex;
        CHECKF(item_read(&r, &item, &err), "%s", err.text);
        CHECK_UINT(item.type, cases[i].type);
        CHECK_UINT(item.value, cases[i].value);
        CHECK(reader_done(&r));
    }
    check_case = "";
}

static void what_is_not_deterministic_is_refused(void)
{
    static const struct {
        const char *name;
        const char *hex;
        enum error_code want;
    } cases[] = {
        { "nothing", "", ERROR_TRUNCATED },
        { "0 in two bytes", "1800", ERROR_MALFORMED },
        { "23 in two bytes", "1817", ERROR_MALFORMED },
        { "255 in three bytes", "1900ff", ERROR_MALFORMED },
        { "65535 in five bytes", "1a0000ffff", ERROR_MALFORMED },
        { "4294967295 in nine bytes", "1b00000000ffffffff", ERROR_MALFORMED },
        { "-24 in two bytes", "3817", ERROR_MALFORMED },
        { "-256 in three bytes", "3900ff", ERROR_MALFORMED },
        { "-2^32 in nine bytes", "3b00000000ffffffff", ERROR_MALFORMED },
        { "byte string with a long length", "58020102", ERROR_MALFORMED },
        { "byte string with a longer length", "5900020102", ERROR_MALFORMED },
        { "text with a long length", "780161", ERROR_MALFORMED },
        { "array with a long length", "980100", ERROR_MALFORMED },
        { "map with a long length", "b8010000", ERROR_MALFORMED },
        { "indefinite byte string", "5f42010243030405ff", ERROR_MALFORMED },
        { "indefinite text", "7f6161ff", ERROR_MALFORMED },
        { "indefinite array", "9f0102ff", ERROR_MALFORMED },
        { "indefinite map", "bf0001ff", ERROR_MALFORMED },
        { "break alone", "ff", ERROR_MALFORMED },
        { "tag", "c000", ERROR_MALFORMED },
        { "long tag", "d9d9f700", ERROR_MALFORMED },
        { "half float", "f93c00", ERROR_MALFORMED },
        { "float", "fa47c35000", ERROR_MALFORMED },
        { "double", "fb3ff199999999999a", ERROR_MALFORMED },
        { "undefined", "f7", ERROR_MALFORMED },
        { "simple value 0", "e0", ERROR_MALFORMED },
        { "simple value 19", "f3", ERROR_MALFORMED },
        { "simple value 24 in two bytes", "f818", ERROR_MALFORMED },
        { "simple value 255", "f8ff", ERROR_MALFORMED },
        { "reserved 28", "1c", ERROR_MALFORMED },
        { "reserved 30 of byte strings", "5e", ERROR_MALFORMED },
        { "reserved 29 of maps", "bd", ERROR_MALFORMED },
        { "text that is not UTF-8", "62c328", ERROR_MALFORMED },
        { "overlong UTF-8", "62c080", ERROR_MALFORMED },
        { "surrogate in UTF-8", "63eda080", ERROR_MALFORMED },
        { "above U+10FFFF", "64f4908080", ERROR_MALFORMED },
        { "UTF-8 cut by the end of its text", "61c3", ERROR_MALFORMED },
        { "byte string of 2^32", "5b000000010000000001", ERROR_TRUNCATED },
        { "byte string of 2^64 - 1", "5bffffffffffffffff01", ERROR_TRUNCATED },
        { "byte string of 2^64 - 9", "5bfffffffffffffff701", ERROR_TRUNCATED },
        { "text of 2^63", "7b800000000000000061", ERROR_TRUNCATED },
    };

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        uint8_t buf[32];
        struct bytes in = heap_copy(hex(cases[i].hex, buf, sizeof(buf)));
        struct reader r = reader_init(in);
        struct item item;
        struct item untouched;
        struct error err = { 0 };

        check_case = cases[i].name;
        memset(&item, 0xa5, sizeof(item));
        memset(&untouched, 0xa5, sizeof(untouched));
        CHECK(!item_read(&r, &item, &err));
        CHECK_UINT(err.code, cases[i].want);
        CHECK(memcmp(&item, &untouched, sizeof(item)) == 0);
        CHECK_UINT(reader_offset(&r), 0);
        heap_free(in);
    }
    check_case = "";
}

static void a_walk_finds_the_end_of_an_item(void)
{
    static const struct {
        const char *hex;
        size_t len;
    } cases[] = {
        { "0001", 1 }, { "8000", 1 }, { "a000", 1 }, { "820102ff", 3 }, { "8180ff", 2 },
        { "a1008201a0ff", 5 },
        { "a3000118640220f4ff", 8 }, /* keys 0, 100, -1: order of the encoded bytes */
        { "a2617a0062616101ff", 8 }, /* "z" before "aa": the length comes first */
        { "8181818181818180ff", 8 }, /* eight levels */
    };

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        uint8_t buf[32];
        struct bytes in = hex(cases[i].hex, buf, sizeof(buf));
        struct item_walk w = { 0 };
        struct reader r = reader_init(in);
        struct error err = { 0 };

        check_case = cases[i].hex;
        CHECKF(item_walk(&w, in, &err), "%s", err.text);
        CHECK_UINT(w.pos, cases[i].len);
        CHECKF(item_skip(&r, &err), "%s", err.text);
        CHECK_UINT(reader_offset(&r), cases[i].len);
    }
    check_case = "";
}

static void a_walk_refuses_keys_and_nesting_out_of_order(void)
{
    static const struct {
        const char *name;
        const char *hex;
        enum error_code want;
    } cases[] = {
        { "key twice", "a200010001", ERROR_MALFORMED },
        { "inner key twice", "a100a205000500", ERROR_MALFORMED },
        { "keys not sorted", "a201000000", ERROR_MALFORMED },
        { "negative key before 0", "a220000000", ERROR_MALFORMED },
        { "text keys by letter, not by length", "a2626161006162", ERROR_MALFORMED },
        { "last of three keys out of order", "a3000002000100", ERROR_MALFORMED },
        { "byte string as key", "a1410000", ERROR_MALFORMED },
        { "array as key", "a18000", ERROR_MALFORMED },
        { "map as key", "a1a000", ERROR_MALFORMED },
        { "true as key", "a1f500", ERROR_MALFORMED },
        { "null as key", "a1f600", ERROR_MALFORMED },
        { "nine levels", "818181818181818180", ERROR_LIMIT },
        { "nine levels of maps", "a100a100a100a100a100a100a100a100a0", ERROR_LIMIT },
        { "array of 2^30", "9b0000000040000000", ERROR_MALFORMED },
        { "array of 2^30, shortest", "9a40000000", ERROR_LIMIT },
        { "array of 2^64 - 1", "9bffffffffffffffff", ERROR_LIMIT },
        { "map of 2^63", "bb8000000000000000", ERROR_LIMIT },
        { "array of 4097", "991001", ERROR_LIMIT },
        { "array of 4096, cut", "991000", ERROR_TRUNCATED },
        { "map without its last value", "a20001", ERROR_TRUNCATED },
    };

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        uint8_t buf[64];
        struct bytes in = heap_copy(hex(cases[i].hex, buf, sizeof(buf)));
        struct item_walk w = { 0 };
        struct error err = { 0 };

        check_case = cases[i].name;
        CHECK(!item_walk(&w, in, &err));
        CHECK_UINT(err.code, cases[i].want);
        heap_free(in);
    }
    check_case = "";
}

static void a_walk_counts_items(void)
{
    uint8_t buf[2 * ITEM_COUNT_MAX] = { 0x99, 0x0f, 0xff }; /* 4095 elements, all 0 */
    struct item_walk w = { 0 };
    struct error err = { 0 };

    CHECK(item_walk(&w, (struct bytes){ buf, sizeof(buf) }, &err));
    CHECK_UINT(w.count, ITEM_COUNT_MAX);
    buf[1] = 0x10; /* 4096 elements and the array itself */
    buf[2] = 0x00;
    w = (struct item_walk){ 0 };
    CHECK(!item_walk(&w, (struct bytes){ buf, sizeof(buf) }, &err));
    CHECK_UINT(err.code, ERROR_LIMIT);
}

static void a_walk_goes_on_where_the_input_was_cut(void)
{
    struct bytes whole = vector("evidence-full");
    struct item_walk w = { 0 };
    struct error err = { 0 };

    for (size_t cut = 0; cut < whole.len; cut++) {
        struct bytes part = heap_copy((struct bytes){ whole.ptr, cut });

        CHECKF(!item_walk(&w, part, &err), "cut at %zu", cut);
        CHECK_UINT(err.code, ERROR_TRUNCATED);
        heap_free(part);
    }
    CHECKF(item_walk(&w, whole, &err), "%s", err.text);
    CHECK_UINT(w.pos, whole.len);
}

static void items_are_written_in_their_shortest_form(void)
{
    static const char want[] = "00171818190100"
                               "1a00010000"
                               "1b0000000100000000"
                               "f4f5"
                               "4201026162"
                               "820018"
                               "b818";
    uint8_t buf[64];
    char text[2 * sizeof(buf) + 1];
    struct writer w = writer_init(buf, sizeof(buf));
    struct bytes got = { 0 };

    item_write_uint(&w, 0);
    item_write_uint(&w, 23);
    item_write_uint(&w, 24);
    item_write_uint(&w, 256);
    item_write_uint(&w, 65536);
    item_write_uint(&w, 4294967296);
    item_write_bool(&w, false);
    item_write_bool(&w, true);
    item_write_bytes(&w, (struct bytes){ (const uint8_t *)"\1\2", 2 });
    item_write_text(&w, bytes_of_text("b"));
    item_write_array(&w, 2);
    writer_u8(&w, 0);
    writer_u8(&w, 0x18);
    item_write_map(&w, 24);
    CHECK(writer_done(&w, &got));
    CHECK_TEXT(bytes_of_text(bytes_hex(text, sizeof(text), got)), want);
}

int main(void)
{
    static const struct test tests[] = {
        { "an item is read with its value", an_item_is_read_with_its_value },
        { "R58: what is not deterministic is refused", what_is_not_deterministic_is_refused },
        { "a walk finds the end of an item", a_walk_finds_the_end_of_an_item },
        { "R57, R58: a walk refuses keys and nesting out of order",
                a_walk_refuses_keys_and_nesting_out_of_order },
        { "R57: a walk counts items", a_walk_counts_items },
        { "a walk goes on where the input was cut", a_walk_goes_on_where_the_input_was_cut },
        { "items are written in their shortest form", items_are_written_in_their_shortest_form },
    };

    return run_tests("item", tests, ARRAY_LEN(tests));
}
