/* SPDX-License-Identifier: BSD-3-Clause */
#include "ima/ascii.h"

#include <inttypes.h>
#include <stdlib.h>

#include "common/writer.h"
#include "ima/template.h"

#define RECORD_OVERHEAD 128

bool ima_ascii_detect(struct bytes head)
{
    return head.len >= 3 && (head.ptr[0] == ' ' || (head.ptr[0] >= '0' && head.ptr[0] <= '9')) &&
            head.ptr[1] >= '0' && head.ptr[1] <= '9' && head.ptr[2] == ' ';
}

/* The next word and the space behind it; the rest when there is none. */
static struct bytes take_word(struct reader *in)
{
    struct bytes word;

    if (!reader_take_until(in, ' ', &word)) {
        word = reader_rest(in);
    }
    return word;
}

static bool read_decimal(struct bytes text, uint32_t max, uint32_t *out)
{
    uint64_t value = 0;

    for (size_t i = 0; i < text.len; i++) {
        if (text.ptr[i] < '0' || text.ptr[i] > '9' || value > max) {
            return false;
        }
        value = value * 10 + (text.ptr[i] - '0');
    }
    *out = (uint32_t)value;
    return text.len > 0 && value <= max;
}

/* Write hexadecimal as bytes, straight into what is left of the writer. */
static bool write_hex(struct writer *w, struct bytes text)
{
    size_t room = (size_t)(w->end - w->pos);
    size_t len;

    if (w->overflow || text.len / 2 > room) {
        w->overflow = true;
        return false;
    }
    if (!bytes_from_hex(text, w->pos, room, &len)) {
        return false;
    }
    w->pos += len;
    return true;
}

/* Shown as hexadecimal; nothing at all when empty. */
static bool write_hex_field(struct writer *w, struct bytes text)
{
    writer_u32le(w, (uint32_t)(text.len / 2));
    return write_hex(w, text);
}

/* "[type:]algorithm:hex" to "[type:]algorithm:" NUL digest. */
static bool write_digest(struct writer *w, struct bytes text)
{
    size_t colon = text.len;

    while (colon > 0 && text.ptr[colon - 1] != ':') {
        colon--;
    }
    if (colon == 0) {
        return false;
    }
    writer_u32le(w, (uint32_t)(colon + 1 + (text.len - colon) / 2));
    writer_bytes(w, (struct bytes){ text.ptr, colon });
    writer_u8(w, '\0');
    return write_hex(w, (struct bytes){ text.ptr + colon, text.len - colon });
}

static bool write_integer(struct writer *w, struct bytes text, bool is_mode)
{
    uint32_t value;

    if (text.len == 0) {
        writer_u32le(w, 0); /* not a file: no inode to take it from */
        return true;
    }
    if (!read_decimal(text, is_mode ? UINT16_MAX : UINT32_MAX, &value)) {
        return false;
    }
    writer_u32le(w, is_mode ? 2 : 4);
    writer_u8(w, (uint8_t)value);
    writer_u8(w, (uint8_t)(value >> 8));
    if (!is_mode) {
        writer_u8(w, (uint8_t)(value >> 16));
        writer_u8(w, (uint8_t)(value >> 24));
    }
    return true;
}

/* The NUL behind a name is counted but not shown. */
static bool write_name(struct writer *w, struct bytes text)
{
    writer_u32le(w, (uint32_t)text.len + 1);
    writer_bytes(w, text);
    writer_u8(w, '\0');
    return true;
}

static bool write_field(struct writer *w, enum ima_field field, struct bytes text)
{
    switch (field) {
    case IMA_FIELD_N:
        writer_u32le(w, (uint32_t)text.len);
        writer_bytes(w, text);
        return true;
    case IMA_FIELD_D_NG:
    case IMA_FIELD_D_NGV2:
        return write_digest(w, text);
    case IMA_FIELD_D_MODSIG:
        return text.len == 0 ? write_hex_field(w, text) : write_digest(w, text);
    case IMA_FIELD_N_NG:
        return write_name(w, text);
    case IMA_FIELD_XATTRNAMES:
        return text.len == 0 ? write_hex_field(w, text) : write_name(w, text);
    case IMA_FIELD_IUID:
    case IMA_FIELD_IGID:
    case IMA_FIELD_IMODE:
        return write_integer(w, text, field == IMA_FIELD_IMODE);
    case IMA_FIELD_UNKNOWN:
    case IMA_FIELD_COUNT:
        return false;
    default:
        return write_hex_field(w, text);
    }
}

static bool field_failed(const struct writer *w, const struct ima_field_value *f, struct error *err)
{
    enum error_code code = w->overflow      ? ERROR_LIMIT
            : f->field == IMA_FIELD_UNKNOWN ? ERROR_UNSUPPORTED
                                            : ERROR_MALFORMED;
    char name[32];

    return error_set(err, code, "field %s", bytes_print(name, sizeof(name), ima_field_name(f)));
}

/* "ima": the digest stands without a length. */
static bool write_legacy_data(struct writer *w, struct reader *in, struct error *err)
{
    struct bytes digest = take_word(in);

    if (digest.len != 2 * digest_size(DIGEST_SHA1) || !write_hex(w, digest)) {
        return error_set(err, ERROR_MALFORMED, "field d is not 20 bytes of hexadecimal");
    }
    return write_field(w, IMA_FIELD_N, reader_rest(in));
}

static bool write_data(struct writer *w, struct reader *in, struct bytes template_name,
        struct error *err)
{
    struct ima_fields format;

