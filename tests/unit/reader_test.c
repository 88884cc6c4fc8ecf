/* SPDX-License-Identifier: BSD-3-Clause */
#include "common/reader.h"
#include "common/writer.h"
#include "tests/check.h"

static const uint8_t raw[] = { 0x01, 0x02, 0x03, 0x04, 0x05, 0x06, 0x07, 0x08, 0x09 };

static void integers_have_the_byte_order_of_their_name(void)
{
    struct reader start = reader_init((struct bytes){ raw, sizeof(raw) });
    struct reader r = start;
    uint16_t u16 = 0;
    uint32_t u32 = 0;
    uint64_t u64 = 0;

    CHECK(reader_u16le(&r, &u16) && u16 == 0x0201);
    r = start;
    CHECK(reader_u16be(&r, &u16) && u16 == 0x0102);
    r = start;
    CHECK(reader_u32le(&r, &u32) && u32 == 0x04030201);
    r = start;
    CHECK(reader_u32be(&r, &u32) && u32 == 0x01020304);
    r = start;
    CHECK(reader_u64le(&r, &u64) && u64 == 0x0807060504030201);
    CHECK_UINT(reader_offset(&r), 8);
    r = start;
    CHECK(reader_u64be(&r, &u64) && u64 == 0x0102030405060708);
    CHECK_UINT(reader_left(&r), 1);
}

/* At every length too short for it a read fails and leaves cursor and output alone. */
static void reads_are_all_or_nothing(void)
{
    for (size_t len = 0; len < 8; len++) {
        struct reader r = reader_init((struct bytes){ raw, len });
        struct bytes out = { raw, 77 };
        uint16_t u16 = 7;
        uint32_t u32 = 7;
        uint64_t u64 = 7;

        CHECK(len >= 2 || (!reader_u16le(&r, &u16) && !reader_u16be(&r, &u16)));
        CHECK(len >= 4 || (!reader_u32le(&r, &u32) && !reader_u32be(&r, &u32)));
        CHECK(!reader_u64le(&r, &u64) && !reader_u64be(&r, &u64));
        CHECK(!reader_take(&r, len + 1, &out));
        CHECK(!reader_take_u32le(&r, &out));
        CHECK(!reader_take_u16be(&r, &out));
        CHECK(!reader_take_until(&r, 0xff, &out));
        CHECK_UINT(reader_offset(&r), 0);
        CHECK(out.len == 77 && u16 == 7 && u32 == 7 && u64 == 7);
    }
}

static void a_sub_reader_cannot_leave_its_frame(void)
{
    struct reader r = reader_init((struct bytes){ raw, sizeof(raw) });
    struct reader sub;
    struct bytes out;
    uint32_t u32;

    CHECK(reader_take(&r, 2, &out));
    CHECK(reader_sub(&r, 3, &sub));
    CHECK(!reader_u32le(&sub, &u32));
    CHECK_UINT(reader_offset(&sub), 2);
    CHECK_UINT(reader_left(&sub), 3);
    CHECK_UINT(reader_offset(&r), 5);
    CHECK(!reader_sub(&r, 5, &sub));
    out = reader_rest(&r);
    CHECK_UINT(out.len, 4);
    CHECK(reader_done(&r));
    CHECK_UINT(reader_rest(&r).len, 0);
}

static void a_field_is_read_by_its_length(void)
{
    static const uint8_t le[] = { 2, 0, 0, 0, 'a', 'b', 'c' };
    static const uint8_t be[] = { 0, 2, 'a', 'b', 'c' };
    struct reader r = reader_init((struct bytes){ le, sizeof(le) });
    struct bytes out;

    CHECK(reader_take_u32le(&r, &out) && reader_left(&r) == 1);
    CHECK_TEXT(out, "ab");
    r = reader_init((struct bytes){ be, sizeof(be) });
    CHECK(reader_take_u16be(&r, &out) && reader_left(&r) == 1);
    CHECK_TEXT(out, "ab");
    r = reader_init((struct bytes){ be, 3 });
    CHECK(!reader_take_u16be(&r, &out) && reader_offset(&r) == 0);
    r = reader_init((struct bytes){ (const uint8_t *)"ab\0\0c", 5 });
    CHECK(reader_take_until(&r, '\0', &out) && out.len == 2);
    CHECK(reader_take_until(&r, '\0', &out) && out.len == 0);
    CHECK(!reader_take_until(&r, '\0', &out) && reader_left(&r) == 1);
}

static void a_writer_that_overflows_says_so_and_stays_inside(void)
{
    uint8_t dst[8] = { 0 };
    struct writer w = writer_init(dst, 7);
    struct bytes out;

    writer_u8(&w, 1);
    writer_u16be(&w, 0x0203);
    writer_u32be(&w, 0x04050607);
    CHECK(writer_done(&w, &out) && out.len == 7 && memcmp(out.ptr, raw, 7) == 0);
    writer_u8(&w, 8);
    CHECK(!writer_done(&w, &out));
    CHECK_UINT(dst[7], 0);
    w = writer_init(dst, sizeof(dst));
    writer_u32le(&w, 0x04030201);
    CHECK(writer_done(&w, &out) && memcmp(out.ptr, raw, 4) == 0);
}

int main(void)
{
    static const struct test tests[] = {
        { "integers have the byte order of their name",
                integers_have_the_byte_order_of_their_name },
        { "reads are all or nothing", reads_are_all_or_nothing },
        { "a sub-reader cannot leave its frame", a_sub_reader_cannot_leave_its_frame },
        { "a field is read by its length", a_field_is_read_by_its_length },
        { "a writer that overflows says so", a_writer_that_overflows_says_so_and_stays_inside },
    };

    return run_tests("reader and writer", tests, ARRAY_LEN(tests));
}
