/* SPDX-License-Identifier: BSD-3-Clause */
#include <inttypes.h>
#include <string.h>

#include "eventlog/describe_internal.h"
#include "eventlog/guid.h"

static const uint8_t gpt_signature[8] = { 'E', 'F', 'I', ' ', 'P', 'A', 'R', 'T' };

/* UEFI_IMAGE_LOAD_EVENT. */
bool describe_image(const struct describe_sink *s, struct bytes data, struct error *err)
{
    struct reader r = reader_init(data);
    struct reader path;
    uint64_t address;
    uint64_t length;
    uint64_t link_time;
    uint64_t path_size;

    if (!reader_u64le(&r, &address) || !reader_u64le(&r, &length) ||
            !reader_u64le(&r, &link_time) || !reader_u64le(&r, &path_size)) {
        return error_set(err, ERROR_TRUNCATED, "image load event of %zu bytes", data.len);
    }
    put_address(s, "address", address);
    put_number(s, "length", length);
    put_address(s, "link_time_address", link_time);
    if (path_size > reader_left(&r) || !reader_sub(&r, (size_t)path_size, &path)) {
        return error_set(err, ERROR_TRUNCATED, "device path of %" PRIu64 " bytes", path_size);
    }
    if (!put_device_path(s, "device_path", &path, err)) {
        return false;
    }
    if (!reader_done(&path)) {
        return error_set(err, ERROR_MALFORMED, "%zu bytes after the end of the device path",
                reader_left(&path));
    }
    put_trailing(s, &r);
    return true;
}

/* EFI_PARTITION_ENTRY: entries may be longer than the 128 bytes defined. */
static bool put_partition(const struct describe_sink *s, struct reader r, struct error *err)
{
    struct bytes type;
    struct bytes unique;
    struct bytes name;
    uint64_t first;
    uint64_t last;
    uint64_t attributes;

    if (!reader_take(&r, GUID_SIZE, &type) || !reader_take(&r, GUID_SIZE, &unique) ||
            !reader_u64le(&r, &first) || !reader_u64le(&r, &last) ||
            !reader_u64le(&r, &attributes) || !reader_take(&r, 72, &name)) {
        return error_set(err, ERROR_MALFORMED, "partition entry is too short");
    }
    s->begin_object(s->ctx, NULL);
    put_guid(s, "type", type);
    put_guid(s, "guid", unique);
    put_number(s, "first_lba", first);
    put_number(s, "last_lba", last);
    put_address(s, "attributes", attributes);
    put_utf16(s, "name", name);
    s->end(s->ctx);
    return true;
}

static bool put_partitions(const struct describe_sink *s, struct reader *r, uint64_t count,
        uint32_t entry_size, struct error *err)
{
    bool ok = true;

    s->begin_array(s->ctx, "partitions");
    for (uint64_t i = 0; ok && i < count; i++) {
        struct reader entry;

        if (!reader_sub(r, entry_size, &entry)) {
            ok = error_set(err, ERROR_TRUNCATED, "partition %" PRIu64 " of %" PRIu64, i, count);
        } else if (i < 4 * (uint64_t)DESCRIBE_ENTRIES_MAX) {
            ok = put_partition(s, entry, err);
        }
    }
    s->end(s->ctx);
    return ok;
}

/* UEFI_GPT_DATA: EFI_PARTITION_TABLE_HEADER of 92 bytes, a count, the entries in use. */
bool describe_gpt(const struct describe_sink *s, struct bytes data, struct error *err)
{
    struct reader r = reader_init(data);
    struct bytes signature;
    struct bytes before;
    struct bytes disk;
    struct bytes after;
    uint64_t first;
    uint64_t last;
    uint32_t entry_size;
    uint32_t crc;
    uint64_t count;

    if (!reader_take(&r, sizeof(gpt_signature), &signature) || !reader_take(&r, 32, &before) ||
            !reader_u64le(&r, &first) || !reader_u64le(&r, &last) ||
            !reader_take(&r, GUID_SIZE, &disk) || !reader_take(&r, 12, &after) ||
            !reader_u32le(&r, &entry_size) || !reader_u32le(&r, &crc) ||
            !reader_u64le(&r, &count)) {
        return error_set(err, ERROR_TRUNCATED, "partition table of %zu bytes", data.len);
    }
    if (memcmp(signature.ptr, gpt_signature, sizeof(gpt_signature)) != 0) {
        return error_set(err, ERROR_MALFORMED, "partition table without its signature");
    }
    put_guid(s, "disk_guid", disk);
    put_number(s, "first_usable_lba", first);
    put_number(s, "last_usable_lba", last);
    put_number(s, "count", count);
    /* An entry of no bytes would make any count true. */
    if (entry_size == 0) {
        return error_set(err, ERROR_MALFORMED, "partition entries of 0 bytes");
    }
    if (!put_partitions(s, &r, count, entry_size, err)) {
        return false;
    }
    if (!reader_done(&r)) {
        return error_set(err, ERROR_MALFORMED, "%zu bytes after the partitions", reader_left(&r));
    }
    return true;
}

