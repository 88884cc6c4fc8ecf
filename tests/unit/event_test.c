/* SPDX-License-Identifier: BSD-3-Clause */
#include <stdlib.h>

#include "eventlog/event.h"
#include "eventlog/types.h"
#include "tests/check.h"
#include "tests/unit/eventlog_build.h"

/* Offsets in the log of build_good(): Spec ID header, one event in PCR 4, one without PCR. */
#define SPEC_PLATFORM 48u
#define SPEC_COUNT    56u
#define SPEC_ALG1     60u
#define SPEC_ALG2     64u
#define SPEC_VENDOR   68u
#define EVENT1        69u
#define EVENT1_COUNT  (EVENT1 + 8)
#define EVENT1_ALG1   (EVENT1 + 12)
#define EVENT1_ALG2   (EVENT1 + 12 + 22)
#define EVENT1_SIZE   (EVENT1 + 12 + 22 + 34)
#define EVENT2        (EVENT1_SIZE + 4 + 3)
#define EVENT2_TYPE   (EVENT2 + 4)
#define GOOD_SIZE     (EVENT2 + 12 + 22 + 34 + 4 + 2)

static void build_good(struct log_builder *b)
{
    build_init(b, SHA1_BANK | SHA256_BANK);
    build_spec(b);
    build_text(b, 4, EV_ACTION, "abc");
    build_text(b, EVENT_PCR_NONE, EV_NO_ACTION, "xy");
}

/* Reads all of it; the number of events, or SIZE_MAX. */
static size_t read_all(struct bytes log, enum eventlog_registers registers, struct eventlog *cursor,
        struct error *err)
{
    struct event e;
    bool end = false;
    size_t count = 0;

    if (!eventlog_open(log, registers, cursor, err)) {
        return SIZE_MAX;
    }
    while (true) {
        if (!eventlog_next(cursor, &e, &end, err)) {
            return SIZE_MAX;
        }
        if (end) {
            return count;
        }
        CHECK_UINT(e.index, count);
        count++;
    }
}

static void a_crypto_agile_log_is_read_field_by_field(void)
{
    struct log_builder b CLEANUP(build_clear);
    struct eventlog log;
    struct event e;
    struct error err = { 0 };
    struct bytes digest;
    bool end = true;

    build_good(&b);
    CHECK_UINT(build_done(&b).len, GOOD_SIZE);
    CHECK(eventlog_open(build_done(&b), EVENTLOG_PCR, &log, &err));
    CHECK(log.crypto_agile);
    CHECK_UINT(log.spec.major, 2);
    CHECK_UINT(log.spec.uintn_size, 2);
    CHECK_UINT(log.spec.algorithm_count, 2);
    CHECK_UINT(eventlog_banks(&log), SHA1_BANK | SHA256_BANK);

    CHECK(eventlog_next(&log, &e, &end, &err) && !end);
    CHECK(e.index == 0 && e.offset == 0 && e.type == EV_NO_ACTION && e.digest_count == 1);

    CHECK(eventlog_next(&log, &e, &end, &err) && !end);
    CHECK(e.index == 1 && e.offset == EVENT1 && e.pcr == 4 && e.type == EV_ACTION);
    CHECK_UINT(e.digest_count, 2);
    CHECK(event_digest_get(&e, DIGEST_SHA256, &digest) && digest.len == 32);
    CHECK(digest.ptr == b.data + EVENT1_ALG2 + 2);
    CHECK(!event_digest_get(&e, DIGEST_SHA384, &digest));
    CHECK_TEXT(e.data, "abc");

    CHECK(eventlog_next(&log, &e, &end, &err) && !end);
    CHECK(e.pcr == EVENT_PCR_NONE);
    CHECK(eventlog_next(&log, &e, &end, &err) && end);
    CHECK_UINT(log.padding, 0);
}

static void R91_a_log_whose_first_event_is_no_Spec_ID_is_SHA1_alone(void)
{
    struct log_builder b CLEANUP(build_clear);
    struct eventlog log;
    struct error err = { 0 };

    build_init(&b, SHA1_BANK);
    build_legacy(&b, 0, EV_S_CRTM_VERSION, bytes_of_text("v1"));
    build_legacy(&b, 0, EV_NO_ACTION, bytes_of_text("short"));
    build_legacy(&b, 7, EV_SEPARATOR, (struct bytes){ b.data, 4 });
    CHECK_UINT(read_all(build_done(&b), EVENTLOG_PCR, &log, &err), 3);
    CHECK(!log.crypto_agile);
    CHECK_UINT(eventlog_banks(&log), SHA1_BANK);
}

