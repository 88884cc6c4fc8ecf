/* SPDX-License-Identifier: BSD-3-Clause */
#include <string.h>

#include "eventlog/describe_internal.h"
#include "eventlog/guid.h"
#include "eventlog/signature_list.h"
#include "eventlog/variable.h"

/* EFI_LOAD_OPTION.Attributes. */
#define LOAD_OPTION_ACTIVE 0x00000001u
#define LOAD_OPTION_HIDDEN 0x00000008u

static bool is_hex_digit(uint8_t c)
{
    return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'F') || (c >= 'a' && c <= 'f');
}

/* Boot0001, Driver0001, SysPrep0001, PlatformRecovery0001. */
static bool is_load_option(const struct uefi_variable *v)
{
    static const char *const stems[] = { "Boot", "Driver", "SysPrep", "PlatformRecovery" };

    for (size_t i = 0; i < ARRAY_LEN(stems); i++) {
        struct uefi_variable stem = *v;
        size_t n = strlen(stems[i]);
        bool digits = v->name.len == 2 * (n + 4);

        for (size_t d = n; digits && d < n + 4; d++) {
            digits = is_hex_digit(v->name.ptr[2 * d]) && v->name.ptr[2 * d + 1] == 0;
        }
        stem.name.len = digits ? 2 * n : 0;
        if (digits && uefi_variable_is(&stem, stems[i])) {
            return true;
        }
    }
    return false;
}

static bool is_any(const struct uefi_variable *v, const char *const *names, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (uefi_variable_is(v, names[i])) {
            return true;
        }
    }
    return false;
}

/* FilePathList: the path of the image, then paths that mean something to its maker alone. */
static bool put_file_paths(const struct describe_sink *s, struct reader paths, struct error *err)
{
    bool ok = put_device_path(s, "device_path", &paths, err);

    if (!ok || reader_done(&paths)) {
        return ok;
    }
    s->begin_array(s->ctx, "further_device_paths");
    for (size_t i = 0; ok && i < DESCRIBE_ENTRIES_MAX && !reader_done(&paths); i++) {
        ok = put_device_path(s, NULL, &paths, err);
    }
    s->end(s->ctx);
    return ok;
}

/* EFI_LOAD_OPTION (UEFI specification, "Load Options"). */
static bool put_load_option(const struct describe_sink *s, struct bytes data, struct error *err)
{
    struct reader r = reader_init(data);
    struct bytes description;
    struct reader paths;
    uint32_t attributes;
    uint16_t paths_size;

    if (!reader_u32le(&r, &attributes) || !reader_u16le(&r, &paths_size)) {
        return error_set(err, ERROR_TRUNCATED, "load option of %zu bytes", data.len);
    }
    put_address(s, "attributes", attributes);
    put_boolean(s, "active", (attributes & LOAD_OPTION_ACTIVE) != 0);
    put_boolean(s, "hidden", (attributes & LOAD_OPTION_HIDDEN) != 0);
    struct reader ahead = r;
    size_t description_size = text_utf16_until_nul(reader_rest(&ahead)).len;

    if (!reader_take(&r, description_size + 2, &description)) {
        return error_set(err, ERROR_TRUNCATED, "load option description has no end");
    }
    put_utf16(s, "description", description);
    if (!reader_sub(&r, paths_size, &paths)) {
        return error_set(err, ERROR_TRUNCATED, "load option device path of %u bytes", paths_size);
    }
    if (!put_file_paths(s, paths, err)) {
        return false;
    }
    if (!reader_done(&r)) {
        put_guess(s, "optional_data", reader_rest(&r));
    }
    return true;
}

static bool put_order(const struct describe_sink *s, struct bytes data, struct error *err)
{
    struct reader r = reader_init(data);
    uint16_t number;

    if (data.len % 2 != 0) {
        return error_set(err, ERROR_MALFORMED, "boot order of %zu bytes", data.len);
    }
    put_number(s, "count", data.len / 2);
    s->begin_array(s->ctx, "order");
    for (size_t i = 0; i < DESCRIBE_ENTRIES_MAX && reader_u16le(&r, &number); i++) {
        char text[8];
        struct text t = text_init(text, sizeof(text));

        text_add(&t, "%04X", number);
        put_text(s, NULL, text);
    }
    s->end(s->ctx);
    return true;
}

static bool put_boolean_value(const struct describe_sink *s, struct bytes data, struct error *err)
{
    if (data.len != 1 || data.ptr[0] > 1) {
        return error_set(err, ERROR_MALFORMED, "not one byte of 0 or 1");
    }
    put_boolean(s, "enabled", data.ptr[0] == 1);
    return true;
}

static bool is_type(struct bytes guid, const char *name)
{
    const char *known = guid_name(guid.ptr);

    return known != NULL && strcmp(known, name) == 0;
}

