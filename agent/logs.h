/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "common/attributes.h"
#include "common/digest.h"
#include "common/error.h"
#include "ima/entry.h"
#include "protocol/envelope.h"

/**
 * One log, as a file that is read where others write it. All zero is a closed one without path.
 *
 * The descriptor is kept, never bytes: the kernel goes on where the last read ended (seq_read_iter
 * in fs/seq_file.c), while a new descriptor, or a read at another offset, makes it write the log
 * again from its start. Where we were started as root it is also the right to read.
 */
struct log_file {
    const char *path; /* from the settings; borrowed */
    bool open;
    int fd;
    dev_t device; /* of the open file ... */
    ino_t inode;
    off_t size;       /* ... as stat() said last: 0 for ever in securityfs */
    uint64_t reached; /* so many bytes were there when we read last */
};

/** The logs of this machine. */
struct logs {
    struct log_file file[LOG_KIND_COUNT];
    struct ima_digest_format ima_format; /* of the IMA list's template digests, by its name */
};

/** Use these paths from now on; they must outlive logs. NULL: no such log. */
void logs_set(struct logs *logs, const char *const path[LOG_KIND_COUNT]);

/** Close all; fits CLEANUP(). */
void logs_clear(struct logs *logs);

/**
 * Be ready to read the file that has the log's name now.
 *
 * @param out_there  false: it does not exist
 * @param err        ERROR_IO: it exists and cannot be read; does not name the path
 */
MUST_USE bool logs_look(struct logs *logs, enum log_kind kind, bool *out_there, struct error *err);

/**
 * Read, after logs_look() found the log.
 *
 * @param offset    at the end or beyond it nothing is read
 * @param max       bytes at dst, at least 1
 * @param out_last  the end was reached
 * @param err       ERROR_IO
 */
MUST_USE bool logs_read(struct logs *logs, enum log_kind kind, uint64_t offset, uint8_t *dst,
        size_t max, size_t *out_len, bool *out_last, struct error *err);

/**
 * Does the log still have offset bytes at least? After logs_look().
 *
 * @param err  ERROR_IO
 */
MUST_USE bool logs_reach(struct logs *logs, enum log_kind kind, uint64_t offset, bool *out,
        struct error *err);

/**
 * SHA-256 of the log as it is now, and its length. After logs_look().
 *
 * @param max  a longer log is not read on: *out_len is more than max
 * @param err  ERROR_IO, ERROR_CRYPTO
 */
MUST_USE bool logs_digest(struct logs *logs, enum log_kind kind, struct hasher *h, uint64_t max,
        uint8_t *out, uint64_t *out_len, struct error *err);