static void R47_R90_R91_wrong_values_are_refused_by_name(void)
{
    static const struct {
        const char *name;
        size_t at;
        const char *with;
        size_t len;
        enum error_code want;
        const char *text; /* part of the message */
    } cases[] = {
        { "no algorithm", SPEC_COUNT, "\0", 1, ERROR_MALFORMED, "lists 0 algorithms" },
        { "17 algorithms", SPEC_COUNT, "\x11", 1, ERROR_LIMIT, "lists 17 algorithms" },
        { "4 G algorithms", SPEC_COUNT, "\xff\xff\xff\xff", 4, ERROR_LIMIT, "algorithms" },
        { "more algorithms than bytes", SPEC_COUNT, "\3", 1, ERROR_TRUNCATED, "algorithm list" },
        { "fewer algorithms than bytes", SPEC_COUNT, "\1", 1, ERROR_TRUNCATED, "vendor info" },
        { "SHA-1 of 32 bytes", SPEC_ALG1 + 2, "\x20", 1, ERROR_UNSUPPORTED,
                "0x0004 digests of 32" },
        { "unknown algorithm of 0 bytes", SPEC_ALG1, "\x99\x99\0\0", 4, ERROR_UNSUPPORTED,
                "of 0 b" },
        { "unknown algorithm of 65 bytes", SPEC_ALG1, "\x99\x99\x41\0", 4, ERROR_UNSUPPORTED,
                "65" },
        { "algorithm twice", SPEC_ALG2, "\4\0\x14\0", 4, ERROR_MALFORMED, "0x0004 twice" },
        { "PCR 24", EVENT1, "\x18", 1, ERROR_MALFORMED, "PCR 24 in an event of type 0x5" },
        { "no PCR in an event that extends", EVENT1, "\xff\xff\xff\xff", 4, ERROR_MALFORMED,
                "PCR 4294967295" },
        { "NV index in an event that extends", EVENT1, "\x00\x02\xc4\x01", 4, ERROR_MALFORMED,
                "PCR 29622784" },
        { "PCR 24 in EV_NO_ACTION", EVENT2, "\x18\0\0\0", 4, ERROR_MALFORMED, "PCR 24" },
        { "no digest", EVENT1_COUNT, "\0", 1, ERROR_MALFORMED, "0 digests" },
        { "one digest too many", EVENT1_COUNT, "\3", 1, ERROR_MALFORMED, "3 digests" },
        { "4 G digests", EVENT1_COUNT, "\xff\xff\xff\xff", 4, ERROR_MALFORMED, "4294967295" },
        { "algorithm that is not listed", EVENT1_ALG1, "\x0c", 1, ERROR_MALFORMED, "0x000c" },
        { "4 G of data", EVENT1_SIZE, "\xff\xff\xff\xff", 4, ERROR_LIMIT, "event 1 at offset 69" },
        { "1 MiB of data", EVENT1_SIZE, "\0\0\x10\0", 4, ERROR_TRUNCATED, "are left" },
        { "one byte more than 1 MiB", EVENT1_SIZE, "\1\0\x10\0", 4, ERROR_LIMIT, "1048577" },
        { "one byte of data too many", EVENT1_SIZE + 0, "\4", 1, ERROR_MALFORMED, "event 2" },
    };

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct log_builder b CLEANUP(build_clear);
        struct error err = { 0 };
        struct eventlog log;

        check_case = cases[i].name;
        build_good(&b);
        memcpy(b.data + cases[i].at, cases[i].with, cases[i].len);
        CHECK_UINT(read_all(build_done(&b), EVENTLOG_PCR, &log, &err), SIZE_MAX);
        CHECKF(err.code == cases[i].want, "%s: %s", error_code_name(err.code), err.text);
        CHECKF(strstr(err.text, cases[i].text) != NULL, "%s", err.text);
    }
    check_case = "";
}

