/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/attributes.h"
#include "common/bytes.h"
#include "common/error.h"

/* Longest text that is read or written. */
#define PROBLEM_TEXT_MAX 256
/* Room for every problem that problem_encode() writes: a map, two keys, two texts. */
#define PROBLEM_ENCODED_MAX (1 + 2 * (1 + 3 + PROBLEM_TEXT_MAX))

/** What an error answer of CoAP says in words: concise problem details (RFC 9290). */
struct problem {
    struct bytes title;  /* what kind of problem; UTF-8; empty: not said */
    struct bytes detail; /* what happened this time; likewise */
};

/** Encode p; longer texts are cut between characters. False when dst is too small. */
MUST_USE bool problem_encode(const struct problem *p, uint8_t *dst, size_t size, struct bytes *out);

/**
 * Decode an error answer: deterministic CBOR (protocol/item.h), without the language tags that
 * RFC 9290 allows. Entries other than title and detail are ignored.
 *
 * @param out  views into in; untrusted text
 * @param err  ERROR_TRUNCATED, ERROR_MALFORMED, ERROR_LIMIT
 */
MUST_USE bool problem_decode(struct bytes in, struct problem *out, struct error *err);
