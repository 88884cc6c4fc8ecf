/* SPDX-License-Identifier: BSD-3-Clause */
#include "ima/entry.h"

#include <inttypes.h>

#include "common/pcr.h"

/* The old template has no data length: 20 digest bytes, then a name with its length in front. */
static bool read_legacy_data(struct reader *in, struct ima_entry *e, struct error *err)
{
    struct reader ahead = *in;
    struct bytes digest;
    uint32_t name_len;

    if (!reader_take(&ahead, digest_size(DIGEST_SHA1), &digest) ||
            !reader_u32le(&ahead, &name_len)) {
        return error_set(err, ERROR_TRUNCATED, "\"ima\" digest or file name length is cut");
    }
    if (name_len > IMA_LEGACY_NAME_MAX) {
        return error_set(err, ERROR_LIMIT, "\"ima\" file name of %" PRIu32 " bytes, at most %d",
                name_len, IMA_LEGACY_NAME_MAX);
    }
    if (!reader_take(in, digest.len + sizeof(name_len) + name_len, &e->template_data)) {
        return error_set(err, ERROR_TRUNCATED, "\"ima\" file name is cut");
    }
    e->legacy = true;
    return true;
}

static bool read_data(struct reader *in, struct ima_entry *e, struct error *err)
{
    uint32_t len;

    if (!reader_u32le(in, &len)) {
        return error_set(err, ERROR_TRUNCATED, "template data length is cut");
    }
    if (len > IMA_TEMPLATE_DATA_MAX) {
        return error_set(err, ERROR_LIMIT, "template data of %" PRIu32 " bytes, at most %zu", len,
                IMA_TEMPLATE_DATA_MAX);
    }
    if (!reader_take(in, len, &e->template_data)) {
        return error_set(err, ERROR_TRUNCATED, "template data is cut: %zu of %" PRIu32 " bytes",
                reader_left(in), len);
    }
    return true;
}

bool ima_entry_read(struct reader *r, struct ima_digest_format format, struct ima_entry *out,
        struct error *err)
{
    struct reader in = *r;
    struct ima_entry e = { .offset = reader_offset(r) };
    uint32_t name_len;

    if (!reader_u32le(&in, &e.pcr)) {
        return error_set(err, ERROR_TRUNCATED, "PCR index is cut");
    }
    if (e.pcr >= PCR_COUNT) {
        return error_set(err, ERROR_MALFORMED, "PCR index %" PRIu32 ", there are %d", e.pcr,
                PCR_COUNT);
    }
    if (!reader_take(&in, format.size, &e.template_digest) || !reader_u32le(&in, &name_len)) {
        return error_set(err, ERROR_TRUNCATED, "header is cut");
    }
    if (name_len > IMA_TEMPLATE_NAME_MAX) {
        return error_set(err, ERROR_LIMIT,
                "template name of %" PRIu32 " bytes, at most %d (is the template digest %zu bytes"
                " wide?)",
                name_len, IMA_TEMPLATE_NAME_MAX, format.size);
    }
    if (name_len == 0) {
        return error_set(err, ERROR_MALFORMED, "template without a name");
    }
    if (!reader_take(&in, name_len, &e.template_name)) {
        return error_set(err, ERROR_TRUNCATED, "template name is cut");
    }
    bool legacy = bytes_equal_text(e.template_name, "ima");

    if (legacy ? !read_legacy_data(&in, &e, err) : !read_data(&in, &e, err)) {
        return false;
    }
    e.size = reader_offset(&in) - reader_offset(r);
    *out = e;
    *r = in;
    return true;
}
