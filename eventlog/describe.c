/* SPDX-License-Identifier: BSD-3-Clause */
#include "eventlog/describe.h"

#include <inttypes.h>
#include <string.h>

#include "eventlog/describe_internal.h"
#include "eventlog/types.h"

static bool describe_separator(const struct describe_sink *s, struct bytes data, struct error *err)
{
    struct reader r = reader_init(data);
    uint32_t value;

    if (bytes_equal_text(data, "WBCL")) {
        put_text(s, "separator", "windows");
        return true;
    }
    if (!reader_u32le(&r, &value) || !reader_done(&r)) {
        return error_set(err, ERROR_MALFORMED, "separator of %zu bytes", data.len);
    }
    put_text(s, "separator",
            value == 0                                  ? "normal"
                    : value == 1 || value == UINT32_MAX ? "error"
                                                        : "other");
    put_address(s, "value", value);
    return true;
}

/* Who tags what: Linux efi.h (LINUX_EFI_INITRD..., LOAD_OPTIONS_EVENT_TAG_ID), systemd's
 * TPM2_PCR_MEASUREMENTS, Windows wbcl.h (SIPAEVENT_*_AGGREGATION). */
static const char *tag_name(uint32_t id)
{
    static const struct {
        uint32_t id;
        const char *name;
    } tags[] = {
        { 0x8f3b22ec, "linux-initrd" },
        { 0x8f3b22ed, "linux-load-options" },
        { 0xf5bc582a, "systemd-loader-conf" },
        { 0x6c46f751, "systemd-devicetree-addon" },
        { 0x49dffe0f, "systemd-initrd-addon" },
        { 0xdac08e1a, "systemd-ucode-addon" },
        { 0xd5cb7cbc, "systemd-smbios-1" },
        { 0xe0d47bc8, "systemd-smbios-2" },
        { 0xc0b3bd23, "systemd-smbios-11" },
        { 0x40010001, "windows-trust-boundary" },
        { 0x40010002, "windows-elam" },
        { 0x40010003, "windows-loaded-module" },
        { 0xc0010004, "windows-trust-point" },
    };

    for (size_t i = 0; i < ARRAY_LEN(tags); i++) {
        if (tags[i].id == id) {
            return tags[i].name;
        }
    }
    return NULL;
}

static bool describe_tag(const struct describe_sink *s, struct bytes data, struct error *err)
{
    struct reader r = reader_init(data);
    struct bytes value;
    const char *name;
    uint32_t id;

    /* Some Linux kernels (6.9-rc7 for one) log the description without a tag. */
    if (text_is_ascii(data)) {
        put_guess(s, "text", data);
        return true;
    }
    if (!reader_u32le(&r, &id) || !reader_take_u32le(&r, &value)) {
        return error_set(err, ERROR_TRUNCATED, "tagged event of %zu bytes", data.len);
    }
    put_address(s, "id", id);
    name = tag_name(id);
    if (name != NULL) {
        put_text(s, "id_name", name);
    }
    put_guess(s, "data", value);
    put_trailing(s, &r);
    return true;
}

/* A boot loader's text, in UTF-8 or UTF-16. GRUB leaves a stray byte behind the NUL in
 * confidential-computing logs. */
static bool describe_ipl(const struct describe_sink *s, struct bytes data, struct error *err)
{
    struct bytes text = text_until_nul(data);

    (void)err;
    if (text.len > 1 && data.len - text.len <= 2) {
        put_utf8(s, "text", text);
    } else {
        put_guess(s, text_is_utf16(data) ? "text" : "data", data);
    }
    return true;
}

static bool describe_plain(const struct describe_sink *s, struct bytes data, struct error *err)
{
    (void)err;
    put_guess(s, text_is_ascii(data) || text_is_utf16(data) ? "text" : "data", data);
    return true;
}

/* A version string, or a GUID in its place (profile, "EV_S_CRTM_VERSION"). */
static bool describe_version(const struct describe_sink *s, struct bytes data, struct error *err)
{
    if (data.len == 16 && !text_is_ascii(data) && !text_is_utf16(data)) {
        put_guid(s, "guid", data);
        return true;
    }
    return describe_plain(s, data, err);
}

/* A string, UEFI_PLATFORM_FIRMWARE_BLOB, or UEFI_PLATFORM_FIRMWARE_BLOB2. */
static bool describe_post_code(const struct describe_sink *s, struct bytes data, struct error *err)
{
    if (data.len == 16 && !text_is_ascii(data)) {
        return describe_blob(s, data, err);
    }
    return describe_plain(s, data, err);
}

typedef bool describe_fn(const struct describe_sink *s, struct bytes data, struct error *err);

static describe_fn *find_decoder(uint32_t type)
{
    static const struct {
        uint32_t type;
        describe_fn *decode;
    } decoders[] = {
        { EV_NO_ACTION, describe_no_action },
        { EV_SEPARATOR, describe_separator },
        { EV_EVENT_TAG, describe_tag },
        { EV_IPL, describe_ipl },
        { EV_POST_CODE, describe_post_code },
        { EV_POST_CODE2, describe_blob2 },
        { EV_S_CRTM_VERSION, describe_version },
        { EV_S_CRTM_CONTENTS, describe_post_code },
        { EV_EFI_VARIABLE_DRIVER_CONFIG, describe_variable },
        { EV_EFI_VARIABLE_BOOT, describe_variable },
        { EV_EFI_VARIABLE_BOOT2, describe_variable },
        { EV_EFI_VARIABLE_AUTHORITY, describe_authority },
        { EV_EFI_SPDM_DEVICE_POLICY, describe_variable },
        { EV_EFI_SPDM_DEVICE_AUTHORITY, describe_authority },
        { EV_EFI_BOOT_SERVICES_APPLICATION, describe_image },
        { EV_EFI_BOOT_SERVICES_DRIVER, describe_image },
        { EV_EFI_RUNTIME_SERVICES_DRIVER, describe_image },
        { EV_EFI_GPT_EVENT, describe_gpt },
        { EV_EFI_GPT_EVENT2, describe_gpt },
        { EV_EFI_PLATFORM_FIRMWARE_BLOB, describe_blob },
        { EV_EFI_PLATFORM_FIRMWARE_BLOB2, describe_blob2 },
        { EV_EFI_HANDOFF_TABLES, describe_tables },
        { EV_EFI_HANDOFF_TABLES2, describe_tables2 },
        { EV_EFI_SPDM_FIRMWARE_BLOB, describe_spdm },
        { EV_EFI_SPDM_FIRMWARE_CONFIG, describe_spdm },
    };

    for (size_t i = 0; i < ARRAY_LEN(decoders); i++) {
        if (decoders[i].type == type) {
            return decoders[i].decode;
        }
    }
    return describe_plain;
}

void event_describe(const struct event *e, const struct describe_sink *sink)
{
    struct error err = { 0 };

    if (!find_decoder(e->type)(sink, e->data, &err)) {
        put_text(sink, "malformed", err.text);
        put_number(sink, "size", e->data.len);
        sink->hex(sink->ctx, "hex",
                (struct bytes){ e->data.ptr,
                        e->data.len < DESCRIBE_HEX_MAX ? e->data.len : DESCRIBE_HEX_MAX });
    }
}
