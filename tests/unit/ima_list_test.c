/* SPDX-License-Identifier: BSD-3-Clause */
#include <stdlib.h>

#include "ima/list.h"
#include "tests/check.h"
#include "tests/unit/ima_made.h"

#define SEEN_MAX 64

/* What a visitor was shown, as a digest of every record, since views do not outlive the call. */
struct seen {
    size_t count;
    size_t fail_at; /* with an error from the visitor; 0: never */
    struct {
        uint64_t index;
        uint64_t offset;
        uint64_t pcr; /* as wide as the others: no padding, so that memcmp() compares */
        uint8_t digest[32];
    } at[SEEN_MAX];
};

static bool see(void *ctx, const struct ima_entry *e, struct error *err)
{
    struct seen *s = ctx;

    if (s->fail_at > 0 && s->count + 1 == s->fail_at) {
        return error_set(err, ERROR_CONFIG, "the visitor does not like it");
    }
    if (!CHECK(s->count < SEEN_MAX)) {
        return error_set(err, ERROR_LIMIT, "too many");
    }
    EVP_MD_CTX *md = EVP_MD_CTX_new();

    CHECK(EVP_DigestInit_ex2(md, EVP_sha256(), NULL) == 1);
    CHECK(EVP_DigestUpdate(md, e->template_digest.ptr, e->template_digest.len) == 1);
    CHECK(EVP_DigestUpdate(md, e->template_name.ptr, e->template_name.len) == 1);
    CHECK(EVP_DigestUpdate(md, e->template_data.ptr, e->template_data.len) == 1);
    CHECK(EVP_DigestFinal_ex(md, s->at[s->count].digest, NULL) == 1);
    EVP_MD_CTX_free(md);
    s->at[s->count].index = e->index;
    s->at[s->count].offset = e->offset;
    s->at[s->count].pcr = e->pcr;
    s->count++;
    return true;
}

/* Each piece is a heap copy of its own, so that ASan sees every byte read beside it or after. */
static bool feed(struct ima_list *list, struct bytes all, size_t piece, struct seen *s,
        struct error *err)
{
    bool ok = true;

    for (size_t at = 0; ok && at < all.len; at += piece) {
        size_t n = all.len - at < piece ? all.len - at : piece;
        uint8_t *copy = malloc(n);

        memcpy(copy, all.ptr + at, n);
        ok = ima_list_feed(list, (struct bytes){ copy, n }, see, s, err);
        free(copy);
    }
    return ok;
}

static struct seen read_whole(struct bytes all, struct ima_digest_format format, size_t piece)
{
    struct ima_list list CLEANUP(ima_list_clear) = { 0 };
    struct error err = { 0 };
    struct seen s = { 0 };

    ima_list_init(&list, format);
    CHECKF(feed(&list, all, piece, &s, &err), "%s", err.text);
    CHECKF(ima_list_end(&list, &err), "%s", err.text);
    CHECK_UINT(err.code, ERROR_NONE); /* that a record was not whole yet is not told */
    CHECK_UINT(list.index, s.count);
    CHECK_UINT(list.offset, all.len);
    return s;
}

static void chunks_may_be_cut_anywhere(void)
{
    static const struct {
        const char *name;
        struct ima_digest_format format;
    } lists[] = {
        { "ima-sig", { DIGEST_SHA1, 20 } },
        { "ima-sig_sha512", { DIGEST_SHA512, 64 } },
        { "ima-violations", { DIGEST_SHA1, 20 } },
        { "ima-legacy", { DIGEST_SHA1, 20 } },
        { "ima-mixed", { DIGEST_SHA1, 20 } },
        { "evm-sig", { DIGEST_SHA1, 20 } },
    };
    static const size_t pieces[] = { 1, 2, 3, 7, 63, 4096 };

    for (size_t i = 0; i < ARRAY_LEN(lists); i++) {
        struct buffer list CLEANUP(buffer_clear) = fixture(lists[i].name);
        struct seen want = read_whole(buffer_view(&list), lists[i].format, list.len);

        CHECK(want.count > 0);
        for (size_t j = 0; j < ARRAY_LEN(pieces); j++) {
            struct seen got = read_whole(buffer_view(&list), lists[i].format, pieces[j]);

            CHECKF(memcmp(&got, &want, sizeof(got)) == 0, "%s in pieces of %zu", lists[i].name,
                    pieces[j]);
        }
    }
}

