/* SPDX-License-Identifier: BSD-3-Clause */
#include <stdlib.h>

#include "common/reader.h"
#include "ima/ascii.h"
#include "tests/check.h"
#include "tests/unit/ima_made.h"

#define HEX20 "0102030405060708090a0b0c0d0e0f1011121314"
#define HEX32 "2122232425262728292a2b2c2d2e2f303132333435363738393a3b3c3d3e3f40"

struct pieces {
    struct bytes all;
    size_t at;
    size_t piece;
    bool fail;
};

static bool next_piece(void *ctx, struct bytes *out, struct error *err)
{
    struct pieces *p = ctx;
    size_t n = p->all.len - p->at < p->piece ? p->all.len - p->at : p->piece;

    if (p->fail) {
        return error_set(err, ERROR_IO, "the disk is gone");
    }
    *out = (struct bytes){ p->all.ptr + p->at, n };
    p->at += n;
    return true;
}

static bool rewind_pieces(void *ctx, struct error *err)
{
    struct pieces *p = ctx;

    (void)err;
    p->at = 0;
    return true;
}

/* Read the text through the source and put the records together. */
static bool convert(struct source *source, struct buffer *out, struct error *err)
{
    for (;;) {
        struct bytes chunk;

        if (!source->next(source->ctx, &chunk, err)) {
            return false;
        }
        if (chunk.len == 0) {
            return true;
        }
        out->data = realloc(out->data, out->len + chunk.len);
        memcpy(out->data + out->len, chunk.ptr, chunk.len);
        out->len += chunk.len;
    }
}

static size_t length_of(struct bytes list, size_t records)
{
    struct reader r = reader_init(list);
    struct error err = { 0 };
    struct ima_entry e;

    for (size_t i = 0; i < records; i++) {
        CHECKF(ima_entry_read(&r, MADE_SHA1, &e, &err), "%s", err.text);
    }
    return reader_offset(&r);
}

static void real_lists_convert_to_their_binary_form(void)
{
    static const struct {
        const char *name;
        size_t records; /* before the first path with a newline, which ends the text form */
        const char *error;
    } lists[] = {
        { "ima-sig", 7, NULL },
        { "ima-mixed", 13, NULL },
        { "ima-legacy", 29, "line 31: no PCR index" },
        { "evm-sig", 21, "line 23: no PCR index" },
    };
    static const size_t pieces[] = { 1, 7, 1000, 1 << 20 };

    for (size_t i = 0; i < ARRAY_LEN(lists); i++) {
        struct buffer binary CLEANUP(buffer_clear) = fixture(lists[i].name);
        char ascii[64];

        (void)snprintf(ascii, sizeof(ascii), "%s.ascii", lists[i].name);
        struct buffer text CLEANUP(buffer_clear) = fixture(ascii);

        size_t same = length_of(buffer_view(&binary), lists[i].records);

        check_case = lists[i].name;
        CHECK(ima_ascii_detect(buffer_view(&text)));
        CHECK(!ima_ascii_detect(buffer_view(&binary)));
        for (size_t j = 0; j < ARRAY_LEN(pieces); j++) {
            struct pieces p = { buffer_view(&text), 0, pieces[j], false };
            struct source inner = { next_piece, rewind_pieces, &p };
            struct ima_ascii_source s CLEANUP(ima_ascii_source_clear) = { 0 };
            struct error err = { 0 };

            ima_ascii_source_init(&s, inner, MADE_SHA1);
            struct source source = ima_ascii_source(&s);

            for (int again = 0; again < 2; again++) {
                struct buffer got CLEANUP(buffer_clear) = { 0 };

                CHECK(convert(&source, &got, &err) == (lists[i].error == NULL));
                CHECK_TEXT(bytes_of_text(err.text), lists[i].error == NULL ? "" : lists[i].error);
                CHECK(lists[i].error != NULL || got.len == binary.len);
                CHECK(got.len >= same && memcmp(got.data, binary.data, same) == 0);
                CHECK(source.rewind(source.ctx, &err));
            }
        }
    }
    check_case = "";
}

static bool read_line(const char *line, struct ima_digest_format format, uint8_t *dst, size_t size,
        struct bytes *out, struct error *err)
{
    return ima_ascii_read(bytes_of_text(line), format, dst, size, out, err);
}

