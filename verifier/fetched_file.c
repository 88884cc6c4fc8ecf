/* SPDX-License-Identifier: BSD-3-Clause */
#include "verifier/fetched_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "host/file.h"
#include "host/file_writer.h"
#include "protocol/message.h"
#include "verifier/remote.h"

static void text_free(char **text)
{
    free(*text);
}

/* Mode 0600, and without a name before anything is in it. */
static bool create(struct fetched_file *out, struct error *err)
{
    const char *folder = getenv("TMPDIR");
    char *name CLEANUP(text_free) = NULL;

    if (asprintf(&name, "%s/tally-XXXXXX", folder != NULL && *folder != '\0' ? folder : "/tmp") <
            0) {
        name = NULL;
        return error_set(err, ERROR_NOMEM, "temporary file");
    }
    out->fd = mkostemp(name, O_CLOEXEC);
    if (out->fd < 0) {
        return error_set(err, ERROR_IO, "temporary file %s: %s", name, strerror(errno));
    }
    (void)snprintf(out->path, sizeof(out->path), "/proc/self/fd/%d", out->fd);
    return unlink(name) == 0 ||
            error_set(err, ERROR_IO, "temporary file %s: %s", name, strerror(errno));
}

static bool add(const struct fetched_file *f, struct bytes b, struct error *err)
{
    while (b.len > 0) {
        ssize_t n = write(f->fd, b.ptr, b.len);

        if (n < 0 && errno != EINTR) {
            return error_set(err, ERROR_IO, "temporary file: %s", strerror(errno));
        }
        n = n < 0 ? 0 : n;
        b = (struct bytes){ b.ptr + n, b.len - (size_t)n };
    }
    return true;
}

static bool add_chunk(const struct fetched_file *f, const struct message_chunk *chunk,
        struct buffer *room, struct error *err)
{
    struct bytes message;

    return message_chunk_encode(chunk, room->data, room->len, &message, err) &&
            add(f, message, err);
}

static bool add_boot_log(const struct fetched_file *f, const struct fetch *fetch,
        struct buffer *room, struct error *err)
{
    struct bytes left = buffer_view(&fetch->boot_log);
    struct message_chunk chunk = { .log = LOG_KIND_BOOT };

    if (!fetch->evidence.log[LOG_KIND_BOOT].follows) {
        return true;
    }
    do {
        chunk.offset += chunk.data.len;
        chunk.data = (struct bytes){ left.ptr,
            left.len < MESSAGE_CHUNK_DATA_MAX ? left.len : MESSAGE_CHUNK_DATA_MAX };
        left = (struct bytes){ left.ptr + chunk.data.len, left.len - chunk.data.len };
        chunk.last = left.len == 0;
        if (!add_chunk(f, &chunk, room, err)) {
            return false;
        }
    } while (!chunk.last);
    return true;
}

static bool add_list(const struct fetched_file *f, struct fetch *fetch, struct buffer *room,
        struct error *err)
{
    struct source list = fetch_list(fetch);
    struct message_chunk chunk = { .log = LOG_KIND_IMA };

    while (fetch->evidence.log[LOG_KIND_IMA].follows && !chunk.last) {
        chunk.offset += chunk.data.len;
        if (!list.next(list.ctx, &chunk.data, err)) {
            return false;
        }
        chunk.last = chunk.data.len == 0;
        if (!add_chunk(f, &chunk, room, err)) {
            return false;
        }
    }
    return true;
}

static struct pcr_selection selection_of(uint32_t banks)
{
    struct pcr_selection s = { 0 };

    for (size_t alg = 0; alg < DIGEST_ALG_COUNT; alg++) {
        if (((banks != 0 ? banks : 1u << DIGEST_SHA256) & 1u << alg) != 0) {
            s.bank[s.count++] = (struct pcr_selection_bank){ (enum digest_alg)alg, FETCHED_PCRS };
        }
    }
    return s;
}

static bool get(struct fetched_file *out, struct remote *remote, uint32_t banks, struct error *err)
{
    struct fetch fetch CLEANUP(fetch_clear) = { 0 };
    struct hasher h CLEANUP(hasher_clear) = { 0 };
    struct buffer room CLEANUP(buffer_clear) = { malloc(MESSAGE_SIZE_MAX), MESSAGE_SIZE_MAX };
    struct fetch_limits limits = fetch_limits_default();
    struct fetch_request request = {
        .selection = selection_of(banks),
        .wants_boot_log = true,
        .wants_ima_list = true,
    };

    if (room.data == NULL) {
        return error_set(err, ERROR_NOMEM, "evidence");
    }
    remote->deadline_ms = &limits.deadline_ms;
    if (!hasher_init(&h, err) || !fetch_start(&fetch, &remote->link, &limits, &request, err) ||
            !fetch_boot_log(&fetch, &h, err)) {
        return false;
    }
    memcpy(out->challenge, fetch.challenge, sizeof(out->challenge));
    return add(out, buffer_view(&fetch.message), err) && add_boot_log(out, &fetch, &room, err) &&
            add_list(out, &fetch, &room, err);
}

bool fetched_file_get(struct fetched_file *out, const struct fetch_options *options,
        struct error *err)
{
    struct remote remote CLEANUP(remote_clear) = { 0 };

    if (!remote_init(&remote, options->uri, (unsigned int)options->timeout_ms, NULL, err) ||
            !create(out, err)) {
        return false;
    }
    remote_begin(&remote);
    bool ok = get(out, &remote, options->banks, err);

    remote_end(&remote);
    return ok;
}

bool fetched_file_save(const struct fetched_file *f, const char *path, struct error *err)
{
    struct file_writer w CLEANUP(file_writer_clear) = { 0 };
    struct file_source from CLEANUP(file_source_clear) = { 0 };
    struct bytes chunk;

    if (!file_source_open(&from, f->path, err) || !file_writer_open(&w, path, FILE_REFUSE, err)) {
        return false;
    }
    struct source source = file_source(&from);

    do {
        if (!source.next(source.ctx, &chunk, err) || !file_writer_add(&w, chunk, err)) {
            return false;
        }
    } while (chunk.len > 0);
    return file_writer_commit(&w, err);
}

void fetched_file_close(struct fetched_file *f)
{
    if (f->path[0] != '\0') {
        (void)close(f->fd);
    }
    *f = (struct fetched_file){ 0 };
}
