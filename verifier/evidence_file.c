/* SPDX-License-Identifier: BSD-3-Clause */
#include "verifier/evidence_file.h"

#include <inttypes.h>
#include <stdlib.h>

/* The first announced log from kind on. */
static enum log_kind announced(const struct message_evidence *evidence, unsigned int kind)
{
    while (kind < LOG_KIND_COUNT && !evidence->log[kind].follows) {
        kind++;
    }
    return (enum log_kind)kind;
}

/* Move on by one chunk, which must be the one that is due. */
static bool advance(struct evidence_file *f, const struct message_chunk *chunk, struct error *err)
{
    if (f->next.log == LOG_KIND_COUNT) {
        return error_set(err, ERROR_MALFORMED, "chunk of the %s after the last log",
                log_kind_name(chunk->log));
    }
    if (chunk->log != f->next.log) {
        return error_set(err, ERROR_MALFORMED, "chunk of the %s, want the %s",
                log_kind_name(chunk->log), log_kind_name(f->next.log));
    }
    if (chunk->offset != f->next.offset) {
        return error_set(err, ERROR_MALFORMED,
                "chunk of the %s starts at byte %" PRIu64 ", want byte %" PRIu64,
                log_kind_name(chunk->log), chunk->offset, f->next.offset);
    }
    f->next.offset += chunk->data.len;
    if (chunk->last) {
        f->next = (struct evidence_position){ .log = announced(&f->evidence, chunk->log + 1) };
    }
    return true;
}

/* The next message of the input; an empty one is its end. */
static bool next_message(struct evidence_file *f, struct bytes *out, struct error *err)
{
    for (;;) {
        size_t room;

        if (!message_stream_next(&f->stream, out, err)) {
            return false;
        }
        if (out->len > 0) {
            return true;
        }
        if (f->unread.len == 0 && !f->input.next(f->input.ctx, &f->unread, err)) {
            return false;
        }
        if (f->unread.len == 0) {
            return message_stream_finish(&f->stream, err);
        }
        uint8_t *dst = message_stream_space(&f->stream, &room);
        size_t n = f->unread.len < room ? f->unread.len : room;

        memcpy(dst, f->unread.ptr, n);
        message_stream_added(&f->stream, n);
        f->unread.ptr += n;
        f->unread.len -= n;
    }
}

/* Put in front of err which message it was that was taken last. */
static bool wrap(const struct evidence_file *f, struct bytes message, struct error *err)
{
    return error_wrap(err, "message %" PRIu64 " at offset %" PRIu64, f->stream.count - 1,
            f->stream.offset - message.len);
}

/* The next chunk, which is the one that is due; of no log at the end of the input. */
static bool next_chunk(struct evidence_file *f, struct message_chunk *out, struct error *err)
{
    struct bytes message;

    if (!next_message(f, &message, err)) {
        return false;
    }
    if (message.len == 0) {
        if (f->next.log != LOG_KIND_COUNT) {
            return error_set(err, ERROR_TRUNCATED,
                    "message %" PRIu64 " at offset %" PRIu64 " is missing: byte %" PRIu64
                    " of the %s",
                    f->stream.count, f->stream.offset, f->next.offset, log_kind_name(f->next.log));
        }
        *out = (struct message_chunk){ 0 };
        return true;
    }
    if (!message_chunk_decode(message, out, err) || !advance(f, out, err)) {
        return wrap(f, message, err);
    }
    return true;
}

/* Everything behind the evidence message, to the end of the input. */
static bool read_logs(struct evidence_file *f, struct error *err)
{
    size_t boot_room = 0;
    size_t userspace_room = 0;
    struct message_chunk chunk;

    for (;;) {
        bool kept = true;

        if (!next_chunk(f, &chunk, err)) {
            return false;
        }
        switch (chunk.log) {
        case LOG_KIND_BOOT:
            kept = buffer_append(&f->boot_log, &boot_room, chunk.data, EVIDENCE_LOG_MAX, err);
            break;
        case LOG_KIND_IMA:
            f->ima_bytes += chunk.data.len;
            break;
        case LOG_KIND_USERSPACE:
            kept = buffer_append(&f->userspace_log, &userspace_room, chunk.data, EVIDENCE_LOG_MAX,
                    err);
            break;
        case LOG_KIND_NONE:
            return true;
        }
        if (!kept) {
            return error_wrap(err, "%s", log_kind_name(chunk.log));
        }
    }
}

