/* SPDX-License-Identifier: BSD-3-Clause */
#include "protocol/item.h"

#include <inttypes.h>

#include <cbor.h>

/* What the one callback of one cbor_stream_decode() call leaves behind. */
struct sink {
    struct item item;
    const char *refused; /* why this kind of item is not accepted; NULL when it is */
};

static void take_int(void *ctx, enum item_type type, uint64_t value)
{
    struct sink *sink = ctx;

    sink->item = (struct item){ .type = type, .value = value };
}

static void take_uint8(void *ctx, uint8_t value)
{
    take_int(ctx, ITEM_UINT, value);
}

static void take_uint16(void *ctx, uint16_t value)
{
    take_int(ctx, ITEM_UINT, value);
}

static void take_uint32(void *ctx, uint32_t value)
{
    take_int(ctx, ITEM_UINT, value);
}

static void take_uint64(void *ctx, uint64_t value)
{
    take_int(ctx, ITEM_UINT, value);
}

static void take_negative8(void *ctx, uint8_t value)
{
    take_int(ctx, ITEM_NEGATIVE, value);
}

static void take_negative16(void *ctx, uint16_t value)
{
    take_int(ctx, ITEM_NEGATIVE, value);
}

static void take_negative32(void *ctx, uint32_t value)
{
    take_int(ctx, ITEM_NEGATIVE, value);
}

static void take_negative64(void *ctx, uint64_t value)
{
    take_int(ctx, ITEM_NEGATIVE, value);
}

static void take_bytes(void *ctx, cbor_data data, size_t len)
{
    struct sink *sink = ctx;

    sink->item = (struct item){ ITEM_BYTES, len, { data, len } };
}

static void take_text(void *ctx, cbor_data data, size_t len)
{
    struct sink *sink = ctx;

    sink->item = (struct item){ ITEM_TEXT, len, { data, len } };
}

static void take_array(void *ctx, size_t count)
{
    take_int(ctx, ITEM_ARRAY, count);
}

static void take_map(void *ctx, size_t count)
{
    take_int(ctx, ITEM_MAP, count);
}

static void take_bool(void *ctx, bool value)
{
    take_int(ctx, ITEM_BOOL, value);
}

static void take_null(void *ctx)
{
    take_int(ctx, ITEM_NULL, 0);
}

static void refuse_indefinite(void *ctx)
{
    ((struct sink *)ctx)->refused = "indefinite length";
}

static void refuse_tag(void *ctx, uint64_t tag)
{
    (void)tag;
    ((struct sink *)ctx)->refused = "tag";
}

static void refuse_float(void *ctx, float value)
{
    (void)value;
    ((struct sink *)ctx)->refused = "floating-point number";
}

static void refuse_double(void *ctx, double value)
{
    (void)value;
    ((struct sink *)ctx)->refused = "floating-point number";
}

static void refuse_undefined(void *ctx)
{
    ((struct sink *)ctx)->refused = "undefined value";
}

/* Every member is set: libcbor calls them without looking. */
static const struct cbor_callbacks callbacks = {
    .uint8 = take_uint8,
    .uint16 = take_uint16,
    .uint32 = take_uint32,
    .uint64 = take_uint64,
    .negint8 = take_negative8,
    .negint16 = take_negative16,
    .negint32 = take_negative32,
    .negint64 = take_negative64,
    .byte_string_start = refuse_indefinite,
    .byte_string = take_bytes,
    .string_start = refuse_indefinite,
    .string = take_text,
    .indef_array_start = refuse_indefinite,
    .array_start = take_array,
    .indef_map_start = refuse_indefinite,
    .map_start = take_map,
    .tag = refuse_tag,
    .float2 = refuse_float,
    .float4 = refuse_float,
    .float8 = refuse_double,
    .undefined = refuse_undefined,
    .null = take_null,
    .boolean = take_bool,
    .indef_break = refuse_indefinite,
};

static size_t shortest_head(uint64_t value)
{
    return value < 24             ? 1
            : value <= UINT8_MAX  ? 2
            : value <= UINT16_MAX ? 3
            : value <= UINT32_MAX ? 5
                                  : ITEM_HEAD_MAX;
}

bool item_read(struct reader *r, struct item *out, struct error *err)
{
    struct reader ahead = *r;
    struct bytes rest = reader_rest(&ahead);
    struct sink sink = { 0 };
    /* libcbor 0.8 says how many bytes it wants, but the sum overflows for lengths near 2^64
     * (facts: 8 for 2^64 - 1), so only the status is used. */
    struct cbor_decoder_result got = cbor_stream_decode(rest.ptr, rest.len, &callbacks, &sink);
    struct bytes used;

    if (got.status == CBOR_DECODER_NEDATA) {
        return error_set(err, ERROR_TRUNCATED, "data item at byte %zu is cut off",
                reader_offset(r));
    }
    if (got.status != CBOR_DECODER_FINISHED) {
        return error_set(err, ERROR_MALFORMED, "byte %zu starts no data item", reader_offset(r));
    }
    if (sink.refused != NULL) {
        return error_set(err, ERROR_MALFORMED, "%s at byte %zu", sink.refused, reader_offset(r));
    }
    if (got.read - sink.item.bytes.len != shortest_head(sink.item.value)) {
        return error_set(err, ERROR_MALFORMED, "integer or length at byte %zu is not the shortest",
                reader_offset(r));
    }
    if (sink.item.type == ITEM_TEXT && !bytes_are_utf8(sink.item.bytes)) {
        return error_set(err, ERROR_MALFORMED, "text at byte %zu is not UTF-8", reader_offset(r));
    }
    if (!reader_take(r, got.read, &used)) {
        return error_set(err, ERROR_TRUNCATED, "data item at byte %zu", reader_offset(r));
    }
    *out = sink.item;
    return true;
}

