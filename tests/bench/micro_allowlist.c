/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Loading an allowlist of sha256sum's form and looking files up in it.
 *
 * Peer of loading: reading the same file in chunks, cutting lines, decoding their hex into memory.
 */
#include <stdio.h>
#include <stdlib.h>

#include "common/digest.h"
#include "host/file.h"
#include "ima/algorithm.h"
#include "tests/bench/sample.h"
#include "verifier/allowlist.h"

#define SHA256_SIZE 32
#define LINE_ROOM   4096

struct work {
    const char *path;
    struct hasher *hasher; /* NULL: the file's own digest is not computed */
    uint8_t *digests;
    size_t room;
    struct allowlist list;
    struct allowlist_key *keys;
    size_t count;
    uint64_t random;
};

static bool load(void *ctx, size_t count, struct error *err)
{
    struct work *w = ctx;

    for (size_t i = 0; i < count; i++) {
        struct allowlist list CLEANUP(allowlist_clear) = { 0 };
        uint8_t sha256[SHA256_SIZE];

        if (!allowlist_load(&list, w->path, ALLOWLIST_PATH, w->hasher, sha256, err) ||
                !allowlist_index(&list, err)) {
            return false;
        }
    }
    return true;
}

static bool store_line(struct work *w, struct bytes line, struct error *err)
{
    size_t len;

    if ((w->count + 1) * SHA256_SIZE > w->room) {
        w->room = w->room == 0 ? (size_t)1 << 20 : 2 * w->room;
        uint8_t *more = realloc(w->digests, w->room);
        if (more == NULL) {
            return error_set(err, ERROR_NOMEM, "digests");
        }
        w->digests = more;
    }
    struct bytes hex = { line.ptr, line.len < (size_t)2 * SHA256_SIZE ? 0 : 2 * SHA256_SIZE };

    if (!bytes_from_hex(hex, w->digests + w->count * SHA256_SIZE, SHA256_SIZE, &len)) {
        return error_set(err, ERROR_MALFORMED, "line without digest");
    }
    w->count++;
    return true;
}

static bool decode_file(struct work *w, struct error *err)
{
    static uint8_t room[LINE_ROOM + FILE_CHUNK_SIZE];
    struct file_source file CLEANUP(file_source_clear) = { 0 };
    struct source text;
    struct bytes chunk;
    size_t held = 0;

    if (!file_source_open(&file, w->path, err)) {
        return false;
    }
    text = file_source(&file);
    while (text.next(text.ctx, &chunk, err)) {
        size_t at = 0;
        uint8_t *end;

        if (chunk.len == 0) {
            return true;
        }
        memcpy(room + held, chunk.ptr, chunk.len);
        held += chunk.len;
        while ((end = memchr(room + at, '\n', held - at)) != NULL) {
            if (!store_line(w, (struct bytes){ room + at, (size_t)(end - room) - at }, err)) {
                return false;
            }
            at = (size_t)(end - room) + 1;
        }
        held -= at;
        if (held > LINE_ROOM) {
            return error_set(err, ERROR_LIMIT, "line of more than %d bytes", LINE_ROOM);
        }
        memmove(room, room + at, held);
    }
    return false;
}

static bool decode(void *ctx, size_t count, struct error *err)
{
    struct work *w = ctx;

    for (size_t i = 0; i < count; i++) {
        bool done = decode_file(w, err);

        free(w->digests);
        w->digests = NULL;
        w->room = w->count = 0;
        if (!done) {
            return false;
        }
    }
    return true;
}

/* xorshift64 (Marsaglia): an order that no cache foresees. */
static size_t any_index(struct work *w)
{
    w->random ^= w->random << 13;
    w->random ^= w->random >> 7;
    w->random ^= w->random << 17;
    return (size_t)(w->random % w->count);
}

static bool find_hit(void *ctx, size_t count, struct error *err)
{
    struct work *w = ctx;

    for (size_t i = 0; i < count; i++) {
        if (!allowlist_find(&w->list, &w->keys[any_index(w)], NULL)) {
            return error_set(err, ERROR_MALFORMED, "a row of the list is not found");
        }
    }
    return true;
}

static bool find_miss(void *ctx, size_t count, struct error *err)
{
    struct work *w = ctx;
    uint8_t digest[SHA256_SIZE];

    for (size_t i = 0; i < count; i++) {
        struct allowlist_key key = w->keys[any_index(w)];

        memcpy(digest, key.digest.ptr, sizeof(digest));
        digest[i % sizeof(digest)] ^= 1;
        key.digest.ptr = digest;
        if (allowlist_find(&w->list, &key, NULL)) {
            return error_set(err, ERROR_MALFORMED, "a digest is found that is in no row");
        }
    }
    return true;
}

static bool prepare_lookups(struct work *w, struct error *err)
{
    struct allowlist_row row;
    size_t cursor = 0;

    if (!allowlist_load(&w->list, w->path, ALLOWLIST_PATH, NULL, NULL, err) ||
            !allowlist_index(&w->list, err)) {
        return false;
    }
    w->keys = calloc(w->list.row_count, sizeof(*w->keys));
    if (w->keys == NULL || w->list.row_count == 0) {
        return error_set(err, ERROR_NOMEM, "%zu keys", w->list.row_count);
    }
    while (allowlist_next(&w->list, &cursor, &row)) {
        w->keys[w->count++] = row.key;
    }
    printf("{\"name\": \"memory\", \"rows\": %zu, \"bytes\": %zu}\n", w->list.row_count,
            allowlist_memory(&w->list));
    return true;
}

bool micro_allowlist(size_t rounds, char *const args[], struct error *err)
{
    struct hasher hasher = { 0 };
    struct work w = { .path = args[0], .random = 88172645463325252u };
    bool done = hasher_init(&hasher, err) &&
            sample_compare(&(struct sample_pair){ "load", load, decode, &w, 1 }, rounds, err);

    w.hasher = &hasher;
    done = done &&
            sample_compare(&(struct sample_pair){ "load and hash", load, decode, &w, 1 }, rounds,
                    err) &&
            prepare_lookups(&w, err) &&
            sample_compare(&(struct sample_pair){ "find", find_hit, find_miss, &w, 200000 }, rounds,
                    err);
    free(w.keys);
    allowlist_clear(&w.list);
    hasher_clear(&hasher);
    return done;
}
