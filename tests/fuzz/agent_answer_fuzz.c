/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The agent's way from a request to its answer: any bytes as the request, behind one byte that
 * chooses how long the answer should be. What comes out must be messages that decode, and of the
 * logs what was asked for and nothing else.
 */
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "agent/answer.h"
#include "protocol/item.h"
#include "protocol/message.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define LOG_SIZE 5000

static uint8_t content[LOG_SIZE];
static uint8_t scratch[MESSAGE_CHUNK_DATA_MAX];
static char path[LOG_KIND_COUNT][32];
static struct logs logs;
static struct hasher hasher;

static void require(bool ok)
{
    if (!ok) {
        abort();
    }
}

/* Both logs have the same content; there is no user-space log. */
static void set_up(void)
{
    const char *paths[LOG_KIND_COUNT] = { 0 };
    struct error err = { 0 };

    if (hasher.md[DIGEST_SHA256] != NULL) {
        return;
    }
    for (size_t i = 0; i < sizeof(content); i++) {
        content[i] = (uint8_t)(i * 7 + i / 256);
    }
    for (enum log_kind kind = LOG_KIND_BOOT; kind <= LOG_KIND_IMA; kind++) {
        int fd = memfd_create("log", 0);

        require(fd >= 0 && write(fd, content, sizeof(content)) == (ssize_t)sizeof(content));
        (void)snprintf(path[kind], sizeof(path[kind]), "/proc/self/fd/%d", fd);
        paths[kind] = path[kind];
    }
    logs_set(&logs, paths);
    require(hasher_init(&hasher, &err));
}

static void check_chunk(const struct message_chunk *c, const struct message_request *request,
        const struct message_log *log)
{
    const struct message_want *want = &request->want[c->log];
    uint64_t start = log != NULL ? log->offset : want->offset;

    require(want->wanted && c->offset == start && c->data.len <= want->max_bytes);
    require(start == 0 || start == want->offset || start == LOG_SIZE);
    require(c->data.len == 0 ||
            (c->offset + c->data.len <= LOG_SIZE &&
                    memcmp(c->data.ptr, content + c->offset, c->data.len) == 0));
    require(!c->last || c->offset >= LOG_SIZE || c->offset + c->data.len == LOG_SIZE);
}

static struct bytes cut_message(struct bytes *answer)
{
    struct item_walk walk = { 0 };
    struct error err = { 0 };
    struct bytes message = { answer->ptr, 0 };

    require(item_walk(&walk, *answer, &err));
    message.len = walk.pos;
    *answer = (struct bytes){ answer->ptr + walk.pos, answer->len - walk.pos };
    return message;
}

static void check_answer(struct bytes answer, const struct message_request *request, bool proved)
{
    struct message_evidence e = { 0 };
    struct message_chunk chunk;
    struct error err = { 0 };

    if (proved) {
        require(message_evidence_decode(cut_message(&answer), &e, &err));
    }
    for (enum log_kind kind = LOG_KIND_BOOT; kind <= LOG_KIND_IMA; kind++) {
        require(!proved || e.log[kind].follows == request->want[kind].wanted);
        if (request->want[kind].wanted) {
            require(message_chunk_decode(cut_message(&answer), &chunk, &err));
            require(chunk.log == kind);
            check_chunk(&chunk, request, proved ? &e.log[kind] : NULL);
        }
    }
    require(answer.len == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct attester_proof proof = {
        .attest = { { 1, 2, 3 }, 3 },
        .signature = { { 4, 5, 6 }, 3 },
        .ak_public = { { 7, 8, 9 }, 3 },
        .ak_name = { { 0x00, 0x0b, 0xaa }, 34 },
        .reset_count = 7,
    };
    struct answer_source from = { &logs, &hasher, scratch };
    struct buffer body CLEANUP(buffer_clear) = { 0 };
    struct message_request request;
    struct error err = { 0 };
    enum log_kind failed;

    set_up();
    if (size == 0 ||
            !message_request_decode((struct bytes){ data + 1, size - 1 }, &request, &err)) {
        return 0;
    }
    bool proved = request.challenge.len > 0;

    if (answer_make(&from, &request, proved ? &proof : NULL, (size_t)16 << data[0] % 16, &body,
                &failed, &err)) {
        check_answer(buffer_view(&body), &request, proved);
    } else {
        /* There is no user-space log to ask for more of; no chunk starts at the last offsets. */
        require(!proved);
        require(err.code == ERROR_LIMIT ||
                (err.code == ERROR_CONFIG && request.want[LOG_KIND_USERSPACE].wanted));
    }
    return 0;
}