/* Bytewise lexicographic order of the encoded keys (RFC 8949 section 4.2.1). */
static int compare_keys(struct bytes a, struct bytes b)
{
    int order = memcmp(a.ptr, b.ptr, a.len < b.len ? a.len : b.len);

    return order != 0 ? order : (a.len > b.len) - (a.len < b.len);
}

static bool check_key(struct item_level *level, const struct item *key, struct bytes input,
        size_t at, size_t len, struct error *err)
{
    if (key->type != ITEM_UINT && key->type != ITEM_NEGATIVE && key->type != ITEM_TEXT) {
        return error_set(err, ERROR_MALFORMED, "map key at byte %zu is neither integer nor text",
                at);
    }
    if (level->key_len > 0) {
        int order = compare_keys((struct bytes){ input.ptr + level->key_at, level->key_len },
                (struct bytes){ input.ptr + at, len });

        if (order >= 0) {
            return error_set(err, ERROR_MALFORMED, "map key at byte %zu is %s", at,
                    order == 0 ? "there twice" : "out of order");
        }
    }
    level->key_at = at;
    level->key_len = len;
    return true;
}

static bool enter(struct item_walk *w, const struct item *item, size_t at, struct error *err)
{
    if (w->depth == ITEM_DEPTH_MAX) {
        return error_set(err, ERROR_LIMIT, "more than %d arrays and maps inside one another",
                ITEM_DEPTH_MAX);
    }
    if (item->value > ITEM_COUNT_MAX) {
        return error_set(err, ERROR_LIMIT, "array or map of %" PRIu64 " at byte %zu", item->value,
                at);
    }
    bool is_map = item->type == ITEM_MAP;

    w->level[w->depth++] =
            (struct item_level){ .left = is_map ? 2 * item->value : item->value, .is_map = is_map };
    return true;
}

/* One item, and out of every array and map that it completes. */
static bool walk_step(struct item_walk *w, struct bytes input, struct error *err)
{
    struct reader r = reader_init(input);
    size_t at = w->pos;
    struct bytes walked;
    struct item item;

    if (!reader_take(&r, at, &walked)) {
        return error_set(err, ERROR_TRUNCATED, "input ends at byte %zu", input.len);
    }
    if (!item_read(&r, &item, err)) {
        return false;
    }
    if (w->count == ITEM_COUNT_MAX) {
        return error_set(err, ERROR_LIMIT, "more than %d data items", ITEM_COUNT_MAX);
    }
    if (w->depth > 0) {
        struct item_level *level = &w->level[w->depth - 1];

        if (level->is_map && level->left % 2 == 0 &&
                !check_key(level, &item, input, at, reader_offset(&r) - at, err)) {
            return false;
        }
        level->left--;
    }
    if ((item.type == ITEM_ARRAY || item.type == ITEM_MAP) && !enter(w, &item, at, err)) {
        return false;
    }
    while (w->depth > 0 && w->level[w->depth - 1].left == 0) {
        w->depth--;
    }
    w->pos = reader_offset(&r);
    w->count++;
    return true;
}

bool item_walk(struct item_walk *w, struct bytes input, struct error *err)
{
    do {
        if (!walk_step(w, input, err)) {
            return false;
        }
    } while (w->depth > 0);
    return true;
}

bool item_skip(struct reader *r, struct error *err)
{
    struct reader ahead = *r;
    struct item_walk w = { 0 };
    struct bytes skipped;

    return item_walk(&w, reader_rest(&ahead), err) && reader_take(r, w.pos, &skipped);
}

/* A libcbor encoder of heads writes nothing and returns 0 only where room is missing. */
static void write_head(struct writer *w, const uint8_t *head, size_t len)
{
    writer_bytes(w, (struct bytes){ head, len });
}

void item_write_uint(struct writer *w, uint64_t value)
{
    uint8_t head[ITEM_HEAD_MAX];

    write_head(w, head, cbor_encode_uint(value, head, sizeof(head)));
}

void item_write_bool(struct writer *w, bool value)
{
    uint8_t head[ITEM_HEAD_MAX];

    write_head(w, head, cbor_encode_bool(value, head, sizeof(head)));
}

size_t item_bytes_head(size_t len, uint8_t dst[ITEM_HEAD_MAX])
{
    return cbor_encode_bytestring_start(len, dst, ITEM_HEAD_MAX);
}

void item_write_bytes(struct writer *w, struct bytes value)
{
    uint8_t head[ITEM_HEAD_MAX];

    write_head(w, head, item_bytes_head(value.len, head));
    writer_bytes(w, value);
}

void item_write_text(struct writer *w, struct bytes value)
{
    uint8_t head[ITEM_HEAD_MAX];

    write_head(w, head, cbor_encode_string_start(value.len, head, sizeof(head)));
    writer_bytes(w, value);
}

void item_write_array(struct writer *w, size_t count)
{
    uint8_t head[ITEM_HEAD_MAX];

    write_head(w, head, cbor_encode_array_start(count, head, sizeof(head)));
}

void item_write_map(struct writer *w, size_t count)
{
    uint8_t head[ITEM_HEAD_MAX];

    write_head(w, head, cbor_encode_map_start(count, head, sizeof(head)));
}
