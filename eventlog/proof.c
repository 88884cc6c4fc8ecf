/* SPDX-License-Identifier: BSD-3-Clause */
#include "eventlog/proof.h"

#include <string.h>

#include "eventlog/types.h"
#include "eventlog/variable.h"

#define CANDIDATES_MAX 4

/** Stretches of the data that the digest may be of. */
struct candidates {
    size_t count;
    struct bytes part[CANDIDATES_MAX];
    bool required; /* one of them must be */
};

static void add(struct candidates *c, struct bytes part)
{
    c->part[c->count++] = part;
}

/* Tcg2Dxe measures the value alone for type BOOT; other firmware the whole structure. */
static void add_boot_variable(struct candidates *c, struct bytes data)
{
    struct uefi_variable v;
    struct error ignored = { 0 };

    add(c, data);
    if (uefi_variable_read(data, &v, &ignored) && v.rest.len == 0) {
        add(c, v.data);
    }
}

/* GRUB hashes the command or command line without the prefix it logs it under, and without the NUL;
 * old Fedora builds with it. In confidential-computing logs a stray byte may follow the NUL. */
static void add_ipl(struct candidates *c, struct bytes data)
{
    static const char *const prefixes[] = { "grub_cmd: ", "kernel_cmdline: ", "module_cmdline: ",
        "grub_cmd ", "grub_kernel_cmdline ", "grub_module_cmdline " };
    const uint8_t *nul = data.len > 0 ? memchr(data.ptr, '\0', data.len) : NULL;
    size_t text_len = nul != NULL ? (size_t)(nul - data.ptr) : data.len;

    add(c, data);
    for (size_t i = 0; i < ARRAY_LEN(prefixes); i++) {
        size_t skip = strlen(prefixes[i]);

        if (text_len >= skip && memcmp(data.ptr, prefixes[i], skip) == 0) {
            c->required = true;
            add(c, (struct bytes){ data.ptr + skip, text_len - skip });
            if (nul != NULL) {
                add(c, (struct bytes){ data.ptr + skip, text_len - skip + 1 });
            }
            return;
        }
    }
}

/* By type, after the profile's table of event types. Types that are not here have digests of
 * something else (images, firmware blobs, tables) or are not known: their data is never proven,
 * even where it fits, because the type that would give it a meaning is the attacker's choice. */
static struct candidates find_candidates(const struct event *e)
{
    struct candidates c = { 0 };

    switch (e->type) {
    case EV_SEPARATOR:
    case EV_ACTION:
    case EV_EFI_ACTION:
    case EV_S_CRTM_VERSION:
    case EV_EFI_VARIABLE_DRIVER_CONFIG:
    case EV_EFI_VARIABLE_BOOT2:
    case EV_EFI_GPT_EVENT:
    case EV_EFI_GPT_EVENT2:
    case EV_EFI_SPDM_DEVICE_POLICY:
    case EV_EFI_SPDM_DEVICE_AUTHORITY:
        c.required = true;
        add(&c, e->data);
        break;
    case EV_EFI_VARIABLE_AUTHORITY:
        c.required = true;
        add(&c, e->data);
        /* Old shim logs one byte more than it measures (mended in its commit 8a27a480). */
        if (e->data.len > 0) {
            add(&c, (struct bytes){ e->data.ptr, e->data.len - 1 });
        }
        break;
    case EV_EFI_VARIABLE_BOOT:
        c.required = true;
        add_boot_variable(&c, e->data);
        break;
    case EV_IPL:
        add_ipl(&c, e->data);
        break;
    case EV_POST_CODE:
    case EV_POST_CODE2:
    case EV_EVENT_TAG:
    case EV_S_CRTM_CONTENTS:
    case EV_CPU_MICROCODE:
    case EV_PLATFORM_CONFIG_FLAGS:
    case EV_TABLE_OF_DEVICES:
    case EV_COMPACT_HASH:
    case EV_IPL_PARTITION_DATA:
    case EV_NONHOST_CODE:
    case EV_NONHOST_CONFIG:
    case EV_NONHOST_INFO:
    case EV_OMIT_BOOT_DEVICE_EVENTS:
    case EV_EFI_HCRTM_EVENT:
    case EV_EFI_SPDM_FIRMWARE_BLOB:
    case EV_EFI_SPDM_FIRMWARE_CONFIG:
        /* Of the data if the firmware says so. */
        add(&c, e->data);
        break;
    default:
        if (e->type >= EV_TXT_PCRMAPPING && e->type <= EV_TXT_CAP_VALUE) {
            add(&c, e->data);
        }
        break;
    }
    return c;
}

static bool matches(struct hasher *h, const struct event *e, uint32_t banks, struct bytes part,
        bool *out, struct error *err)
{
    *out = false;
    for (size_t i = 0; i < e->digest_count; i++) {
        uint8_t digest[DIGEST_SIZE_MAX];
        enum digest_alg alg;

        if (!digest_from_tpm_id(e->digest[i].tpm_id, &alg) || (banks >> alg & 1) == 0 ||
                !hasher_has(h, alg)) {
            continue;
        }
        if (!hasher_digest(h, alg, part, digest, err)) {
            return false;
        }
        *out = memcmp(digest, e->digest[i].value.ptr, digest_size(alg)) == 0;
        if (!*out) {
            return true;
        }
    }
    return true;
}

static bool has_digest(struct hasher *h, const struct event *e, uint32_t banks)
{
    for (size_t i = 0; i < e->digest_count; i++) {
        enum digest_alg alg;

        if (digest_from_tpm_id(e->digest[i].tpm_id, &alg) && (banks >> alg & 1) != 0 &&
                hasher_has(h, alg)) {
            return true;
        }
    }
    return false;
}

bool event_proof_check(struct hasher *h, const struct event *e, uint32_t banks,
        struct event_proof *out, struct error *err)
{
    struct candidates c = find_candidates(e);
    struct event_proof proof = { 0 };

    for (size_t i = 0; i < c.count && proof.state != EVENT_PROVEN; i++) {
        bool match;

        if (!matches(h, e, banks, c.part[i], &match, err)) {
            return false;
        }
        if (match) {
            proof = (struct event_proof){ EVENT_PROVEN, c.part[i] };
        }
    }
    if (proof.state != EVENT_PROVEN && c.required && has_digest(h, e, banks)) {
        proof.state = EVENT_DISPROVED;
    }
    *out = proof;
    return true;
}
