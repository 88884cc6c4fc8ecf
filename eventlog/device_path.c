/* SPDX-License-Identifier: BSD-3-Clause */
#include "eventlog/device_path.h"

#include <inttypes.h>

#include "eventlog/guid.h"

#define NODE_HEADER 4
/* UEFI specification, "Generic Device Path Structures". */
#define TYPE_END     0x7f
#define END_INSTANCE 0x01
#define END_ENTIRE   0xff
/* A PNP identifier: "PNP" in five-bit letters in the low half, the number in the high half. */
#define PNP_PREFIX     0x41d0
#define HEX_MAX        64 /* bytes of vendor data shown */
#define SIGNATURE_MBR  1
#define SIGNATURE_GUID 2

static bool add_guid(struct text *t, struct reader *r)
{
    char guid[GUID_TEXT_SIZE];
    struct bytes raw;

    if (!reader_take(r, GUID_SIZE, &raw)) {
        return false;
    }
    text_add(t, "%s", guid_text(raw.ptr, guid));
    return true;
}

static void add_hex(struct text *t, struct bytes b)
{
    if (b.len > HEX_MAX) {
        text_add_hex(t, (struct bytes){ b.ptr, HEX_MAX });
        text_add(t, "...");
    } else {
        text_add_hex(t, b);
    }
}

/* Name(guid) or Name(guid,hex). */
static bool add_vendor(struct text *t, const char *name, struct reader *r)
{
    text_add(t, "%s(", name);
    if (!add_guid(t, r)) {
        return false;
    }
    if (!reader_done(r)) {
        text_add(t, ",");
        add_hex(t, reader_rest(r));
    }
    text_add(t, ")");
    return true;
}

static bool add_guid_node(struct text *t, const char *name, struct reader *r)
{
    text_add(t, "%s(", name);
    if (!add_guid(t, r)) {
        return false;
    }
    text_add(t, ")");
    return true;
}

static bool add_hardware(struct text *t, uint8_t subtype, struct reader *r)
{
    uint8_t function;
    uint8_t device;
    uint32_t number;
    uint64_t start;
    uint64_t end;

    switch (subtype) {
    case 1:
        if (!reader_u8(r, &function) || !reader_u8(r, &device)) {
            return false;
        }
        text_add(t, "Pci(0x%x,0x%x)", device, function);
        return true;
    case 2:
        if (!reader_u8(r, &function)) {
            return false;
        }
        text_add(t, "PcCard(0x%x)", function);
        return true;
    case 3:
        if (!reader_u32le(r, &number) || !reader_u64le(r, &start) || !reader_u64le(r, &end)) {
            return false;
        }
        text_add(t, "MemoryMapped(0x%" PRIx32 ",0x%" PRIx64 ",0x%" PRIx64 ")", number, start, end);
        return true;
    case 4:
        return add_vendor(t, "VenHw", r);
    case 5:
        if (!reader_u32le(r, &number)) {
            return false;
        }
        text_add(t, "Ctrl(0x%" PRIx32 ")", number);
        return true;
    default:
        return false;
    }
}

static void add_acpi_id(struct text *t, uint32_t hid, uint32_t uid)
{
    static const struct {
        uint16_t pnp;
        const char *name;
    } names[] = { { 0x0a03, "PciRoot" }, { 0x0a08, "PcieRoot" }, { 0x0604, "Floppy" },
        { 0x0301, "Keyboard" }, { 0x0501, "Serial" }, { 0x0401, "ParallelPort" } };

    if ((hid & 0xffff) != PNP_PREFIX) {
        text_add(t, "Acpi(0x%08" PRIx32 ",0x%" PRIx32 ")", hid, uid);
        return;
    }
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        if (names[i].pnp == hid >> 16) {
            text_add(t, "%s(0x%" PRIx32 ")", names[i].name, uid);
            return;
        }
    }
    text_add(t, "Acpi(PNP%04" PRIx32 ",0x%" PRIx32 ")", hid >> 16, uid);
}