/* Bigger than a chunk, than the first step, and with small neighbours on both sides. */
static void a_record_may_be_longer_than_a_chunk(void)
{
    static uint8_t big[70000];
    static uint8_t all[sizeof(big) + 1024];
    static const size_t pieces[] = { 1, 100, 4095, 4096, 4097, 65536, sizeof(all) };
    struct made before = { 0 };
    struct made after = { 0 };
    uint8_t head[64];
    struct made m = { 0 };

    made_file(&before, MADE_SHA1, 10, "/before");
    made_file(&after, MADE_SHA1, 11, "/after");
    memset(head, 0x5a, sizeof(head));
    made_raw(&m, 10, (struct bytes){ head, 20 }, "x", (struct bytes){ 0 });
    memset(big, 0x42, sizeof(big));
    m.data[29] = (uint8_t)(sizeof(big) & 0xff);
    m.data[30] = (uint8_t)(sizeof(big) >> 8 & 0xff);
    m.data[31] = (uint8_t)(sizeof(big) >> 16);
    size_t len = 0;

    memcpy(all, before.data, before.len);
    len += before.len;
    memcpy(all + len, m.data, m.len);
    len += m.len;
    memcpy(all + len, big, sizeof(big));
    len += sizeof(big);
    memcpy(all + len, after.data, after.len);
    len += after.len;
    struct seen want = read_whole((struct bytes){ all, len }, MADE_SHA1, len);

    CHECK_UINT(want.count, 3);
    CHECK_UINT(want.at[1].offset, before.len);
    CHECK_UINT(want.at[2].offset, len - after.len);
    CHECK_UINT(want.at[2].pcr, 11);
    for (size_t j = 0; j < ARRAY_LEN(pieces); j++) {
        struct seen got = read_whole((struct bytes){ all, len }, MADE_SHA1, pieces[j]);

        CHECKF(memcmp(&got, &want, sizeof(got)) == 0, "pieces of %zu", pieces[j]);
    }
}

static void empty_chunks_and_an_empty_list_are_fine(void)
{
    struct ima_list list CLEANUP(ima_list_clear) = { 0 };
    struct error err = { 0 };
    struct seen s = { 0 };
    struct made m = { 0 };

    ima_list_init(&list, MADE_SHA1);
    CHECK(ima_list_end(&list, &err));
    CHECK(ima_list_feed(&list, (struct bytes){ 0 }, see, &s, &err));
    CHECK(ima_list_end(&list, &err));
    made_file(&m, MADE_SHA1, 10, "/a");
    CHECK(ima_list_feed(&list, (struct bytes){ m.data, 5 }, see, &s, &err));
    CHECK(ima_list_feed(&list, (struct bytes){ 0 }, see, &s, &err));
    CHECK(ima_list_feed(&list, (struct bytes){ m.data + 5, m.len - 5 }, see, &s, &err));
    CHECK(ima_list_end(&list, &err));
    CHECK_UINT(s.count, 1);
}

/* R26: a list that ends inside a record says where, however it was cut into chunks. */
static void a_list_cut_after_any_byte_is_truncated(void)
{
    static const size_t pieces[] = { 1, 7, 4096 };
    struct made m = { 0 };
    uint8_t legacy[24 + 1] = { 1, [20] = 1, [24] = 'x' };

    made_file(&m, MADE_SHA1, 10, "/a");
    made_record(&m, MADE_SHA1, 10, "ima", (struct bytes){ legacy, sizeof(legacy) });
    made_file(&m, MADE_SHA1, 10, "/b");
    for (size_t cut = 0; cut < m.len; cut++) {
        size_t whole = 0;

        while (m.at[whole + 1] <= cut) {
            whole++;
        }
        for (size_t j = 0; j < ARRAY_LEN(pieces); j++) {
            struct ima_list list CLEANUP(ima_list_clear) = { 0 };
            struct error err = { 0 };
            struct seen s = { 0 };
            char where[64];

            ima_list_init(&list, MADE_SHA1);
            CHECKF(feed(&list, (struct bytes){ m.data, cut }, pieces[j], &s, &err), "cut at %zu",
                    cut);
            CHECK_UINT(s.count, whole);
            if (cut == m.at[whole]) {
                CHECKF(ima_list_end(&list, &err), "cut at %zu", cut);
                continue;
            }
            CHECKF(!ima_list_end(&list, &err), "cut at %zu", cut);
            CHECK_UINT(err.code, ERROR_TRUNCATED);
            (void)snprintf(where, sizeof(where), "inside entry %zu at offset %zu:", whole,
                    m.at[whole]);
            CHECKF(strstr(err.text, where) != NULL, "%s", err.text);
        }
    }
}

static void a_wrong_record_is_reported_with_entry_and_offset(void)
{
    static const size_t pieces[] = { 1, 3, 4096 };
    struct made m = { 0 };
    char where[64];

    made_file(&m, MADE_SHA1, 10, "/a");
    made_file(&m, MADE_SHA1, 10, "/b");
    made_file(&m, MADE_SHA1, 24, "/c");
    made_file(&m, MADE_SHA1, 10, "/d");
    (void)snprintf(where, sizeof(where), "entry 2 at offset %zu: PCR index 24", m.at[2]);
    for (size_t j = 0; j < ARRAY_LEN(pieces); j++) {
        struct ima_list list CLEANUP(ima_list_clear) = { 0 };
        struct error err = { 0 };
        struct seen s = { 0 };

        ima_list_init(&list, MADE_SHA1);
        CHECK(!feed(&list, made_bytes(&m), pieces[j], &s, &err));
        CHECK_UINT(err.code, ERROR_MALFORMED);
        CHECKF(strncmp(err.text, where, strlen(where)) == 0, "%s", err.text);
        CHECK_UINT(s.count, 2);
    }
}