    if (!ima_template_fields(template_name, &format, err)) {
        return false;
    }
    if (!format.known) {
        return error_set(err, ERROR_UNSUPPORTED,
                "a template this build does not know cannot be read from text; use the binary"
                " list");
    }
    for (size_t i = 0; i < format.count; i++) {
        bool last = i + 1 == format.count;
        struct bytes text = last ? reader_rest(in) : take_word(in);

        if (!write_field(w, format.at[i].field, text)) {
            return field_failed(w, &format.at[i], err);
        }
    }
    return true;
}

bool ima_ascii_read(struct bytes line, struct ima_digest_format format, uint8_t *dst, size_t size,
        struct bytes *out, struct error *err)
{
    struct reader in = reader_init(line);
    struct writer w = writer_init(dst, size);
    struct bytes index = take_word(&in);
    uint32_t pcr;

    if (index.len == 0) {
        index = take_word(&in); /* "%2d": one digit has a space in front */
    }
    if (!read_decimal(index, UINT8_MAX, &pcr)) {
        return error_set(err, ERROR_MALFORMED, "no PCR index");
    }
    writer_u32le(&w, pcr);
    struct bytes digest = take_word(&in);
    struct bytes name = take_word(&in);

    if (digest.len != 2 * format.size || (!write_hex(&w, digest) && !w.overflow)) {
        return error_set(err, ERROR_MALFORMED, "template digest is not %zu bytes of hexadecimal",
                format.size);
    }
    writer_u32le(&w, (uint32_t)name.len);
    writer_bytes(&w, name);
    uint8_t *len_at = w.pos;
    bool legacy = bytes_equal_text(name, "ima");

    if (!legacy) {
        writer_u32le(&w, 0);
    }
    const uint8_t *data = w.pos;

    if (legacy ? !write_legacy_data(&w, &in, err) : !write_data(&w, &in, name, err)) {
        return false;
    }
    uint32_t data_len = (uint32_t)(w.pos - data);

    if (!writer_done(&w, out)) {
        return error_set(err, ERROR_LIMIT, "record does not fit");
    }
    if (!legacy) {
        struct writer len = writer_init(len_at, sizeof(data_len));

        writer_u32le(&len, data_len);
    }
    return true;
}

void ima_ascii_source_init(struct ima_ascii_source *s, struct source inner,
        struct ima_digest_format format)
{
    *s = (struct ima_ascii_source){ .inner = inner, .format = format };
}

void ima_ascii_source_clear(struct ima_ascii_source *s)
{
    free(s->text);
    free(s->record);
    *s = (struct ima_ascii_source){ 0 };
}

static bool grow(uint8_t **data, size_t *room, size_t need, struct error *err)
{
    if (need > *room) {
        size_t bigger = need < 2 * *room ? 2 * *room : need;
        uint8_t *p = realloc(*data, bigger);

        if (p == NULL) {
            return error_set(err, ERROR_NOMEM, "line of %zu bytes", need);
        }
        *data = p;
        *room = bigger;
    }
    return true;
}

static bool append(struct ima_ascii_source *s, struct bytes more, struct error *err)
{
    if (more.len > IMA_ASCII_LINE_MAX - s->text_len) {
        return error_set(err, ERROR_LIMIT, "more than %zu characters", IMA_ASCII_LINE_MAX);
    }
    if (!grow(&s->text, &s->text_room, s->text_len + more.len, err)) {
        return false;
    }
    if (more.len > 0) {
        memcpy(s->text + s->text_len, more.ptr, more.len);
        s->text_len += more.len;
    }
    return true;
}

/* Put the next line together in s->text. *out is false at the end. */
static bool next_line(struct ima_ascii_source *s, bool *out, struct error *err)
{
    s->text_len = 0;
    for (;;) {
        struct reader in = reader_init(s->chunk);
        struct bytes part;

        if (reader_take_until(&in, '\n', &part)) {
            s->chunk = reader_rest(&in);
            *out = true;
            return append(s, part, err);
        }
        if (!append(s, s->chunk, err)) {
            return false;
        }
        if (s->ended) {
            s->chunk = (struct bytes){ 0 };
            *out = s->text_len > 0;
            return true;
        }
        if (!s->inner.next(s->inner.ctx, &s->chunk, err)) {
            return false;
        }
        s->ended = s->chunk.len == 0;
    }
}

static bool ascii_next(void *ctx, struct bytes *out, struct error *err)
{
    struct ima_ascii_source *s = ctx;
    bool more;

    if (!next_line(s, &more, err)) {
        return error_wrap(err, "line %" PRIu64, s->line + 1);
    }
    if (!more) {
        *out = (struct bytes){ 0 };
        return true;
    }
    s->line++;
    if (!grow(&s->record, &s->record_room, s->text_len + RECORD_OVERHEAD, err) ||
            !ima_ascii_read((struct bytes){ s->text, s->text_len }, s->format, s->record,
                    s->record_room, out, err)) {
        return error_wrap(err, "line %" PRIu64, s->line);
    }
    return true;
}

static bool ascii_rewind(void *ctx, struct error *err)
{
    struct ima_ascii_source *s = ctx;

    s->chunk = (struct bytes){ 0 };
    s->line = 0;
    s->ended = false;
    return s->inner.rewind(s->inner.ctx, err);
}

struct source ima_ascii_source(struct ima_ascii_source *s)
{
    return (struct source){ .next = ascii_next, .rewind = ascii_rewind, .ctx = s };
}
