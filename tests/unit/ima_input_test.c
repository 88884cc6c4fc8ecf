/* SPDX-License-Identifier: BSD-3-Clause */
#include <stdio.h>
#include <stdlib.h>

#include "tests/check.h"
#include "tests/forge.h"
#include "verifier/ima_input.h"

static void the_file_name_tells_the_format(void)
{
    static const struct {
        const char *path;
        enum digest_alg alg;
        size_t size;
    } cases[] = {
        { "binary_runtime_measurements", DIGEST_SHA1, 20 },
        { "binary_runtime_measurements.before", DIGEST_SHA1, 20 },
        { "binary_runtime_measurements_sha1", DIGEST_SHA1, 20 },
        { "binary_runtime_measurements_sha256", DIGEST_SHA256, 32 },
        { "binary_runtime_measurements_sha256.boot", DIGEST_SHA256, 32 },
        { "/var/log/host7_sha384.2026-01-01", DIGEST_SHA384, 48 },
        { "/a_sha512/binary_runtime_measurements", DIGEST_SHA1, 20 },
        { "/a_sha512/list_sha256", DIGEST_SHA256, 32 },
        { "list_sha256_copy", DIGEST_SHA1, 20 },
        { "list_sha2567", DIGEST_SHA1, 20 },
        { "sha256", DIGEST_SHA1, 20 },
        { "binary_runtime_measurements_sm3_256", DIGEST_SM3_256, 32 },
        { "binary_runtime_measurements_tpm_alg_27", DIGEST_SHA1, 32 },
        { "binary_runtime_measurements_tpm_alg_29.x", DIGEST_SHA1, 64 },
        { "binary_runtime_measurements_tpm_alg_ff", DIGEST_SHA1, 20 },
        { "", DIGEST_SHA1, 20 },
        { "/", DIGEST_SHA1, 20 },
    };

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct ima_digest_format f = { 0 };
        struct error err = { 0 };

        check_case = cases[i].path;
        CHECK(ima_digest_format_choose(NULL, cases[i].path, &f, &err));
        CHECK_UINT(f.alg, cases[i].alg);
        CHECK_UINT(f.size, cases[i].size);
    }
    check_case = "";
}

static void the_option_wins(void)
{
    static const struct {
        const char *option;
        bool good;
        enum digest_alg alg;
        size_t size;
    } cases[] = {
        { "sha1", true, DIGEST_SHA1, 20 },
        { "sha256", true, DIGEST_SHA256, 32 },
        { "sha384", true, DIGEST_SHA384, 48 },
        { "sha512", true, DIGEST_SHA512, 64 },
        { "sha1:20", true, DIGEST_SHA1, 20 },
        { "sha1:32", true, DIGEST_SHA1, 32 },
        { "sha1:64", true, DIGEST_SHA1, 64 },
        { "sha1:19", false, 0, 0 },
        { "sha1:65", false, 0, 0 },
        { "sha1:", false, 0, 0 },
        { "sha1:32x", false, 0, 0 },
        { "sha1:-1", false, 0, 0 },
        { "sha1: 32", false, 0, 0 },
        { "sha1:+32", false, 0, 0 },
        { "sha1:99999999999999999999", false, 0, 0 },
        { "md5", false, 0, 0 },
        { "SHA1", false, 0, 0 },
        { "", false, 0, 0 },
        { ":20", false, 0, 0 },
    };

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct ima_digest_format f = { 0 };
        struct error err = { 0 };

        check_case = cases[i].option;
        CHECK_UINT(ima_digest_format_choose(cases[i].option, "list_sha512", &f, &err),
                cases[i].good);
        if (cases[i].good) {
            CHECK_UINT(f.alg, cases[i].alg);
            CHECK_UINT(f.size, cases[i].size);
        } else {
            CHECK_UINT(err.code, ERROR_CONFIG);
        }
    }
    check_case = "";
}

static void add_all(struct source *s, struct forge_bytes *out)
{
    struct bytes chunk = { 0 };
    struct error err = { 0 };

    out->len = 0;
    do {
        if (!CHECKF(s->next(s->ctx, &chunk, &err), "%s", err.text)) {
            return;
        }
        forge_add(out, chunk);
    } while (chunk.len > 0);
}

static void a_list_is_read_whole_and_again(void)
{
    struct forge_dir dir;
    struct forge_bytes list = { 0 };
    struct forge_bytes got = { 0 };
    struct ima_input in;
    struct error err = { 0 };

    forge_dir_make(&dir);
    for (size_t i = 0; list.len < 3 * FILE_CHUNK_SIZE; i++) {
        uint8_t piece[7] = { (uint8_t)i, (uint8_t)(i >> 8), (uint8_t)(i >> 16) };

        forge_add(&list, (struct bytes){ piece, sizeof(piece) });
    }
    list.data[0] = 10; /* a PCR index: no text */
    if (CHECKF(ima_input_open(&in, forge_dir_write(&dir, "list", forge_view(&list)), NULL, &err),
                "%s", err.text)) {
        struct source s = ima_input_source(&in);

        CHECK(!in.is_text);
        add_all(&s, &got);
        CHECK(bytes_equal(forge_view(&got), forge_view(&list)));
        CHECK(s.rewind(s.ctx, &err));
        add_all(&s, &got);
        CHECK(bytes_equal(forge_view(&got), forge_view(&list)));
    }
    ima_input_clear(&in);
    forge_bytes_clear(&list);
    forge_bytes_clear(&got);
    forge_dir_remove(&dir);
}

static void an_empty_list_is_empty(void)
{
    struct forge_dir dir;
    struct forge_bytes got = { 0 };
    struct ima_input in;
    struct error err = { 0 };

    forge_dir_make(&dir);
    if (CHECKF(ima_input_open(&in, forge_dir_write(&dir, "list", (struct bytes){ 0 }), NULL, &err),
                "%s", err.text)) {
        struct source s = ima_input_source(&in);

        add_all(&s, &got);
        CHECK_UINT(got.len, 0);
    }
    ima_input_clear(&in);
    forge_bytes_clear(&got);
    forge_dir_remove(&dir);
}

static void paths_that_cannot_be_read_are_our_callers_fault(void)
{
    struct ima_input in;
    struct error err = { 0 };

    CHECK(!ima_input_open(&in, "/nowhere/at/all", NULL, &err));
    CHECK_UINT(err.code, ERROR_IO);
    CHECK(!ima_input_open(&in, "/", NULL, &err));
    CHECK_UINT(err.code, ERROR_IO);
}

static const struct test tests[] = {
    { "the file name tells the format", the_file_name_tells_the_format },
    { "the option wins", the_option_wins },
    { "a list is read whole, and again", a_list_is_read_whole_and_again },
    { "an empty list is empty", an_empty_list_is_empty },
    { "paths that cannot be read are our caller's fault",
            paths_that_cannot_be_read_are_our_callers_fault },
};

int main(void)
{
    return run_tests("ima_input", tests, ARRAY_LEN(tests));
}