static bool check_starts(const struct message_evidence *evidence, struct error *err)
{
    for (enum log_kind kind = LOG_KIND_BOOT; kind < LOG_KIND_COUNT; kind++) {
        if (evidence->log[kind].follows && evidence->log[kind].offset != 0) {
            return error_set(err, ERROR_MALFORMED,
                    "%s starts at byte %" PRIu64 ": a file holds whole logs", log_kind_name(kind),
                    evidence->log[kind].offset);
        }
    }
    return true;
}

/* Keep the bytes of the evidence message; the struct that is decoded from them borrows. */
static bool keep_evidence(struct evidence_file *f, struct bytes message, struct error *err)
{
    f->message.data = malloc(message.len);
    if (f->message.data == NULL) {
        return error_set(err, ERROR_NOMEM, "evidence message of %zu bytes", message.len);
    }
    memcpy(f->message.data, message.ptr, message.len);
    f->message.len = message.len;
    return message_evidence_decode(buffer_view(&f->message), &f->evidence, err) &&
            check_starts(&f->evidence, err);
}

static bool read_evidence(struct evidence_file *f, struct error *err)
{
    struct bytes message;

    if (!next_message(f, &message, err)) {
        return false;
    }
    if (message.len == 0) {
        return error_set(err, ERROR_TRUNCATED, "empty: no evidence message");
    }
    if (!keep_evidence(f, message, err)) {
        return wrap(f, message, err);
    }
    f->next.log = announced(&f->evidence, LOG_KIND_BOOT);
    return true;
}

bool evidence_file_read(struct evidence_file *f, struct source input, struct error *err)
{
    f->input = input;
    f->room = malloc(MESSAGE_SIZE_MAX);
    if (f->room == NULL) {
        return error_set(err, ERROR_NOMEM, "buffer of %d bytes", MESSAGE_SIZE_MAX);
    }
    f->stream = message_stream_init(f->room, MESSAGE_SIZE_MAX);
    return read_evidence(f, err) && read_logs(f, err);
}

bool evidence_file_open(struct evidence_file *f, const char *path, struct error *err)
{
    if (!file_source_open(&f->file, path, err)) {
        return false;
    }
    if (!evidence_file_read(f, file_source(&f->file), err)) {
        return err->code == ERROR_IO ? false
                                     : error_wrap(err, "%s", path); /* host/ says the path */
    }
    return true;
}

static bool ima_next(void *ctx, struct bytes *out, struct error *err)
{
    struct evidence_file *f = ctx;
    struct message_chunk chunk;

    do {
        if (!next_chunk(f, &chunk, err)) {
            return false;
        }
        /* Read on to the end behind the list: what follows it is checked in every pass. */
    } while (chunk.log != LOG_KIND_NONE && (chunk.log != LOG_KIND_IMA || chunk.data.len == 0));
    *out = chunk.data;
    return true;
}

static bool ima_rewind(void *ctx, struct error *err)
{
    struct evidence_file *f = ctx;
    struct bytes message;

    if (!f->input.rewind(f->input.ctx, err)) {
        return false;
    }
    f->unread = (struct bytes){ 0 };
    f->stream = message_stream_init(f->room, MESSAGE_SIZE_MAX);
    f->next = (struct evidence_position){ .log = announced(&f->evidence, LOG_KIND_BOOT) };
    if (!next_message(f, &message, err)) {
        return false;
    }
    if (!bytes_equal(message, buffer_view(&f->message))) {
        return error_set(err, ERROR_IO, "evidence was changed while it was read");
    }
    return true;
}

struct source evidence_file_ima(struct evidence_file *f)
{
    return (struct source){ .next = ima_next, .rewind = ima_rewind, .ctx = f };
}

void evidence_file_close(struct evidence_file *f)
{
    buffer_clear(&f->message);
    buffer_clear(&f->boot_log);
    buffer_clear(&f->userspace_log);
    file_source_clear(&f->file);
    free(f->room);
    *f = (struct evidence_file){ 0 };
}
