/* SPDX-License-Identifier: BSD-3-Clause */
#include "protocol/request.h"
#include "tests/check.h"
#include "tests/protocol/vectors.h"

static struct bytes fill(uint8_t *dst, uint8_t first, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        dst[i] = (uint8_t)(first + i);
    }
    return (struct bytes){ dst, count };
}

static struct message_request first_request(void)
{
    static uint8_t challenge[16];

    return (struct message_request){
        .challenge = fill(challenge, 0, 16),
        .selection = { 1, { { DIGEST_SHA256, 0x47ff } } },
        .want[LOG_KIND_BOOT] = { true, 0, 1 << 20 },
        .want[LOG_KIND_IMA] = { true, 0, 1 << 24 },
    };
}

static struct bytes ak_name(void)
{
    static uint8_t name[34] = { 0, 0x0b };

    return (struct bytes){ name, 2 + fill(name + 2, 0x40, 32).len };
}

static struct message_request quote_request(void)
{
    static uint8_t challenge[32];

    return (struct message_request){
        .challenge = fill(challenge, 0, 32),
        .selection = { 1, { { DIGEST_SHA256, 0x47ff } } },
    };
}

static struct message_request cursor_request(void)
{
    struct message_request m = quote_request();

    m.has_cursor = true;
    m.cursor = (struct message_cursor){ .ak_name = ak_name() };
    m.want[LOG_KIND_IMA] = (struct message_want){ true, 0, 1 << 18 };
    return m;
}

static struct message_request boot_held_request(void)
{
    static uint8_t boot[32];
    struct message_request m = quote_request();

    m.boot_log_id = fill(boot, 0x20, 32);
    m.want[LOG_KIND_BOOT] = (struct message_want){ true, 41371, 1 << 18 };
    return m;
}

static struct message_request delta_request(void)
{
    static uint8_t challenge[64];
    static uint8_t boot[32];

    return (struct message_request){
        .challenge = fill(challenge, 0, 64),
        .selection = { 2, { { DIGEST_SHA384, 0xffffff }, { DIGEST_SHA1, 1 << 10 } } },
        .has_cursor = true,
        .cursor = { ak_name(), 7, UINT32_MAX, 100000 },
        .boot_log_id = fill(boot, 0x20, 32),
        .want[LOG_KIND_BOOT] = { true, 41371, 1 },
        .want[LOG_KIND_IMA] = { true, 14900000, 65536 },
        .want[LOG_KIND_USERSPACE] = { true, 0, 9 },
    };
}

static struct message_request more_request(void)
{
    return (struct message_request){ .want[LOG_KIND_IMA] = { true, 262144, 262144 } };
}

static struct message_request limits_request(void)
{
    return (struct message_request){
        .want[LOG_KIND_BOOT] = { true, 0, 1 },
        .want[LOG_KIND_IMA] = { true, MESSAGE_OFFSET_MAX, MESSAGE_OFFSET_MAX },
        .want[LOG_KIND_USERSPACE] = { true, 23, 24 },
    };
}

static void check_same(const struct message_request *got, const struct message_request *want)
{
    CHECK(bytes_equal(got->challenge, want->challenge));
    CHECK_UINT(got->selection.count, want->selection.count);
    for (size_t i = 0; i < want->selection.count; i++) {
        CHECK_UINT(got->selection.bank[i].alg, want->selection.bank[i].alg);
        CHECK_UINT(got->selection.bank[i].mask, want->selection.bank[i].mask);
    }
    CHECK(got->has_cursor == want->has_cursor);
    CHECK(bytes_equal(got->cursor.ak_name, want->cursor.ak_name));
    CHECK_UINT(got->cursor.reset_count, want->cursor.reset_count);
    CHECK_UINT(got->cursor.restart_count, want->cursor.restart_count);
    CHECK_UINT(got->cursor.entry, want->cursor.entry);
    CHECK(bytes_equal(got->boot_log_id, want->boot_log_id));
    for (size_t k = 0; k < LOG_KIND_COUNT; k++) {
        CHECK(got->want[k].wanted == want->want[k].wanted);
        CHECK_UINT(got->want[k].offset, want->want[k].offset);
        CHECK_UINT(got->want[k].max_bytes, want->want[k].max_bytes);
    }
}

static void requests_are_the_golden_vectors(void)
{
    const struct {
        const char *name;
        struct message_request m;
    } cases[] = {
        { "request", first_request() },
        { "request-quote", quote_request() },
        { "request-cursor", cursor_request() },
        { "request-boot-held", boot_held_request() },
        { "request-delta", delta_request() },
        { "request-more", more_request() },
        { "request-more-limits", limits_request() },
    };

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        uint8_t buf[MESSAGE_REQUEST_MAX];
        struct bytes good = vector(cases[i].name);
        struct bytes out = { 0 };
        struct message_request got;
        struct error err = { 0 };

        check_case = cases[i].name;
        CHECKF(message_request_encode(&cases[i].m, buf, sizeof(buf), &out, &err), "%s", err.text);
        CHECK(bytes_equal(out, good));
        CHECKF(message_request_decode(good, &got, &err), "%s", err.text);
        check_same(&got, &cases[i].m);
        for (size_t cut = 0; cut < good.len; cut++) {
            struct bytes part = heap_copy((struct bytes){ good.ptr, cut });

            CHECKF(!message_request_decode(part, &got, &err), "cut at %zu", cut);
            CHECK_UINT(err.code, ERROR_TRUNCATED);
            heap_free(part);
        }
    }
    check_case = "";
}

