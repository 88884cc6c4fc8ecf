/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/attributes.h"
#include "common/bytes.h"
#include "common/error.h"
#include "common/pcr.h"
#include "protocol/envelope.h"

/** Which boot, and which entry of its IMA list, the verifier has reached. */
struct message_cursor {
    struct bytes ak_name; /* TPM2B_NAME without its size */
    uint32_t reset_count; /* TPMS_CLOCK_INFO */
    uint32_t restart_count;
    uint64_t entry; /* index of the first entry not seen; its offset is in want[LOG_KIND_IMA] */
};

/** Which bytes of a log the verifier wants. */
struct message_want {
    bool wanted;
    uint64_t offset;    /* where to start */
    uint64_t max_bytes; /* 1 at least; the agent may send less */
};

/** What the verifier asks for: a quote and logs, or, without a challenge, more log bytes. */
struct message_request {
    struct bytes challenge;         /* MESSAGE_CHALLENGE_MIN to _MAX bytes; empty: no quote */
    struct pcr_selection selection; /* what to quote; empty exactly when challenge is */
    bool has_cursor;
    struct message_cursor cursor;
    struct bytes boot_log_id; /* SHA-256 of the boot log the verifier holds; or empty */
    struct message_want want[LOG_KIND_COUNT];
};

MUST_USE bool message_request_encode(const struct message_request *m, uint8_t *dst, size_t size,
        struct bytes *out, struct error *err);
MUST_USE bool message_request_decode(struct bytes in, struct message_request *out,
        struct error *err);
