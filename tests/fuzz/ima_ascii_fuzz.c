/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Two bytes of choices, then a list as text. What comes out of a line is one record, exactly; and
 * the pieces the text comes in do not matter.
 */
#include <stdlib.h>

#include "ima/ascii.h"
#include "ima/template.h"

static const struct ima_digest_format formats[] = {
    { DIGEST_SHA1, 20 },
    { DIGEST_SHA256, 32 },
};

static void require(bool claim)
{
    if (!claim) {
        abort();
    }
}

struct pieces {
    struct bytes all;
    size_t at;
    size_t piece;
};

static bool next_piece(void *ctx, struct bytes *out, struct error *err)
{
    struct pieces *p = ctx;
    size_t n = p->all.len - p->at < p->piece ? p->all.len - p->at : p->piece;

    (void)err;
    *out = (struct bytes){ p->all.ptr + p->at, n };
    p->at += n;
    return true;
}

/* A line may say more than a record can hold, but never makes half a record or two. */
static void check_record(struct bytes record, struct ima_digest_format format)
{
    struct reader r = reader_init(record);
    struct error err = { 0 };
    struct ima_entry e;
    struct ima_fields f;

    if (!ima_entry_read(&r, format, &e, &err)) {
        require(err.code == ERROR_MALFORMED || err.code == ERROR_LIMIT);
        return;
    }
    require(reader_done(&r));
    if (ima_fields_read(&e, &f, &err)) {
        require(f.known);
    }
}

static uint64_t convert(struct bytes text, struct ima_digest_format format, size_t piece,
        struct error *err)
{
    struct pieces p = { text, 0, piece };
    struct ima_ascii_source s CLEANUP(ima_ascii_source_clear) = { 0 };

    ima_ascii_source_init(&s, (struct source){ .next = next_piece, .ctx = &p }, format);
    struct source source = ima_ascii_source(&s);

    for (;;) {
        struct bytes record;

        if (!source.next(source.ctx, &record, err) || record.len == 0) {
            return s.line;
        }
        check_record(record, format);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct error err = { 0 };
    struct error err2 = { 0 };

    if (size < 2) {
        return 0;
    }
    struct bytes text = { data + 2, size - 2 };
    struct ima_digest_format format = formats[data[0] % ARRAY_LEN(formats)];
    uint64_t lines = convert(text, format, text.len + 1, &err);

    require(convert(text, format, (size_t)data[1] + 1, &err2) == lines);
    require(err.code == err2.code && strcmp(err.text, err2.text) == 0);
    return 0;
}
