/* SPDX-License-Identifier: BSD-3-Clause */
#include "ima/list.h"

#include <inttypes.h>
#include <stdlib.h>

/* A record that crosses a chunk border is completed in steps of this many bytes, doubling. */
#define STEP_MIN ((size_t)4096)

void ima_list_init(struct ima_list *list, struct ima_digest_format format)
{
    *list = (struct ima_list){ .format = format };
}

void ima_list_clear(struct ima_list *list)
{
    free(list->carry.data);
    *list = (struct ima_list){ 0 };
}

static bool entry_failed(const struct ima_list *list, struct error *err)
{
    return error_wrap(err, "entry %" PRIu64 " at offset %" PRIu64, list->index, list->offset);
}

/* Read a record; that it is not whole yet is no failure and leaves err alone. */
static bool read_entry(const struct ima_list *list, struct reader *r, struct ima_entry *out,
        bool *whole, struct error *err)
{
    struct error why;

    *whole = ima_entry_read(r, list->format, out, &why);
    if (*whole || why.code == ERROR_TRUNCATED) {
        return true;
    }
    *err = why;
    return entry_failed(list, err);
}

/* Append to the unfinished record. Grows with the bytes that are there, never by a length field. */
static bool carry_append(struct ima_list *list, struct bytes more, struct error *err)
{
    size_t need = list->carry.len + more.len;

    if (need > list->carry.room) {
        size_t room = need < 2 * list->carry.room ? 2 * list->carry.room : need;
        uint8_t *data = realloc(list->carry.data, room);

        if (data == NULL) {
            return error_set(err, ERROR_NOMEM, "record of more than %zu bytes", list->carry.len);
        }
        list->carry.data = data;
        list->carry.room = room;
    }
    if (more.len > 0) {
        memcpy(list->carry.data + list->carry.len, more.ptr, more.len);
        list->carry.len += more.len;
    }
    return true;
}

static bool visit_entry(struct ima_list *list, struct ima_entry *entry, ima_entry_visitor *visit,
        void *ctx, struct error *err)
{
    entry->index = list->index;
    entry->offset = list->offset;
    if (!visit(ctx, entry, err)) {
        return false;
    }
    list->index++;
    list->offset += entry->size;
    return true;
}

/* Take from chunk what finishes the record in carry. *done: it is finished and was visited. */
static bool finish_carry(struct ima_list *list, struct reader *chunk, ima_entry_visitor *visit,
        void *ctx, bool *done, struct error *err)
{
    size_t step = STEP_MIN;

    while (!reader_done(chunk)) {
        size_t before = list->carry.len;
        size_t n = reader_left(chunk) < step ? reader_left(chunk) : step;
        struct reader ahead = *chunk;
        struct bytes more;
        struct ima_entry entry;
        bool whole;

        if (!reader_take(&ahead, n, &more) || !carry_append(list, more, err)) {
            return entry_failed(list, err);
        }
        struct reader r = reader_init((struct bytes){ list->carry.data, list->carry.len });

        if (!read_entry(list, &r, &entry, &whole, err)) {
            return false;
        }
        if (whole) {
            struct bytes used;

            *done = reader_take(chunk, entry.size - before, &used);
            return visit_entry(list, &entry, visit, ctx, err);
        }
        *chunk = ahead;
        step *= 2;
    }
    *done = false;
    return true;
}

bool ima_list_feed(struct ima_list *list, struct bytes chunk, ima_entry_visitor *visit, void *ctx,
        struct error *err)
{
    struct reader in = reader_init(chunk);

    if (list->carry.len > 0) {
        bool done = false;

        if (!finish_carry(list, &in, visit, ctx, &done, err)) {
            return false;
        }
        if (!done) {
            return true; /* the whole chunk went into the carry */
        }
        list->carry.len = 0;
    }
    while (!reader_done(&in)) {
        struct ima_entry entry;
        bool whole;

        if (!read_entry(list, &in, &entry, &whole, err)) {
            return false;
        }
        if (!whole) {
            return carry_append(list, reader_rest(&in), err) || entry_failed(list, err);
        }
        if (!visit_entry(list, &entry, visit, ctx, err)) {
            return false;
        }
    }
    return true;
}

bool ima_list_end(const struct ima_list *list, struct error *err)
{
    struct reader r = reader_init((struct bytes){ list->carry.data, list->carry.len });
    struct ima_entry entry;

    if (list->carry.len == 0) {
        return true;
    }
    /* Read again for the words that say what is missing. */
    (void)!ima_entry_read(&r, list->format, &entry, err);
    return error_wrap(err, "the list ends inside entry %" PRIu64 " at offset %" PRIu64, list->index,
            list->offset);
}
