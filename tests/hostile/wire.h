/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include <stdint.h>

#include "protocol/message.h"
#include "tests/forge.h"

/*
 * Messages of docs/protocol.cddl as a liar writes them: nothing is checked, and no code is shared
 * with protocol/.
 */

enum wire_major {
    WIRE_UINT = 0,
    WIRE_BYTES = 2,
    WIRE_TEXT = 3,
    WIRE_ARRAY = 4,
    WIRE_MAP = 5,
    WIRE_TAG = 6,
    WIRE_SIMPLE = 7,
};

/** The head of an item: shortest form. */
void wire_head(struct forge_bytes *out, enum wire_major major, uint64_t value);
void wire_bytes(struct forge_bytes *out, struct bytes b);
void wire_text(struct forge_bytes *out, struct bytes b);

void wire_evidence(struct forge_bytes *out, const struct message_evidence *m);
void wire_chunk(struct forge_bytes *out, const struct message_chunk *m);

/** SHA-256 of the binding array without verifier and channel. */
void wire_binding(struct bytes challenge, struct bytes ak_name, struct bytes claims,
        uint8_t out[32]);
