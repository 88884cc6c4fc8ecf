/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * bench-raw-ima LIST BANK...: the hashing that replaying a list takes, and next to nothing else.
 *
 * For each record: SHA-1 of the template data, compared with the logged digest; for each bank the
 * hash of the template data and the extend. Trusts its input: only for lists of tally-generate.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/reader.h"
#include "host/file.h"
#include "tests/bench/raw_hash.h"

#define RECORD_ROOM 4096

struct work {
    size_t count;
    enum digest_alg bank[DIGEST_ALG_COUNT];
    uint8_t pcr[DIGEST_ALG_COUNT][DIGEST_SIZE_MAX];
    uint64_t wrong;
};

static void add(struct work *w, struct bytes logged, struct bytes data)
{
    uint8_t digest[DIGEST_SIZE_MAX];

    raw_hash(DIGEST_SHA1, data, (struct bytes){ 0 }, digest);
    w->wrong += memcmp(digest, logged.ptr, logged.len) != 0;
    for (size_t i = 0; i < w->count; i++) {
        size_t size = digest_size(w->bank[i]);
        struct bytes old = { w->pcr[i], size };

        if (w->bank[i] != DIGEST_SHA1) { /* that one is there already */
            raw_hash(w->bank[i], data, (struct bytes){ 0 }, digest);
        }
        raw_hash(w->bank[i], old, (struct bytes){ digest, size }, w->pcr[i]);
    }
}

static bool record(struct reader *r, struct work *w)
{
    struct reader in = *r;
    uint32_t pcr;
    struct bytes logged;
    struct bytes name;
    struct bytes data;

    if (!reader_u32le(&in, &pcr) || !reader_take(&in, 20, &logged) ||
            !reader_take_u32le(&in, &name) || !reader_take_u32le(&in, &data)) {
        return false;
    }
    *r = in;
    add(w, logged, data);
    return true;
}

static bool run(const char *path, struct work *w, struct error *err)
{
    static uint8_t room[RECORD_ROOM + FILE_CHUNK_SIZE];
    struct file_source file CLEANUP(file_source_clear) = { 0 };
    struct source list;
    struct bytes chunk;
    size_t held = 0;

    if (!file_source_open(&file, path, err)) {
        return false;
    }
    list = file_source(&file);
    for (;;) {
        if (!list.next(list.ctx, &chunk, err)) {
            return false;
        }
        if (chunk.len == 0) {
            return held == 0 || error_set(err, ERROR_TRUNCATED, "%s", path);
        }
        memcpy(room + held, chunk.ptr, chunk.len);
        struct reader r = reader_init((struct bytes){ room, held + chunk.len });

        while (record(&r, w)) {
        }
        struct bytes rest = reader_rest(&r);

        if (rest.len > RECORD_ROOM) {
            return error_set(err, ERROR_LIMIT, "%s: record of more than %d bytes", path,
                    RECORD_ROOM);
        }
        memmove(room, rest.ptr, rest.len);
        held = rest.len;
    }
}

int main(int argc, char *argv[])
{
    struct work w = { 0 };
    struct error err = { 0 };

    for (int i = 2; i < argc && w.count < DIGEST_ALG_COUNT; i++) {
        if (!digest_from_name(bytes_of_text(argv[i]), &w.bank[w.count++])) {
            return EXIT_FAILURE;
        }
    }
    if (argc < 3 || !run(argv[1], &w, &err) || w.wrong > 0) {
        fprintf(stderr, "bench-raw-ima: %s\n", w.wrong > 0 ? "wrong digests" : err.text);
        return EXIT_FAILURE;
    }
    for (size_t i = 0; i < w.count; i++) {
        char hex[2 * DIGEST_SIZE_MAX + 1];

        printf("%s 10 %s\n", digest_name(w.bank[i]),
                bytes_hex(hex, sizeof(hex), (struct bytes){ w.pcr[i], digest_size(w.bank[i]) }));
    }
    return EXIT_SUCCESS;
}
