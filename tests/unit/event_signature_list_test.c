/* SPDX-License-Identifier: BSD-3-Clause */
#include <stdlib.h>

#include "common/writer.h"
#include "eventlog/signature_list.h"
#include "tests/check.h"

#define LIST_SIZE_AT   16u
#define HEADER_SIZE_AT 20u
#define ENTRY_SIZE_AT  24u
#define HEADER_SIZE    28u
#define HASH_ENTRY     48u

/* A list of two SHA-256 hashes. */
static struct bytes build_list(uint8_t *raw, size_t size)
{
    struct writer w = writer_init(raw, size);
    struct bytes list = { 0 };

    writer_bytes(&w, (struct bytes){ (const uint8_t *)"0123456789abcdef", 16 });
    writer_u32le(&w, HEADER_SIZE + 2 * HASH_ENTRY);
    writer_u32le(&w, 0);
    writer_u32le(&w, HASH_ENTRY);
    for (unsigned int i = 0; i < 2 * HASH_ENTRY; i++) {
        writer_u8(&w, (uint8_t)i);
    }
    CHECK(writer_done(&w, &list));
    return list;
}

static void put_u32(uint8_t *at, uint32_t v)
{
    struct writer w = writer_init(at, 4);

    writer_u32le(&w, v);
}

static void a_list_is_cut_into_its_entries(void)
{
    uint8_t raw[256];
    struct bytes list = build_list(raw, sizeof(raw));
    struct reader r = reader_init(list);
    struct signature_list l;
    struct error err = { 0 };

    CHECKF(signature_list_read(&r, &l, &err), "%s", err.text);
    CHECK(reader_done(&r));
    CHECK_TEXT(l.type, "0123456789abcdef");
    CHECK_UINT(l.count, 2);
    CHECK_UINT(l.header.len, 0);
    struct signature_data second = signature_list_entry(&l, 1);

    CHECK(second.owner.ptr == raw + HEADER_SIZE + HASH_ENTRY && second.owner.len == 16);
    CHECK(second.data.ptr == second.owner.ptr + 16 && second.data.len == 32);
}

static void a_header_of_the_list_is_taken_from_its_size(void)
{
    uint8_t raw[256];
    struct bytes list = build_list(raw, sizeof(raw));
    struct reader r = reader_init(list);
    struct signature_list l;
    struct error err = { 0 };

    put_u32(raw + HEADER_SIZE_AT, HASH_ENTRY);
    CHECKF(signature_list_read(&r, &l, &err), "%s", err.text);
    CHECK_UINT(l.header.len, HASH_ENTRY);
    CHECK_UINT(l.count, 1);
}

static void R48_sizes_that_contradict_each_other_are_refused(void)
{
    static const struct {
        const char *name;
        uint32_t list;
        uint32_t header;
        uint32_t entry;
        enum error_code want; /* ERROR_NONE: fine */
    } cases[] = {
        { "as it is", 124, 0, 48, ERROR_NONE },
        { "no entries", 28, 0, 48, ERROR_NONE },
        { "entries of an owner alone", 124, 0, 16, ERROR_NONE },
        { "list size 0", 0, 0, 48, ERROR_MALFORMED },
        { "list smaller than its header", 27, 0, 48, ERROR_MALFORMED },
        { "list larger than the variable", 125, 0, 48, ERROR_TRUNCATED },
        { "list of 4 GiB", UINT32_MAX, 0, 48, ERROR_TRUNCATED },
        { "header size that makes entries uneven", 124, 1, 48, ERROR_MALFORMED },
        { "header larger than the list", 124, 97, 48, ERROR_MALFORMED },
        { "header of 4 GiB", 124, UINT32_MAX, 48, ERROR_MALFORMED },
        { "header and entries that overflow together", 124, 0xffffffe4, 48, ERROR_MALFORMED },
        { "entry size 0", 124, 0, 0, ERROR_MALFORMED },
        { "entry size 0 and no entries", 28, 0, 0, ERROR_MALFORMED },
        { "entry smaller than its owner", 124, 0, 12, ERROR_MALFORMED },
        { "entry of one byte", 124, 0, 1, ERROR_MALFORMED },
        { "entries that do not fill the list", 124, 0, 47, ERROR_MALFORMED },
        { "entry larger than the list", 124, 0, 97, ERROR_MALFORMED },
        { "entry of 4 GiB", 124, 0, UINT32_MAX, ERROR_MALFORMED },
    };

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        uint8_t raw[256];
        struct bytes list = build_list(raw, sizeof(raw));
        uint8_t *copy = malloc(list.len); /* on the heap, so that ASan guards its end */
        struct signature_list l;
        struct signature_list untouched;
        struct error err = { 0 };

        check_case = cases[i].name;
        put_u32(raw + LIST_SIZE_AT, cases[i].list);
        put_u32(raw + HEADER_SIZE_AT, cases[i].header);
        put_u32(raw + ENTRY_SIZE_AT, cases[i].entry);
        memset(&l, 0xa5, sizeof(l));
        memset(&untouched, 0xa5, sizeof(untouched));
        struct reader r = reader_init((struct bytes){ memcpy(copy, raw, list.len), list.len });

        CHECK(signature_list_read(&r, &l, &err) == (cases[i].want == ERROR_NONE));
        CHECK_UINT(err.code, cases[i].want);
        if (cases[i].want != ERROR_NONE) {
            CHECK(memcmp(&l, &untouched, sizeof(l)) == 0);
            CHECK_UINT(reader_offset(&r), 0);
        }
        free(copy);
    }
    check_case = "";
}

static void a_list_cut_after_any_byte_is_refused(void)
{
    uint8_t raw[256];
    struct bytes list = build_list(raw, sizeof(raw));

    for (size_t cut = 0; cut < list.len; cut++) {
        uint8_t *copy = malloc(cut + 1);
        struct reader r = reader_init((struct bytes){ memcpy(copy, raw, cut), cut });
        struct signature_list l;
        struct error err = { 0 };

        CHECKF(!signature_list_read(&r, &l, &err), "cut at %zu", cut);
        CHECK_UINT(err.code, ERROR_TRUNCATED);
        CHECK_UINT(reader_offset(&r), 0);
        free(copy);
    }
}

static void a_single_signature_needs_its_owner(void)
{
    struct signature_data sig;
    struct error err = { 0 };
    const uint8_t *raw = (const uint8_t *)"0123456789abcdefX";

    CHECK(!signature_data_read((struct bytes){ raw, 15 }, &sig, &err));
    CHECK(signature_data_read((struct bytes){ raw, 16 }, &sig, &err) && sig.data.len == 0);
    CHECK(signature_data_read((struct bytes){ raw, 17 }, &sig, &err));
    CHECK_TEXT(sig.data, "X");
}

int main(void)
{
    static const struct test tests[] = {
        { "a list is cut into its entries", a_list_is_cut_into_its_entries },
        { "a header of the list is taken from its size",
                a_header_of_the_list_is_taken_from_its_size },
        { "R48: sizes that contradict each other are refused",
                R48_sizes_that_contradict_each_other_are_refused },
        { "a list cut after any byte is refused", a_list_cut_after_any_byte_is_refused },
        { "a single signature needs its owner", a_single_signature_needs_its_owner },
    };

    return run_tests("signature lists", tests, ARRAY_LEN(tests));
}
