/* SPDX-License-Identifier: BSD-3-Clause */
#include "verifier/allowlist.h"

#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "host/file.h"
#include "verifier/allowlist_line.h"
#include "verifier/siphash.h"

/* Rows lie in the arena at multiples of this, so that 32 bits reach 16 GiB. */
#define UNIT 4u
/* Slots that are fetched ahead of the one being filled. */
#define AHEAD 16

/* In front of every row; the digest and the path follow. */
struct row_header {
    uint32_t line;
    uint16_t path_len;
    uint8_t algorithm; /* index in allowlist.algorithm */
    uint8_t flags;
};

#define ROW_VERITY   1u
#define ROW_ANYWHERE 2u

/* What a lookup compares beside the digest. */
enum scope {
    SCOPE_PATH,
    SCOPE_ANYWHERE,
};

static uint32_t hash_bytes(const struct allowlist *list, const uint8_t *p, size_t len)
{
    return (uint32_t)(siphash13(list->hash_key, (struct bytes){ p, len }) >> 32);
}

static size_t round_up(size_t n)
{
    return (n + UNIT - 1) & ~(size_t)(UNIT - 1);
}

static struct row_header header_at(const struct allowlist *list, size_t at)
{
    struct row_header h;

    memcpy(&h, list->arena + at, sizeof(h));
    return h;
}

static struct allowlist_row row_at(const struct allowlist *list, size_t at)
{
    struct row_header h = header_at(list, at);
    const struct ima_algorithm *algorithm = list->algorithm[h.algorithm];
    const uint8_t *digest = list->arena + at + sizeof(h);
    size_t f = list->file_count - 1;

    while (list->files[f].first > at) {
        f--;
    }
    return (struct allowlist_row){
        .key = {
            .algorithm = algorithm,
            .verity = (h.flags & ROW_VERITY) != 0,
            .digest = { digest, algorithm->size },
            .path = { digest + algorithm->size, h.path_len },
        },
        .file = list->files[f].name,
        .line = h.line,
        .match = (h.flags & ROW_ANYWHERE) != 0 ? ALLOWLIST_ANYWHERE : ALLOWLIST_PATH,
    };
}

bool allowlist_next(const struct allowlist *list, size_t *cursor, struct allowlist_row *out)
{
    size_t at = *cursor == 0 ? UNIT : *cursor;

    if (at >= list->arena_len) {
        return false;
    }
    *out = row_at(list, at);
    *cursor = at + round_up(sizeof(struct row_header) + out->key.digest.len + out->key.path.len);
    return true;
}

/* The kernel renamed sm3-256 to sm3: two names of what we compute are one algorithm. */
static bool same_algorithm(const struct ima_algorithm *a, const struct ima_algorithm *b)
{
    return a == b || (a->computable && b->computable && a->alg == b->alg);
}

static uint8_t algorithm_index(struct allowlist *list, const struct ima_algorithm *algorithm)
{
    uint8_t i = 0;

    while (list->algorithm[i] != NULL && !same_algorithm(list->algorithm[i], algorithm)) {
        i++;
        assert(i < ALLOWLIST_ALGORITHMS_MAX);
    }
    if (list->algorithm[i] == NULL) {
        list->algorithm[i] = algorithm;
    }
    return i;
}

static bool row_equals(const struct allowlist *list, uint32_t row, const struct allowlist_key *key,
        enum scope scope)
{
    size_t at = (size_t)row * UNIT;
    struct row_header h = header_at(list, at);
    const struct ima_algorithm *algorithm = list->algorithm[h.algorithm];
    const uint8_t *digest = list->arena + at + sizeof(h);
    struct bytes path = { digest + algorithm->size, h.path_len };

    return ((h.flags & ROW_ANYWHERE) != 0) == (scope == SCOPE_ANYWHERE) &&
            ((h.flags & ROW_VERITY) != 0) == key->verity &&
            same_algorithm(algorithm, key->algorithm) && key->digest.len == algorithm->size &&
            memcmp(digest, key->digest.ptr, algorithm->size) == 0 &&
            (scope == SCOPE_ANYWHERE || bytes_equal(path, key->path));
}

static size_t home_of(const struct allowlist_index *index, uint32_t hash)
{
    return (size_t)((uint64_t)hash * index->size >> 32);
}