static void every_kind_of_field_is_read(void)
{
    static const struct {
        const char *name;
        const char *fields; /* the template name and what follows it */
        const char *data;
        size_t len;
    } cases[] = {
        { "d-ng, n-ng", "ima-ng md5:0aFf /a\\b", "\7\0\0\0md5:\0\x0a\xff\5\0\0\0/a\\b\0", 20 },
        { "d-ngv2", "d-ngv2 verity:md5:0aff", "\x0e\0\0\0verity:md5:\0\x0a\xff", 18 },
        { "d and n of a custom format", "d|n 0aff name", "\2\0\0\0\x0a\xff\4\0\0\0name", 14 },
        { "empty signature", "n-ng|sig /a ", "\3\0\0\0/a\0\0\0\0\0", 11 },
        { "signature", "n-ng|sig /a 0302", "\3\0\0\0/a\0\2\0\0\0\3\2", 13 },
        { "empty path", "n-ng|sig  0302", "\1\0\0\0\0\2\0\0\0\3\2", 11 },
        { "empty modsig", "d-modsig|modsig  ", "\0\0\0\0\0\0\0\0", 8 },
        { "modsig", "d-modsig|modsig md5:0aff 30", "\7\0\0\0md5:\0\x0a\xff\1\0\0\0\x30", 16 },
        { "integers", "iuid|igid|imode 4294967295 1 65535",
                "\4\0\0\0\xff\xff\xff\xff\4\0\0\0\1\0\0\0\2\0\0\0\xff\xff", 22 },
        { "no integers", "iuid|igid|imode   ", "\0\0\0\0\0\0\0\0\0\0\0\0", 12 },
        { "xattrs", "xattrnames|xattrlengths|xattrvalues a|b 01000000 ff",
                "\4\0\0\0a|b\0\4\0\0\0\1\0\0\0\1\0\0\0\xff", 21 },
        { "no xattrs", "xattrnames|xattrlengths|xattrvalues   ", "\0\0\0\0\0\0\0\0\0\0\0\0", 12 },
    };

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        char line[256];
        uint8_t dst[512];
        struct bytes out = { 0 };
        struct error err = { 0 };
        struct ima_entry e;

        check_case = cases[i].name;
        (void)snprintf(line, sizeof(line), "10 " HEX20 " %s", cases[i].fields);
        CHECKF(read_line(line, MADE_SHA1, dst, sizeof(dst), &out, &err), "%s", err.text);
        struct reader r = reader_init(out);

        CHECKF(ima_entry_read(&r, MADE_SHA1, &e, &err), "%s", err.text);
        CHECK(reader_done(&r));
        CHECK_UINT(e.template_data.len, cases[i].len);
        CHECK(bytes_equal(e.template_data,
                (struct bytes){ (const uint8_t *)cases[i].data, cases[i].len }));
    }
    check_case = "";
}

static void the_old_template_is_read(void)
{
    uint8_t dst[512];
    struct bytes out = { 0 };
    struct error err = { 0 };
    struct ima_entry e;

    CHECKF(read_line(" 9 " HEX20 " ima " HEX20 " name with spaces", MADE_SHA1, dst, sizeof(dst),
                   &out, &err),
            "%s", err.text);
    struct reader r = reader_init(out);

    CHECK(ima_entry_read(&r, MADE_SHA1, &e, &err) && e.legacy && reader_done(&r));
    CHECK_UINT(e.pcr, 9);
    CHECK_UINT(e.template_data.len, 20 + 4 + 16);
}

static void digests_of_other_widths_are_read(void)
{
    uint8_t dst[512];
    struct bytes out = { 0 };
    struct error err = { 0 };
    struct ima_digest_format sha256 = { DIGEST_SHA256, 32 };

    CHECK(read_line("10 " HEX32 " n-ng /a", sha256, dst, sizeof(dst), &out, &err));
    CHECK(!read_line("10 " HEX32 " n-ng /a", MADE_SHA1, dst, sizeof(dst), &out, &err));
    CHECK(!read_line("10 " HEX20 " n-ng /a", sha256, dst, sizeof(dst), &out, &err));
    CHECK_UINT(err.code, ERROR_MALFORMED);
}

