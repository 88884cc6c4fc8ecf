/* SPDX-License-Identifier: BSD-3-Clause */
#include <inttypes.h>
#include <string.h>

#include "eventlog/describe_internal.h"
#include "eventlog/guid.h"

#define SIGNATURE_SIZE 16

static bool describe_spec_id(const struct describe_sink *s, struct reader *r, struct error *err)
{
    uint32_t platform_class;
    uint32_t count;
    uint8_t minor;
    uint8_t major;
    uint8_t errata;
    uint8_t uintn_size;
    bool ok = true;

    if (!reader_u32le(r, &platform_class) || !reader_u8(r, &minor) || !reader_u8(r, &major) ||
            !reader_u8(r, &errata) || !reader_u8(r, &uintn_size) || !reader_u32le(r, &count)) {
        return error_set(err, ERROR_TRUNCATED, "Spec ID header");
    }
    put_number(s, "platform_class", platform_class);
    put_number(s, "major", major);
    put_number(s, "minor", minor);
    put_number(s, "errata", errata);
    put_number(s, "uintn_size", uintn_size);
    s->begin_array(s->ctx, "algorithms");
    for (uint32_t i = 0; ok && i < count; i++) {
        uint16_t id;
        uint16_t size;
        enum digest_alg alg;

        if (!reader_u16le(r, &id) || !reader_u16le(r, &size)) {
            ok = error_set(err, ERROR_TRUNCATED, "algorithm %" PRIu32 " of %" PRIu32, i, count);
        } else if (i >= DESCRIBE_ENTRIES_MAX) {
            continue;
        } else if (digest_from_tpm_id(id, &alg)) {
            put_text(s, NULL, digest_name(alg));
        } else {
            put_address(s, NULL, id);
        }
    }
    s->end(s->ctx);
    return ok;
}

static bool describe_locality(const struct describe_sink *s, struct reader *r, struct error *err)
{
    uint8_t locality;

    if (!reader_u8(r, &locality)) {
        return error_set(err, ERROR_TRUNCATED, "no locality");
    }
    put_number(s, "locality", locality);
    return true;
}

/* A string with its length in front, NUL included. */
static bool put_sized_text(const struct describe_sink *s, const char *key, struct reader *r,
        struct error *err)
{
    struct bytes text;
    uint8_t size;

    if (!reader_u8(r, &size) || !reader_take(r, size, &text)) {
        return error_set(err, ERROR_TRUNCATED, "%s goes beyond the event", key);
    }
    put_utf8(s, key, text_until_nul(text));
    return true;
}

/* TCG_LOCATOR: type, size, bytes. */
static bool put_locator(const struct describe_sink *s, const char *key, struct reader *r,
        struct error *err)
{
    struct bytes locator;
    uint32_t type;

    if (!reader_u32le(r, &type) || !reader_take_u32le(r, &locator)) {
        return error_set(err, ERROR_TRUNCATED, "%s goes beyond the event", key);
    }
    s->begin_object(s->ctx, key);
    put_number(s, "type", type); /* 0 raw, 1 URI, 2 device path, 3 UEFI variable */
    bool ok = true;

    if (type == 1) {
        put_utf8(s, "uri", text_until_nul(locator));
    } else if (type == 2) {
        struct reader path = reader_init(locator);

        ok = put_device_path(s, "device_path", &path, err);
    } else {
        put_hex(s, "data", locator);
    }
    s->end(s->ctx);
    return ok;
}

/* TCG_Sp800_155_PlatformId_Event, 2 and 3. */
static bool describe_platform_id(const struct describe_sink *s, unsigned int version,
        struct reader *r, struct error *err)
{
    struct bytes manifest;
    uint32_t vendor;
    uint32_t firmware_vendor;

    if (!reader_u32le(r, &vendor) || !reader_take(r, GUID_SIZE, &manifest)) {
        return error_set(err, ERROR_TRUNCATED, "SP800-155 event");
    }
    put_number(s, "vendor_id", vendor);
    put_guid(s, "reference_manifest", manifest);
    if (version == 1) {
        return true;
    }
    if (!put_sized_text(s, "platform_manufacturer", r, err) ||
            !put_sized_text(s, "platform_model", r, err) ||
            !put_sized_text(s, "platform_version", r, err) ||
            !put_sized_text(s, "firmware_manufacturer", r, err)) {
        return false;
    }
    if (!reader_u32le(r, &firmware_vendor)) {
        return error_set(err, ERROR_TRUNCATED, "SP800-155 event");
    }
    put_number(s, "firmware_manufacturer_id", firmware_vendor);
    if (!put_sized_text(s, "firmware_version", r, err)) {
        return false;
    }
    return version == 2 ||
            (put_locator(s, "rim_locator", r, err) &&
                    put_locator(s, "platform_certificate_locator", r, err));
}

static bool describe_nv_index(const struct describe_sink *s, struct reader *r, struct error *err)
{
    uint16_t version;

    if (!reader_u16le(r, &version)) {
        return error_set(err, ERROR_TRUNCATED, "NV index event");
    }
    put_number(s, "version", version);
    put_hex(s, "data", reader_rest(r));
    return true;
}

bool describe_no_action(const struct describe_sink *s, struct bytes data, struct error *err)
{
    enum kind {
        SPEC_ID,
        LOCALITY,
        PLATFORM_ID,
        PLATFORM_ID2,
        PLATFORM_ID3,
        NV_INDEX
    };
    static const struct {
        char signature[SIGNATURE_SIZE + 1];
        enum kind kind;
    } kinds[] = {
        { "Spec ID Event03\0", SPEC_ID },
        { "StartupLocality\0", LOCALITY },
        { "SP800-155 Event\0", PLATFORM_ID },
        { "SP800-155 Event2", PLATFORM_ID2 },
        { "SP800-155 Event3", PLATFORM_ID3 },
        { "NvIndexInstance\0", NV_INDEX },
        { "NvIndexDynamic \0", NV_INDEX },
    };
    struct reader r = reader_init(data);
    struct bytes signature;
    size_t i = 0;

    if (!reader_take(&r, SIGNATURE_SIZE, &signature)) {
        put_guess(s, "data", data);
        return true;
    }
    while (i < ARRAY_LEN(kinds) && memcmp(signature.ptr, kinds[i].signature, SIGNATURE_SIZE) != 0) {
        i++;
    }
    if (i == ARRAY_LEN(kinds)) {
        put_guess(s, "data", data);
        return true;
    }
    put_text(s, "signature", kinds[i].signature);
    switch (kinds[i].kind) {
    case SPEC_ID:
        return describe_spec_id(s, &r, err);
    case LOCALITY:
        return describe_locality(s, &r, err);
    case PLATFORM_ID:
        return describe_platform_id(s, 1, &r, err);
    case PLATFORM_ID2:
        return describe_platform_id(s, 2, &r, err);
    case PLATFORM_ID3:
        return describe_platform_id(s, 3, &r, err);
    case NV_INDEX:
        return describe_nv_index(s, &r, err);
    }
    return true;
}
