/* SPDX-License-Identifier: BSD-3-Clause */
#include "agent/answer.h"

#include <stdlib.h>

#include "agent/evidence.h"
#include "protocol/message.h"

/* A chunk message without its data: 2 bytes for each of four keys with small values, 10 for the
 * offset, 6 for the length of the data, 1 for the map; and a few to spare. */
#define CHUNK_OVERHEAD 32
/* Of each log, even if that makes an answer longer than it should be: no progress is worse. */
#define SHARE_MIN ((size_t)1024)
/* More than anybody holds; longer boot logs are sent again. */
#define BOOT_LOG_MAX ((uint64_t)16 * 1024 * 1024)

/* An answer while it grows. */
struct answer {
    struct buffer body; /* len: what is written */
    size_t room;
    size_t limit;
    size_t logs_to_come;
};

/* A log that the answer brings. */
struct start {
    bool there;
    uint64_t offset;
};

static bool start_boot(const struct answer_source *from, struct bytes held, uint64_t *out,
        struct error *err)
{
    uint8_t digest[MESSAGE_BOOT_LOG_ID_SIZE];
    uint64_t len;

    if (held.len == 0) {
        return true;
    }
    if (!logs_digest(from->logs, LOG_KIND_BOOT, from->hasher, BOOT_LOG_MAX, digest, &len, err)) {
        return false;
    }
    if (len <= BOOT_LOG_MAX && bytes_equal(held, (struct bytes){ digest, sizeof(digest) })) {
        *out = len;
    }
    return true;
}

static bool start_ima(const struct answer_source *from, const struct message_request *request,
        const struct attester_proof *proof, struct message_log *log, struct error *err)
{
    const struct message_cursor *cursor = &request->cursor;
    uint64_t offset = request->want[LOG_KIND_IMA].offset;
    bool reaches;

    log->template_alg = from->logs->ima_format.alg;
    log->template_size = from->logs->ima_format.size;
    if (!request->has_cursor || cursor->entry == 0 || offset == 0 ||
            cursor->reset_count != proof->reset_count ||
            !bytes_equal(cursor->ak_name, tpm_name_view(&proof->ak_name))) {
        return true;
    }
    if (!logs_reach(from->logs, LOG_KIND_IMA, offset, &reaches, err)) {
        return false;
    }
    if (reaches) {
        log->offset = offset;
        log->entry = cursor->entry;
    }
    return true;
}

/* Which logs are there, and where they start. */
static bool find_logs(const struct answer_source *from, const struct message_request *request,
        const struct attester_proof *proof, struct message_log log[LOG_KIND_COUNT],
        enum log_kind *failed, struct error *err)
{
    for (enum log_kind kind = LOG_KIND_BOOT; kind < LOG_KIND_COUNT; kind++) {
        bool ok = true;

        *failed = kind;
        if (!request->want[kind].wanted) {
            continue;
        }
        if (!logs_look(from->logs, kind, &log[kind].follows, err)) {
            return false;
        }
        if (!log[kind].follows && proof == NULL) {
            return error_set(err, ERROR_CONFIG, "there is no %s", log_kind_name(kind));
        }
        if (proof == NULL) {
            log[kind].offset = request->want[kind].offset;
        } else if (!log[kind].follows) {
            continue;
        } else if (kind == LOG_KIND_BOOT) {
            ok = start_boot(from, request->boot_log_id, &log[kind].offset, err);
        } else if (kind == LOG_KIND_IMA) {
            ok = start_ima(from, request, proof, &log[kind], err);
        }
        if (!ok) {
            return false;
        }
    }
    return true;
}

static bool answer_init(struct answer *a, const struct message_log log[LOG_KIND_COUNT],
        size_t limit, struct error *err)
{
    size_t most = MESSAGE_EVIDENCE_MAX;

    for (size_t i = 0; i < LOG_KIND_COUNT; i++) {
        a->logs_to_come += log[i].follows;
    }
    most += a->logs_to_come * MESSAGE_CHUNK_MAX;
    a->limit = limit < most ? limit : most;
    a->room = a->limit + MESSAGE_EVIDENCE_MAX + a->logs_to_come * (SHARE_MIN + CHUNK_OVERHEAD);
    a->body.data = malloc(a->room);
    return a->body.data != NULL || error_set(err, ERROR_NOMEM, "an answer");
}

/* Bytes that the next log may fill: an equal share of what is left. */
static size_t share(const struct answer *a, uint64_t max_bytes)
{
    size_t left = a->limit > a->body.len ? a->limit - a->body.len : 0;
    size_t part = left / a->logs_to_come;

    part = part > CHUNK_OVERHEAD ? part - CHUNK_OVERHEAD : 0;
    part = part < SHARE_MIN ? SHARE_MIN : part;
    part = part > MESSAGE_CHUNK_DATA_MAX ? MESSAGE_CHUNK_DATA_MAX : part;
    return part > max_bytes ? (size_t)max_bytes : part;
}

static bool add_chunk(struct answer *a, const struct answer_source *from, enum log_kind kind,
        uint64_t offset, uint64_t max_bytes, struct error *err)
{
    struct message_chunk chunk = { .log = kind, .offset = offset, .data = { from->scratch, 0 } };
    struct bytes encoded;

    if (!logs_read(from->logs, kind, offset, from->scratch, share(a, max_bytes), &chunk.data.len,
                &chunk.last, err) ||
            !message_chunk_encode(&chunk, a->body.data + a->body.len, a->room - a->body.len,
                    &encoded, err)) {
        return false;
    }
    a->body.len += encoded.len;
    a->logs_to_come--;
    return true;
}

static bool add_evidence(struct answer *a, const struct attester_proof *proof,
        const struct message_log log[LOG_KIND_COUNT], struct error *err)
{
    struct bytes encoded;

    if (!evidence_encode(proof, log, a->body.data, a->room, &encoded, err)) {
        return false;
    }
    a->body.len = encoded.len;
    return true;
}

/* The server keeps the answer until the peer has all of it. */
static void hand_over(struct answer *a, struct buffer *out)
{
    uint8_t *fitting = realloc(a->body.data, a->body.len);

    *out = (struct buffer){ fitting != NULL ? fitting : a->body.data, a->body.len };
    a->body = (struct buffer){ 0 };
}

static void answer_clear(struct answer *a)
{
    buffer_clear(&a->body);
}

bool answer_make(const struct answer_source *from, const struct message_request *request,
        const struct attester_proof *proof, size_t limit, struct buffer *out, enum log_kind *failed,
        struct error *err)
{
    struct message_log log[LOG_KIND_COUNT] = { 0 };
    struct answer a CLEANUP(answer_clear) = { 0 };

    if (!find_logs(from, request, proof, log, failed, err) || !answer_init(&a, log, limit, err) ||
            (proof != NULL && !add_evidence(&a, proof, log, err))) {
        return false;
    }
    for (enum log_kind kind = LOG_KIND_BOOT; kind < LOG_KIND_COUNT; kind++) {
        *failed = kind;
        if (log[kind].follows &&
                !add_chunk(&a, from, kind, log[kind].offset, request->want[kind].max_bytes, err)) {
            return false;
        }
    }
    hand_over(&a, out);
    return true;
}