static void R91_events_may_have_fewer_digests_than_the_header_lists_in_any_order(void)
{
    struct log_builder b CLEANUP(build_clear);
    struct eventlog log;
    struct event e;
    struct error err = { 0 };
    struct bytes digest;
    bool end;

    build_init(&b, SHA1_BANK | SHA256_BANK);
    build_spec(&b);
    build_event_of(&b, SHA256_BANK, 1, EV_ACTION, bytes_of_text("a"), bytes_of_text("a"));
    build_event_of(&b, 0, 1, EV_NO_ACTION, bytes_of_text("a"), bytes_of_text("a"));
    /* SHA-256 first, then SHA-1. */
    writer_u32le(&b.w, 1);
    writer_u32le(&b.w, EV_ACTION);
    writer_u32le(&b.w, 2);
    build_u16le(&b.w, 0x000b);
    writer_bytes(&b.w, (struct bytes){ b.data, 32 });
    build_u16le(&b.w, 0x0004);
    writer_bytes(&b.w, (struct bytes){ b.data + 1, 20 });
    writer_u32le(&b.w, 0);

    CHECK(eventlog_open(build_done(&b), EVENTLOG_PCR, &log, &err));
    CHECK(eventlog_next(&log, &e, &end, &err));
    CHECK(eventlog_next(&log, &e, &end, &err) && e.digest_count == 1);
    CHECK(!event_digest_get(&e, DIGEST_SHA1, &digest));
    CHECK(eventlog_next(&log, &e, &end, &err) && e.digest_count == 0);
    CHECK(eventlog_next(&log, &e, &end, &err) && e.digest_count == 2);
    CHECK(event_digest_get(&e, DIGEST_SHA1, &digest) && digest.len == 20);
    CHECK(eventlog_next(&log, &e, &end, &err) && end);
}

static void R91_two_digests_of_one_algorithm_are_refused(void)
{
    struct log_builder b CLEANUP(build_clear);
    struct eventlog log;
    struct error err = { 0 };

    build_init(&b, SHA1_BANK | SHA256_BANK);
    build_spec(&b);
    writer_u32le(&b.w, 1);
    writer_u32le(&b.w, EV_ACTION);
    writer_u32le(&b.w, 2);
    for (int i = 0; i < 2; i++) {
        build_u16le(&b.w, 0x0004);
        writer_bytes(&b.w, (struct bytes){ b.data, 20 });
    }
    writer_u32le(&b.w, 0);
    CHECK_UINT(read_all(build_done(&b), EVENTLOG_PCR, &log, &err), SIZE_MAX);
    CHECKF(strstr(err.text, "two digests of algorithm 0x0004") != NULL, "%s", err.text);
}

static void R88_padding_is_accepted_only_if_it_fills_the_rest(void)
{
    static const struct {
        const char *name;
        uint8_t fill;
        size_t len;
        const char *then;
        bool ok;
    } cases[] = {
        { "no padding", 0x00, 0, "", true },
        { "one zero byte", 0x00, 1, "", true },
        { "zeros shorter than a header", 0x00, 7, "", true },
        { "many zeros", 0x00, 500, "", true },
        { "many 0xff", 0xff, 500, "", true },
        { "zeros, then something", 0x00, 500, "x", false },
        { "0xff, then something", 0xff, 500, "x", false },
        { "zeros, then 0xff", 0x00, 500, "\xff", false },
        { "another byte", 0x20, 500, "", false },
        { "one other byte", 0x20, 1, "", false },
    };

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct log_builder b CLEANUP(build_clear);
        struct error err = { 0 };
        struct eventlog log = { 0 };

        check_case = cases[i].name;
        build_good(&b);
        for (size_t n = 0; n < cases[i].len; n++) {
            writer_u8(&b.w, cases[i].fill);
        }
        writer_bytes(&b.w, bytes_of_text(cases[i].then));
        CHECK_UINT(read_all(build_done(&b), EVENTLOG_PCR, &log, &err), cases[i].ok ? 3 : SIZE_MAX);
        if (cases[i].ok) {
            CHECK_UINT(log.padding, cases[i].len);
        } else {
            CHECKF(strstr(err.text, "event 3 at offset") != NULL, "%s", err.text);
        }
    }
    check_case = "";
}

static void R47_an_empty_log_and_one_of_padding_alone_do_not_parse(void)
{
    static const uint8_t zeros[4096];
    struct eventlog log;
    struct error err = { 0 };

    CHECK(!eventlog_open((struct bytes){ NULL, 0 }, EVENTLOG_PCR, &log, &err));
    CHECK_UINT(err.code, ERROR_TRUNCATED);
    CHECK(!eventlog_open((struct bytes){ zeros, sizeof(zeros) }, EVENTLOG_PCR, &log, &err));
    CHECK_UINT(err.code, ERROR_MALFORMED);
    CHECK(!eventlog_open((struct bytes){ zeros, EVENTLOG_SIZE_MAX + 1 }, EVENTLOG_PCR, &log, &err));
    CHECK_UINT(err.code, ERROR_LIMIT);
}