static bool add_acpi(struct text *t, uint8_t subtype, struct reader *r)
{
    uint32_t hid;
    uint32_t uid;

    if (subtype == 1 && reader_u32le(r, &hid) && reader_u32le(r, &uid)) {
        add_acpi_id(t, hid, uid);
        return true;
    }
    if (subtype == 3 && reader_u32le(r, &hid)) {
        text_add(t, "AcpiAdr(0x%" PRIx32, hid);
        while (reader_u32le(r, &hid)) {
            text_add(t, ",0x%" PRIx32, hid);
        }
        text_add(t, ")");
        return true;
    }
    return false;
}

static bool add_mac(struct text *t, struct reader *r)
{
    struct bytes address;
    uint8_t type;

    if (!reader_take(r, 32, &address) || !reader_u8(r, &type)) {
        return false;
    }
    /* Types 0 and 1 are Ethernet: six bytes, the rest is padding. */
    text_add(t, "MAC(");
    text_add_hex(t, (struct bytes){ address.ptr, type <= 1 ? 6 : address.len });
    text_add(t, ",0x%x)", type);
    return true;
}

static void add_ipv4(struct text *t, struct bytes a)
{
    text_add(t, "%u.%u.%u.%u", a.ptr[0], a.ptr[1], a.ptr[2], a.ptr[3]);
}

static void add_ipv6(struct text *t, struct bytes a)
{
    for (size_t i = 0; i < a.len; i += 2) {
        text_add(t, "%s%x", i > 0 ? ":" : "", (unsigned int)(a.ptr[i] << 8 | a.ptr[i + 1]));
    }
}

/* IPv4(remote,protocol,static,local[,gateway,mask]); older nodes end before the gateway. */
static bool add_ipv4_node(struct text *t, struct reader *r)
{
    struct bytes local;
    struct bytes remote;
    struct bytes ports;
    struct bytes gateway;
    struct bytes mask;
    uint16_t protocol;
    uint8_t is_static;

    if (!reader_take(r, 4, &local) || !reader_take(r, 4, &remote) || !reader_take(r, 4, &ports) ||
            !reader_u16le(r, &protocol) || !reader_u8(r, &is_static)) {
        return false;
    }
    text_add(t, "IPv4(");
    add_ipv4(t, remote);
    text_add(t, ",0x%x,%s,", protocol, is_static != 0 ? "Static" : "DHCP");
    add_ipv4(t, local);
    if (reader_take(r, 4, &gateway) && reader_take(r, 4, &mask)) {
        text_add(t, ",");
        add_ipv4(t, gateway);
        text_add(t, ",");
        add_ipv4(t, mask);
    }
    text_add(t, ")");
    return true;
}

static bool add_ipv6_node(struct text *t, struct reader *r)
{
    static const char *const origins[] = { "Static", "StatelessAutoConfigure",
        "StatefulAutoConfigure" };
    struct bytes local;
    struct bytes remote;
    struct bytes ports;
    uint16_t protocol;
    uint8_t origin;

    if (!reader_take(r, 16, &local) || !reader_take(r, 16, &remote) || !reader_take(r, 4, &ports) ||
            !reader_u16le(r, &protocol) || !reader_u8(r, &origin)) {
        return false;
    }
    text_add(t, "IPv6(");
    add_ipv6(t, remote);
    text_add(t, ",0x%x,%s,", protocol, origin < ARRAY_LEN(origins) ? origins[origin] : "?");
    add_ipv6(t, local);
    text_add(t, ")");
    return true;
}

