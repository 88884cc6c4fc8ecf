/* SPDX-License-Identifier: BSD-3-Clause */
#include "protocol/binding.h"

#include "common/writer.h"
#include "protocol/envelope.h"
#include "protocol/item.h"

static const char context[] = "tally-binding-v1";

static bool add_bytes(struct hasher *h, struct bytes value, struct error *err)
{
    uint8_t head[ITEM_HEAD_MAX];
    size_t len = item_bytes_head(value.len, head);

    return hasher_update(h, DIGEST_SHA256, (struct bytes){ head, len }, err) &&
            hasher_update(h, DIGEST_SHA256, value, err);
}

bool binding_digest(struct hasher *h, const struct binding *b, uint8_t out[BINDING_SIZE],
        struct error *err)
{
    uint8_t claims[BINDING_SIZE];
    uint8_t start[1 + ITEM_HEAD_MAX + sizeof(context)];
    struct writer w = writer_init(start, sizeof(start));
    struct bytes prefix;

    if (b->challenge.len < MESSAGE_CHALLENGE_MIN || b->challenge.len > MESSAGE_CHALLENGE_MAX) {
        return error_set(err, ERROR_LIMIT, "challenge of %zu bytes, want %d to %d",
                b->challenge.len, MESSAGE_CHALLENGE_MIN, MESSAGE_CHALLENGE_MAX);
    }
    item_write_array(&w, 6);
    item_write_text(&w, bytes_of_text(context));
    if (!writer_done(&w, &prefix)) {
        return error_set(err, ERROR_LIMIT, "context of the binding does not fit");
    }
    return hasher_digest(h, DIGEST_SHA256, b->host_claims, claims, err) &&
            hasher_begin(h, DIGEST_SHA256, err) && hasher_update(h, DIGEST_SHA256, prefix, err) &&
            add_bytes(h, b->challenge, err) && add_bytes(h, b->ak_name, err) &&
            add_bytes(h, b->verifier, err) && add_bytes(h, b->channel, err) &&
            add_bytes(h, (struct bytes){ claims, sizeof(claims) }, err) &&
            hasher_finish(h, DIGEST_SHA256, out, err);
}
