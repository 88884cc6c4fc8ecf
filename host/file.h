/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "common/attributes.h"
#include "common/error.h"
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
