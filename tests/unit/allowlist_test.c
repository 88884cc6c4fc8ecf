/* SPDX-License-Identifier: BSD-3-Clause */
#include <stdlib.h>
#include <time.h>

#include "tests/check.h"
#include "verifier/allowlist.h"
#include "verifier/allowlist_line.h"

#define H1 "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"
#define H2 "FFEEDDCCBBAA99887766554433221100ffeeddccbbaa99887766554433221100"
#define H0 "0000000000000000000000000000000000000000000000000000000000000000"
#define S1 "00112233445566778899aabbccddeeff00112233"

/* Text as a source that hands out chunks of a given size. */
struct text_source {
    struct bytes left;
    size_t chunk;
};

static bool next_chunk(void *ctx, struct bytes *out, struct error *err)
{
    struct text_source *s = ctx;
    size_t n = s->left.len < s->chunk ? s->left.len : s->chunk;

    (void)err;
    *out = (struct bytes){ s->left.ptr, n };
    s->left = (struct bytes){ s->left.ptr + n, s->left.len - n };
    return true;
}

static bool load_chunks(struct allowlist *list, enum allowlist_match match, struct bytes text,
        size_t chunk, struct error *err)
{
    struct text_source s = { text, chunk };
    struct source src = { .next = next_chunk, .ctx = &s };

    return allowlist_load_source(list, "list", match, &src, NULL, NULL, err);
}

static bool load(struct allowlist *list, enum allowlist_match match, const char *text,
        struct error *err)
{
    return load_chunks(list, match, bytes_of_text(text), 7, err) && allowlist_index(list, err);
}

/* A key from "[verity:]ALG:HEX". */
static struct allowlist_key key_of(const char *digest, const char *path)
{
    static uint8_t raw[DIGEST_SIZE_MAX];
    struct allowlist_key key = { .path = bytes_of_text(path) };
    const char *colon;

    if (strncmp(digest, "verity:", 7) == 0) {
        key.verity = true;
        digest += 7;
    }
    colon = strchr(digest, ':');
    key.algorithm =
            ima_algorithm_find((struct bytes){ (const uint8_t *)digest, (size_t)(colon - digest) });
    CHECK(key.algorithm != NULL);
    CHECK(bytes_from_hex(bytes_of_text(colon + 1), raw, sizeof(raw), &key.digest.len));
    key.digest.ptr = raw;
    return key;
}

static const char mixed[] = "# a comment\n"
                            "\n" H1 "  /usr/bin/one\n" H2 " */usr/bin/with space\n"
                            "\\" H1 "  /odd\\nname\\\\\\r\n" S1 "  /usr/bin/sha1\n"
                            "md5:00112233445566778899aabbccddeeff  /usr/bin/md5\n"
                            "verity:sha256:" H2 "  /usr/bin/verity\n"
                            "sm3-256:" H2 "  /usr/bin/sm3\n"
                            "sha3-256:" H2 "  /usr/bin/sha3\n" H0 "  /usr/bin/zero\n" H1
                            "  /usr/bin/one\r\n\r\n" H1 "  /usr/bin/last";