static void wrong_lines_are_refused(void)
{
    static const struct {
        const char *name;
        const char *line;
        enum error_code want;
    } cases[] = {
        { "empty", "", ERROR_MALFORMED },
        { "spaces", "   ", ERROR_MALFORMED },
        { "no index", "x " HEX20 " n-ng /a", ERROR_MALFORMED },
        { "negative index", "-1 " HEX20 " n-ng /a", ERROR_MALFORMED },
        { "index over one byte", "256 " HEX20 " n-ng /a", ERROR_MALFORMED },
        { "index over 64 bits", "18446744073709551626 " HEX20 " n-ng /a", ERROR_MALFORMED },
        { "two spaces in front", "  9 " HEX20 " n-ng /a", ERROR_MALFORMED },
        { "digest not hexadecimal", "10 x" HEX20 " n-ng /a", ERROR_MALFORMED },
        { "a digit that is none", "10 g102030405060708090a0b0c0d0e0f1011121314 n-ng /a",
                ERROR_MALFORMED },
        { "digest alone", "10 " HEX20, ERROR_UNSUPPORTED },
        { "unknown template", "10 " HEX20 " ima-next /a", ERROR_UNSUPPORTED },
        { "unknown field", "10 " HEX20 " n-ng|next /a 00", ERROR_UNSUPPORTED },
        { "too many fields", "10 " HEX20 " n|n|n|n|n|n|n|n|n|n|n|n|n|n|n|n", ERROR_LIMIT },
        { "d-ng without colon", "10 " HEX20 " ima-ng sha1 /a", ERROR_MALFORMED },
        { "d-ng empty", "10 " HEX20 " ima-ng  /a", ERROR_MALFORMED },
        { "d-ng with an odd digit", "10 " HEX20 " ima-ng md5:0 /a", ERROR_MALFORMED },
        { "d-ng not hexadecimal", "10 " HEX20 " ima-ng md5:0x /a", ERROR_MALFORMED },
        { "sig not hexadecimal", "10 " HEX20 " n-ng|sig /a zz", ERROR_MALFORMED },
        { "a word after the last field", "10 " HEX20 " n-ng|sig /a 00 00", ERROR_MALFORMED },
        { "uid over 32 bits", "10 " HEX20 " iuid 4294967296", ERROR_MALFORMED },
        { "uid negative", "10 " HEX20 " iuid -1", ERROR_MALFORMED },
        { "mode over 16 bits", "10 " HEX20 " imode 65536", ERROR_MALFORMED },
        { "old digest of 19 bytes", "10 " HEX20 " ima 02030405060708090a0b0c0d0e0f1011121314 n",
                ERROR_MALFORMED },
        { "old digest of 21 bytes", "10 " HEX20 " ima 00" HEX20 " n", ERROR_MALFORMED },
        { "old digest not hexadecimal",
                "10 " HEX20 " ima g102030405060708090a0b0c0d0e0f1011121314 n", ERROR_MALFORMED },
    };

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        uint8_t dst[512];
        struct bytes out = { dst, 77 };
        struct error err = { 0 };

        check_case = cases[i].name;
        CHECK(!read_line(cases[i].line, MADE_SHA1, dst, sizeof(dst), &out, &err));
        CHECK_UINT(err.code, cases[i].want);
        CHECK_UINT(out.len, 77);
    }
    check_case = "";
}

/* Cut anywhere, with every size of room: no byte outside, and what comes out is well framed. */
static void a_cut_line_or_a_short_buffer_does_no_harm(void)
{
    static const char line[] = "10 " HEX20 " evm-sig md5:0aff /a 0500 a|b 01000000 ff 0 1 33261";
    uint8_t reference[sizeof(line) + 128];
    struct bytes whole = { 0 };
    struct error err = { 0 };

    CHECKF(read_line(line, MADE_SHA1, reference, sizeof(reference), &whole, &err), "%s", err.text);
    for (size_t len = 0; len < sizeof(line); len++) {
        char *text = malloc(len + 1);
        uint8_t *dst = malloc(len + 128);
        struct bytes out = { 0 };

        memcpy(text, line, len);
        if (ima_ascii_read((struct bytes){ (const uint8_t *)text, len }, MADE_SHA1, dst, len + 128,
                    &out, &err)) {
            struct reader r = reader_init(out);
            struct ima_entry e;

            CHECK(ima_entry_read(&r, MADE_SHA1, &e, &err) && reader_done(&r));
        }
        free(text);
        free(dst);
    }
    for (size_t size = 0; size < whole.len; size++) {
        uint8_t *dst = malloc(size + 1);
        struct bytes out = { 0 };

        CHECKF(!read_line(line, MADE_SHA1, dst, size, &out, &err), "%zu", size);
        CHECK_UINT(err.code, ERROR_LIMIT);
        free(dst);
    }
    uint8_t *exact = malloc(whole.len);
    struct bytes out = { 0 };

    CHECK(read_line(line, MADE_SHA1, exact, whole.len, &out, &err) && bytes_equal(out, whole));
    free(exact);
}

/* The widest record per character there is: fifteen integers of one digit. */
static void line_length_and_128_is_always_enough(void)
{
    static const char line[] =
            "1 " HEX20 " iuid|iuid|iuid|iuid|iuid|iuid|iuid|iuid|iuid|iuid|iuid|iuid|iuid|iuid|iuid"
            " 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0";
    uint8_t dst[sizeof(line) - 1 + 128];
    struct bytes out = { 0 };
    struct error err = { 0 };

    CHECKF(read_line(line, MADE_SHA1, dst, sizeof(dst), &out, &err), "%s", err.text);
    struct pieces p = { TEXT(line), 0, sizeof(line), false };
    struct ima_ascii_source s CLEANUP(ima_ascii_source_clear) = { 0 };

    ima_ascii_source_init(&s, (struct source){ next_piece, rewind_pieces, &p }, MADE_SHA1);
    struct source source = ima_ascii_source(&s);
    struct bytes record;

    CHECKF(source.next(source.ctx, &record, &err) && bytes_equal(record, out), "%s", err.text);
}