static void a_failing_visitor_ends_the_feed(void)
{
    static const size_t pieces[] = { 1, 4096 };
    struct made m = { 0 };

    made_file(&m, MADE_SHA1, 10, "/a");
    made_file(&m, MADE_SHA1, 10, "/b");
    made_file(&m, MADE_SHA1, 10, "/c");
    for (size_t j = 0; j < ARRAY_LEN(pieces); j++) {
        struct ima_list list CLEANUP(ima_list_clear) = { 0 };
        struct error err = { 0 };
        struct seen s = { .fail_at = 2 };

        ima_list_init(&list, MADE_SHA1);
        CHECK(!feed(&list, made_bytes(&m), pieces[j], &s, &err));
        CHECK_UINT(err.code, ERROR_CONFIG);
        CHECK_TEXT(bytes_of_text(err.text), "the visitor does not like it");
        CHECK_UINT(s.count, 1);
        CHECK_UINT(list.index, 1);
        CHECK_UINT(list.offset, m.at[1]);
    }
}

static void reading_goes_on_from_a_saved_place(void)
{
    struct made m = { 0 };
    struct ima_list list CLEANUP(ima_list_clear) = { 0 };
    struct error err = { 0 };
    struct seen s = { 0 };

    made_file(&m, MADE_SHA1, 10, "/a");
    made_file(&m, MADE_SHA1, 10, "/b");
    ima_list_init(&list, MADE_SHA1);
    list.index = UINT64_C(5000000000);
    list.offset = UINT64_C(600000000000);
    CHECK(feed(&list, made_bytes(&m), 3, &s, &err));
    CHECK_UINT(s.at[1].index, UINT64_C(5000000001));
    CHECK_UINT(s.at[1].offset, UINT64_C(600000000000) + m.at[1]);
    CHECK_UINT(list.index, UINT64_C(5000000002));
}

/* R75: memory follows the bytes that came, never a length field. */
static void a_length_prefix_takes_no_memory(void)
{
    static const struct {
        const char *name;
        size_t at;
        const char *length;
        bool refused;
    } cases[] = {
        { "template name of 4 GiB", 24, "\xff\xff\xff\xff", true },
        { "template data of 4 GiB", 34, "\xff\xff\xff\xff", true },
        { "template data of 2 MiB", 34, "\0\0\x20\0", false },
    };

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct ima_list list CLEANUP(ima_list_clear) = { 0 };
        struct error err = { 0 };
        struct seen s = { 0 };
        struct made m = { 0 };

        check_case = cases[i].name;
        made_file(&m, MADE_SHA1, 10, "/a");
        memcpy(m.data + cases[i].at, cases[i].length, 4);
        ima_list_init(&list, MADE_SHA1);
        CHECK(feed(&list, made_bytes(&m), 1, &s, &err) == !cases[i].refused);
        CHECK(!cases[i].refused || err.code == ERROR_LIMIT);
        CHECKF(list.carry.room <= 2 * m.len, "%zu bytes for %zu", list.carry.room, m.len);
    }
    check_case = "";
}

/* The carry is bounded by the largest record and what came with its last piece. */
static void the_carry_does_not_grow_beyond_one_record(void)
{
    struct ima_list list CLEANUP(ima_list_clear) = { 0 };
    uint8_t *chunk = malloc((size_t)256 * 1024);
    struct error err = { 0 };
    struct seen s = { 0 };
    struct made m = { 0 };

    memset(chunk, 0, (size_t)256 * 1024);
    made_raw(&m, 10, TEXT("01234567890123456789"), "x", (struct bytes){ 0 });
    memcpy(m.data + 29, "\0\0\x20\0", 4);
    ima_list_init(&list, MADE_SHA1);
    CHECK(ima_list_feed(&list, made_bytes(&m), see, &s, &err));
    for (int i = 0; i < 8; i++) {
        CHECK(ima_list_feed(&list, (struct bytes){ chunk, (size_t)256 * 1024 }, see, &s, &err));
    }
    CHECK_UINT(s.count, 1);
    CHECK(ima_list_end(&list, &err));
    CHECKF(list.carry.room <= 3 * IMA_TEMPLATE_DATA_MAX, "%zu", list.carry.room);
    free(chunk);
}

int main(void)
{
    static const struct test tests[] = {
        { "chunks may be cut anywhere", chunks_may_be_cut_anywhere },
        { "a record may be longer than a chunk", a_record_may_be_longer_than_a_chunk },
        { "empty chunks and an empty list are fine", empty_chunks_and_an_empty_list_are_fine },
        { "R26: a list cut after any byte is truncated", a_list_cut_after_any_byte_is_truncated },
        { "a wrong record is reported with entry and offset",
                a_wrong_record_is_reported_with_entry_and_offset },
        { "a failing visitor ends the feed", a_failing_visitor_ends_the_feed },
        { "reading goes on from a saved place", reading_goes_on_from_a_saved_place },
        { "R75: a length prefix takes no memory", a_length_prefix_takes_no_memory },
        { "the carry does not grow beyond one record", the_carry_does_not_grow_beyond_one_record },
    };

    return run_tests("ima list", tests, ARRAY_LEN(tests));
}