static void a_row_covers_exactly_what_it_says(void)
{
    static const struct {
        const char *name;
        const char *digest;
        const char *path;
        uint32_t line; /* 0: not found */
    } cases[] = {
        { "the row", "sha256:" H1, "/usr/bin/one", 3 },
        { "another path", "sha256:" H1, "/usr/bin/two", 0 },
        { "a longer path", "sha256:" H1, "/usr/bin/one2", 0 },
        { "no path", "sha256:" H1, "", 0 },
        { "upper-case hex, binary marker, space as logged (R32)", "sha256:" H2,
                "/usr/bin/with_space", 4 },
        { "space not as logged", "sha256:" H2, "/usr/bin/with space", 4 },
        { "escapes", "sha256:" H1, "/odd\nname\\\r", 5 },
        { "SHA-1", "sha1:" S1, "/usr/bin/sha1", 6 },
        { "same bytes, other algorithm of the length (R35)", "rmd160:" S1, "/usr/bin/sha1", 0 },
        { "MD5", "md5:00112233445566778899aabbccddeeff", "/usr/bin/md5", 7 },
        { "fs-verity", "verity:sha256:" H2, "/usr/bin/verity", 8 },
        { "a plain digest is no fs-verity digest", "sha256:" H2, "/usr/bin/verity", 0 },
        { "SM3 by its new name", "sm3:" H2, "/usr/bin/sm3", 9 },
        { "SHA-3", "sha3-256:" H2, "/usr/bin/sha3", 10 },
        { "SHA-3 is not SHA-256 (R35)", "sha256:" H2, "/usr/bin/sha3", 0 },
        { "zeros (R86)", "sha256:" H0, "/usr/bin/zero", 0 },
        { "a line without newline, after one with CRLF and an empty one", "sha256:" H1,
                "/usr/bin/last", 14 },
    };
    struct allowlist list CLEANUP(allowlist_clear) = { 0 };
    struct error err = { 0 };

    CHECKF(load(&list, ALLOWLIST_PATH, mixed, &err), "%s", err.text);
    CHECK_UINT(list.row_count, 11);
    CHECK_UINT(list.duplicates, 1);
    CHECK_UINT(list.files[0].zero_digests, 1);
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct allowlist_key key = key_of(cases[i].digest, cases[i].path);
        struct allowlist_row row = { 0 };

        check_case = cases[i].name;
        CHECK(allowlist_find(&list, &key, &row) == (cases[i].line != 0));
        CHECK(allowlist_find_at_path(&list, &key, NULL) == (cases[i].line != 0));
        CHECK_UINT(row.line, cases[i].line);
        if (row.line != 0) {
            CHECK(strcmp(row.file, "list") == 0 && row.match == ALLOWLIST_PATH);
            CHECK(bytes_equal(row.key.digest, key.digest));
        }
    }
    check_case = "";
}

static void a_digest_cut_short_is_not_found(void)
{
    struct allowlist list CLEANUP(allowlist_clear) = { 0 };
    struct error err = { 0 };
    struct allowlist_key key = key_of("sha256:" H1, "/usr/bin/one");

    CHECK(load(&list, ALLOWLIST_ANYWHERE, H1 "\n", &err));
    CHECK(allowlist_find(&list, &key, NULL));
    for (size_t len = 0; len < 32; len++) {
        key.digest.len = len;
        CHECKF(!allowlist_find(&list, &key, NULL), "%zu bytes", len);
    }
}

static void anywhere_means_any_path_or_none(void)
{
    struct allowlist list CLEANUP(allowlist_clear) = { 0 };
    struct error err = { 0 };
    struct allowlist_key one = key_of("sha256:" H1, "/opt/x");
    struct allowlist_row row;

    CHECK(load_chunks(&list, ALLOWLIST_PATH, bytes_of_text(H1 "  /usr/bin/one\n"), 1, &err));
    CHECK(load_chunks(&list, ALLOWLIST_ANYWHERE,
            bytes_of_text(H1 "\n" S1 "  /usr/bin/two\n" H1 "  /a\n"), 1000, &err));
    CHECK(allowlist_index(&list, &err));
    CHECK(allowlist_find(&list, &one, &row));
    CHECK_UINT(row.line, 1);
    CHECK(row.match == ALLOWLIST_ANYWHERE);
    CHECK(!allowlist_find_at_path(&list, &one, NULL));
    CHECK_UINT(list.duplicates, 1);
    one.path = bytes_of_text("/usr/bin/one");
    CHECK(allowlist_find(&list, &one, &row));
    CHECK(row.match == ALLOWLIST_PATH);
    one.path = bytes_of_text("");
    CHECK(allowlist_find(&list, &one, NULL));
}

