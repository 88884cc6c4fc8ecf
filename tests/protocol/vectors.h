/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include "common/bytes.h"
#include "common/error.h"

/** A vector of tests/fixtures/protocol/vectors.txt, valid until the program ends. Ends the program
 * when there is none of that name. */
struct bytes vector(const char *name);

/** in with the first occurrence of the bytes find (hex) replaced by with (hex); on the heap. Ends
 * the program when find is not there. */
struct bytes patched(struct bytes in, const char *find, const char *with);

/** A copy on the heap of exactly this size, so that ASan guards its end. */
struct bytes heap_copy(struct bytes in);
void heap_free(struct bytes b);
