/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/attributes.h"
#include "common/bytes.h"
#include "common/digest.h"
#include "common/error.h"
#include "common/pcr.h"
#include "protocol/envelope.h"

/*
 * The messages of docs/protocol.cddl: deterministic CBOR <-> structs.
 *
 * A decoded message borrows from the bytes it was decoded from, and is written on success only.
 * Errors of every decoder: ERROR_TRUNCATED, ERROR_MALFORMED, ERROR_LIMIT, and ERROR_UNSUPPORTED for
 * a version, log or algorithm this build does not know. Unknown map keys are checked to be
 * deterministic CBOR and ignored. An encoder refuses, with the same errors, what its decoder would
 * refuse; ERROR_LIMIT also when dst is too small.
 */

/** What the chunks of one log start with. */
struct message_log {
    bool follows;    /* chunks of this log are sent: one at least, the last one marked */
    uint64_t offset; /* byte of the log the first chunk starts with; not 0 in a delta */
    /* The IMA list only: */
    uint64_t entry;               /* index of the entry at offset */
    enum digest_alg template_alg; /* of the template digest field; the kernel writes sha1, 20 */
    size_t template_size;         /* its width in bytes, at least digest_size(template_alg) */
};

/** What the agent proves, and what its proof is to be read with. */
struct message_evidence {
    struct bytes quote;         /* TPMS_ATTEST */
    struct bytes signature;     /* TPMT_SIGNATURE */
    struct bytes ak_public;     /* TPM2B_PUBLIC */
    struct bytes ek_public;     /* TPM2B_PUBLIC; empty when not sent */
    struct pcr_values hints;    /* PCRs read after the quote; unsigned */
    struct bytes host_claims;   /* opaque; its SHA-256 is in the binding; may be empty */
    struct bytes agent_version; /* text */
    struct message_log log[LOG_KIND_COUNT];
};

/**
 * @param out  the message at dst
 */
MUST_USE bool message_evidence_encode(const struct message_evidence *m, uint8_t *dst, size_t size,
        struct bytes *out, struct error *err);
MUST_USE bool message_evidence_decode(struct bytes in, struct message_evidence *out,
        struct error *err);

/** Consecutive bytes of one log. */
struct message_chunk {
    enum log_kind log;
    uint64_t offset;   /* byte of the log that data starts with */
    bool last;         /* data reaches the end of the log, as the agent read it */
    struct bytes data; /* empty only when last */
};

MUST_USE bool message_chunk_encode(const struct message_chunk *m, uint8_t *dst, size_t size,
        struct bytes *out, struct error *err);
MUST_USE bool message_chunk_decode(struct bytes in, struct message_chunk *out, struct error *err);