static size_t after(const struct allowlist_index *index, size_t at)
{
    return at + 1 == index->size ? 0 : at + 1;
}

/* Two rows that the same lookup would find: the first one counts. */
static bool same_digest(const struct allowlist *list, uint32_t a, uint32_t b)
{
    struct allowlist_row row = row_at(list, (size_t)a * UNIT);

    return row_equals(list, b, &row.key,
            row.match == ALLOWLIST_ANYWHERE ? SCOPE_ANYWHERE : SCOPE_PATH);
}

static bool same_path(const struct allowlist *list, uint32_t a, uint32_t b)
{
    return bytes_equal(row_at(list, (size_t)a * UNIT).key.path,
            row_at(list, (size_t)b * UNIT).key.path);
}

/* Put rows into an empty index; returns how many an earlier row hides. */
static size_t index_fill(const struct allowlist *list, struct allowlist_index *index,
        const struct allowlist_slot *rows, size_t count,
        bool (*same)(const struct allowlist *list, uint32_t a, uint32_t b))
{
    size_t hidden = 0;

    for (size_t i = 0; i < count; i++) {
        size_t at = home_of(index, rows[i].hash);

        if (i + AHEAD < count) {
            PREFETCH(&index->slot[home_of(index, rows[i + AHEAD].hash)]);
        }
        while (index->slot[at].row != 0 &&
                !(index->slot[at].hash == rows[i].hash &&
                        same(list, index->slot[at].row, rows[i].row))) {
            at = after(index, at);
        }
        if (index->slot[at].row == 0) {
            index->slot[at] = rows[i];
        } else {
            hidden++;
        }
    }
    return hidden;
}

static bool index_init(struct allowlist_index *index, size_t count, struct error *err)
{
    index->size = count + count / 2 + 1;
    index->slot = calloc(index->size, sizeof(*index->slot));
    if (index->slot == NULL) {
        return error_set(err, ERROR_NOMEM, "index of %zu rows", count);
    }
    return true;
}

bool allowlist_index(struct allowlist *list, struct error *err)
{
    assert(list->digests.slot == NULL);
    list->paths = calloc(1, sizeof(*list->paths));
    if (list->paths == NULL) {
        return error_set(err, ERROR_NOMEM, "index of %zu rows", list->pending_count);
    }
    if (!index_init(&list->digests, list->pending_count, err)) {
        return false;
    }
    list->duplicates =
            index_fill(list, &list->digests, list->pending, list->pending_count, same_digest);
    free(list->pending);
    list->pending = NULL;
    list->pending_room = 0;

    if (list->arena_len > 0) {
        uint8_t *fitted = realloc(list->arena, list->arena_len);

        list->arena = fitted != NULL ? fitted : list->arena;
        list->arena_room = fitted != NULL ? list->arena_len : list->arena_room;
    }
    return true;
}

static void with_underscores(uint8_t *path, size_t len)
{
    for (uint8_t *space; (space = memchr(path, ' ', len)) != NULL;) {
        *space = '_';
        len -= (size_t)(space + 1 - path);
        path = space + 1;
    }
}

/* Reads lines out of chunks that cut them anywhere. */
struct loader {
    struct allowlist *list;
    struct allowlist_file *file;
    uint64_t line;
    size_t held; /* bytes of a line whose end is in the next chunk */
    uint8_t carry[ALLOWLIST_LINE_MAX];
};

static void *grown(void *data, size_t *room, size_t need, size_t size)
{
    size_t bigger = *room == 0 ? 1024 : *room * 2;

    bigger = bigger < need ? need : bigger;
    data = realloc(data, bigger * size);
    if (data != NULL) {
        *room = bigger;
    }
    return data;
}