static bool put_blob(const struct describe_sink *s, struct reader *r, struct error *err)
{
    uint64_t base;
    uint64_t length;

    if (!reader_u64le(r, &base) || !reader_u64le(r, &length) || !reader_done(r)) {
        return error_set(err, ERROR_MALFORMED, "firmware blob is not 16 bytes");
    }
    put_address(s, "base", base);
    put_number(s, "length", length);
    return true;
}

/* UEFI_PLATFORM_FIRMWARE_BLOB; some firmware logs a name instead. */
bool describe_blob(const struct describe_sink *s, struct bytes data, struct error *err)
{
    struct reader r = reader_init(data);

    if (data.len != 16 && (text_is_ascii(data) || text_is_utf16(data))) {
        put_guess(s, "text", data);
        return true;
    }
    return put_blob(s, &r, err);
}

static bool put_description(const struct describe_sink *s, struct reader *r, struct error *err)
{
    struct bytes description;
    uint8_t size;

    if (!reader_u8(r, &size) || !reader_take(r, size, &description)) {
        return error_set(err, ERROR_TRUNCATED, "description goes beyond the event");
    }
    put_guess(s, "description", description);
    return true;
}

bool describe_blob2(const struct describe_sink *s, struct bytes data, struct error *err)
{
    struct reader r = reader_init(data);

    return put_description(s, &r, err) && put_blob(s, &r, err);
}

static bool put_tables(const struct describe_sink *s, struct reader *r, struct error *err)
{
    uint64_t count;
    bool ok = true;

    if (!reader_u64le(r, &count)) {
        return error_set(err, ERROR_TRUNCATED, "table count");
    }
    put_number(s, "count", count);
    s->begin_array(s->ctx, "tables");
    for (uint64_t i = 0; ok && i < count; i++) {
        struct bytes guid;
        uint64_t address;

        if (!reader_take(r, GUID_SIZE, &guid) || !reader_u64le(r, &address)) {
            ok = error_set(err, ERROR_TRUNCATED, "table %" PRIu64 " of %" PRIu64, i, count);
        } else if (i < DESCRIBE_ENTRIES_MAX) {
            s->begin_object(s->ctx, NULL);
            put_guid(s, "table", guid);
            put_address(s, "address", address);
            s->end(s->ctx);
        }
    }
    s->end(s->ctx);
    if (ok && !reader_done(r)) {
        return error_set(err, ERROR_MALFORMED, "%zu bytes after the tables", reader_left(r));
    }
    return ok;
}

bool describe_tables(const struct describe_sink *s, struct bytes data, struct error *err)
{
    struct reader r = reader_init(data);

    return put_tables(s, &r, err);
}

bool describe_tables2(const struct describe_sink *s, struct bytes data, struct error *err)
{
    struct reader r = reader_init(data);

    return put_description(s, &r, err) && put_tables(s, &r, err);
}

/* TCG_DEVICE_SECURITY_EVENT_DATA_HEADER and its second version; their parts are not decoded. */
bool describe_spdm(const struct describe_sink *s, struct bytes data, struct error *err)
{
    static const uint8_t v1[16] = "SPDM Device Sec";
    static const uint8_t v2[16] = { 'S', 'P', 'D', 'M', ' ', 'D', 'e', 'v', 'i', 'c', 'e', ' ', 'S',
        'e', 'c', '2' };
    struct reader r = reader_init(data);
    struct bytes signature;
    uint16_t version;

    if (!reader_take(&r, sizeof(v1), &signature) || !reader_u16le(&r, &version)) {
        return error_set(err, ERROR_TRUNCATED, "device event of %zu bytes", data.len);
    }
    if (memcmp(signature.ptr, v1, sizeof(v1)) != 0 && memcmp(signature.ptr, v2, sizeof(v2)) != 0) {
        return error_set(err, ERROR_MALFORMED, "device event without an SPDM signature");
    }
    put_text(s, "signature",
            memcmp(signature.ptr, v1, sizeof(v1)) == 0 ? "SPDM Device Sec" : "SPDM Device Sec2");
    put_number(s, "version", version);
    put_hex(s, "data", reader_rest(&r));
    return true;
}
