/* SPDX-License-Identifier: BSD-3-Clause */
#include <stdlib.h>

#include "common/writer.h"
#include "tests/check.h"

static const uint8_t raw[] = { 0x01, 0x02, 0x03, 0x04, 0x05, 0x06, 0x07 };

static void put_u8(struct writer *w)
{
    writer_u8(w, 0x01);
}

static void put_u16be(struct writer *w)
{
    writer_u16be(w, 0x0102);
}

static void put_u32be(struct writer *w)
{
    writer_u32be(w, 0x01020304);
}

static void put_u32le(struct writer *w)
{
    writer_u32le(w, 0x04030201);
}

static void put_bytes(struct writer *w)
{
    writer_bytes(w, (struct bytes){ raw, sizeof(raw) });
}

/* With every size of room: all or nothing, and an overflow stays. */
static void writes_are_all_or_nothing(void)
{
    static const struct {
        const char *name;
        void (*put)(struct writer *w);
        size_t len;
    } cases[] = {
        { "u8", put_u8, 1 },
        { "u16be", put_u16be, 2 },
        { "u32be", put_u32be, 4 },
        { "u32le", put_u32le, 4 },
        { "bytes", put_bytes, sizeof(raw) },
    };

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        check_case = cases[i].name;
        for (size_t room = 0; room <= sizeof(raw) + 1; room++) {
            uint8_t *dst = malloc(room + 1);
            struct bytes out = { raw, 77 };

            memset(dst, 0xa5, room + 1);
            struct writer w = writer_init(dst, room);

            cases[i].put(&w);
            if (room >= cases[i].len) {
                CHECK(writer_done(&w, &out) && out.ptr == dst);
                CHECK(bytes_equal(out, (struct bytes){ raw, cases[i].len }));
            } else {
                CHECK(!writer_done(&w, &out) && out.len == 77);
                CHECK(room == 0 || dst[0] == 0xa5);
                writer_bytes(&w, (struct bytes){ 0 });
                writer_bytes(&w, (struct bytes){ raw, room > 0 ? 1 : 0 }); /* would fit */
                CHECK(!writer_done(&w, &out) && out.len == 77);
            }
            CHECK_UINT(dst[room], 0xa5);
            free(dst);
        }
    }
    check_case = "";
}

static void nothing_is_written_without_bytes(void)
{
    uint8_t dst[1];
    struct writer w = writer_init(dst, 0);
    struct bytes out = { raw, 77 };

    writer_bytes(&w, (struct bytes){ 0 });
    CHECK(writer_done(&w, &out) && out.len == 0);
}

static void a_length_beyond_all_memory_does_not_wrap(void)
{
    uint8_t dst[4];
    struct writer w = writer_init(dst, sizeof(dst));
    struct bytes out;

    writer_u8(&w, 1);
    writer_bytes(&w, (struct bytes){ raw, SIZE_MAX });
    CHECK(!writer_done(&w, &out));
}

int main(void)
{
    static const struct test tests[] = {
        { "writes are all or nothing", writes_are_all_or_nothing },
        { "nothing is written without bytes", nothing_is_written_without_bytes },
        { "a length beyond all memory does not wrap", a_length_beyond_all_memory_does_not_wrap },
    };

    return run_tests("writer", tests, ARRAY_LEN(tests));
}
