/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/attributes.h"
#include "common/bytes.h"
#include "common/digest.h"
#include "common/error.h"
#include "common/source.h"
#include "ima/algorithm.h"

/*
 * File digests that a policy allows or denies, from text files in the format of sha256sum:
 *
 *     HEX  NAME            the algorithm is told by the length: SHA-1, SHA-256, SHA-384, SHA-512
 *     ALG:HEX  NAME        the kernel's name of the algorithm, for example md5 or sha3-256
 *     verity:ALG:HEX  NAME fs-verity digest: never equal to a plain one
 *     # comment
 *
 * A `*` in place of the second space and sha256sum's escapes (a line that starts with a backslash)
 * are understood. NAME may be missing where the path does not count.
 */

/* Bytes in a line without its newline: an escaped path of PATH_MAX fits twice. */
#define ALLOWLIST_LINE_MAX ((size_t)16 * 1024)
/* PATH_MAX without its NUL. */
#define ALLOWLIST_PATH_MAX ((size_t)4095)
#define ALLOWLIST_ROWS_MAX ((size_t)64 * 1024 * 1024)

/** When a row of a file counts. */
enum allowlist_match {
    ALLOWLIST_PATH,     /* digest and path are equal */
    ALLOWLIST_ANYWHERE, /* the digest is equal */
};

/** A digest of a file and the path it was seen at. */
struct allowlist_key {
    const struct ima_algorithm *algorithm;
    bool verity;         /* the digest is an fs-verity digest */
    struct bytes digest; /* algorithm->size bytes */
    struct bytes path;   /* empty: not named */
};

/** A row of a list; the views are valid until the list is cleared. */
struct allowlist_row {
    struct allowlist_key key; /* spaces of the path are underscores */
    const char *file;         /* name of the file, as it was loaded */
    uint32_t line;
    enum allowlist_match match;
};

/** A file that was loaded. */
struct allowlist_file {
    char *name;
    enum allowlist_match match;
    size_t first; /* its first row, internal */
    size_t rows;
    size_t zero_digests; /* rows whose digest is all zero: they match nothing */
};

struct allowlist_slot {
    uint32_t hash;
    uint32_t row; /* in units of the arena; 0: free */
};

/** Open addressing, linear probing, at most two thirds full. */
struct allowlist_index {
    struct allowlist_slot *slot;
    size_t size;
};

/* The kernel knows 24 names. */
#define ALLOWLIST_ALGORITHMS_MAX 32

/**
 * One or more files and an index over their rows. All zero is a valid empty list, which finds
 * nothing. Load every file, index once, then find.
 */
struct allowlist {
    struct allowlist_file *files;
    size_t file_count;
    size_t row_count;  /* of all files, duplicates and zero digests included */
    size_t duplicates; /* rows that say what an earlier one says; known after allowlist_index() */
    uint64_t hash_key[2];
    const struct ima_algorithm *algorithm[ALLOWLIST_ALGORITHMS_MAX]; /* those that occur */
    uint8_t *arena; /* the rows, packed, in the order of the files */
    size_t arena_len;
    size_t arena_room;
    struct allowlist_slot *pending; /* rows that are not in the index yet */
    size_t pending_count;
    size_t pending_room;
    struct allowlist_index digests;
    struct allowlist_index *paths; /* filled by the first allowlist_find_path() */
};

/**
 * Append a file's rows.
 *
 * @param name        stands in messages and rows; copied
 * @param h           NULL, or used to hash the file's bytes (SHA-256)
 * @param out_sha256  32 bytes when h is given
 * @param err  ERROR_CONFIG with "NAME:LINE: ", ERROR_LIMIT, ERROR_NOMEM, what src says; the list is
 *             then as it was
 */
MUST_USE bool allowlist_load_source(struct allowlist *list, const char *name,
        enum allowlist_match match, struct source *src, struct hasher *h, uint8_t *out_sha256,
        struct error *err);

/** allowlist_load_source() of the file at path. @param err  also ERROR_IO */
MUST_USE bool allowlist_load(struct allowlist *list, const char *path, enum allowlist_match match,
        struct hasher *h, uint8_t *out_sha256, struct error *err);

/** Build the index, once, after the last file. @param err  ERROR_NOMEM */
MUST_USE bool allowlist_index(struct allowlist *list, struct error *err);

/**
 * Find a row that covers a file: one with its digest and its path, else one with its digest in a
 * list that matches anywhere. Algorithm, kind and length of the digest must be equal too; a digest
 * of zeros is never found.
 *
 * @param out  may be NULL
 */
bool allowlist_find(const struct allowlist *list, const struct allowlist_key *key,
        struct allowlist_row *out);

/** The same, but only rows that name the path. */
bool allowlist_find_at_path(const struct allowlist *list, const struct allowlist_key *key,
        struct allowlist_row *out);

/**
 * The first row that names this path, whatever its digest: what a finding calls expected.
 *
 * The first call builds an index (not thread-safe); without memory for it nothing is found.
 */
bool allowlist_find_path(const struct allowlist *list, struct bytes path,
        struct allowlist_row *out);

/** Walk the rows in order. @param cursor  0 at first */
bool allowlist_next(const struct allowlist *list, size_t *cursor, struct allowlist_row *out);

/** Bytes of memory that the list holds. */
size_t allowlist_memory(const struct allowlist *list);

/** Free everything and leave an empty list; fits CLEANUP(). */
void allowlist_clear(struct allowlist *list);