/* Room for one more row of name_len bytes. */
static bool reserve(struct allowlist *list, size_t name_len, struct error *err)
{
    size_t need = list->arena_len + sizeof(struct row_header) + DIGEST_SIZE_MAX + name_len + UNIT;

    if (list->row_count >= ALLOWLIST_ROWS_MAX || need / UNIT > UINT32_MAX) {
        return error_set(err, ERROR_LIMIT, "more than %zu rows", list->row_count);
    }
    if (need > list->arena_room) {
        uint8_t *arena = grown(list->arena, &list->arena_room, need, 1);

        if (arena == NULL) {
            return error_set(err, ERROR_NOMEM, "row %zu", list->row_count);
        }
        list->arena = arena;
    }
    if (list->pending_count == list->pending_room) {
        struct allowlist_slot *pending = grown(list->pending, &list->pending_room,
                list->pending_count + 1, sizeof(*pending));

        if (pending == NULL) {
            return error_set(err, ERROR_NOMEM, "row %zu", list->row_count);
        }
        list->pending = pending;
    }
    return true;
}

static bool add_row(struct loader *l, const struct allowlist_line *line, struct error *err)
{
    struct allowlist *list = l->list;
    bool anywhere = l->file->match == ALLOWLIST_ANYWHERE;
    size_t size = line->algorithm->size;
    size_t path_len = 0;

    if (!reserve(list, line->name.len, err)) {
        return false;
    }
    uint8_t *row = list->arena + list->arena_len;
    uint8_t *digest = row + sizeof(struct row_header);
    memcpy(digest, line->digest, size);
    if (!allowlist_line_name(line, digest + size, &path_len, err)) {
        return false;
    }
    if (path_len > ALLOWLIST_PATH_MAX) {
        return error_set(err, ERROR_LIMIT, "name of %zu bytes", path_len);
    }
    if (path_len == 0 && !anywhere) {
        return error_set(err, ERROR_CONFIG, "no name, though this list matches by path");
    }
    with_underscores(digest + size, path_len);
    struct row_header header = {
        .line = (uint32_t)l->line,
        .path_len = (uint16_t)path_len,
        .algorithm = algorithm_index(list, line->algorithm),
        .flags = (uint8_t)((line->verity ? ROW_VERITY : 0) | (anywhere ? ROW_ANYWHERE : 0)),
    };
    memcpy(row, &header, sizeof(header));
    if (bytes_are_zero((struct bytes){ digest, size })) {
        l->file->zero_digests++; /* never in the index, so never found */
    } else {
        list->pending[list->pending_count++] = (struct allowlist_slot){
            .hash = hash_bytes(list, digest, size + (anywhere ? 0 : path_len)),
            .row = (uint32_t)(list->arena_len / UNIT),
        };
    }
    list->arena_len += round_up(sizeof(header) + size + path_len);
    list->row_count++;
    l->file->rows++;
    return true;
}

static bool add_line(struct loader *l, struct bytes text, struct error *err)
{
    struct allowlist_line line;

    l->line++;
    if (l->line > UINT32_MAX) {
        return error_set(err, ERROR_LIMIT, "%s: more than %" PRIu32 " lines", l->file->name,
                UINT32_MAX);
    }
    /* A list that went through Windows; sha256sum escapes a carriage return that is part of a name.
     */
    if (text.len > 0 && text.ptr[text.len - 1] == '\r') {
        text.len--;
    }
    /* With other line ends than ours a comment would swallow every row behind it. */
    if (text.len > 0 && memchr(text.ptr, '\r', text.len) != NULL) {
        (void)error_set(err, ERROR_CONFIG,
                "a carriage return inside the line (sha256sum escapes one in a name)");
        return error_wrap(err, "%s:%" PRIu64, l->file->name, l->line);
    }
    if (text.len == 0 || text.ptr[0] == '#') {
        return true;
    }
    if (!allowlist_line_read(text, &line, err) || !add_row(l, &line, err)) {
        return error_wrap(err, "%s:%" PRIu64, l->file->name, l->line);
    }
    return true;
}

static bool hold(struct loader *l, struct bytes part, struct error *err)
{
    if (part.len > sizeof(l->carry) - l->held) {
        return error_set(err, ERROR_LIMIT, "%s:%" PRIu64 ": line of more than %zu bytes",
                l->file->name, l->line + 1, sizeof(l->carry));
    }
    if (part.len > 0) {
        memcpy(l->carry + l->held, part.ptr, part.len);
        l->held += part.len;
    }
    return true;
}

static bool flush(struct loader *l, struct error *err)
{
    struct bytes line = { l->carry, l->held };

    l->held = 0;
    return add_line(l, line, err);
}

