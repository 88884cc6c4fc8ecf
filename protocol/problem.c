/* SPDX-License-Identifier: BSD-3-Clause */
#include "protocol/problem.h"

#include "common/reader.h"
#include "common/writer.h"
#include "protocol/field.h"
#include "protocol/item.h"

/* RFC 9290 section 2: standard entries have negative keys; -1 - n is encoded as 0x20 + n. */
enum {
    TITLE = 0,  /* -1 */
    DETAIL = 1, /* -2 */
};
#define NEGATIVE 0x20

static struct bytes shorten(struct bytes text)
{
    if (text.len > PROBLEM_TEXT_MAX) {
        text.len = PROBLEM_TEXT_MAX;
        while (text.len > 0 && (text.ptr[text.len] & 0xc0) == 0x80) {
            text.len--;
        }
    }
    return text;
}

bool problem_encode(const struct problem *p, uint8_t *dst, size_t size, struct bytes *out)
{
    struct writer w = writer_init(dst, size);
    size_t entries = (p->title.len > 0 ? 1u : 0u) + (p->detail.len > 0 ? 1u : 0u);

    item_write_map(&w, entries);
    if (p->title.len > 0) {
        writer_u8(&w, NEGATIVE + TITLE);
        item_write_text(&w, shorten(p->title));
    }
    if (p->detail.len > 0) {
        writer_u8(&w, NEGATIVE + DETAIL);
        item_write_text(&w, shorten(p->detail));
    }
    return writer_done(&w, out);
}

static bool read_entry(struct reader *r, struct problem *out, struct error *err)
{
    struct item key;

    if (!item_read(r, &key, err)) {
        return false;
    }
    if (key.type == ITEM_NEGATIVE && key.value == TITLE) {
        return field_read_text(r, PROBLEM_TEXT_MAX, &out->title, err);
    }
    if (key.type == ITEM_NEGATIVE && key.value == DETAIL) {
        return field_read_text(r, PROBLEM_TEXT_MAX, &out->detail, err);
    }
    return item_skip(r, err);
}

bool problem_decode(struct bytes in, struct problem *out, struct error *err)
{
    struct item_walk walk = { 0 };
    struct reader r = reader_init(in);
    struct problem p = { 0 };
    struct item map;

    if (!item_walk(&walk, in, err)) {
        return false;
    }
    if (walk.pos != in.len) {
        return error_set(err, ERROR_MALFORMED, "%zu bytes behind the problem details",
                in.len - walk.pos);
    }
    if (!field_read_item(&r, ITEM_MAP, &map, err)) {
        return false;
    }
    for (uint64_t i = 0; i < map.value; i++) {
        if (!read_entry(&r, &p, err)) {
            return false;
        }
    }
    *out = p;
    return true;
}
