/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/attributes.h"
#include "common/bytes.h"
#include "common/error.h"
#include "common/reader.h"
#include "common/writer.h"
#include "protocol/field.h"

/* What all messages of docs/protocol.cddl have in common: limits, version, type, logs. */

#define MESSAGE_VERSION 1

/* Limits, in bytes. A message that exceeds its own is refused before it is looked at. */
#define MESSAGE_CHALLENGE_MIN    16
#define MESSAGE_CHALLENGE_MAX    64
#define MESSAGE_TPM_MAX          4096 /* a TPM structure: quote, signature, public area */
#define MESSAGE_CLAIMS_MAX       (16 * 1024)
#define MESSAGE_AGENT_MAX        64
#define MESSAGE_AK_NAME_MAX      66 /* TPM2B_NAME: algorithm and SHA-512 */
#define MESSAGE_REQUEST_MAX      4096
#define MESSAGE_EVIDENCE_MAX     (64 * 1024)
#define MESSAGE_CHUNK_DATA_MAX   (256 * 1024)
#define MESSAGE_CHUNK_MAX        (MESSAGE_CHUNK_DATA_MAX + 1024)
#define MESSAGE_SIZE_MAX         MESSAGE_CHUNK_MAX /* the largest of all messages */
#define MESSAGE_BOOT_LOG_ID_SIZE 32                /* SHA-256 */
#define MESSAGE_OFFSET_MAX       ((uint64_t)INT64_MAX)

enum message_type {
    MESSAGE_REQUEST = 1,
    MESSAGE_EVIDENCE = 2,
    MESSAGE_CHUNK = 3,
};

/** In the order in which logs follow an evidence message. */
enum log_kind {
    LOG_KIND_NONE = 0, /* on no wire */
    LOG_KIND_BOOT = 1,
    LOG_KIND_IMA = 2,
    LOG_KIND_USERSPACE = 3, /* reserved for systemd's log */
};

#define LOG_KIND_COUNT 4

/** "boot log", "IMA list", "user-space log". */
const char *log_kind_name(enum log_kind kind);

/**
 * Version and type of a message, from its first bytes; the rest is not looked at.
 *
 * @param err  ERROR_TRUNCATED, ERROR_MALFORMED, ERROR_UNSUPPORTED (version or type)
 */
MUST_USE bool message_type_read(struct bytes in, enum message_type *out, struct error *err);

/**
 * Read a whole message of one type into out: size, version and type first, then its form
 * (item_walk), then its contents.
 *
 * @param max  the longest message of this type
 */
MUST_USE bool envelope_read(struct bytes in, enum message_type want, size_t max,
        const struct field_shape *shape, void *out, struct error *err);

/**
 * The kind of a log. One that this build does not know would bring chunks it cannot read: unlike
 * an unknown key it is refused.
 */
MUST_USE bool envelope_read_log(struct reader *r, enum log_kind *out, struct error *err);

/** Start a message: a map of so many pairs, version and type included. */
void envelope_write(struct writer *w, size_t pairs, enum message_type type);

/** What was written. @param err  ERROR_LIMIT when it did not fit */
MUST_USE bool envelope_written(const struct writer *w, struct bytes *out, struct error *err);
