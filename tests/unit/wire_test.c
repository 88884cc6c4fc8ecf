/* SPDX-License-Identifier: BSD-3-Clause */
#include <stdlib.h>

#include "protocol/wire.h"
#include "tests/check.h"

#define BYTES(text)                               \
    {                                             \
        (const uint8_t *)(text), sizeof(text) - 1 \
    }

/* FETCH attest, as a client sends it: token, Uri-Path, Content-Format 60, Accept 63, Echo. */
static const struct bytes datagram = BYTES("\x42\x05\x12\x34\xaa\xbb\xb6"
                                           "attest\x11\x3c\x51\x3f\xd1\xde"
                                           "e\xff\xa1\x01");
static const struct bytes stream = BYTES("\xd2\x04\x05\xaa\xbb\xb6"
                                         "attest\x11\x3c\x51\x3f\xd1\xde"
                                         "e\xff\xa1\x01");

static void check_request(const struct wire_message *m)
{
    static const struct {
        uint32_t number;
        const char *value;
    } want[] = { { 11, "attest" }, { 12, "\x3c" }, { 17, "\x3f" }, { 252, "e" } };
    struct reader options = m->options;
    struct wire_option o = { 0 };

    CHECK_UINT(m->code, 5);
    CHECK_TEXT(m->token, "\xaa\xbb");
    CHECK_TEXT(m->payload, "\xa1\x01");
    for (size_t i = 0; i < ARRAY_LEN(want); i++) {
        CHECK(wire_option_next(&options, &o));
        CHECK_UINT(o.number, want[i].number);
        CHECK_TEXT(o.value, want[i].value);
    }
    CHECK(!wire_option_next(&options, &o));
}

static void a_datagram_is_read(void)
{
    struct wire_message m;
    struct error err = { 0 };

    CHECKF(wire_read_datagram(datagram, &m, &err), "%s", err.text);
    CHECK_UINT(m.type, WIRE_CON);
    CHECK_UINT(m.id, 0x1234);
    check_request(&m);
}

static void a_message_over_tcp_is_read(void)
{
    struct wire_message m;
    struct error err = { 0 };
    uint64_t size = 0;

    CHECK(wire_stream_size(stream, &size));
    CHECK_UINT(size, stream.len);
    CHECKF(wire_read_stream(stream, &m, &err), "%s", err.text);
    check_request(&m);
}

static void what_is_written_is_read_again(void)
{
    static const size_t lengths[] = { 0, 1, 12, 13, 14, 268, 269, 270, 1034, 65803, 65804 };
    static uint8_t value[65804];
    static uint8_t buffer[70000];

    for (size_t i = 0; i < ARRAY_LEN(lengths); i++) {
        for (size_t j = 0; j < ARRAY_LEN(lengths); j++) {
            uint32_t number = lengths[j] > UINT16_MAX ? UINT16_MAX : (uint32_t)lengths[j];
            struct writer w = writer_init(buffer, sizeof(buffer));
            struct wire_message m = { 0 };
            struct wire_option o = { 0 };
            struct error err = { 0 };
            struct bytes b = { 0 };

            wire_write_datagram(&w, WIRE_NON, WIRE_CODE(4, 1), 0xabcd, bytes_of_text("12345678"));
            wire_write_option(&w, 0, number, (struct bytes){ value, lengths[i] });
            CHECK(writer_done(&w, &b));
            CHECKF(wire_read_datagram(b, &m, &err), "%s", err.text);
            CHECK_UINT(m.type, WIRE_NON);
            CHECK_UINT(m.code, 0x81);
            CHECK_UINT(m.id, 0xabcd);
            CHECK(wire_option_next(&m.options, &o));
            CHECK_UINT(o.number, number);
            CHECK_UINT(o.value.len, lengths[i]);
        }
    }
}

static void lengths_over_tcp_are_read_again(void)
{
    static const struct {
        uint32_t rest;
        size_t head;
    } cases[] = { { 0, 2 }, { 12, 2 }, { 13, 3 }, { 268, 3 }, { 269, 4 }, { 65804, 4 },
        { 65805, 6 }, { UINT32_MAX, 6 } };
    uint8_t buffer[WIRE_STREAM_HEAD_MAX];

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct writer w = writer_init(buffer, sizeof(buffer));
        struct bytes b = { 0 };
        uint64_t size = 0;

        wire_write_stream(&w, WIRE_CODE(2, 5), bytes_of_text("12345678"), cases[i].rest);
        CHECK(writer_done(&w, &b));
        CHECK_UINT(b.len, cases[i].head + 8);
        CHECK(wire_stream_size(b, &size));
        CHECK_UINT(size, (uint64_t)cases[i].rest + b.len);
        CHECK_UINT(b.ptr[cases[i].head - 1], 0x45);
    }
}

