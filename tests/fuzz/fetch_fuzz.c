/* SPDX-License-Identifier: BSD-3-Clause */
/* The first byte says what is held; the rest are answers, each behind its length (16 bits, little
 * endian). */
#include <stdlib.h>

#include "common/reader.h"
#include "verifier/fetch.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct hasher hasher;

static bool answer(void *ctx, struct bytes request, size_t max, struct bytes *out,
        struct error *err)
{
    struct reader *r = ctx;
    uint16_t len;

    (void)request;
    if (!reader_u16le(r, &len) || !reader_take(r, len < max ? len : max, out)) {
        return error_set(err, ERROR_NO_ANSWER, "no more answers");
    }
    return true;
}

static uint64_t pass(struct source list)
{
    struct bytes chunk = { 0 };
    struct error err = { 0 };
    uint64_t len = 0;

    do {
        if (!list.next(list.ctx, &chunk, &err)) {
            break;
        }
        len += chunk.len;
    } while (chunk.len > 0);
    return len;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fetch f CLEANUP(fetch_clear) = { 0 };
    struct error err = { 0 };

    if (size == 0 || (hasher.ctx[DIGEST_SHA256] == NULL && !hasher_init(&hasher, &err))) {
        return 0;
    }
    struct reader answers = reader_init((struct bytes){ data + 1, size - 1 });
    struct link link = { answer, &answers, 4096 };
    struct fetch_limits limits = fetch_limits_default();
    struct fetch_request request = {
        .selection = { 1, { { DIGEST_SHA256, PCR_ALL } } },
        .wants_boot_log = true,
        .wants_ima_list = true,
        .boot_log_size = data[0],
        .has_cursor = data[0] != 0,
        .cursor = { .ak_name = { data, 1 }, .entry = data[0] },
        .list_offset = data[0],
    };

    if (fetch_start(&f, &link, &limits, &request, &err) && fetch_boot_log(&f, &hasher, &err)) {
        struct source list = fetch_list(&f);
        uint64_t len = f.boot_log.len + pass(list);

        if (!list.rewind(list.ctx, &err) || len > size || f.received > size) {
            abort();
        }
        (void)pass(list);
    }
    return 0;
}