static void a_path_tells_the_digest_it_should_have(void)
{
    struct allowlist list CLEANUP(allowlist_clear) = { 0 };
    struct error err = { 0 };
    struct allowlist_row row = { 0 };

    CHECK(load(&list, ALLOWLIST_PATH, mixed, &err));
    CHECK(allowlist_find_path(&list, bytes_of_text("/usr/bin/with_space"), &row));
    CHECK_UINT(row.line, 4);
    CHECK(allowlist_find_path(&list, bytes_of_text("/usr/bin/one"), &row));
    CHECK_UINT(row.line, 3);
    CHECK(!allowlist_find_path(&list, bytes_of_text("/usr/bin/on"), &row));
    CHECK(!allowlist_find_path(&list, bytes_of_text(""), &row));
}

static void an_empty_list_finds_nothing(void)
{
    struct allowlist list CLEANUP(allowlist_clear) = { 0 };
    struct error err = { 0 };
    struct allowlist_key key = key_of("sha256:" H1, "/x");
    struct allowlist_row row;

    CHECK(!allowlist_find(&list, &key, NULL));
    CHECK(!allowlist_find_path(&list, key.path, &row));
    CHECK(allowlist_index(&list, &err));
    CHECK(!allowlist_find(&list, &key, NULL));
    CHECK(!allowlist_find_path(&list, key.path, &row));
}

static void wrong_lines_are_named(void)
{
    static const struct {
        const char *name;
        const char *text;
        const char *want; /* how the message starts */
    } cases[] = {
        { "no digest", "\n#\n/usr/bin/one\n", "list:3: " },
        { "62 digits", "00112233445566778899aabbccddeeff00112233445566778899aabbccddee  /x\n",
                "list:1: " },
        { "65 digits", H1 "0  /x\n", "list:1: " },
        { "tab", H1 "\t/x\n", "list:1: " },
        { "one space", H1 " /x\n", "list:1: " },
        { "one space at the end", H1 " \n", "list:1: " },
        { "no name", H1 "\n", "list:1: no name" },
        { "empty name", H1 "  \n", "list:1: no name" },
        { "leading space", " " H1 "  /x\n", "list:1: " },
        { "unknown algorithm", "sha257:" H1 "  /x\n", "list:1: unknown algorithm \"sha257\"" },
        { "algorithm in upper case", "SHA256:" H1 "  /x\n", "list:1: unknown algorithm" },
        { "length of another algorithm", "sha1:" H1 "  /x\n", "list:1: sha1 needs 40" },
        { "verity without algorithm", "verity:" H1 "  /x\n", "list:1: verity: needs" },
        { "verity twice", "verity:verity:sha256:" H1 "  /x\n", "list:1: unknown algorithm" },
        { "BSD form", "SHA256 (/x) = " H1 "\n", "list:1: " },
        { "carriage return in a comment", "# x\r" H1 "  /x\r\n", "list:1: a carriage return" },
        { "carriage return in a name", H1 "  /x\ry\n", "list:1: a carriage return" },
        { "escape", "\\" H1 "  /x\\t\n", "list:1: an escape" },
        { "escape cut", "\\" H1 "  /x\\\n", "list:1: an escape" },
        { "only a backslash", "\\\n", "list:1: " },
        { "BSD form, terminal escape", "\x1b[2J\n", "list:1: does not start" },
        { "last line", H1 "  /x\n" H1, "list:2: no name" },
    };

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct allowlist list CLEANUP(allowlist_clear) = { 0 };
        struct error err = { 0 };

        check_case = cases[i].name;
        CHECK(!load(&list, ALLOWLIST_PATH, cases[i].text, &err));
        CHECK_UINT(err.code, ERROR_CONFIG);
        CHECKF(strncmp(err.text, cases[i].want, strlen(cases[i].want)) == 0, "%s", err.text);
    }
    check_case = "";
}