static const struct {
    const char *name;
    struct bytes in;
    enum error_code want;
} wrong[] = {
    { "nothing", BYTES(""), ERROR_TRUNCATED },
    { "three bytes", BYTES("\x40\x05\x12"), ERROR_TRUNCATED },
    { "version 0", BYTES("\x00\x05\x12\x34"), ERROR_UNSUPPORTED },
    { "version 3", BYTES("\xc0\x05\x12\x34"), ERROR_UNSUPPORTED },
    { "a token of 9 bytes",
            BYTES("\x49\x05\x12\x34"
                  "123456789"),
            ERROR_MALFORMED },
    { "a token that ends early", BYTES("\x42\x05\x12\x34\x01"), ERROR_TRUNCATED },
    { "an empty message with a token", BYTES("\x41\x00\x12\x34\x01"), ERROR_MALFORMED },
    { "an empty message with more", BYTES("\x40\x00\x12\x34\xff\x01"), ERROR_MALFORMED },
    { "an option that ends early",
            BYTES("\x40\x05\x12\x34\xb6"
                  "att"),
            ERROR_MALFORMED },
    { "a delta that ends early", BYTES("\x40\x05\x12\x34\xd0"), ERROR_MALFORMED },
    { "a length that ends early", BYTES("\x40\x05\x12\x34\x0e\x01"), ERROR_MALFORMED },
    { "delta 15", BYTES("\x40\x05\x12\x34\xf0\x00\x00\x00"), ERROR_MALFORMED },
    { "length 15", BYTES("\x40\x05\x12\x34\x0f\x00\x00\x00"), ERROR_MALFORMED },
    { "option number 65536", BYTES("\x40\x05\x12\x34\xe0\xfe\xf2\x10"), ERROR_MALFORMED },
    { "a marker and no payload", BYTES("\x40\x05\x12\x34\xff"), ERROR_MALFORMED },
};

static void what_is_no_message_is_refused(void)
{
    for (size_t i = 0; i < ARRAY_LEN(wrong); i++) {
        struct wire_message m;
        struct wire_message untouched;
        struct error err = { 0 };

        check_case = wrong[i].name;
        memset(&m, 0xa5, sizeof(m));
        memcpy(&untouched, &m, sizeof(m));
        CHECK(!wire_read_datagram(wrong[i].in, &m, &err));
        CHECK_UINT(err.code, wrong[i].want);
        CHECK(memcmp(&m, &untouched, sizeof(m)) == 0);
    }
    check_case = "";
}

static void the_last_option_number_is_read(void)
{
    static const struct bytes in = BYTES("\x40\x05\x12\x34\xe0\xfe\xf2");
    struct wire_message m = { 0 };
    struct wire_option o = { 0 };
    struct error err = { 0 };

    CHECKF(wire_read_datagram(in, &m, &err), "%s", err.text);
    CHECK(wire_option_next(&m.options, &o) && o.number == 65535);
}

static void a_message_over_tcp_has_its_own_length(void)
{
    uint8_t longer[64] = { 0 };
    struct wire_message m;
    struct error err = { 0 };

    memcpy(longer, stream.ptr, stream.len);
    CHECK(!wire_read_stream((struct bytes){ longer, stream.len + 1 }, &m, &err));
    CHECK_UINT(err.code, ERROR_MALFORMED);
}

/* Cut messages are refused, unless what is missing is payload, or options before it. */
static void messages_that_are_cut_end_where_they_end(void)
{
    for (size_t cut = 0; cut < datagram.len; cut++) {
        uint8_t *copy = malloc(cut + 1);
        struct wire_message m = { 0 };
        struct error err = { 0 };
        struct bytes b = { copy, cut };

        memcpy(copy, datagram.ptr, cut);
        if (wire_read_datagram(b, &m, &err)) {
            CHECKF(cut >= 6, "cut at %zu", cut);
            CHECK(m.payload.len < 2);
        }
        free(copy);
    }
    for (size_t cut = 0; cut < stream.len; cut++) {
        uint8_t *copy = malloc(cut + 1);
        struct wire_message m;
        struct error err = { 0 };

        memcpy(copy, stream.ptr, cut);
        CHECKF(!wire_read_stream((struct bytes){ copy, cut }, &m, &err), "cut at %zu", cut);
        CHECK_UINT(err.code, ERROR_TRUNCATED);
        free(copy);
    }
}

static void changed_bytes_are_read_or_refused(void)
{
    for (size_t at = 0; at < stream.len; at++) {
        for (unsigned int v = 0; v < 256; v++) {
            uint8_t *copy = malloc(stream.len);
            struct wire_message m;
            struct error err;

            memcpy(copy, stream.ptr, stream.len);
            copy[at] = (uint8_t)v;
            CHECK(!wire_read_stream((struct bytes){ copy, stream.len }, &m, &err) ||
                    m.payload.len < stream.len);
            memcpy(copy, datagram.ptr, stream.len);
            copy[at] = (uint8_t)v;
            CHECK(!wire_read_datagram((struct bytes){ copy, stream.len }, &m, &err) ||
                    m.payload.len < stream.len);
            free(copy);
        }
    }
}

int main(void)
{
    static const struct test tests[] = {
        { "a datagram is read", a_datagram_is_read },
        { "a message over TCP is read", a_message_over_tcp_is_read },
        { "what is written is read again", what_is_written_is_read_again },
        { "lengths over TCP are read again", lengths_over_tcp_are_read_again },
        { "what is no message is refused", what_is_no_message_is_refused },
        { "the last option number is read", the_last_option_number_is_read },
        { "a message over TCP has its own length", a_message_over_tcp_has_its_own_length },
        { "messages that are cut end where they end", messages_that_are_cut_end_where_they_end },
        { "changed bytes are read or refused", changed_bytes_are_read_or_refused },
    };

    return run_tests("wire", tests, ARRAY_LEN(tests));
}
