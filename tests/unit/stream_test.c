/* SPDX-License-Identifier: BSD-3-Clause */
#include <stdlib.h>

#include "protocol/message.h"
#include "protocol/stream.h"
#include "tests/check.h"
#include "tests/protocol/vectors.h"

static uint8_t buffer[MESSAGE_SIZE_MAX];

/* Feed `in` in pieces of `piece` bytes; count messages and their bytes. */
static bool run(struct bytes in, size_t piece, size_t *out_count, size_t *out_bytes,
        struct error *err)
{
    struct message_stream s = message_stream_init(buffer, sizeof(buffer));

    *out_count = *out_bytes = 0;
    for (size_t at = 0; at < in.len;) {
        size_t room;
        uint8_t *dst = message_stream_space(&s, &room);
        size_t n = in.len - at < piece ? in.len - at : piece;

        n = n < room ? n : room;
        CHECK(room > 0);
        memcpy(dst, in.ptr + at, n);
        message_stream_added(&s, n);
        at += n;
        for (;;) {
            struct bytes message = { 0 };

            if (!message_stream_next(&s, &message, err)) {
                return false;
            }
            if (message.len == 0) {
                break;
            }
            *out_count += 1;
            *out_bytes += message.len;
        }
    }
    return message_stream_finish(&s, err);
}

/* Evidence and chunks: 4 messages. */
static struct bytes sequence(uint8_t *dst)
{
    static const char *const names[] = { "evidence-full", "chunk", "chunk-last", "chunk-end" };
    size_t len = 0;

    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        struct bytes v = vector(names[i]);

        memcpy(dst + len, v.ptr, v.len);
        len += v.len;
    }
    return (struct bytes){ dst, len };
}

static void messages_do_not_depend_on_how_the_input_is_cut(void)
{
    uint8_t room[4096];
    struct bytes in = sequence(room);
    size_t count;
    size_t bytes;

    for (size_t piece = 1; piece <= in.len + 1; piece++) {
        struct error err = { 0 };

        CHECKF(run(in, piece, &count, &bytes, &err), "pieces of %zu: %s", piece, err.text);
        CHECK_UINT(count, 4);
        CHECK_UINT(bytes, in.len);
    }
}

static void an_end_inside_a_message_is_truncated(void)
{
    uint8_t room[4096];
    struct bytes in = sequence(room);
    size_t whole = vector("evidence-full").len;
    size_t count;
    size_t bytes;

    for (size_t cut = 1; cut < whole; cut++) {
        struct error err = { 0 };

        CHECKF(!run((struct bytes){ in.ptr, cut }, 64, &count, &bytes, &err), "cut at %zu", cut);
        CHECK_UINT(err.code, ERROR_TRUNCATED);
    }
    struct error err = { 0 };

    CHECK(run((struct bytes){ in.ptr, whole }, 64, &count, &bytes, &err));
    CHECK_UINT(count, 1);
}

/* Messages of the largest size pass through a buffer of that size, and one more byte does not. */
static void a_message_may_fill_the_buffer(void)
{
    size_t big = MESSAGE_SIZE_MAX - 5; /* 5a and four bytes of length */
    size_t count;
    size_t bytes;
    uint8_t *in = calloc(3, MESSAGE_SIZE_MAX + 1);
    struct error err = { 0 };

    for (size_t i = 0; i < 3; i++) {
        uint8_t *at = in + i * MESSAGE_SIZE_MAX;

        at[0] = 0x5a;
        for (size_t b = 0; b < 4; b++) {
            at[1 + b] = (uint8_t)(big >> (24 - 8 * b));
        }
    }
    CHECKF(run((struct bytes){ in, 3 * MESSAGE_SIZE_MAX }, 65536, &count, &bytes, &err), "%s",
            err.text);
    CHECK_UINT(count, 3);
    in[4]++;
    CHECK(!run((struct bytes){ in, 3 * MESSAGE_SIZE_MAX }, 65536, &count, &bytes, &err));
    CHECK_UINT(err.code, ERROR_LIMIT);
    free(in);
}

static void what_will_never_be_a_message_is_refused(void)
{
    static const struct {
        const char *name;
        const char *hex;
        enum error_code want;
    } cases[] = {
        { "indefinite map", "bf", ERROR_MALFORMED },
        { "break", "ff", ERROR_MALFORMED },
        { "key twice, the rest still to come", "a5000000", ERROR_MALFORMED },
        { "array of 2^30", "9a40000000", ERROR_LIMIT },
        { "nine levels", "818181818181818181", ERROR_LIMIT },
        { "string of 2^32", "5b0000000100000000", ERROR_TRUNCATED },
        { "string of 2^64 - 1", "5bffffffffffffffff", ERROR_TRUNCATED },
    };

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        uint8_t in[16];
        size_t len = 0;
        size_t count;
        size_t bytes;
        struct error err = { 0 };

        check_case = cases[i].name;
        CHECK(bytes_from_hex(bytes_of_text(cases[i].hex), in, sizeof(in), &len));
        CHECK(!run((struct bytes){ in, len }, 1, &count, &bytes, &err));
        CHECK_UINT(err.code, cases[i].want);
    }
    check_case = "";
}

/* A string that claims 2^64 - 1 bytes fills the buffer, no more. */
static void a_huge_length_ends_at_the_limit(void)
{
    uint8_t *in = calloc(2, MESSAGE_SIZE_MAX);
    size_t count;
    size_t bytes;
    struct error err = { 0 };

    memset(in, 0xff, 9);
    in[0] = 0x5b;
    CHECK(!run((struct bytes){ in, (size_t)2 * MESSAGE_SIZE_MAX }, 65536, &count, &bytes, &err));
    CHECK_UINT(err.code, ERROR_LIMIT);
    free(in);
}

int main(void)
{
    static const struct test tests[] = {
        { "messages do not depend on how the input is cut",
                messages_do_not_depend_on_how_the_input_is_cut },
        { "an end inside a message is truncated", an_end_inside_a_message_is_truncated },
        { "a message may fill the buffer", a_message_may_fill_the_buffer },
        { "R57: what will never be a message is refused", what_will_never_be_a_message_is_refused },
        { "R75: a huge length ends at the limit", a_huge_length_ends_at_the_limit },
    };

    return run_tests("stream", tests, ARRAY_LEN(tests));
}
