/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The messages of a round in which nothing is new: a request is written, the evidence message and
 * an empty chunk are read. Peer: libcbor's trees, built from the same answer and freed.
 */
#include <string.h>

#include <cbor.h>

#include "protocol/message.h"
#include "protocol/request.h"
#include "tests/bench/sample.h"

#define SELECTED 0x7ffu

struct work {
    struct message_request request;
    uint8_t evidence_room[MESSAGE_EVIDENCE_MAX];
    struct bytes evidence;
    uint8_t chunk_room[64];
    struct bytes chunk;
};

static bool read_ours(void *ctx, size_t count, struct error *err)
{
    struct work *w = ctx;

    for (size_t i = 0; i < count; i++) {
        uint8_t room[MESSAGE_REQUEST_MAX];
        struct message_evidence evidence;
        struct message_chunk chunk;
        struct bytes out;

        if (!message_request_encode(&w->request, room, sizeof(room), &out, err) ||
                !message_evidence_decode(w->evidence, &evidence, err) ||
                !message_chunk_decode(w->chunk, &chunk, err)) {
            return false;
        }
    }
    return true;
}

static bool load(struct bytes b, struct error *err)
{
    struct cbor_load_result result;
    cbor_item_t *item = cbor_load(b.ptr, b.len, &result);

    if (item == NULL) {
        return error_set(err, ERROR_MALFORMED, "libcbor cannot read a message of ours");
    }
    cbor_decref(&item);
    return true;
}

static bool read_peer(void *ctx, size_t count, struct error *err)
{
    const struct work *w = ctx;

    for (size_t i = 0; i < count; i++) {
        if (!load(w->evidence, err) || !load(w->chunk, err)) {
            return false;
        }
    }
    return true;
}

static bool prepare(struct work *w, struct error *err)
{
    static const uint8_t bytes[300];
    const struct message_log list = { .follows = true,
        .offset = 150000,
        .entry = 1000,
        .template_alg = DIGEST_SHA1,
        .template_size = 20 };
    const struct message_chunk chunk = { LOG_KIND_IMA, 150000, true, { 0 } };
    struct message_evidence m = { .quote = { bytes, 145 },
        .signature = { bytes, 72 },
        .ak_public = { bytes, 90 },
        .agent_version = bytes_of_text("0.1.0"),
        .log[LOG_KIND_IMA] = list };

    for (unsigned int pcr = 0; (SELECTED & 1u << pcr) != 0; pcr++) {
        pcr_values_set(&m.hints, DIGEST_SHA256, pcr, bytes);
    }
    w->request = (struct message_request){
        .challenge = { bytes, 32 },
        .selection = { 1, { { DIGEST_SHA256, SELECTED } } },
        .has_cursor = true,
        .cursor = { { bytes, 34 }, 7, 3, 1000 },
        .want[LOG_KIND_IMA] = { true, 150000, 1 << 18 },
    };
    return message_evidence_encode(&m, w->evidence_room, sizeof(w->evidence_room), &w->evidence,
                   err) &&
            message_chunk_encode(&chunk, w->chunk_room, sizeof(w->chunk_room), &w->chunk, err);
}

bool micro_message(size_t rounds, char *const args[], struct error *err)
{
    static struct work w;

    (void)args;
    return prepare(&w, err) &&
            sample_compare(
                    &(struct sample_pair){ "messages of a round", read_ours, read_peer, &w, 3000 },
                    rounds, err);
}
