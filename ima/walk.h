/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "common/attributes.h"
#include "common/digest.h"
#include "common/error.h"
#include "common/pcr.h"
#include "common/source.h"
#include "ima/list.h"
#include "ima/replay.h"
#include "ima/template.h"

/**
 * What the registers must be at the end of the attested prefix: known values, or a digest over a
 * selection of registers whose other values are known.
 */
struct ima_target {
    bool by_value;
    uint32_t pcrs; /* registers the list has to explain */
    bool follow;   /* by value, with `whole` only: and every register the list's records name whose
                      value is known */
    struct pcr_values values; /* by value: of the registers in pcrs; by digest: of all others */
    /* by digest */
    struct pcr_selection selection;
    enum digest_alg alg; /* hash of the signing scheme */
    uint8_t digest[DIGEST_SIZE_MAX];
};

/** A record, its fields and what replay found. */
struct ima_record {
    const struct ima_entry *entry;
    const struct ima_fields
            *fields; /* count 0 when the template is unknown, or malformed in a violation */
    const struct ima_measured *measured;
};

/** Told of every record up to and including the last attested one; of the tail only when it is
 * replayed, too. */
typedef bool ima_record_visitor(void *ctx, const struct ima_record *record, struct error *err);

/**
 * One pass over a list: framing, fields, replay, and the stop mark.
 *
 * The attested prefix is the shortest one (of at least one record) at which every register of the
 * target is reproduced in every bank at once. A target that names no register of a replayed bank is
 * never met. What follows is the tail: it must parse, and is replayed only when `whole` asks for
 * it.
 */
struct ima_walk {
    /* set by the caller after init */
    const struct ima_target *target; /* NULL: no stop mark is looked for */
    bool whole;                      /* replay the tail, too, for the values after the whole list */
    ima_record_visitor *visit;       /* may be NULL */
    ima_entry_visitor *visit_tail;   /* may be NULL: told of the tail that is not replayed */
    void *ctx;

    /* running */
    struct hasher *hasher;
    struct ima_list list;
    struct ima_replay replay;

    uint64_t first; /* index of the first record that is replayed */
    bool resumed;

    /* result */
    bool met;
    uint64_t attested;      /* records up to the stop mark; 0 when there is none */
    uint64_t attested_end;  /* offset after the last of them */
    struct ima_rules rules; /* by which each bank matched */
    struct ima_replay at_mark;
};

void ima_walk_init(struct ima_walk *w, struct hasher *h, struct ima_digest_format format,
        uint32_t banks, bool padded);
void ima_walk_clear(struct ima_walk *w);

/**
 * Go on from records that an earlier walk attested, before the first chunk.
 *
 * No new record is needed to meet the target: the values may be those already. `attested` counts
 * the earlier records, too.
 *
 * @param values  what the registers hold after them
 * @param count   how many there were: index of the first record to replay. Records before it, where
 *                the list has them, only have to parse
 * @param index   of the first record that is fed, count at most
 * @param offset  of that one in the list
 */
void ima_walk_resume(struct ima_walk *w, const struct pcr_values *values, uint64_t count,
        uint64_t index, uint64_t offset);

/** Push one chunk. @param err  as ima_list_feed(); a known template's malformed fields, too */
MUST_USE bool ima_walk_feed(struct ima_walk *w, struct bytes chunk, struct error *err);

/** After the last chunk: the list must not end inside a record. */
MUST_USE bool ima_walk_end(struct ima_walk *w, struct error *err);

/** Feed everything the source has, and end. */
MUST_USE bool ima_walk_run(struct ima_walk *w, const struct source *source, struct error *err);