static void a_nul_in_a_name_is_refused(void)
{
    struct allowlist list CLEANUP(allowlist_clear) = { 0 };
    struct error err = { 0 };

    CHECK(!load_chunks(&list, ALLOWLIST_PATH,
            (struct bytes){ (const uint8_t *)H1 "  /x\0y\n", 64 + 7 }, 100, &err));
    CHECK_UINT(err.code, ERROR_CONFIG);
}

/* R75: what is read is bounded, wherever the chunks end. */
static void long_lines_and_names_are_refused(void)
{
    static const size_t chunks[] = { 1, 4096, ALLOWLIST_LINE_MAX + 100 };
    static char text[ALLOWLIST_LINE_MAX + 2];

    for (size_t i = 0; i < ARRAY_LEN(chunks); i++) {
        struct allowlist list CLEANUP(allowlist_clear) = { 0 };
        struct allowlist names CLEANUP(allowlist_clear) = { 0 };
        struct error err = { 0 };

        memset(text, '#', sizeof(text));
        text[sizeof(text) - 1] = '\n';
        CHECK(!load_chunks(&list, ALLOWLIST_PATH, (struct bytes){ (uint8_t *)text, sizeof(text) },
                chunks[i], &err));
        CHECK_UINT(err.code, ERROR_LIMIT);

        memcpy(text, H1 "  ", 66);
        text[66 + ALLOWLIST_PATH_MAX + 1] = '\n';
        CHECK(!load_chunks(&names, ALLOWLIST_PATH,
                (struct bytes){ (uint8_t *)text, 66 + ALLOWLIST_PATH_MAX + 2 }, chunks[i], &err));
        CHECK_UINT(err.code, ERROR_LIMIT);
        text[66 + ALLOWLIST_PATH_MAX] = '\n';
        CHECKF(load_chunks(&names, ALLOWLIST_PATH,
                       (struct bytes){ (uint8_t *)text, 66 + ALLOWLIST_PATH_MAX + 1 }, chunks[i],
                       &err),
                "%s", err.text);
    }
}

/* Else a name that is too long would hide a denied digest. */
static void a_digest_is_found_anywhere_however_long_its_path(void)
{
    static char path[ALLOWLIST_PATH_MAX + 2];
    struct allowlist list CLEANUP(allowlist_clear) = { 0 };
    struct error err = { 0 };

    memset(path, 'x', sizeof(path) - 1);
    CHECK(load(&list, ALLOWLIST_ANYWHERE, H1 "\n", &err));
    struct allowlist_key key = key_of("sha256:" H1, path);

    CHECK(allowlist_find(&list, &key, NULL));
    CHECK(!allowlist_find_at_path(&list, &key, NULL));
}

static void chunks_may_end_anywhere(void)
{
    for (size_t chunk = 1; chunk <= sizeof(mixed); chunk++) {
        struct allowlist list CLEANUP(allowlist_clear) = { 0 };
        struct error err = { 0 };
        struct allowlist_key key = key_of("sha256:" H1, "/usr/bin/last");

        CHECK(load_chunks(&list, ALLOWLIST_PATH, bytes_of_text(mixed), chunk, &err));
        CHECK(allowlist_index(&list, &err));
        CHECK_UINT(list.row_count, 11);
        CHECKF(allowlist_find(&list, &key, NULL), "chunks of %zu", chunk);
    }
}

/* A list cut anywhere loads, or says which line is wrong. */
static void a_list_cut_after_every_byte_does_no_harm(void)
{
    for (size_t cut = 0; cut < sizeof(mixed) - 1; cut++) {
        struct allowlist list CLEANUP(allowlist_clear) = { 0 };
        struct error err = { 0 };
        uint8_t *copy = malloc(cut + 1);
        struct bytes text = { memcpy(copy, mixed, cut), cut };

        if (load_chunks(&list, ALLOWLIST_PATH, text, cut + 1, &err)) {
            CHECK(allowlist_index(&list, &err));
        } else {
            CHECKF(strncmp(err.text, "list:", 5) == 0, "%s", err.text);
        }
        free(copy);
    }
}