/* Certificate or hash. One that does not decode is shown as it is: db may hold any type. */
static void put_signature(const struct describe_sink *s, const struct signature_data *sig)
{
    struct error ignored = { 0 };

    put_guid(s, "owner", sig->owner);
    if (!put_certificate(s, "certificate", sig->data, &ignored)) {
        put_hex(s, "data", sig->data);
    }
}

static void put_entries(const struct describe_sink *s, const struct signature_list *l)
{
    bool certificates = is_type(l->type, "x509");

    s->begin_array(s->ctx, "signatures");
    for (size_t i = 0; i < l->count && i < DESCRIBE_ENTRIES_MAX; i++) {
        struct signature_data sig = signature_list_entry(l, i);

        s->begin_object(s->ctx, NULL);
        if (certificates) {
            put_signature(s, &sig);
        } else {
            put_guid(s, "owner", sig.owner);
            put_hex(s, "data", sig.data);
        }
        s->end(s->ctx);
    }
    s->end(s->ctx);
}

static bool put_signature_lists(const struct describe_sink *s, struct bytes data, struct error *err)
{
    struct reader r = reader_init(data);
    bool ok = true;

    s->begin_array(s->ctx, "signature_lists");
    for (size_t i = 0; ok && !reader_done(&r); i++) {
        struct signature_list l;

        if (i == DESCRIBE_ENTRIES_MAX) {
            ok = error_set(err, ERROR_LIMIT, "more than %u signature lists", DESCRIBE_ENTRIES_MAX);
        } else if (signature_list_read(&r, &l, err)) {
            s->begin_object(s->ctx, NULL);
            put_guid(s, "type", l.type);
            put_number(s, "count", l.count);
            if (l.header.len > 0) {
                put_hex(s, "header", l.header);
            }
            put_entries(s, &l);
            s->end(s->ctx);
        } else {
            ok = false;
        }
    }
    s->end(s->ctx);
    return ok;
}

static bool put_variable(const struct describe_sink *s, struct bytes data,
        struct uefi_variable *out, struct error *err)
{
    if (!uefi_variable_read(data, out, err)) {
        return false;
    }
    put_guid(s, "vendor", out->vendor);
    put_utf16(s, "name", out->name);
    put_number(s, "data_size", out->data.len);
    return true;
}

static bool put_value(const struct describe_sink *s, const struct uefi_variable *v,
        struct error *err)
{
    static const char *const booleans[] = { "SecureBoot", "SetupMode", "AuditMode", "DeployedMode",
        "MokSBState", "MokDBState", "MokIgnoreDB", "VendorKeys" };
    static const char *const databases[] = { "PK", "KEK", "db", "dbx", "dbt", "dbr", "PKDefault",
        "KEKDefault", "dbDefault", "dbxDefault", "MokList", "MokListX", "MokListRT", "MokListXRT",
        "MokListTrusted" };
    static const char *const orders[] = { "BootOrder", "DriverOrder", "SysPrepOrder", "BootNext",
        "BootCurrent" };

    if (v->data.len == 0) {
        return true; /* an absent variable is measured as an empty one */
    }
    if (is_any(v, booleans, ARRAY_LEN(booleans))) {
        return put_boolean_value(s, v->data, err);
    }
    if (is_any(v, orders, ARRAY_LEN(orders))) {
        return put_order(s, v->data, err);
    }
    if (is_load_option(v)) {
        return put_load_option(s, v->data, err);
    }
    if (is_any(v, databases, ARRAY_LEN(databases))) {
        return put_signature_lists(s, v->data, err);
    }
    put_guess(s, "value", v->data);
    return true;
}

bool describe_variable(const struct describe_sink *s, struct bytes data, struct error *err)
{
    struct uefi_variable v;

    if (!put_variable(s, data, &v, err) || !put_value(s, &v, err)) {
        return false;
    }
    struct reader rest = reader_init(v.rest);

    put_trailing(s, &rest);
    return true;
}

/* The one EFI_SIGNATURE_DATA of the database that let an image through; shim logs its own keys as
 * bare certificates, and SbatLevel and MokSBState as they are. */
static bool put_authority(const struct describe_sink *s, const struct uefi_variable *v,
        struct error *err)
{
    static const char *const values[] = { "SbatLevel", "MokSBState", "MokListTrusted" };
    struct signature_data sig;
    struct error ignored = { 0 };

    if (v->data.len == 0) {
        return true;
    }
    if (is_any(v, values, ARRAY_LEN(values))) {
        put_guess(s, "value", v->data);
        return true;
    }
    if (put_certificate(s, "certificate", v->data, &ignored)) {
        return true;
    }
    if (!signature_data_read(v->data, &sig, err)) {
        return false;
    }
    s->begin_object(s->ctx, "signature");
    put_signature(s, &sig);
    s->end(s->ctx);
    return true;
}

bool describe_authority(const struct describe_sink *s, struct bytes data, struct error *err)
{
    struct uefi_variable v;

    if (!put_variable(s, data, &v, err) || !put_authority(s, &v, err)) {
        return false;
    }
    struct reader rest = reader_init(v.rest);

    put_trailing(s, &rest);
    return true;
}