static bool add_chunk(struct loader *l, struct bytes chunk, struct error *err)
{
    while (chunk.len > 0) {
        const uint8_t *end = memchr(chunk.ptr, '\n', chunk.len);
        size_t len = end != NULL ? (size_t)(end - chunk.ptr) : chunk.len;
        struct bytes part = { chunk.ptr, len };
        bool whole = end != NULL && l->held == 0 && len <= ALLOWLIST_LINE_MAX;

        if (whole ? !add_line(l, part, err)
                  : !hold(l, part, err) || (end != NULL && !flush(l, err))) {
            return false;
        }
        len += end != NULL ? 1 : 0;
        chunk = (struct bytes){ chunk.ptr + len, chunk.len - len };
    }
    return true;
}

static bool read_all(struct loader *l, struct source *src, struct hasher *h, struct error *err)
{
    struct bytes chunk;

    do {
        if (!src->next(src->ctx, &chunk, err)) {
            return false;
        }
        if ((h != NULL && !hasher_update(h, DIGEST_SHA256, chunk, err)) ||
                !add_chunk(l, chunk, err)) {
            return false;
        }
    } while (chunk.len > 0);
    return l->held == 0 || flush(l, err);
}

/* The first unit of the arena is no row, so that row 0 can mean a free slot. */
static bool begin(struct allowlist *list, struct error *err)
{
    if (list->arena_len > 0) {
        return true;
    }
    if (!reserve(list, 0, err)) {
        return false;
    }
    memset(list->arena, 0, UNIT);
    list->arena_len = UNIT;
    if (getrandom(list->hash_key, sizeof(list->hash_key), 0) != sizeof(list->hash_key)) {
        return error_set(err, ERROR_IO, "getrandom: %s", strerror(errno));
    }
    return true;
}

static bool add_file(struct allowlist *list, const char *name, enum allowlist_match match,
        struct error *err)
{
    struct allowlist_file *files = realloc(list->files, (list->file_count + 1) * sizeof(*files));

    if (files == NULL) {
        return error_set(err, ERROR_NOMEM, "%s", name);
    }
    list->files = files;
    files[list->file_count] = (struct allowlist_file){
        .name = strdup(name),
        .match = match,
        .first = list->arena_len,
    };
    if (files[list->file_count].name == NULL) {
        return error_set(err, ERROR_NOMEM, "%s", name);
    }
    list->file_count++;
    return true;
}

/* Forget the last file and its rows. */
static void drop_file(struct allowlist *list, const struct allowlist *before)
{
    if (list->file_count > before->file_count) {
        free(list->files[--list->file_count].name);
    }
    list->arena_len = before->arena_len;
    list->row_count = before->row_count;
    list->pending_count = before->pending_count;
}

bool allowlist_load_source(struct allowlist *list, const char *name, enum allowlist_match match,
        struct source *src, struct hasher *h, uint8_t *out_sha256, struct error *err)
{
    struct loader l = { .list = list };
    const struct allowlist before = *list;

    assert(list->digests.slot == NULL);
    if ((h != NULL && !hasher_begin(h, DIGEST_SHA256, err)) || !begin(list, err) ||
            !add_file(list, name, match, err)) {
        return false;
    }
    l.file = &list->files[list->file_count - 1];
    if (!read_all(&l, src, h, err) ||
            (h != NULL && !hasher_finish(h, DIGEST_SHA256, out_sha256, err))) {
        drop_file(list, &before);
        return false;
    }
    return true;
}

bool allowlist_load(struct allowlist *list, const char *path, enum allowlist_match match,
        struct hasher *h, uint8_t *out_sha256, struct error *err)
{
    struct file_source file CLEANUP(file_source_clear) = { 0 };

    if (!file_source_open(&file, path, err)) {
        return false;
    }
    struct source src = file_source(&file);
    return allowlist_load_source(list, path, match, &src, h, out_sha256, err);
}

static bool find(const struct allowlist *list, const struct allowlist_key *key, enum scope scope,
        struct allowlist_row *out)
{
    uint8_t text[DIGEST_SIZE_MAX + ALLOWLIST_PATH_MAX];
    struct allowlist_key want = *key;
    size_t len = key->digest.len;

