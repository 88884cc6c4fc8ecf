/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/attributes.h"
#include "common/bytes.h"
#include "common/error.h"
#include "common/source.h"
#include "host/buffer.h"
#include "host/file.h"
#include "protocol/message.h"
#include "protocol/stream.h"

/* The longest boot log or user-space log that is taken into memory. */
#define EVIDENCE_LOG_MAX ((size_t)16 * 1024 * 1024)

/** Which chunk has to come next in a sequence. */
struct evidence_position {
    enum log_kind log; /* LOG_KIND_COUNT: all logs are complete */
    uint64_t offset;   /* of the chunk's first byte in that log */
};

/**
 * An evidence file: the evidence message, then the chunks of its logs (docs/protocol.md).
 *
 * All zero is a valid, closed one. Holds the evidence message and the small logs; the IMA list is
 * read again for each pass, chunk by chunk. Must not be moved while it is open.
 */
struct evidence_file {
    struct message_evidence evidence; /* views into message */
    struct buffer boot_log;           /* whole; empty when none follows */
    struct buffer userspace_log;      /* likewise */
    uint64_t ima_bytes;               /* length of the IMA list */

    /* How it is read; not for callers. */
    struct buffer message;
    struct file_source file;
    struct source input;
    struct bytes unread; /* of the chunk input gave last */
    uint8_t *room;
    struct message_stream stream;
    struct evidence_position next;
};

/**
 * Open an evidence file, and read it once from end to end: every message decodes, every log starts
 * at its first byte, is contiguous and complete, the logs are those announced and in order, and
 * nothing follows.
 *
 * @param f    closed on entry; evidence_file_close() it whatever happens
 * @param err  ERROR_IO and ERROR_NOMEM are ours; anything else is the evidence's fault, "message N
 *             at offset M: ...": ERROR_TRUNCATED, ERROR_MALFORMED, ERROR_UNSUPPORTED, ERROR_LIMIT
 */
MUST_USE bool evidence_file_open(struct evidence_file *f, const char *path, struct error *err);

/** The same for a sequence that comes from elsewhere; input must be at its first byte and outlive
 * f. */
MUST_USE bool evidence_file_read(struct evidence_file *f, struct source input, struct error *err);

/**
 * The bytes of the IMA list; rewind it before the first pass, too. Everything is checked again on
 * the way: a file that was changed in between is an error.
 */
struct source evidence_file_ima(struct evidence_file *f);

/** Close the file and free what it held. Safe on a closed one; fits CLEANUP(). */
void evidence_file_close(struct evidence_file *f);
