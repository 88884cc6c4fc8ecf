/* SPDX-License-Identifier: BSD-3-Clause */
/* The first byte says how the rest is cut; the rest is an evidence file. */
#include <stdlib.h>

#include "verifier/evidence_file.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct memory {
    struct bytes all;
    size_t piece;
    size_t at;
};

static bool memory_next(void *ctx, struct bytes *out, struct error *err)
{
    struct memory *m = ctx;
    size_t left = m->all.len - m->at;

    (void)err;
    *out = (struct bytes){ m->all.ptr + m->at, left < m->piece ? left : m->piece };
    m->at += out->len;
    return true;
}

static bool memory_rewind(void *ctx, struct error *err)
{
    (void)err;
    ((struct memory *)ctx)->at = 0;
    return true;
}

/* A file that opened has an IMA list of the length it said, in every pass. */
static void read_list(struct evidence_file *f)
{
    struct source list = evidence_file_ima(f);
    struct bytes chunk = { 0 };
    struct error err = { 0 };
    uint64_t len = 0;

    if (!list.rewind(list.ctx, &err)) {
        abort();
    }
    do {
        if (!list.next(list.ctx, &chunk, &err)) {
            abort();
        }
        len += chunk.len;
    } while (chunk.len > 0);
    if (len != f->ima_bytes) {
        abort();
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct evidence_file f CLEANUP(evidence_file_close) = { 0 };
    struct error err = { 0 };

    if (size == 0) {
        return 0;
    }
    struct memory m = { { data + 1, size - 1 }, (size_t)data[0] + 1, 0 };

    if (evidence_file_read(&f, (struct source){ memory_next, memory_rewind, &m }, &err)) {
        read_list(&f);
    }
    return 0;
}
