/* SPDX-License-Identifier: BSD-3-Clause */
#include "protocol/request.h"

#include <inttypes.h>

#include "common/reader.h"
#include "common/writer.h"
#include "protocol/envelope.h"
#include "protocol/field.h"
#include "protocol/item.h"

/* Map keys, as in docs/protocol.cddl; 0 and 1: envelope.c. */
enum {
    REQUEST_CHALLENGE = 2,
    REQUEST_SELECTION = 3,
    REQUEST_CURSOR = 4,
    REQUEST_BOOT_LOG_ID = 5,
    REQUEST_WANT = 6,
};

static bool read_selection_bank(struct reader *r, struct pcr_selection *s, struct error *err)
{
    struct pcr_selection_bank bank;
    uint64_t mask;

    if (!field_read_tuple(r, 2, err) || !field_read_alg(r, &bank.alg, err) ||
            !field_read_uint(r, PCR_ALL, &mask, err)) {
        return false;
    }
    if (mask == 0 || pcr_selection_mask(s, bank.alg) != 0) {
        return error_set(err, ERROR_MALFORMED, "bank %s is %s", digest_name(bank.alg),
                mask == 0 ? "empty" : "there twice");
    }
    bank.mask = (uint32_t)mask;
    s->bank[s->count++] = bank;
    return true;
}

static bool read_selection(struct reader *r, struct pcr_selection *out, struct error *err)
{
    struct item array;

    if (!field_read_item(r, ITEM_ARRAY, &array, err)) {
        return false;
    }
    if (array.value == 0 || array.value > DIGEST_ALG_COUNT) {
        return error_set(err, ERROR_LIMIT, "%" PRIu64 " banks, want 1 to %d", array.value,
                DIGEST_ALG_COUNT);
    }
    for (uint64_t i = 0; i < array.value; i++) {
        if (!read_selection_bank(r, out, err)) {
            return false;
        }
    }
    return true;
}

static bool read_cursor(struct reader *r, struct message_cursor *out, struct error *err)
{
    uint64_t reset;
    uint64_t restart;

    if (!field_read_tuple(r, 4, err) ||
            !field_read_bytes(r, 1, MESSAGE_AK_NAME_MAX, &out->ak_name, err) ||
            !field_read_uint(r, UINT32_MAX, &reset, err) ||
            !field_read_uint(r, UINT32_MAX, &restart, err) ||
            !field_read_uint(r, MESSAGE_OFFSET_MAX, &out->entry, err)) {
        return false;
    }
    out->reset_count = (uint32_t)reset;
    out->restart_count = (uint32_t)restart;
    return true;
}

static bool read_want(struct reader *r, struct message_want *want, struct error *err)
{
    enum log_kind kind;
    uint64_t offset;
    uint64_t max_bytes;

    if (!envelope_read_log(r, &kind, err) || !field_read_tuple(r, 2, err) ||
            !field_read_uint(r, MESSAGE_OFFSET_MAX, &offset, err) ||
            !field_read_uint(r, MESSAGE_OFFSET_MAX, &max_bytes, err)) {
        return false;
    }
    if (max_bytes == 0) {
        return error_set(err, ERROR_MALFORMED, "0 bytes of the %s", log_kind_name(kind));
    }
    want[kind] = (struct message_want){ true, offset, max_bytes };
    return true;
}

static bool read_wants(struct reader *r, struct message_want *want, struct error *err)
{
    struct item map;

    if (!field_read_item(r, ITEM_MAP, &map, err)) {
        return false;
    }
    for (uint64_t i = 0; i < map.value; i++) {
        if (!read_want(r, want, err)) {
            return false;
        }
    }
    return true;
}

static bool request_value(struct reader *r, unsigned int key, void *out, struct error *err)
{
    struct message_request *m = out;

    switch (key) {
    case REQUEST_CHALLENGE:
        return field_read_bytes(r, MESSAGE_CHALLENGE_MIN, MESSAGE_CHALLENGE_MAX, &m->challenge,
                err);
    case REQUEST_SELECTION:
        return read_selection(r, &m->selection, err);
    case REQUEST_CURSOR:
        m->has_cursor = true;
        return read_cursor(r, &m->cursor, err);
    case REQUEST_BOOT_LOG_ID:
        return field_read_bytes(r, MESSAGE_BOOT_LOG_ID_SIZE, MESSAGE_BOOT_LOG_ID_SIZE,
                &m->boot_log_id, err);
    case REQUEST_WANT:
        return read_wants(r, m->want, err);
    default:
        return item_skip(r, err);
    }
}

