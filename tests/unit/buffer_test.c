/* SPDX-License-Identifier: BSD-3-Clause */
#include "host/buffer.h"
#include "tests/check.h"

static void pieces_become_one(void)
{
    struct buffer buf CLEANUP(buffer_clear) = { 0 };
    struct error err = { 0 };
    size_t room = 0;

    CHECK(buffer_append(&buf, &room, (struct bytes){ 0 }, 10, &err));
    CHECK(buf.data == NULL);
    CHECK(buffer_append(&buf, &room, bytes_of_text("one"), 10, &err));
    CHECK(buffer_append(&buf, &room, bytes_of_text(" two"), 10, &err));
    CHECK(buffer_append(&buf, &room, bytes_of_text(""), 10, &err));
    CHECK_TEXT(buffer_view(&buf), "one two");
    CHECK(room >= buf.len && room <= 10);
}

static void the_limit_is_exact_and_a_refusal_changes_nothing(void)
{
    struct buffer buf CLEANUP(buffer_clear) = { 0 };
    struct error err = { 0 };
    size_t room = 0;

    CHECK(buffer_append(&buf, &room, bytes_of_text("12345"), 10, &err));
    CHECK(!buffer_append(&buf, &room, bytes_of_text("678901"), 10, &err));
    CHECK_UINT(err.code, ERROR_LIMIT);
    CHECK_TEXT(buffer_view(&buf), "12345");
    CHECK(buffer_append(&buf, &room, bytes_of_text("67890"), 10, &err));
    CHECK_TEXT(buffer_view(&buf), "1234567890");
}

static void many_small_pieces_are_moved_a_few_times(void)
{
    struct buffer buf CLEANUP(buffer_clear) = { 0 };
    struct error err = { 0 };
    size_t room = 0;
    size_t grown = 0;

    for (int i = 0; i < 100000; i++) {
        size_t before = room;

        CHECK(buffer_append(&buf, &room, bytes_of_text("x"), 1 << 20, &err));
        grown += room != before;
    }
    CHECK_UINT(buf.len, 100000);
    CHECKF(grown < 20, "%zu times", grown);
}

int main(void)
{
    static const struct test tests[] = {
        { "pieces become one", pieces_become_one },
        { "the limit is exact, and a refusal changes nothing",
                the_limit_is_exact_and_a_refusal_changes_nothing },
        { "many small pieces are moved a few times", many_small_pieces_are_moved_a_few_times },
    };

    return run_tests("buffer", tests, ARRAY_LEN(tests));
}
