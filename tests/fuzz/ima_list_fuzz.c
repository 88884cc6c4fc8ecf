/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Two bytes of choices, then a list. It is walked whole and in pieces, which must come to the same;
 * then the values it ends with are looked for, and must be found.
 */
#include <stdlib.h>

#include "ima/walk.h"

#define BANKS (1u << DIGEST_SHA1 | 1u << DIGEST_SHA256)

static struct hasher hasher;

static const struct ima_digest_format formats[] = {
    { DIGEST_SHA1, 20 },
    { DIGEST_SHA256, 32 },
    { DIGEST_SHA384, 48 },
    { DIGEST_SHA1, 32 },
};

static void require(bool claim)
{
    if (!claim) {
        abort();
    }
}

/* Touch every byte a record gives us. */
static bool read_all(void *ctx, const struct ima_record *record, struct error *err)
{
    const struct ima_fields *fields = record->fields;
    unsigned int *sum = ctx;
    char text[64];
    struct ima_file file;

    (void)err;
    require(fields->count <= IMA_FIELDS_MAX && (fields->known || fields->count == 0));
    for (size_t i = 0; i < fields->count; i++) {
        *sum += (unsigned char)*bytes_print(text, sizeof(text), ima_field_name(&fields->at[i]));
        *sum += (unsigned char)*bytes_hex(text, sizeof(text), fields->at[i].value);
    }
    if (ima_fields_file(fields, &file)) {
        *sum += (unsigned char)*bytes_escape(text, sizeof(text), file.path);
        *sum += (unsigned char)*bytes_print(text, sizeof(text), file.digest.algorithm);
        *sum += (unsigned char)*bytes_hex(text, sizeof(text), file.digest.digest);
        *sum += file.has_buf ? (unsigned char)*bytes_hex(text, sizeof(text), file.buf) : 0u;
    }
    return true;
}

/* Each piece is a heap copy of its own length, so that ASan guards its end. */
static bool feed(struct ima_walk *w, struct bytes list, size_t piece, struct error *err)
{
    for (size_t at = 0; at < list.len; at += piece) {
        size_t n = list.len - at < piece ? list.len - at : piece;
        uint8_t *copy = malloc(n);

        require(copy != NULL);
        memcpy(copy, list.ptr + at, n);
        bool ok = ima_walk_feed(w, (struct bytes){ copy, n }, err);

        free(copy);
        if (!ok) {
            return false;
        }
    }
    return ima_walk_end(w, err);
}

static bool walk(struct ima_walk *w, struct bytes list, struct ima_digest_format format,
        size_t piece, const struct ima_target *target, struct error *err)
{
    static unsigned int sum;

    ima_walk_init(w, &hasher, format, BANKS, true);
    w->target = target;
    w->visit = read_all;
    w->ctx = &sum;
    bool ok = feed(w, list, piece, err);

    require(w->list.index >= w->replay.entries && w->list.offset <= list.len);
    ima_walk_clear(w);
    return ok;
}

/* Not memcmp() of the whole: padding. */
static bool equal(const struct ima_replay *a, const struct ima_replay *b)
{
    return a->entries == b->entries && a->violations == b->violations &&
            a->wrong_digests == b->wrong_digests && a->pcrs == b->pcrs &&
            memcmp(a->value, b->value, sizeof(a->value)) == 0;
}

static struct ima_target final_values(const struct ima_replay *r)
{
    struct ima_target t = { .by_value = true, .pcrs = r->pcrs };

    for (unsigned int pcr = 0; pcr < PCR_COUNT; pcr++) {
        pcr_values_set(&t.values, DIGEST_SHA1, pcr,
                ima_replay_value(r, DIGEST_SHA1, IMA_RULE_PER_BANK, pcr).ptr);
        pcr_values_set(&t.values, DIGEST_SHA256, pcr,
                ima_replay_value(r, DIGEST_SHA256, IMA_RULE_PADDED, pcr).ptr);
    }
    return t;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct ima_walk whole;
    static struct ima_walk pieces;
    struct error err = { 0 };
    struct error err2 = { 0 };

    if (size < 2 || (hasher.md[0] == NULL && !hasher_init(&hasher, &err))) {
        return 0;
    }
    struct bytes list = { data + 2, size - 2 };
    struct ima_digest_format format = formats[data[0] % ARRAY_LEN(formats)];
    size_t piece = (size_t)data[1] + 1;
    bool ok = walk(&whole, list, format, list.len + 1, NULL, &err);

    require(walk(&pieces, list, format, piece, NULL, &err2) == ok);
    require(err.code == err2.code && strcmp(err.text, err2.text) == 0);
    require(equal(&whole.replay, &pieces.replay));
    if (ok && whole.replay.entries > 0) {
        struct ima_target t = final_values(&whole.replay);

        require(walk(&pieces, list, format, piece, &t, &err));
        require(pieces.met && pieces.attested == whole.replay.entries);
    }
    return 0;
}