static bool request_check(const struct message_request *m, struct error *err)
{
    bool wants_quote = m->challenge.len > 0;
    bool wants_log = m->want[LOG_KIND_BOOT].wanted || m->want[LOG_KIND_IMA].wanted ||
            m->want[LOG_KIND_USERSPACE].wanted;

    if (wants_quote != (m->selection.count > 0)) {
        return error_set(err, ERROR_MALFORMED,
                "request message: challenge and selection are not "
                "both there");
    }
    if (!wants_quote && !wants_log) {
        return error_set(err, ERROR_MALFORMED, "request message: neither quote nor log is wanted");
    }
    return true;
}

bool message_request_decode(struct bytes in, struct message_request *out, struct error *err)
{
    static const char *const names[] = { "version", "type", "challenge", "selection", "cursor",
        "held boot log", "wanted logs" };
    static const struct field_shape shape = { names, ARRAY_LEN(names), FIELD_BIT(REQUEST_WANT),
        request_value };
    struct message_request m = { 0 };

    if (!envelope_read(in, MESSAGE_REQUEST, MESSAGE_REQUEST_MAX, &shape, &m, err) ||
            !request_check(&m, err)) {
        return false;
    }
    *out = m;
    return true;
}

static void write_selection(struct writer *w, const struct pcr_selection *s)
{
    item_write_uint(w, REQUEST_SELECTION);
    item_write_array(w, s->count);
    for (size_t i = 0; i < s->count; i++) {
        item_write_array(w, 2);
        item_write_uint(w, digest_tpm_id(s->bank[i].alg));
        item_write_uint(w, s->bank[i].mask);
    }
}

static void write_cursor(struct writer *w, const struct message_cursor *c)
{
    item_write_uint(w, REQUEST_CURSOR);
    item_write_array(w, 4);
    item_write_bytes(w, c->ak_name);
    item_write_uint(w, c->reset_count);
    item_write_uint(w, c->restart_count);
    item_write_uint(w, c->entry);
}

static void write_wants(struct writer *w, const struct message_want *want)
{
    size_t count = 0;

    for (size_t kind = 0; kind < LOG_KIND_COUNT; kind++) {
        count += want[kind].wanted;
    }
    item_write_uint(w, REQUEST_WANT);
    item_write_map(w, count);
    for (size_t kind = 0; kind < LOG_KIND_COUNT; kind++) {
        if (want[kind].wanted) {
            item_write_uint(w, kind);
            item_write_array(w, 2);
            item_write_uint(w, want[kind].offset);
            item_write_uint(w, want[kind].max_bytes);
        }
    }
}

bool message_request_encode(const struct message_request *m, uint8_t *dst, size_t size,
        struct bytes *out, struct error *err)
{
    struct writer w = writer_init(dst, size);
    bool has_challenge = m->challenge.len > 0;
    bool has_selection = m->selection.count > 0;
    bool has_boot_log_id = m->boot_log_id.len > 0;
    struct message_request check;
    struct bytes message;

    envelope_write(&w, 3u + has_challenge + has_selection + m->has_cursor + has_boot_log_id,
            MESSAGE_REQUEST);
    if (has_challenge) {
        field_write_bytes(&w, REQUEST_CHALLENGE, m->challenge);
    }
    if (has_selection) {
        write_selection(&w, &m->selection);
    }
    if (m->has_cursor) {
        write_cursor(&w, &m->cursor);
    }
    if (has_boot_log_id) {
        field_write_bytes(&w, REQUEST_BOOT_LOG_ID, m->boot_log_id);
    }
    write_wants(&w, m->want);
    if (!envelope_written(&w, &message, err) || !message_request_decode(message, &check, err)) {
        return false;
    }
    *out = message;
    return true;
}
