/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "agent/attester.h"
#include "agent/logs.h"
#include "common/attributes.h"
#include "common/digest.h"
#include "common/error.h"
#include "host/buffer.h"
#include "protocol/request.h"

/** What an answer is made from, beside request and proof. */
struct answer_source {
    struct logs *logs;
    struct hasher *hasher;
    uint8_t *scratch; /* MESSAGE_CHUNK_DATA_MAX bytes */
};

/**
 * The answer to a request: the evidence message, if there is a proof, and a chunk of each log that
 * is wanted and exists, boot log before IMA list before user-space log.
 *
 * With a proof this says where each log starts: at the entry the verifier holds where its cursor
 * belongs to this key and this boot, and the list still reaches that far; at its end where the
 * verifier holds the whole boot log; else at 0. Without a proof logs are read at the offset asked
 * for, and one that does not exist is an error.
 *
 * @param proof  NULL: the request has no challenge
 * @param limit  bytes the answer should have at most; what has to be in it is in it all the same
 * @param err    ERROR_IO: a log that exists cannot be read, *failed says which; ERROR_CONFIG: a log
 *               that does not exist; ERROR_LIMIT: an offset that no log has; others: ours
 */
MUST_USE bool answer_make(const struct answer_source *from, const struct message_request *request,
        const struct attester_proof *proof, size_t limit, struct buffer *out, enum log_kind *failed,
        struct error *err);