static void wrong_requests_are_refused(void)
{
    static const struct {
        const char *name;
        const char *in;
        const char *find;
        const char *with;
        enum error_code want;
    } cases[] = {
        { "version 2", "request", "a50001", "a50002", ERROR_UNSUPPORTED },
        { "evidence", "request", "0101", "0102", ERROR_MALFORMED },
        { "challenge of 15", "request", "0250000102", "024f0102", ERROR_LIMIT },
        { "challenge of 17", "request", "0250", "025100", ERROR_NONE },
        { "challenge of 65", "request-delta", "025840", "025841ff", ERROR_LIMIT },
        { "challenge as text", "request", "0250", "0270", ERROR_MALFORMED },
        { "challenge without selection", "request", "0381820b1947ff", "", ERROR_TRUNCATED },
        { "no banks", "request", "0381820b1947ff", "0380", ERROR_LIMIT },
        { "six banks", "request", "0381820b1947ff", "0386820401820b01820c01820d01821201820401",
                ERROR_LIMIT },
        { "120 banks, not there", "request", "0381820b1947ff", "039878820b1947ff",
                ERROR_TRUNCATED },
        { "bank twice", "request", "0381820b1947ff", "0382820b01820b02", ERROR_MALFORMED },
        { "bank without PCRs", "request", "0381820b1947ff", "0381820b00", ERROR_MALFORMED },
        { "PCR 24", "request", "0381820b1947ff", "0381820b1a01000000", ERROR_LIMIT },
        { "unknown bank", "request", "0381820b1947ff", "03818218271947ff", ERROR_UNSUPPORTED },
        { "bank of three", "request", "0381820b1947ff", "0381830b1947ff00", ERROR_MALFORMED },
        { "bank as number", "request", "0381820b1947ff", "03810b", ERROR_MALFORMED },
        { "cursor of three", "request-delta", "0484", "0483", ERROR_MALFORMED },
        { "cursor with an empty Name", "request-delta", "04845822000b", "048440", ERROR_MALFORMED },
        { "resetCount of 2^32", "request-delta", "071affffffff", "1b000000010000000000",
                ERROR_LIMIT },
        { "boot log id of 31", "request-delta", "05582020", "05581f", ERROR_MALFORMED },
        { "want of a log 0", "request", "06a201", "06a200", ERROR_UNSUPPORTED },
        { "want of a log 4", "request-more", "06a102", "06a104", ERROR_UNSUPPORTED },
        { "want of one number", "request-more", "82", "81", ERROR_MALFORMED },
        { "want of 0 bytes", "request-more", "1a000400001a00040000", "1a0004000000",
                ERROR_MALFORMED },
        { "want at 2^63", "request-more", "1a00040000", "1b8000000000000000", ERROR_LIMIT },
        { "want of 2^64 - 1", "request-more", "1a000400001a00040000", "001bffffffffffffffff",
                ERROR_LIMIT },
        { "wants as an array", "request-more", "06a102", "068202", ERROR_MALFORMED },
        { "nothing wanted", "request-more", "06a102821a000400001a00040000", "06a0",
                ERROR_MALFORMED },
        { "no wants", "request-more", "a30001010106a102821a000400001a00040000", "a200010101",
                ERROR_MALFORMED },
        { "a byte at the end", "request-more", "1a000400001a00040000", "1a000400001a0004000000",
                ERROR_MALFORMED },
    };

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct bytes bad = patched(vector(cases[i].in), cases[i].find, cases[i].with);
        struct message_request got;
        struct message_request untouched;
        struct error err = { 0 };

        memset(&got, 0xa5, sizeof(got));
        memset(&untouched, 0xa5, sizeof(untouched));
        check_case = cases[i].name;
        if (cases[i].want == ERROR_NONE) {
            CHECKF(message_request_decode(bad, &got, &err), "%s", err.text);
        } else {
            CHECKF(!message_request_decode(bad, &got, &err), "accepted");
            CHECKF(err.code == cases[i].want, "\"%s\" (%s)", err.text, error_code_name(err.code));
            CHECK(memcmp(&got, &untouched, sizeof(got)) == 0);
        }
        heap_free(bad);
    }
    check_case = "";
}

static void challenge_and_selection_come_together(void)
{
    uint8_t buf[MESSAGE_REQUEST_MAX];
    struct message_request m = first_request();
    struct bytes out = { 0 };
    struct error err = { 0 };

    m.selection.count = 0;
    CHECK(!message_request_encode(&m, buf, sizeof(buf), &out, &err));
    CHECK_UINT(err.code, ERROR_MALFORMED);
    m = first_request();
    m.challenge.len = 0;
    CHECK(!message_request_encode(&m, buf, sizeof(buf), &out, &err));
    CHECK_UINT(err.code, ERROR_MALFORMED);
    /* A quote alone is a request. */
    m = first_request();
    m.want[LOG_KIND_BOOT].wanted = m.want[LOG_KIND_IMA].wanted = false;
    CHECKF(message_request_encode(&m, buf, sizeof(buf), &out, &err), "%s", err.text);
    CHECK(!message_request_encode(&m, buf, out.len - 1, &out, &err));
    CHECK_UINT(err.code, ERROR_LIMIT);
}

int main(void)
{
    static const struct test tests[] = {
        { "requests are the golden vectors", requests_are_the_golden_vectors },
        { "R58, R76: wrong requests are refused", wrong_requests_are_refused },
        { "challenge and selection come together", challenge_and_selection_come_together },
    };

    return run_tests("request", tests, ARRAY_LEN(tests));
}