static bool add_nvme(struct text *t, struct reader *r)
{
    struct bytes eui;
    uint32_t namespace;

    if (!reader_u32le(r, &namespace) || !reader_take(r, 8, &eui)) {
        return false;
    }
    text_add(t, "NVMe(0x%" PRIx32, namespace);
    /* An EUI-64, most significant byte last in memory. */
    for (size_t i = eui.len; i > 0; i--) {
        text_add(t, "%c%02x", i == eui.len ? ',' : '-', eui.ptr[i - 1]);
    }
    text_add(t, ")");
    return true;
}

static bool add_two_bytes(struct text *t, const char *name, struct reader *r)
{
    uint8_t a;
    uint8_t b;

    if (!reader_u8(r, &a) || !reader_u8(r, &b)) {
        return false;
    }
    text_add(t, "%s(0x%x,0x%x)", name, a, b);
    return true;
}

static bool add_ata(struct text *t, struct reader *r)
{
    uint8_t secondary;
    uint8_t slave;
    uint16_t lun;

    if (!reader_u8(r, &secondary) || !reader_u8(r, &slave) || !reader_u16le(r, &lun)) {
        return false;
    }
    text_add(t, "Ata(%s,%s,0x%x)", secondary != 0 ? "Secondary" : "Primary",
            slave != 0 ? "Slave" : "Master", lun);
    return true;
}

static bool add_u16s(struct text *t, const char *name, size_t count, struct reader *r)
{
    text_add(t, "%s(", name);
    for (size_t i = 0; i < count; i++) {
        uint16_t v;

        if (!reader_u16le(r, &v)) {
            return false;
        }
        text_add(t, "%s0x%x", i > 0 ? "," : "", v);
    }
    text_add(t, ")");
    return true;
}

static bool add_u8(struct text *t, const char *name, struct reader *r)
{
    uint8_t v;

    if (!reader_u8(r, &v)) {
        return false;
    }
    text_add(t, "%s(0x%x)", name, v);
    return true;
}

static bool add_messaging(struct text *t, uint8_t subtype, struct reader *r)
{
    switch (subtype) {
    case 1:
        return add_ata(t, r);
    case 2:
        return add_u16s(t, "Scsi", 2, r);
    case 5:
        return add_two_bytes(t, "USB", r);
    case 10:
        return add_vendor(t, "VenMsg", r);
    case 11:
        return add_mac(t, r);
    case 12:
        return add_ipv4_node(t, r);
    case 13:
        return add_ipv6_node(t, r);
    case 17:
        return add_u8(t, "Unit", r);
    case 18:
        return add_u16s(t, "Sata", 3, r);
    case 20:
        return add_u16s(t, "Vlan", 1, r);
    case 23:
        return add_nvme(t, r);
    case 24:
        text_add(t, "Uri(");
        text_add_utf8(t, reader_rest(r));
        text_add(t, ")");
        return true;
    case 26:
        return add_u8(t, "SD", r);
    case 29:
        return add_u8(t, "eMMC", r);
    default:
        return false;
    }
}

static bool add_partition(struct text *t, struct reader *r)
{
    char guid[GUID_TEXT_SIZE];
    struct reader signature;
    struct bytes raw;
    uint32_t number;
    uint32_t mbr;
    uint64_t start;
    uint64_t size;
    uint8_t format;
    uint8_t kind;

    if (!reader_u32le(r, &number) || !reader_u64le(r, &start) || !reader_u64le(r, &size) ||
            !reader_take(r, GUID_SIZE, &raw) || !reader_u8(r, &format) || !reader_u8(r, &kind)) {
        return false;
    }
    signature = reader_init(raw);
    if (kind == SIGNATURE_GUID) {
        text_add(t, "HD(%" PRIu32 ",GPT,%s", number, guid_text(raw.ptr, guid));
    } else if (kind == SIGNATURE_MBR && reader_u32le(&signature, &mbr)) {
        text_add(t, "HD(%" PRIu32 ",MBR,0x%08" PRIx32, number, mbr);
    } else {
        text_add(t, "HD(%" PRIu32 ",%u,", number, kind);
        text_add_hex(t, raw);
    }
    text_add(t, ",0x%" PRIx64 ",0x%" PRIx64 ")", start, size);
    return true;
}

