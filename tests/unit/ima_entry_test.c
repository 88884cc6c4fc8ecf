/* SPDX-License-Identifier: BSD-3-Clause */
#include <stdlib.h>

#include "ima/entry.h"
#include "tests/check.h"
#include "tests/unit/ima_made.h"

static void real_lists_are_read_to_their_last_byte(void)
{
    static const struct {
        const char *name;
        struct ima_digest_format format;
        size_t entries;
        size_t violations;
        bool legacy;
    } cases[] = {
        { "ima-sig", { DIGEST_SHA1, 20 }, 7, 0, false },
        { "ima-sig_sha256", { DIGEST_SHA256, 32 }, 7, 0, false },
        { "ima-sig_sha384", { DIGEST_SHA384, 48 }, 7, 0, false },
        { "ima-sig_sha512", { DIGEST_SHA512, 64 }, 7, 0, false },
        { "ima-violations", { DIGEST_SHA1, 20 }, 28, 5, false },
        { "ima-legacy", { DIGEST_SHA1, 20 }, 41, 0, true },
        { "ima-mixed", { DIGEST_SHA1, 20 }, 13, 0, false },
        { "evm-sig", { DIGEST_SHA1, 20 }, 33, 0, false },
    };

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct buffer list CLEANUP(buffer_clear) = fixture(cases[i].name);
        struct reader r = reader_init(buffer_view(&list));
        struct error err = { 0 };
        struct ima_entry e;
        size_t entries = 0;
        size_t violations = 0;

        check_case = cases[i].name;
        while (!reader_done(&r) &&
                CHECKF(ima_entry_read(&r, cases[i].format, &e, &err), "%s", err.text)) {
            CHECK(e.legacy == cases[i].legacy);
            CHECK(e.pcr == 10 || e.pcr == 11);
            entries++;
            violations += ima_entry_is_violation(&e) ? 1 : 0;
        }
        CHECK_UINT(entries, cases[i].entries);
        CHECK_UINT(violations, cases[i].violations);
    }
    check_case = "";
}

static void every_part_of_a_record_is_where_it_belongs(void)
{
    static const uint8_t data[] = { 1, 2, 3 };
    uint8_t digest[DIGEST_SIZE_MAX];
    struct made m = { 0 };
    struct error err = { 0 };
    struct ima_entry e;

    memset(digest, 0x77, sizeof(digest));
    made_raw(&m, 11, (struct bytes){ digest, 48 }, "ima-ng", (struct bytes){ 0 });
    made_raw(&m, 10, (struct bytes){ digest, 48 }, "d-ng|n-ng", (struct bytes){ data, 3 });
    struct reader r = reader_init(made_bytes(&m));

    CHECKF(ima_entry_read(&r, (struct ima_digest_format){ DIGEST_SHA384, 48 }, &e, &err), "%s",
            err.text);
    CHECK_UINT(e.pcr, 11);
    CHECK_UINT(e.offset, 0);
    CHECK_UINT(e.size, m.at[1]);
    CHECK_UINT(e.template_data.len, 0);
    CHECKF(ima_entry_read(&r, (struct ima_digest_format){ DIGEST_SHA384, 48 }, &e, &err), "%s",
            err.text);
    CHECK_UINT(e.pcr, 10);
    CHECK_UINT(e.offset, m.at[1]);
    CHECK_UINT(e.size, m.at[2] - m.at[1]);
    CHECK(bytes_equal(e.template_digest, (struct bytes){ digest, 48 }));
    CHECK_TEXT(e.template_name, "d-ng|n-ng");
    CHECK(bytes_equal(e.template_data, (struct bytes){ data, 3 }));
    CHECK(!e.legacy && !ima_entry_is_violation(&e));
    CHECK(reader_done(&r));
}

static void only_the_name_ima_has_the_fixed_layout(void)
{
    static const char *const others[] = { "ima-ng", "im", "imaa", "IMA" };
    uint8_t data[24 + 255] = { 0 };
    struct error err = { 0 };
    struct ima_entry e;

    data[20] = 255; /* length of the file name, the longest there is */
    for (size_t i = 0; i < ARRAY_LEN(others); i++) {
        struct made m = { 0 };

        made_raw(&m, 10, (struct bytes){ data, 20 }, others[i], TEXT("x"));
        struct reader r = reader_init(made_bytes(&m));

        CHECK(ima_entry_read(&r, MADE_SHA1, &e, &err) && !e.legacy && e.template_data.len == 1);
    }
    struct made m = { 0 };

    made_raw(&m, 10, (struct bytes){ data, 20 }, "ima", (struct bytes){ data, sizeof(data) });
    struct reader r = reader_init(made_bytes(&m));

    CHECK(ima_entry_read(&r, MADE_SHA1, &e, &err) && e.legacy);
    CHECK_UINT(e.template_data.len, sizeof(data));
    CHECK(reader_done(&r));
}

