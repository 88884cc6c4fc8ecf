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
#include "common/source.h"
#include "host/buffer.h"
#include "protocol/message.h"
#include "protocol/request.h"
#include "verifier/link.h"

#define FETCH_CHALLENGE_SIZE 32

/*
 * What one fetch may cost, whatever the agent does: bytes of all answers together, passes over the
 * list included (and with them its records, none of which is shorter than 32 bytes); questions, so
 * that an agent cannot serve a list byte by byte; and time.
 */
#define FETCH_BYTES_MAX   ((uint64_t)1024 * 1024 * 1024)
#define FETCH_ASKS_MAX    ((uint64_t)128 * 1024)
#define FETCH_TIME_MAX_MS ((int64_t)15 * 60 * 1000)

struct fetch_limits {
    uint64_t bytes;
    uint64_t asks;
    int64_t deadline_ms; /* by clock_now_ms() */
};

/** FETCH_*_MAX, from now on. */
struct fetch_limits fetch_limits_default(void);

/** What is asked for: a quote of these PCRs, and logs. */
struct fetch_request {
    struct pcr_selection selection;
    bool wants_boot_log;
    bool wants_ima_list;
    /* What is held of an earlier round; the agent may leave it out. */
    struct bytes boot_log_id; /* SHA-256; empty: none */
    uint64_t boot_log_size;
    bool has_cursor;
    struct message_cursor cursor;
    uint64_t list_offset; /* of the cursor's entry */
};

/**
 * Evidence as it comes over a link: a quote over a fresh challenge, the boot log, whole, and the
 * IMA list while it is read, chunk by chunk and never held.
 *
 * All zero is a valid empty one. Whatever does not fit what was asked for, or the order of
 * docs/protocol.md, is refused by name. Must not be moved while its list is read.
 */
struct fetch {
    uint8_t challenge[FETCH_CHALLENGE_SIZE];
    bool has_evidence;                /* the message came, and decodes */
    struct message_evidence evidence; /* views into message */
    bool boot_log_is_held;            /* it is the one that boot_log_id names */
    struct buffer boot_log;           /* otherwise, when evidence says that it follows */
    uint8_t boot_log_id[MESSAGE_BOOT_LOG_ID_SIZE]; /* SHA-256 of boot_log, computed here */
    uint64_t received;                             /* bytes of all answers */

    /* How it is read; not for callers. */
    const struct link *link;
    struct fetch_limits limits;
    uint64_t asks;
    struct buffer message;
    size_t boot_room;
    bool boot_ended;
    struct buffer list_head; /* of the list: what came with the evidence message ... */
    bool list_is_short;      /* ... which is all there is */
    uint64_t list_at;        /* next byte of the list to hand out */
    bool list_head_given;
    bool list_ended;
};

/**
 * Send the request, with a challenge of its own, and read evidence message and first chunks.
 *
 * @param f    empty on entry; fetch_clear() it whatever happens; link must outlive it
 * @param err  ERROR_NO_ANSWER: silence, also when the time is over; what error_is_about_input():
 * the attester's fault, a limit of bytes or questions included; the rest is ours
 */
MUST_USE bool fetch_start(struct fetch *f, const struct link *link,
        const struct fetch_limits *limits, const struct fetch_request *request, struct error *err);

/** Read the rest of the boot log, and hash it. Nothing to do without one. Errors of fetch_start().
 */
MUST_USE bool fetch_boot_log(struct fetch *f, struct hasher *h, struct error *err);

/**
 * The IMA list from where it starts (evidence.log[LOG_KIND_IMA]); it is at its first byte, and
 * asks the agent for more as it is read. Rewinding asks again. Errors of fetch_start().
 */
struct source fetch_list(struct fetch *f);

/** Free everything; fits CLEANUP(). */
void fetch_clear(struct fetch *f);