static bool add_u64_range(struct text *t, const char *name, struct reader *r)
{
    uint64_t start;
    uint64_t end;

    if (!reader_u64le(r, &start) || !reader_u64le(r, &end)) {
        return false;
    }
    text_add(t, "%s(0x%" PRIx64 ",0x%" PRIx64 ")", name, start, end);
    return true;
}

static bool add_media(struct text *t, uint8_t subtype, struct reader *r)
{
    uint32_t entry;
    uint32_t reserved;
    uint64_t start;
    uint64_t size;

    switch (subtype) {
    case 1:
        return add_partition(t, r);
    case 2:
        if (!reader_u32le(r, &entry) || !reader_u64le(r, &start) || !reader_u64le(r, &size)) {
            return false;
        }
        text_add(t, "CDROM(0x%" PRIx32 ",0x%" PRIx64 ",0x%" PRIx64 ")", entry, start, size);
        return true;
    case 3:
        return add_vendor(t, "VenMedia", r);
    case 4:
        text_add(t, "File(");
        text_add_utf16(t, text_utf16_until_nul(reader_rest(r)));
        text_add(t, ")");
        return true;
    case 5:
        return add_guid_node(t, "Media", r);
    case 6:
        return add_guid_node(t, "FvFile", r);
    case 7:
        return add_guid_node(t, "Fv", r);
    case 8:
        return reader_u32le(r, &reserved) && add_u64_range(t, "Offset", r);
    case 9:
        return add_u64_range(t, "RamDisk", r);
    default:
        return false;
    }
}

static bool add_bbs(struct text *t, struct reader *r)
{
    uint16_t device;
    uint16_t status;

    if (!reader_u16le(r, &device) || !reader_u16le(r, &status)) {
        return false;
    }
    text_add(t, "BBS(0x%x,", device);
    text_add_utf8(t, text_until_nul(reader_rest(r)));
    text_add(t, ",0x%x)", status);
    return true;
}

static bool add_known(struct text *t, uint8_t type, uint8_t subtype, struct reader *r)
{
    switch (type) {
    case 1:
        return add_hardware(t, subtype, r);
    case 2:
        return add_acpi(t, subtype, r);
    case 3:
        return add_messaging(t, subtype, r);
    case 4:
        return add_media(t, subtype, r);
    case 5:
        return subtype == 1 && add_bbs(t, r);
    default:
        return false;
    }
}

static void add_node(struct text *t, uint8_t type, uint8_t subtype, struct reader body)
{
    struct text attempt = *t;
    struct reader r = body;

    if (add_known(&attempt, type, subtype, &r)) {
        *t = attempt;
        return;
    }
    /* Not known, or too short: what the attempt wrote is taken back. */
    t->dst[t->len] = '\0';
    text_add(t, "Path(%u,%u,", type, subtype);
    add_hex(t, reader_rest(&body));
    text_add(t, ")");
}

bool device_path_text(struct reader *r, struct text *out, struct error *err)
{
    const char *joint = "";

    while (!reader_done(r)) {
        size_t at = reader_offset(r);
        struct reader body;
        uint8_t type;
        uint8_t subtype;
        uint16_t len;

        if (!reader_u8(r, &type) || !reader_u8(r, &subtype) || !reader_u16le(r, &len) ||
                len < NODE_HEADER || !reader_sub(r, len - (size_t)NODE_HEADER, &body)) {
            return error_set(err, ERROR_MALFORMED, "device path node at byte %zu", at);
        }
        if (type == TYPE_END && subtype == END_ENTIRE) {
            break;
        }
        if (type == TYPE_END && subtype == END_INSTANCE) {
            joint = ",";
            continue;
        }
        text_add(out, "%s", joint);
        add_node(out, type, subtype, body);
        joint = "/";
    }
    return true;
}