static const char *row_text(char *dst, size_t i, bool same_digest, bool same_path)
{
    size_t d = same_digest ? 1 : i + 1;
    size_t p = same_path ? 1 : i;

    (void)sprintf(dst, "%064zx  /usr/lib/x86_64-linux-gnu/some/where/library-%zu.so\n", d, p);
    return dst;
}

/* Rows that a table keyed by the digest alone, or by its first bytes, would put into one chain. */
static void big_lists_stay_linear(void) /* R74 */
{
    enum {
        ROWS = 200000
    };
    static const struct {
        const char *name;
        bool same_digest;
        bool same_path;
        enum allowlist_match match;
        size_t duplicates;
    } cases[] = {
        { "digests that differ in their last bytes", false, false, ALLOWLIST_PATH, 0 },
        { "one digest, many paths", true, false, ALLOWLIST_PATH, 0 },
        { "one path, many digests", false, true, ALLOWLIST_PATH, 0 },
        { "one digest anywhere", true, false, ALLOWLIST_ANYWHERE, ROWS - 1 },
        { "the same row", true, true, ALLOWLIST_PATH, ROWS - 1 },
    };

    for (size_t c = 0; c < ARRAY_LEN(cases); c++) {
        struct allowlist list CLEANUP(allowlist_clear) = { 0 };
        struct error err = { 0 };
        char *text = malloc((size_t)ROWS * 160);
        size_t len = 0;
        size_t found = 0;
        size_t cursor = 0;
        struct allowlist_row row;
        clock_t start = clock();

        check_case = cases[c].name;
        for (size_t i = 0; i < ROWS; i++) {
            len += strlen(row_text(text + len, i, cases[c].same_digest, cases[c].same_path));
        }
        CHECK(load_chunks(&list, cases[c].match, (struct bytes){ (uint8_t *)text, len }, 65536,
                &err));
        CHECK(allowlist_index(&list, &err));
        free(text);
        CHECK_UINT(list.row_count, ROWS);
        CHECK_UINT(list.duplicates, cases[c].duplicates);
        while (allowlist_next(&list, &cursor, &row)) {
            struct allowlist_row other;

            found += allowlist_find(&list, &row.key, NULL) &&
                    allowlist_find_path(&list, row.key.path, &other);
        }
        CHECK_UINT(found, ROWS);
        CHECKF(allowlist_memory(&list) / ROWS < 200, "%zu bytes a row",
                allowlist_memory(&list) / ROWS);
        /* A quadratic list of this size takes minutes. */
        CHECKF(clock() - start < 20 * CLOCKS_PER_SEC, "%f s",
                (double)(clock() - start) / CLOCKS_PER_SEC);
    }
    check_case = "";
}

static void printed_lines_read_back(void)
{
    static const struct {
        const char *digest;
        const char *path;
        const char *want;
    } cases[] = {
        { "sha256:" H1, "/a b", H1 "  /a b\n" },
        { "sha1:" S1, "/x", S1 "  /x\n" },
        { "verity:sha256:" H1, "/x", "verity:sha256:" H1 "  /x\n" },
        { "sm3:" H1, "/x", "sm3:" H1 "  /x\n" },
        { "sha256:" H1, "/a\nb\\c\r", "\\" H1 "  /a\\nb\\\\c\\r\n" },
        { "md5:00112233445566778899aabbccddeeff", "/\n",
                "\\md5:00112233445566778899aabbccddeeff  /\\n\n" },
    };

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct allowlist list CLEANUP(allowlist_clear) = { 0 };
        struct allowlist_key key = key_of(cases[i].digest, cases[i].path);
        struct error err = { 0 };
        char *text = NULL;
        size_t len = 0;
        FILE *to = open_memstream(&text, &len);

        allowlist_line_print(to, key.algorithm, key.verity, key.digest, key.path);
        CHECK(fclose(to) == 0);
        CHECK_TEXT(bytes_of_text(text), cases[i].want);
        CHECKF(load(&list, ALLOWLIST_PATH, text, &err), "%s", err.text);
        CHECK(allowlist_find(&list, &key, NULL));
        free(text);
    }
}

