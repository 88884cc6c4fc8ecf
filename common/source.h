/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include <stdbool.h>

#include "common/attributes.h"
#include "common/bytes.h"
#include "common/error.h"

/**
 * Where a log's bytes come from, chunk by chunk, so that pure code can read a list that is never
 * whole in memory.
 */
struct source {
    /** Next chunk, valid until the next call; an empty one is the end. */
    bool (*next)(void *ctx, struct bytes *out, struct error *err);
    /** Start again from the first byte. */
    bool (*rewind)(void *ctx, struct error *err);
    void *ctx;
};
