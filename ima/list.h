/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/attributes.h"
#include "common/bytes.h"
#include "common/error.h"
#include "ima/entry.h"

/** What to do with a record. The entry is valid during the call. False, with err set, ends the
 * feed. */
typedef bool ima_entry_visitor(void *ctx, const struct ima_entry *entry, struct error *err);

/**
 * Records out of a list that comes in chunks cut anywhere.
 *
 * Keeps at most one unfinished record (`carry`, on the heap). To go on where an earlier reader
 * stopped, set index and offset to its values before the first feed.
 */
struct ima_list {
    struct ima_digest_format format;
    uint64_t index;  /* of the next record */
    uint64_t offset; /* of the next record's first byte in the whole list */
    struct {
        uint8_t *data;
        size_t len;
        size_t room;
    } carry;
};

void ima_list_init(struct ima_list *list, struct ima_digest_format format);
void ima_list_clear(struct ima_list *list);

/**
 * Hand every record that is whole by now to visit, in order.
 *
 * @param chunk  any length; not needed after the call
 * @param err    "entry N at offset M: ..." with ERROR_MALFORMED, ERROR_LIMIT, ERROR_NOMEM, or what
 *               visit set; the list cannot be fed any more
 */
MUST_USE bool ima_list_feed(struct ima_list *list, struct bytes chunk, ima_entry_visitor *visit,
        void *ctx, struct error *err);

/** To be called after the last chunk: ERROR_TRUNCATED when it ended inside a record. */
MUST_USE bool ima_list_end(const struct ima_list *list, struct error *err);