static void the_hash_of_the_file_is_told(void)
{
    struct allowlist list CLEANUP(allowlist_clear) = { 0 };
    struct hasher h CLEANUP(hasher_clear) = { 0 };
    struct error err = { 0 };
    struct text_source s = { bytes_of_text(mixed), 10 };
    struct source src = { .next = next_chunk, .ctx = &s };
    uint8_t got[32];
    uint8_t want[32];

    CHECK(hasher_init(&h, &err));
    CHECK(allowlist_load_source(&list, "list", ALLOWLIST_PATH, &src, &h, got, &err));
    CHECK(hasher_digest(&h, DIGEST_SHA256, bytes_of_text(mixed), want, &err));
    CHECK(memcmp(got, want, sizeof(want)) == 0);
}

static void a_file_that_fails_leaves_no_rows(void)
{
    struct allowlist list CLEANUP(allowlist_clear) = { 0 };
    struct error err = { 0 };
    struct allowlist_key one = key_of("sha256:" H1, "/1");
    struct allowlist_row row;
    size_t cursor = 0;

    CHECK(!load_chunks(&list, ALLOWLIST_PATH, bytes_of_text(H1 "  /0\nx\n"), 9, &err));
    CHECK_UINT(list.row_count, 0);
    CHECK(load_chunks(&list, ALLOWLIST_PATH, bytes_of_text(H1 "  /1\n"), 9, &err));
    CHECK(!load_chunks(&list, ALLOWLIST_PATH, bytes_of_text(H2 "  /2\nx\n"), 9, &err));
    CHECK(allowlist_index(&list, &err));
    CHECK_UINT(list.row_count, 1);
    CHECK_UINT(list.file_count, 1);
    CHECK(allowlist_next(&list, &cursor, &row) && !allowlist_next(&list, &cursor, &row));
    CHECK(allowlist_find(&list, &one, NULL));
}

static void a_missing_file_is_an_error(void)
{
    struct allowlist list CLEANUP(allowlist_clear) = { 0 };
    struct error err = { 0 };

    CHECK(!allowlist_load(&list, "/nonexistent/list", ALLOWLIST_PATH, NULL, NULL, &err));
    CHECK_UINT(err.code, ERROR_IO);
    CHECK(!allowlist_load(&list, "/", ALLOWLIST_PATH, NULL, NULL, &err));
    CHECK_UINT(err.code, ERROR_IO);
}

int main(void)
{
    static const struct test tests[] = {
        { "a row covers exactly what it says (R32, R35, R86)", a_row_covers_exactly_what_it_says },
        { "a digest cut short is not found (R35)", a_digest_cut_short_is_not_found },
        { "anywhere means any path or none", anywhere_means_any_path_or_none },
        { "a path tells the digest it should have", a_path_tells_the_digest_it_should_have },
        { "an empty list finds nothing", an_empty_list_finds_nothing },
        { "wrong lines are named", wrong_lines_are_named },
        { "a NUL in a name is refused", a_nul_in_a_name_is_refused },
        { "long lines and names are refused (R75)", long_lines_and_names_are_refused },
        { "a digest is found anywhere however long its path",
                a_digest_is_found_anywhere_however_long_its_path },
        { "chunks may end anywhere", chunks_may_end_anywhere },
        { "a list cut after every byte does no harm", a_list_cut_after_every_byte_does_no_harm },
        { "big lists stay linear (R74)", big_lists_stay_linear },
        { "printed lines read back", printed_lines_read_back },
        { "the hash of the file is told", the_hash_of_the_file_is_told },
        { "a file that fails leaves no rows", a_file_that_fails_leaves_no_rows },
        { "a missing file is an error", a_missing_file_is_an_error },
    };

    return run_tests("allowlist", tests, ARRAY_LEN(tests));
}
