/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "common/attributes.h"
#include "common/bytes.h"
#include "common/error.h"
#include "common/pcr.h"
#include "eventlog/replay.h"
#include "host/buffer.h"
#include "protocol/envelope.h"
#include "tpm/public.h"
#include "verifier/appraise.h"
#include "verifier/list_progress.h"
#include "verifier/verdict.h"

/* A thousand findings of long names, and more. */
#define HOST_STATE_SIZE_MAX ((size_t)128 * 1024 * 1024)
/* "2026-01-31T12:34:56Z" with its NUL. */
#define HOST_STATE_TIME_MAX 21

/**
 * What is known of one host from round to round. All zero: nothing yet.
 *
 * What it holds of the evidence was borne out by a quote, and moves on with such quotes only.
 */
struct host_state {
    /* The last answer, whatever it was. */
    enum verdict_result verdict;
    char time[HOST_STATE_TIME_MAX]; /* of it, RFC 3339; empty: there was none */

    struct tpm_name ak_name; /* of the attestation key; empty: nothing was ever attested */
    /* The rest says something only with an AK Name. */
    uint8_t policy_digest[32]; /* that everything was judged by */
    struct pcr_selection selection;
    struct appraise_clock clock;
    bool has_boot_log;
    uint8_t boot_log_id[MESSAGE_BOOT_LOG_ID_SIZE];
    uint64_t boot_log_size;
    struct eventlog_replay boot; /* events, banks, values, extended; no notes and separators */
    bool has_list;
    struct list_progress list;
    struct findings open; /* verifier/open_findings.h; not finished */
};

/** Free the findings and forget everything; fits CLEANUP(). */
void host_state_clear(struct host_state *s);

/**
 * JSON with a checksum over its content.
 *
 * @param out  empty on entry; on success owns the text (buffer_clear)
 * @param err  ERROR_NOMEM, ERROR_CRYPTO; ERROR_UNSUPPORTED for a number that JSON cannot hold
 */
MUST_USE bool host_state_encode(const struct host_state *s, struct buffer *out, struct error *err);

/**
 * The opposite, and strict: an unknown key, a missing one, a wrong type, size or checksum is an
 * error. It is our own file, and a verdict rests on it.
 *
 * @param out  empty on entry; set on success only
 * @param err  ERROR_MALFORMED, ERROR_UNSUPPORTED (another version), ERROR_NOMEM, ERROR_CRYPTO
 */
MUST_USE bool host_state_decode(struct bytes text, struct host_state *out, struct error *err);
