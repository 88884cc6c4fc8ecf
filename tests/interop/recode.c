/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * recode: messages in hex, one a line; prints each as our encoder writes what our decoder read, or
 * "refused: " and why. For tests that compare with other implementations of CBOR.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "protocol/message.h"
#include "protocol/request.h"

static bool recode(struct bytes in, uint8_t *dst, size_t size, struct bytes *out, struct error *err)
{
    enum message_type type;
    struct message_request request;
    struct message_evidence evidence;
    struct message_chunk chunk;

    if (!message_type_read(in, &type, err)) {
        return false;
    }
    switch (type) {
    case MESSAGE_REQUEST:
        return message_request_decode(in, &request, err) &&
                message_request_encode(&request, dst, size, out, err);
    case MESSAGE_EVIDENCE:
        return message_evidence_decode(in, &evidence, err) &&
                message_evidence_encode(&evidence, dst, size, out, err);
    default:
        return message_chunk_decode(in, &chunk, err) &&
                message_chunk_encode(&chunk, dst, size, out, err);
    }
}

static bool answer(struct bytes hex)
{
    static uint8_t in[2 * MESSAGE_SIZE_MAX];
    static uint8_t room[MESSAGE_SIZE_MAX];
    struct bytes out = { 0 };
    struct error err = { 0 };
    size_t len;

    if (!bytes_from_hex(hex, in, sizeof(in), &len)) {
        return false;
    }
    if (!recode((struct bytes){ in, len }, room, sizeof(room), &out, &err)) {
        printf("refused: %s\n", err.text);
        return true;
    }
    for (size_t i = 0; i < out.len; i++) {
        printf("%02x", out.ptr[i]);
    }
    putchar('\n');
    return true;
}

int main(void)
{
    static char line[4 * MESSAGE_SIZE_MAX + 2];

    while (fgets(line, sizeof(line), stdin) != NULL) {
        if (!answer((struct bytes){ (const uint8_t *)line, strcspn(line, "\n") })) {
            fprintf(stderr, "recode: a line is not hex, or too long\n");
            return EXIT_FAILURE;
        }
    }
    return EXIT_SUCCESS;
}
