/* SPDX-License-Identifier: BSD-3-Clause */
#include "eventlog/signature_list.h"

#include <inttypes.h>

#include "eventlog/guid.h"

/* EFI_SIGNATURE_LIST: type, SignatureListSize, SignatureHeaderSize, SignatureSize. */
#define LIST_HEADER (GUID_SIZE + 3 * sizeof(uint32_t))

bool signature_list_read(struct reader *r, struct signature_list *out, struct error *err)
{
    struct reader in = *r;
    size_t at = reader_offset(r);
    struct signature_list l;
    struct reader body;
    uint32_t list_size;
    uint32_t header_size;
    uint32_t entry_size;

    if (!reader_take(&in, GUID_SIZE, &l.type) || !reader_u32le(&in, &list_size) ||
            !reader_u32le(&in, &header_size) || !reader_u32le(&in, &entry_size)) {
        return error_set(err, ERROR_TRUNCATED, "signature list at byte %zu: header", at);
    }
    if (list_size < LIST_HEADER || !reader_sub(&in, list_size - LIST_HEADER, &body)) {
        return error_set(err, list_size < LIST_HEADER ? ERROR_MALFORMED : ERROR_TRUNCATED,
                "signature list at byte %zu: size %" PRIu32, at, list_size);
    }
    if (!reader_take(&body, header_size, &l.header)) {
        return error_set(err, ERROR_MALFORMED, "signature list at byte %zu: header size %" PRIu32,
                at, header_size);
    }
    /* Never below the owner, so never zero: dividing by it is safe and every step moves on. */
    if (entry_size < GUID_SIZE) {
        return error_set(err, ERROR_MALFORMED,
                "signature list at byte %zu: signature size %" PRIu32, at, entry_size);
    }
    l.entries = reader_rest(&body);
    if (l.entries.len % entry_size != 0) {
        return error_set(err, ERROR_MALFORMED,
                "signature list at byte %zu: %zu bytes of signatures of %" PRIu32 " each", at,
                l.entries.len, entry_size);
    }
    l.entry_size = entry_size;
    l.count = l.entries.len / entry_size;
    *out = l;
    *r = in;
    return true;
}

struct signature_data signature_list_entry(const struct signature_list *list, size_t index)
{
    const uint8_t *entry = list->entries.ptr + index * list->entry_size;

    return (struct signature_data){ .owner = { entry, GUID_SIZE },
        .data = { entry + GUID_SIZE, list->entry_size - GUID_SIZE } };
}

bool signature_data_read(struct bytes data, struct signature_data *out, struct error *err)
{
    struct reader r = reader_init(data);
    struct bytes owner;

    if (!reader_take(&r, GUID_SIZE, &owner)) {
        return error_set(err, ERROR_TRUNCATED, "signature of %zu bytes", data.len);
    }
    *out = (struct signature_data){ owner, reader_rest(&r) };
    return true;
}
