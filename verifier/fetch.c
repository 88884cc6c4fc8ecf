/* SPDX-License-Identifier: BSD-3-Clause */
#include "verifier/fetch.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/rand.h>

#include "host/clock.h"
#include "protocol/item.h"
#include "verifier/evidence_file.h"

/* What a chunk message is longer than its data. */
#define CHUNK_OVERHEAD (MESSAGE_CHUNK_MAX - MESSAGE_CHUNK_DATA_MAX)

struct fetch_limits fetch_limits_default(void)
{
    return (struct fetch_limits){
        .bytes = FETCH_BYTES_MAX,
        .asks = FETCH_ASKS_MAX,
        .deadline_ms = clock_now_ms() + FETCH_TIME_MAX_MS,
    };
}

/* Bytes of log in one question. */
static size_t chunk_size(const struct fetch *f)
{
    return f->link->chunk < MESSAGE_CHUNK_DATA_MAX ? f->link->chunk : MESSAGE_CHUNK_DATA_MAX;
}

/* One question and its answer, within the limits. */
static bool ask(struct fetch *f, const struct message_request *request, size_t max,
        struct bytes *answer, struct error *err)
{
    uint8_t room[MESSAGE_REQUEST_MAX];
    uint64_t left = f->limits.bytes - f->received;
    struct bytes message;

    if (clock_now_ms() >= f->limits.deadline_ms) {
        return error_set(err, ERROR_NO_ANSWER,
                "the evidence is not complete when its time is over");
    }
    if (f->asks == f->limits.asks) {
        return error_set(err, ERROR_LIMIT, "the logs come in more than %" PRIu64 " pieces",
                f->limits.asks);
    }
    if (left == 0) {
        return error_set(err, ERROR_LIMIT, "the logs have more than %" PRIu64 " bytes",
                f->limits.bytes);
    }
    max = max < left ? max : (size_t)left;
    if (!message_request_encode(request, room, sizeof(room), &message, err)) {
        return false;
    }
    f->asks++;
    if (!f->link->ask(f->link->ctx, message, max, answer, err)) {
        return false;
    }
    if (answer->len > max) {
        return error_set(err, ERROR_LIMIT,
                "answer of %zu bytes, want %zu at most (%" PRIu64 " in all)", answer->len, max,
                f->limits.bytes);
    }
    f->received += answer->len;
    return true;
}

/* Cut the next message off an answer; one must be left. */
static bool next_message(struct bytes *answer, const char *what, struct bytes *out,
        struct error *err)
{
    struct item_walk walk = { 0 };

    if (answer->len == 0) {
        return error_set(err, ERROR_TRUNCATED, "the answer ends before the %s", what);
    }
    if (!item_walk(&walk, *answer, err)) {
        return error_wrap(err, "%s", what);
    }
    *out = (struct bytes){ answer->ptr, walk.pos };
    *answer = (struct bytes){ answer->ptr + walk.pos, answer->len - walk.pos };
    return true;
}

static bool expect_end(struct bytes answer, struct error *err)
{
    return answer.len == 0 ||
            error_set(err, ERROR_MALFORMED, "%zu bytes after the last message of the answer",
                    answer.len);
}

/* Cut off the chunk that has to come next: of this log, from this byte on, as long as was asked. */
static bool next_chunk(struct fetch *f, struct bytes *answer, enum log_kind log, uint64_t offset,
        struct message_chunk *out, struct error *err)
{
    const char *name = log_kind_name(log);
    struct bytes message;

    if (!next_message(answer, name, &message, err)) {
        return false;
    }
    if (!message_chunk_decode(message, out, err)) {
        return error_wrap(err, "%s", name);
    }
    if (out->log != log) {
        return error_set(err, ERROR_MALFORMED, "chunk of the %s, want the %s",
                log_kind_name(out->log), name);
    }
    if (out->offset != offset) {
        return error_set(err, ERROR_MALFORMED,
                "chunk of the %s starts at byte %" PRIu64 ", want byte %" PRIu64, name, out->offset,
                offset);
    }
    if (out->data.len > chunk_size(f)) {
        return error_set(err, ERROR_LIMIT, "chunk of the %s has %zu bytes, want %zu at most", name,
                out->data.len, chunk_size(f));
    }
    return true;
}

/* Ask for more of one log. */
static bool ask_more(struct fetch *f, enum log_kind log, uint64_t offset, struct message_chunk *out,
        struct error *err)
{
    struct message_request request = { 0 };
    struct bytes answer = { 0 };

    request.want[log] = (struct message_want){ true, offset, chunk_size(f) };
    return ask(f, &request, chunk_size(f) + CHUNK_OVERHEAD, &answer, err) &&
            next_chunk(f, &answer, log, offset, out, err) && expect_end(answer, err);
}

static bool check_start(const struct fetch *f, enum log_kind log, bool wanted, uint64_t held,
        uint64_t held_entry, struct error *err)
{
    const struct message_log *start = &f->evidence.log[log];

    if (!start->follows) {
        return true;
    }
    if (!wanted) {
        return error_set(err, ERROR_MALFORMED, "%s: it was not asked for", log_kind_name(log));
    }
    if (start->offset != 0 && (start->offset != held || start->entry != held_entry)) {
        return error_set(err, ERROR_MALFORMED,
                "%s starts at byte %" PRIu64 ", entry %" PRIu64 ": want 0, or byte %" PRIu64
                ", entry %" PRIu64,
                log_kind_name(log), start->offset, start->entry, held, held_entry);
    }
    return true;
}

