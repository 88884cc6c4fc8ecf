/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/bytes.h"
#include "common/digest.h"
#include "common/pcr.h"
#include "host/buffer.h"
#include "ima/entry.h"

#define MADE_RECORDS_MAX 64

/* The format of the kernel's plain list. */
#define MADE_SHA1 ((struct ima_digest_format){ DIGEST_SHA1, 20 })

/** A list that a test makes. */
struct made {
    uint8_t data[16384];
    size_t len;
    size_t count;
    size_t at[MADE_RECORDS_MAX + 1]; /* where each record starts; at[count] == len */
};

static inline struct bytes made_bytes(const struct made *m)
{
    return (struct bytes){ m->data, m->len };
}

/** One record with this very digest. Legacy when name is "ima": data then has no length. */
void made_raw(struct made *m, uint32_t pcr, struct bytes digest, const char *name,
        struct bytes data);

/** One record with the right digest, padded with zeros to the format's width. */
void made_record(struct made *m, struct ima_digest_format format, uint32_t pcr, const char *name,
        struct bytes data);

/** An ima-ng record; its file digest is SHA-256 of the path. */
void made_file(struct made *m, struct ima_digest_format format, uint32_t pcr, const char *path);

/** The same as a violation: the digest is all zero. */
void made_violation(struct made *m, struct ima_digest_format format, uint32_t pcr,
        const char *path);

/** Template data: each value with its length in front. */
struct bytes made_fields(uint8_t *dst, size_t size, const struct bytes *values, size_t count);

/** "sha256:" NUL and count times fill. */
struct bytes made_digest(uint8_t *dst, const char *prefix, uint8_t fill, size_t count);

/** A literal with its NUL, as a path stands in a record. */
#define PATH(text) ((struct bytes){ (const uint8_t *)(text), sizeof(text) })
/** A literal without it. */
#define TEXT(text) ((struct bytes){ (const uint8_t *)(text), sizeof(text) - 1 })

/** A file of tests/fixtures/ima; a failed check and an empty buffer when there is none. */
struct buffer fixture(const char *name);

/** Values of a file with lines "bank index hex"; banks we do not know are left out. */
bool pcrs_from_text(struct bytes text, struct pcr_values *out);

/** Values of a fixture. */
struct pcr_values fixture_pcrs(const char *name);
