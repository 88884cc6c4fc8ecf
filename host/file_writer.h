/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include <stdbool.h>

#include "common/attributes.h"
#include "common/bytes.h"
#include "common/error.h"

/** What to do with a file that is there already. */
enum file_existing {
    FILE_REPLACE, /* replace it, if it is an ordinary file */
    FILE_REFUSE,  /* leave it alone and fail */
    FILE_UPDATE,  /* replace it, or the file that a link leads to, and keep its mode */
};

/**
 * A new file (mode 0600; for FILE_UPDATE what the umask leaves of 0666) that appears under its name
 * whole or not at all: it is written beside it and moved there at the end. All zero is a valid,
 * closed one.
 */
struct file_writer {
    char *path;
    char *temp;
    int fd; /* open if and only if path is set */
    enum file_existing existing;
};

/**
 * Start a file; nothing is seen at path yet.
 *
 * @param out  closed on entry; on success finish it with file_writer_commit(), or give it up with
 *             file_writer_clear()
 * @param err  ERROR_IO (also for a path that is a link, but see FILE_UPDATE, a device or the like),
 * ERROR_NOMEM
 */
MUST_USE bool file_writer_open(struct file_writer *out, const char *path,
        enum file_existing existing, struct error *err);

/** Append. @param err  ERROR_IO */
MUST_USE bool file_writer_add(struct file_writer *w, struct bytes b, struct error *err);

/** Bring the file to the disk and to its name, and close the writer. @param err  ERROR_IO */
MUST_USE bool file_writer_commit(struct file_writer *w, struct error *err);

/** Throw away what was not committed; fits CLEANUP(). */
void file_writer_clear(struct file_writer *w);

/** A whole file at once. */
MUST_USE bool file_write(const char *path, enum file_existing existing, struct bytes b,
        struct error *err);