static bool keep(struct buffer *out, struct bytes b, struct error *err)
{
    if (b.len == 0) {
        return true;
    }
    out->data = malloc(b.len);
    if (out->data == NULL) {
        return error_set(err, ERROR_NOMEM, "%zu bytes of evidence", b.len);
    }
    memcpy(out->data, b.ptr, b.len);
    out->len = b.len;
    return true;
}

static bool take_evidence(struct fetch *f, struct bytes *answer,
        const struct fetch_request *request, struct error *err)
{
    struct bytes message;

    if (!next_message(answer, "evidence message", &message, err) ||
            !keep(&f->message, message, err) ||
            !message_evidence_decode(buffer_view(&f->message), &f->evidence, err)) {
        return false;
    }
    f->has_evidence = true;
    return check_start(f, LOG_KIND_BOOT, request->wants_boot_log, request->boot_log_size, 0, err) &&
            check_start(f, LOG_KIND_IMA, request->wants_ima_list, request->list_offset,
                    request->cursor.entry, err) &&
            check_start(f, LOG_KIND_USERSPACE, false, 0, 0, err);
}

static bool add_boot_chunk(struct fetch *f, const struct message_chunk *chunk, struct error *err)
{
    f->boot_ended = chunk->last;
    return buffer_append(&f->boot_log, &f->boot_room, chunk->data, EVIDENCE_LOG_MAX, err) ||
            error_wrap(err, "%s", log_kind_name(LOG_KIND_BOOT));
}

static bool take_boot_chunk(struct fetch *f, struct bytes *answer, struct error *err)
{
    const struct message_log *start = &f->evidence.log[LOG_KIND_BOOT];
    struct message_chunk chunk;

    if (!start->follows) {
        return true;
    }
    if (!next_chunk(f, answer, LOG_KIND_BOOT, start->offset, &chunk, err)) {
        return false;
    }
    if (start->offset == 0) {
        return add_boot_chunk(f, &chunk, err);
    }
    if (!chunk.last || chunk.data.len > 0) {
        return error_set(err, ERROR_MALFORMED,
                "the boot log goes on behind the %" PRIu64 " bytes that were said to be all",
                start->offset);
    }
    f->boot_log_is_held = true;
    f->boot_ended = true;
    return true;
}

static bool take_list_chunk(struct fetch *f, struct bytes *answer, struct error *err)
{
    const struct message_log *start = &f->evidence.log[LOG_KIND_IMA];
    struct message_chunk chunk;

    if (!start->follows) {
        return true;
    }
    if (!next_chunk(f, answer, LOG_KIND_IMA, start->offset, &chunk, err)) {
        return false;
    }
    f->list_at = start->offset;
    f->list_is_short = chunk.last;
    return keep(&f->list_head, chunk.data, err);
}

bool fetch_start(struct fetch *f, const struct link *link, const struct fetch_limits *limits,
        const struct fetch_request *request, struct error *err)
{
    struct message_request message = {
        .challenge = { f->challenge, sizeof(f->challenge) },
        .selection = request->selection,
        .has_cursor = request->has_cursor,
        .cursor = request->cursor,
        .boot_log_id = request->boot_log_id,
    };
    struct bytes answer = { 0 };

    f->link = link;
    f->limits = *limits;
    if (RAND_bytes(f->challenge, sizeof(f->challenge)) != 1) {
        return error_set(err, ERROR_CRYPTO, "no random numbers for a challenge");
    }
    message.want[LOG_KIND_BOOT] =
            (struct message_want){ request->wants_boot_log, request->boot_log_size, chunk_size(f) };
    message.want[LOG_KIND_IMA] =
            (struct message_want){ request->wants_ima_list, request->list_offset, chunk_size(f) };
    return ask(f, &message, MESSAGE_EVIDENCE_MAX + 2 * (chunk_size(f) + CHUNK_OVERHEAD), &answer,
                   err) &&
            take_evidence(f, &answer, request, err) && take_boot_chunk(f, &answer, err) &&
            take_list_chunk(f, &answer, err) && expect_end(answer, err);
}

bool fetch_boot_log(struct fetch *f, struct hasher *h, struct error *err)
{
    struct message_chunk chunk;

    if (!f->evidence.log[LOG_KIND_BOOT].follows || f->boot_log_is_held) {
        return true;
    }
    while (!f->boot_ended) {
        if (!ask_more(f, LOG_KIND_BOOT, f->boot_log.len, &chunk, err) ||
                !add_boot_chunk(f, &chunk, err)) {
            return false;
        }
    }
    return hasher_digest(h, DIGEST_SHA256, buffer_view(&f->boot_log), f->boot_log_id, err);
}

static bool list_next(void *ctx, struct bytes *out, struct error *err)
{
    struct fetch *f = ctx;
    struct message_chunk chunk;

    if (!f->list_head_given) {
        chunk.data = buffer_view(&f->list_head);
        chunk.last = f->list_is_short;
    } else if (f->list_ended) {
        *out = (struct bytes){ 0 };
        return true;
    } else if (!ask_more(f, LOG_KIND_IMA, f->list_at, &chunk, err)) {
        return false;
    }
    f->list_head_given = true;
    f->list_at += chunk.data.len;
    f->list_ended = chunk.last;
    *out = chunk.data;
    return true;
}

static bool list_rewind(void *ctx, struct error *err)
{
    struct fetch *f = ctx;

    (void)err;
    f->list_at = f->evidence.log[LOG_KIND_IMA].offset;
    f->list_head_given = false;
    f->list_ended = false;
    return true;
}

struct source fetch_list(struct fetch *f)
{
    return (struct source){ .next = list_next, .rewind = list_rewind, .ctx = f };
}

void fetch_clear(struct fetch *f)
{
    buffer_clear(&f->message);
    buffer_clear(&f->boot_log);
    buffer_clear(&f->list_head);
    *f = (struct fetch){ 0 };
}
