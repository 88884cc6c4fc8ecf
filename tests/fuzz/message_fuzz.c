/* SPDX-License-Identifier: BSD-3-Clause */
/* Any bytes as each message: what decodes must encode to messages that decode again. */
#include <stdlib.h>

#include "protocol/message.h"
#include "protocol/request.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static uint8_t buf[MESSAGE_SIZE_MAX];

static void require(bool ok)
{
    if (!ok) {
        abort();
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct bytes in = { data, size };
    struct bytes out = { 0 };
    struct message_evidence evidence;
    struct message_chunk chunk;
    struct message_request request;
    struct error err = { 0 };

    if (message_evidence_decode(in, &evidence, &err)) {
        require(message_evidence_encode(&evidence, buf, sizeof(buf), &out, &err));
    }
    if (message_chunk_decode(in, &chunk, &err)) {
        require(message_chunk_encode(&chunk, buf, sizeof(buf), &out, &err));
    }
    if (message_request_decode(in, &request, &err)) {
        require(message_request_encode(&request, buf, sizeof(buf), &out, &err));
    }
    /* One form for each message: without unknown keys the bytes are the same again. */
    require(out.len <= size);
    return 0;
}
