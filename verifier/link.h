/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "common/attributes.h"
#include "common/bytes.h"
#include "common/error.h"

/**
 * The way to an attester: a request message goes out, an answer (a CBOR sequence,
 * docs/protocol.md) comes back. Over the network it is a coap_client; in tests whatever they want.
 */
struct link {
    /**
     * @param max     bytes the answer may have
     * @param answer  valid until the next call
     * @param err     ERROR_NO_ANSWER: silence; what is about the input (error_is_about_input()) is
     *                the attester's fault; anything else is ours
     */
    bool (*ask)(void *ctx, struct bytes request, size_t max, struct bytes *answer,
            struct error *err);
    void *ctx;
    size_t chunk; /* bytes of log to ask for at once, 1 at least */
};