static void R91_vendor_info_is_found_inside_the_event_and_behind_it(void)
{
    for (unsigned int outside = 0; outside < 2; outside++) {
        struct log_builder b CLEANUP(build_clear);
        struct eventlog log = { 0 };
        struct error err = { 0 };

        build_init(&b, SHA1_BANK | SHA256_BANK);
        build_spec(&b);
        b.data[SPEC_VENDOR] = 4;
        b.data[28] = (uint8_t)(b.data[28] + (outside == 1 ? 0 : 4));
        writer_bytes(&b.w, bytes_of_text("VEND"));
        build_text(&b, 4, EV_ACTION, "abc");
        CHECK_UINT(read_all(build_done(&b), EVENTLOG_PCR, &log, &err), 2);
        CHECK_UINT(log.spec.vendor_info_outside, outside);
        CHECK_TEXT(log.spec.vendor_info, "VEND");
        /* Announced, and neither inside nor behind it. */
        CHECK_UINT(
                read_all((struct bytes){ b.data, SPEC_VENDOR + 1 + 3 }, EVENTLOG_PCR, &log, &err),
                SIZE_MAX);
    }
}

static void R91_a_header_with_bytes_to_spare_is_refused(void)
{
    struct log_builder b CLEANUP(build_clear);
    struct eventlog log;
    struct error err = { 0 };

    build_init(&b, SHA1_BANK);
    build_spec(&b);
    b.data[28]++;
    writer_u8(&b.w, 0);
    CHECK_UINT(read_all(build_done(&b), EVENTLOG_PCR, &log, &err), SIZE_MAX);
    CHECKF(strstr(err.text, "1 bytes too many") != NULL, "%s", err.text);
}

static void R47_a_log_has_at_most_so_many_events(void)
{
    /* Legacy records of 32 bytes: data size 0, and a digest that is not zero. */
    size_t len = 32 * ((size_t)EVENTLOG_EVENTS_MAX + 1);
    uint8_t *log = calloc(1, len);
    struct eventlog cursor;
    struct error err = { 0 };

    for (size_t at = 0; at < len; at += 32) {
        log[at + 8] = 0x55;
    }
    CHECK_UINT(read_all((struct bytes){ log, len - 32 }, EVENTLOG_PCR, &cursor, &err),
            EVENTLOG_EVENTS_MAX);
    log[len - 4 - 1] = 0x55;
    CHECK_UINT(read_all((struct bytes){ log, len }, EVENTLOG_PCR, &cursor, &err), SIZE_MAX);
    CHECK_UINT(err.code, ERROR_LIMIT);
    free(log);
}

static void R90_registers_of_a_confidential_computing_log_are_0_to_4(void)
{
    for (uint32_t n = 0; n <= 5; n++) {
        struct log_builder b CLEANUP(build_clear);
        struct eventlog log;
        struct error err = { 0 };

        build_init(&b, SHA256_BANK);
        build_spec(&b);
        build_text(&b, n, EV_ACTION, "abc");
        CHECK_UINT(read_all(build_done(&b), EVENTLOG_CC, &log, &err), n <= 4 ? 2 : SIZE_MAX);
    }
}

static void a_log_cut_after_any_byte_is_short_or_an_error_and_the_cursor_stays(void)
{
    struct log_builder b CLEANUP(build_clear);

    build_good(&b);
    for (size_t cut = 0; cut < GOOD_SIZE; cut++) {
        uint8_t *copy = malloc(cut + 1); /* on the heap, so that ASan guards its end */
        struct eventlog log = { 0 };
        struct error err = { 0 };
        size_t got = read_all((struct bytes){ memcpy(copy, b.data, cut), cut }, EVENTLOG_PCR, &log,
                &err);

        if (cut == EVENT1 || cut == EVENT2) {
            CHECK_UINT(got, cut == EVENT1 ? 1 : 2);
        } else if (cut > EVENT2 && cut <= EVENT2 + 4) {
            CHECK_UINT(got, 2); /* the first bytes, 0xffffffff, look like padding */
            CHECK_UINT(log.padding, cut - EVENT2);
        } else if (cut > 0 && cut <= 4) {
            CHECKF(got == SIZE_MAX && err.code == ERROR_MALFORMED, "zeros alone, cut at %zu", cut);
        } else {
            CHECKF(got == SIZE_MAX && err.code == ERROR_TRUNCATED, "cut at %zu: %s", cut, err.text);
            CHECKF(cut < EVENT1 || reader_offset(&log.in) == (cut < EVENT2 ? EVENT1 : EVENT2),
                    "cut at %zu", cut);
        }
        free(copy);
    }
}