    if (list->digests.slot == NULL || key->digest.len > DIGEST_SIZE_MAX ||
            bytes_are_zero(key->digest) ||
            (scope == SCOPE_PATH && key->path.len > ALLOWLIST_PATH_MAX)) {
        return false;
    }
    memcpy(text, key->digest.ptr, len);
    if (scope == SCOPE_PATH && key->path.len > 0) {
        memcpy(text + len, key->path.ptr, key->path.len);
        with_underscores(text + len, key->path.len);
        want.path.ptr = text + len;
        len += key->path.len;
    }
    uint32_t hash = hash_bytes(list, text, len);
    for (size_t at = home_of(&list->digests, hash); list->digests.slot[at].row != 0;
            at = after(&list->digests, at)) {
        struct allowlist_slot slot = list->digests.slot[at];

        if (slot.hash == hash && row_equals(list, slot.row, &want, scope)) {
            if (out != NULL) {
                *out = row_at(list, (size_t)slot.row * UNIT);
            }
            return true;
        }
    }
    return false;
}

bool allowlist_find_at_path(const struct allowlist *list, const struct allowlist_key *key,
        struct allowlist_row *out)
{
    return find(list, key, SCOPE_PATH, out);
}

bool allowlist_find(const struct allowlist *list, const struct allowlist_key *key,
        struct allowlist_row *out)
{
    return find(list, key, SCOPE_PATH, out) || find(list, key, SCOPE_ANYWHERE, out);
}

/* All rows that have a path, with the hash of it. NULL without memory. */
static struct allowlist_slot *hash_paths(const struct allowlist *list, size_t *out_count)
{
    struct allowlist_slot *rows = calloc(list->row_count + 1, sizeof(*rows));
    struct allowlist_row row;
    size_t cursor = UNIT;
    size_t count = 0;

    for (size_t at = cursor; rows != NULL && allowlist_next(list, &cursor, &row); at = cursor) {
        if (row.key.path.len > 0) {
            rows[count++] = (struct allowlist_slot){
                .hash = hash_bytes(list, row.key.path.ptr, row.key.path.len),
                .row = (uint32_t)(at / UNIT),
            };
        }
    }
    *out_count = count;
    return rows;
}

static bool index_paths(const struct allowlist *list)
{
    struct error err;
    size_t count = 0;
    struct allowlist_slot *rows = hash_paths(list, &count);
    bool ok = rows != NULL && index_init(list->paths, count, &err);

    if (ok) {
        (void)index_fill(list, list->paths, rows, count, same_path);
    }
    free(rows);
    return ok;
}

bool allowlist_find_path(const struct allowlist *list, struct bytes path, struct allowlist_row *out)
{
    uint8_t text[ALLOWLIST_PATH_MAX];

    if (list->paths == NULL || path.len == 0 || path.len > sizeof(text) ||
            (list->paths->slot == NULL && !index_paths(list))) {
        return false;
    }
    memcpy(text, path.ptr, path.len);
    with_underscores(text, path.len);

    uint32_t hash = hash_bytes(list, text, path.len);
    for (size_t at = home_of(list->paths, hash); list->paths->slot[at].row != 0;
            at = after(list->paths, at)) {
        struct allowlist_slot slot = list->paths->slot[at];
        struct allowlist_row row = row_at(list, (size_t)slot.row * UNIT);

        if (slot.hash == hash && bytes_equal(row.key.path, (struct bytes){ text, path.len })) {
            *out = row;
            return true;
        }
    }
    return false;
}

size_t allowlist_memory(const struct allowlist *list)
{
    size_t slots = list->digests.size + list->pending_room;

    if (list->paths != NULL) {
        slots += list->paths->size;
    }
    return list->arena_room + slots * sizeof(struct allowlist_slot) +
            list->file_count * sizeof(*list->files);
}

void allowlist_clear(struct allowlist *list)
{
    for (size_t i = 0; i < list->file_count; i++) {
        free(list->files[i].name);
    }
    free(list->files);
    free(list->arena);
    free(list->pending);
    free(list->digests.slot);
    if (list->paths != NULL) {
        free(list->paths->slot);
        free(list->paths);
    }
    *list = (struct allowlist){ 0 };
}