static void wrong_values_are_refused(void)
{
    static const struct {
        const char *name;
        bool legacy;
        size_t at;        /* from this byte of the record on ... */
        const char *with; /* ... put these ... */
        size_t len;       /* ... bytes */
        enum error_code want;
    } cases[] = {
        { "PCR 24", false, 0, "\x18", 1, ERROR_MALFORMED },
        { "PCR 0xffffffff (big-endian list)", false, 0, "\xff\xff\xff\xff", 4, ERROR_MALFORMED },
        { "PCR 10 in big-endian", false, 0, "\0\0\0\x0a", 4, ERROR_MALFORMED },
        { "template without a name", false, 24, "\0", 1, ERROR_MALFORMED },
        { "template name of 256", false, 24, "\0\1", 2, ERROR_LIMIT },
        { "template name of 4 GiB - 1", false, 24, "\xff\xff\xff\xff", 4, ERROR_LIMIT },
        { "template name of 255, not there", false, 24, "\xff", 1, ERROR_TRUNCATED },
        { "template data of 2 MiB + 1", false, 34, "\1\0\x20\0", 4, ERROR_LIMIT },
        { "template data of 4 GiB - 1", false, 34, "\xff\xff\xff\xff", 4, ERROR_LIMIT },
        { "template data of 2 MiB, not there", false, 34, "\0\0\x20\0", 4, ERROR_TRUNCATED },
        { "legacy file name of 256", true, 51, "\0\1", 2, ERROR_LIMIT },
        { "legacy file name of 4 GiB - 1", true, 51, "\xff\xff\xff\xff", 4, ERROR_LIMIT },
        { "legacy file name of 255, not there", true, 51, "\xff", 1, ERROR_TRUNCATED },
    };

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        uint8_t legacy[24 + 1] = { [20] = 1, [24] = 'x' };
        struct made m = { 0 };
        struct ima_entry e;
        struct ima_entry untouched;
        struct error err = { 0 };

        check_case = cases[i].name;
        if (cases[i].legacy) {
            made_raw(&m, 10, (struct bytes){ legacy, 20 }, "ima", (struct bytes){ legacy, 25 });
        } else {
            made_file(&m, MADE_SHA1, 10, "/a");
        }
        memcpy(m.data + cases[i].at, cases[i].with, cases[i].len);
        struct reader r = reader_init(made_bytes(&m));

        memset(&e, 0xa5, sizeof(e));
        memset(&untouched, 0xa5, sizeof(untouched));
        CHECK(!ima_entry_read(&r, MADE_SHA1, &e, &err));
        CHECK_UINT(err.code, cases[i].want);
        CHECK(memcmp(&e, &untouched, sizeof(e)) == 0);
        CHECK_UINT(reader_offset(&r), 0);
    }
    check_case = "";
}

/* The three longest forms a record may have are not refused. */
static void the_limits_themselves_are_allowed(void)
{
    size_t size = 4 + 20 + 4 + IMA_TEMPLATE_NAME_MAX + 4 + IMA_TEMPLATE_DATA_MAX;
    uint8_t *record = calloc(1, size);
    struct reader r = reader_init((struct bytes){ record, size });
    struct error err = { 0 };
    struct ima_entry e;

    record[0] = 23;
    record[24] = 255;
    record[24 + 4 + 255 + 2] = 0x20;
    CHECKF(ima_entry_read(&r, MADE_SHA1, &e, &err), "%s", err.text);
    CHECK_UINT(e.template_name.len, 255);
    CHECK_UINT(e.template_data.len, (size_t)2 << 20);
    free(record);
}

static void check_cuts(struct bytes record, struct ima_digest_format format)
{
    struct ima_entry e;
    struct ima_entry untouched;
    struct error err = { 0 };

    memset(&untouched, 0xa5, sizeof(untouched));
    for (size_t cut = 0; cut < record.len; cut++) {
        uint8_t *copy = malloc(cut + 1); /* on the heap, so that ASan guards its end */
        struct reader r = reader_init((struct bytes){ memcpy(copy, record.ptr, cut), cut });

        memset(&e, 0xa5, sizeof(e));
        CHECKF(!ima_entry_read(&r, format, &e, &err), "cut at %zu", cut);
        CHECK_UINT(err.code, ERROR_TRUNCATED);
        CHECKF(memcmp(&e, &untouched, sizeof(e)) == 0, "cut at %zu", cut);
        CHECK_UINT(reader_offset(&r), 0);
        free(copy);
    }
}

static void a_record_cut_after_any_byte_is_truncated(void)
{
    uint8_t legacy[24 + 9] = { 1, [20] = 9 };
    struct made m = { 0 };
    struct made old = { 0 };

    made_file(&m, (struct ima_digest_format){ DIGEST_SHA512, 64 }, 10, "/usr/bin/true");
    check_cuts(made_bytes(&m), (struct ima_digest_format){ DIGEST_SHA512, 64 });
    made_record(&old, MADE_SHA1, 10, "ima", (struct bytes){ legacy, sizeof(legacy) });
    check_cuts(made_bytes(&old), MADE_SHA1);
}

static void a_list_read_with_the_wrong_width_fails(void)
{
    static const size_t widths[] = { 32, 48, 64 };
    struct buffer list CLEANUP(buffer_clear) = fixture("ima-sig");

    for (size_t i = 0; i < ARRAY_LEN(widths); i++) {
        struct ima_digest_format format = { DIGEST_SHA1, widths[i] };
        struct reader r = reader_init(buffer_view(&list));
        struct error err = { 0 };
        struct ima_entry e;

        CHECK(!ima_entry_read(&r, format, &e, &err));
        CHECK_UINT(err.code, ERROR_LIMIT);
        CHECK(strstr(err.text, "wide") != NULL);
    }
}

int main(void)
{
    static const struct test tests[] = {
        { "real lists are read to their last byte", real_lists_are_read_to_their_last_byte },
        { "every part of a record is where it belongs",
                every_part_of_a_record_is_where_it_belongs },
        { "only the name \"ima\" has the fixed layout", only_the_name_ima_has_the_fixed_layout },
        { "wrong values are refused", wrong_values_are_refused },
        { "the limits themselves are allowed", the_limits_themselves_are_allowed },
        { "a record cut after any byte is truncated", a_record_cut_after_any_byte_is_truncated },
        { "a list read with the wrong width fails", a_list_read_with_the_wrong_width_fails },
    };

    return run_tests("ima entry", tests, ARRAY_LEN(tests));
}
