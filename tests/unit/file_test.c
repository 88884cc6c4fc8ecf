/* SPDX-License-Identifier: BSD-3-Clause */
#include <stdlib.h>
#include <unistd.h>

#include "host/file.h"
#include "tests/check.h"

static char dir[] = "/tmp/tally_file_test.XXXXXX";

static const char *path_of(const char *name)
{
    static char path[sizeof(dir) + 64];

    (void)snprintf(path, sizeof(path), "%s/%s", dir, name);
    return path;
}

static void write_pattern(const char *path, size_t len)
{
    FILE *f = fopen(path, "wb");

    CHECK(f != NULL);
    for (size_t i = 0; f != NULL && i < len; i++) {
        (void)fputc((int)(i * 7 % 251), f);
    }
    CHECK(f != NULL && fclose(f) == 0);
}

static void a_source_gives_every_byte_in_bounded_chunks_twice(void)
{
    static const size_t lengths[] = { 0, 1, FILE_CHUNK_SIZE - 1, FILE_CHUNK_SIZE,
        FILE_CHUNK_SIZE + 1, 3 * FILE_CHUNK_SIZE + 17 };

    for (size_t i = 0; i < ARRAY_LEN(lengths); i++) {
        struct file_source f CLEANUP(file_source_clear) = { 0 };
        const char *path = path_of("pattern");
        struct error err = { 0 };

        write_pattern(path, lengths[i]);
        if (!CHECKF(file_source_open(&f, path, &err), "%s", err.text)) {
            return;
        }
        struct source s = file_source(&f);

        for (int pass = 0; pass < 2; pass++) {
            struct bytes chunk;
            size_t at = 0;
            size_t wrong = 0;

            while (s.next(s.ctx, &chunk, &err) && chunk.len > 0) {
                CHECK(chunk.len <= FILE_CHUNK_SIZE);
                for (size_t k = 0; k < chunk.len; k++) {
                    wrong += chunk.ptr[k] != (at + k) * 7 % 251;
                }
                at += chunk.len;
            }
            CHECK_UINT(at, lengths[i]);
            CHECK_UINT(wrong, 0);
            CHECKF(s.rewind(s.ctx, &err), "%s", err.text);
        }
    }
}

/* The kernel reports size 0 for these; only reading tells their length. */
static void r79_a_file_whose_size_says_0_is_read_to_its_end(void)
{
    struct file_source f CLEANUP(file_source_clear) = { 0 };
    struct buffer whole CLEANUP(buffer_clear) = { 0 };
    struct error err = { 0 };
    struct bytes chunk;

    CHECK(file_read("/proc/self/status", 1 << 20, &whole, &err));
    CHECK(whole.len > 100);
    CHECK(file_source_open(&f, "/proc/self/status", &err));
    struct source s = file_source(&f);
    CHECK(s.next(s.ctx, &chunk, &err));
    CHECK(chunk.len > 100);
}

static void what_is_missing_or_no_file_is_an_error_that_names_it(void)
{
    struct file_source f CLEANUP(file_source_clear) = { 0 };
    struct error err = { 0 };
    struct bytes chunk;

    CHECK(!file_source_open(&f, path_of("missing"), &err));
    CHECK_UINT(err.code, ERROR_IO);
    CHECKF(strstr(err.text, "missing: No such file") != NULL, "%s", err.text);
    if (CHECK(file_source_open(&f, dir, &err))) {
        struct source s = file_source(&f);

        CHECK(!s.next(s.ctx, &chunk, &err));
        CHECK_UINT(err.code, ERROR_IO);
    }
}

static void a_file_longer_than_the_limit_is_refused(void)
{
    struct buffer whole CLEANUP(buffer_clear) = { 0 };
    const char *path = path_of("limit");
    struct error err = { 0 };

    write_pattern(path, 1000);
    CHECK(!file_read(path, 999, &whole, &err));
    CHECK_UINT(err.code, ERROR_LIMIT);
    CHECK(whole.data == NULL);
    CHECK(file_read(path, 1000, &whole, &err));
    CHECK_UINT(whole.len, 1000);
}

int main(void)
{
    static const struct test tests[] = {
        { "a source gives every byte in bounded chunks, twice",
                a_source_gives_every_byte_in_bounded_chunks_twice },
        { "R79 a file whose size says 0 is read to its end",
                r79_a_file_whose_size_says_0_is_read_to_its_end },
        { "what is missing or no file is an error that names it",
                what_is_missing_or_no_file_is_an_error_that_names_it },
        { "a file longer than the limit is refused", a_file_longer_than_the_limit_is_refused },
    };

    if (mkdtemp(dir) == NULL) {
        return EXIT_FAILURE;
    }
    int status = run_tests("file", tests, ARRAY_LEN(tests));

    (void)unlink(path_of("pattern"));
    (void)unlink(path_of("limit"));
    (void)rmdir(dir);
    return status;
}