static void failure_leaves_the_output_alone(void)
{
    struct log_builder b CLEANUP(build_clear);
    struct eventlog log;
    struct event e;
    struct event untouched;
    struct error err = { 0 };
    bool end = false;

    build_good(&b);
    CHECK(eventlog_open(build_done(&b), EVENTLOG_PCR, &log, &err));
    CHECK(eventlog_next(&log, &e, &end, &err));
    b.data[EVENT1_COUNT] = 9;
    memset(&e, 0xa5, sizeof(e));
    memset(&untouched, 0xa5, sizeof(untouched));
    CHECK(!eventlog_next(&log, &e, &end, &err));
    CHECK(memcmp(&e, &untouched, sizeof(e)) == 0 && !end);
    CHECK_UINT(log.next_index, 1);
}

/* Every byte of a good log takes every value: it parses or not, and never reads outside. */
static void mutated_logs_do_no_harm(void)
{
    struct log_builder b CLEANUP(build_clear);

    build_good(&b);
    uint8_t *copy = malloc(GOOD_SIZE);

    for (size_t at = 0; at < GOOD_SIZE; at++) {
        for (unsigned int v = 0; v < 256; v++) {
            struct eventlog log;
            struct error err = { 0 };

            memcpy(copy, b.data, GOOD_SIZE);
            copy[at] = (uint8_t)v;
            (void)read_all((struct bytes){ copy, GOOD_SIZE }, EVENTLOG_PCR, &log, &err);
        }
    }
    free(copy);
}

static void types_have_the_names_of_the_specification(void)
{
    CHECK_TEXT(bytes_of_text(event_type_name(EV_SEPARATOR)), "EV_SEPARATOR");
    CHECK_TEXT(bytes_of_text(event_type_name(0x800000e0)), "EV_EFI_VARIABLE_AUTHORITY");
    CHECK_TEXT(bytes_of_text(event_type_name(0x402)), "EV_TXT_HASH_START");
    CHECK(event_type_name(0x8401) == NULL);
}

int main(void)
{
    static const struct test tests[] = {
        { "a crypto-agile log is read field by field", a_crypto_agile_log_is_read_field_by_field },
        { "R91: a log whose first event is no Spec ID is SHA-1 alone",
                R91_a_log_whose_first_event_is_no_Spec_ID_is_SHA1_alone },
        { "R47, R90, R91: wrong values are refused by name",
                R47_R90_R91_wrong_values_are_refused_by_name },
        { "R91: events may have fewer digests than the header lists, in any order",
                R91_events_may_have_fewer_digests_than_the_header_lists_in_any_order },
        { "R91: two digests of one algorithm are refused",
                R91_two_digests_of_one_algorithm_are_refused },
        { "R88: padding is accepted only if it fills the rest",
                R88_padding_is_accepted_only_if_it_fills_the_rest },
        { "R47: an empty log and one of padding alone do not parse",
                R47_an_empty_log_and_one_of_padding_alone_do_not_parse },
        { "R91: vendor info is found inside the event and behind it",
                R91_vendor_info_is_found_inside_the_event_and_behind_it },
        { "R91: a header with bytes to spare is refused",
                R91_a_header_with_bytes_to_spare_is_refused },
        { "R47: a log has at most so many events", R47_a_log_has_at_most_so_many_events },
        { "R90: registers of a confidential-computing log are 0 to 4",
                R90_registers_of_a_confidential_computing_log_are_0_to_4 },
        { "a log cut after any byte is short or an error, and the cursor stays",
                a_log_cut_after_any_byte_is_short_or_an_error_and_the_cursor_stays },
        { "failure leaves the output alone", failure_leaves_the_output_alone },
        { "mutated logs do no harm", mutated_logs_do_no_harm },
        { "types have the names of the specification", types_have_the_names_of_the_specification },
    };

    return run_tests("event log records", tests, ARRAY_LEN(tests));
}
