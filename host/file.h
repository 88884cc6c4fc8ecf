/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "common/attributes.h"
#include "common/error.h"
#include "common/source.h"
#include "host/buffer.h"

/**
 * Read a whole file, up to max bytes, into out.
 *
 * Reads to end of file and never asks for the size first: securityfs reports 0.
 *
 * @param out  empty on entry; on success owns the bytes (buffer_clear)
 * @param err  ERROR_IO, ERROR_LIMIT (more than max bytes), ERROR_NOMEM
 */
MUST_USE bool file_read(const char *path, size_t max, struct buffer *out, struct error *err);

/** The same of a file that is open already, from where it stands; path is for messages. */
MUST_USE bool file_read_open(int fd, const char *path, size_t max, struct buffer *out,
        struct error *err);

/* Bytes a file_source reads at a time: what it holds in memory, whatever the file is long. Small
 * enough for the second-level cache: 256 KiB cost a tenth of a replay. */
#define FILE_CHUNK_SIZE ((size_t)64 * 1024)

/** A file that is read in chunks to its end, as a struct source. All zero is a valid, closed one.
 */
struct file_source {
    char *path;
    uint8_t *chunk; /* FILE_CHUNK_SIZE bytes */
    int fd;         /* open if and only if path is set */
};

/**
 * Open a file for reading from its first byte.
 *
 * @param out  closed on entry; on success close it with file_source_clear()
 * @param err  ERROR_IO, ERROR_NOMEM
 */
MUST_USE bool file_source_open(struct file_source *out, const char *path, struct error *err);

/**
 * The chunks of f, which must outlive what is returned. Only the last chunk is shorter than
 * FILE_CHUNK_SIZE. Rewinding opens the path again, so that a file
 * that was replaced is read as it is now.
 */
struct source file_source(struct file_source *f);

/** Close the file. Safe on a closed one; fits CLEANUP(). */
void file_source_clear(struct file_source *f);
