/* SPDX-License-Identifier: BSD-3-Clause */
#include <stdlib.h>

#include "verifier/allowlist.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct text_source {
    struct bytes left;
    size_t chunk;
};

static bool next_chunk(void *ctx, struct bytes *out, struct error *err)
{
    struct text_source *s = ctx;
    size_t n = s->left.len < s->chunk ? s->left.len : s->chunk;

    (void)err;
    *out = (struct bytes){ s->left.ptr, n };
    s->left = (struct bytes){ s->left.ptr + n, s->left.len - n };
    return true;
}

static bool load(struct allowlist *list, struct bytes text, size_t chunk)
{
    struct error err;
    struct text_source s = { text, chunk };
    struct source src = { .next = next_chunk, .ctx = &s };

    return allowlist_load_source(list, "list", ALLOWLIST_PATH, &src, NULL, NULL, &err) &&
            allowlist_index(list, &err);
}

/* Chunks make no difference, and every row of a list is found in it unless it is zero. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct allowlist whole CLEANUP(allowlist_clear) = { 0 };
    struct allowlist pieces CLEANUP(allowlist_clear) = { 0 };
    struct bytes text = { data, size };
    struct allowlist_row row;
    size_t cursor = 0;
    bool ok = load(&whole, text, size + 1);

    if (ok != load(&pieces, text, 1 + size % 13) || (ok && whole.row_count != pieces.row_count)) {
        abort();
    }
    while (ok && allowlist_next(&whole, &cursor, &row)) {
        struct allowlist_row other;

        if (allowlist_find(&pieces, &row.key, NULL) == bytes_are_zero(row.key.digest) ||
                !allowlist_find_path(&pieces, row.key.path, &other)) {
            abort();
        }
    }
    return 0;
}