static void errors_of_a_source_name_the_line(void)
{
    static const char text[] = "10 " HEX20 " n-ng /a\n10 " HEX20 " n-ng /b\n\n10 " HEX20 " n-ng /c";
    struct pieces p = { TEXT(text), 0, 5, false };
    struct source inner = { next_piece, rewind_pieces, &p };
    struct ima_ascii_source s CLEANUP(ima_ascii_source_clear) = { 0 };
    struct buffer got CLEANUP(buffer_clear) = { 0 };
    struct error err = { 0 };

    ima_ascii_source_init(&s, inner, MADE_SHA1);
    struct source source = ima_ascii_source(&s);

    CHECK(!convert(&source, &got, &err));
    CHECKF(strncmp(err.text, "line 3: ", 8) == 0, "%s", err.text);
    p.fail = true;
    CHECK(source.rewind(source.ctx, &err) && !convert(&source, &got, &err));
    CHECK_UINT(err.code, ERROR_IO);
    CHECKF(strncmp(err.text, "line 1: ", 8) == 0, "%s", err.text);
}

static void the_last_line_may_lack_its_newline(void)
{
    static const char *const texts[] = { "", "10 " HEX20 " n-ng /a", "10 " HEX20 " n-ng /a\n",
        "10 " HEX20 " n-ng /a\n10 " HEX20 " n-ng /a" };
    static const size_t records[] = { 0, 1, 1, 2 };

    for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
        struct pieces p = { bytes_of_text(texts[i]), 0, 3, false };
        struct source inner = { next_piece, rewind_pieces, &p };
        struct ima_ascii_source s CLEANUP(ima_ascii_source_clear) = { 0 };
        struct buffer got CLEANUP(buffer_clear) = { 0 };
        struct error err = { 0 };

        ima_ascii_source_init(&s, inner, MADE_SHA1);
        struct source source = ima_ascii_source(&s);

        CHECKF(convert(&source, &got, &err), "%s", err.text);
        CHECK_UINT(s.line, records[i]);
        CHECK_UINT(got.len, records[i] * (4 + 20 + 4 + 4 + 4 + 7));
    }
}

static bool endless(void *ctx, struct bytes *out, struct error *err)
{
    (void)err;
    *out = *(const struct bytes *)ctx;
    return true;
}

static void a_line_without_end_is_refused(void)
{
    size_t size = (size_t)1 << 16;
    uint8_t *block = malloc(size);
    struct bytes chunk = { memset(block, 'a', size), size };
    struct ima_ascii_source s CLEANUP(ima_ascii_source_clear) = { 0 };
    struct buffer got CLEANUP(buffer_clear) = { 0 };
    struct error err = { 0 };

    ima_ascii_source_init(&s, (struct source){ endless, NULL, &chunk }, MADE_SHA1);
    struct source source = ima_ascii_source(&s);

    CHECK(!convert(&source, &got, &err));
    CHECK_UINT(err.code, ERROR_LIMIT);
    CHECK(s.text_room <= 2 * IMA_ASCII_LINE_MAX);
    free(block);
}

static void text_is_told_from_binary(void)
{
    static const struct {
        const char *head;
        size_t len;
        bool text;
    } cases[] = {
        { "10 ", 3, true },
        { " 9 ", 3, true },
        { "23 ", 3, true },
        { "", 0, false },
        { "10", 2, false },
        { "100", 3, false },
        { "  9", 3, false },
        { "a0 ", 3, false },
        { "\n10", 3, false },
        { "\x0a\0\0\0", 4, false },
        { "\x17\0\0\0", 4, false },
    };

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        CHECKF(ima_ascii_detect((struct bytes){ (const uint8_t *)cases[i].head, cases[i].len }) ==
                        cases[i].text,
                "row %zu", i);
    }
}

int main(void)
{
    static const struct test tests[] = {
        { "real lists convert to their binary form", real_lists_convert_to_their_binary_form },
        { "every kind of field is read", every_kind_of_field_is_read },
        { "the old template is read", the_old_template_is_read },
        { "digests of other widths are read", digests_of_other_widths_are_read },
        { "wrong lines are refused", wrong_lines_are_refused },
        { "a cut line or a short buffer does no harm", a_cut_line_or_a_short_buffer_does_no_harm },
        { "line length and 128 is always enough", line_length_and_128_is_always_enough },
        { "errors of a source name the line", errors_of_a_source_name_the_line },
        { "the last line may lack its newline", the_last_line_may_lack_its_newline },
        { "a line without end is refused", a_line_without_end_is_refused },
        { "text is told from binary", text_is_told_from_binary },
    };

    return run_tests("ima ascii", tests, ARRAY_LEN(tests));
}
