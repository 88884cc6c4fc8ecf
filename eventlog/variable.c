/* SPDX-License-Identifier: BSD-3-Clause */
#include "eventlog/variable.h"

#include <inttypes.h>

#include "common/reader.h"
#include "eventlog/guid.h"

bool uefi_variable_read(struct bytes event_data, struct uefi_variable *out, struct error *err)
{
    struct reader r = reader_init(event_data);
    struct uefi_variable v;
    uint64_t name_units;
    uint64_t data_size;

    if (!reader_take(&r, GUID_SIZE, &v.vendor) || !reader_u64le(&r, &name_units) ||
            !reader_u64le(&r, &data_size)) {
        return error_set(err, ERROR_TRUNCATED, "variable header ends at byte %zu",
                reader_offset(&r));
    }
    if (name_units > reader_left(&r) / 2 || !reader_take(&r, (size_t)name_units * 2, &v.name)) {
        return error_set(err, ERROR_TRUNCATED, "variable name of %" PRIu64 " characters",
                name_units);
    }
    if (data_size > reader_left(&r) || !reader_take(&r, (size_t)data_size, &v.data)) {
        return error_set(err, ERROR_TRUNCATED, "variable data of %" PRIu64 " bytes", data_size);
    }
    v.rest = reader_rest(&r);
    *out = v;
    return true;
}

bool uefi_variable_is(const struct uefi_variable *v, const char *name)
{
    size_t n = strlen(name);

    if (v->name.len != 2 * n) {
        return false;
    }
    for (size_t i = 0; i < n; i++) {
        if (v->name.ptr[2 * i] != (uint8_t)name[i] || v->name.ptr[2 * i + 1] != 0) {
            return false;
        }
    }
    return true;
}
