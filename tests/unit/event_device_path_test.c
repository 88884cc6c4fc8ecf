/* SPDX-License-Identifier: BSD-3-Clause */
#include <stdlib.h>

#include "common/writer.h"
#include "eventlog/device_path.h"
#include "tests/check.h"

#define GUID      "61dfe48bca93d211aa0d00e098032b8c"
#define GUID_TEXT "8be4df61-93ca-11d2-aa0d-00e098032b8c"
#define LBAS           \
    "0008000000000000" \
    "0000100000000000"

struct node {
    uint8_t type;
    uint8_t subtype;
    const char *body; /* hexadecimal */
};

static void write_node(struct writer *w, const struct node *n)
{
    uint8_t body[256];
    size_t len = 0;

    CHECK(bytes_from_hex(bytes_of_text(n->body), body, sizeof(body), &len));
    writer_u8(w, n->type);
    writer_u8(w, n->subtype);
    writer_u8(w, (uint8_t)(4 + len));
    writer_u8(w, 0);
    writer_bytes(w, (struct bytes){ body, len });
}

static const char *text_of(struct bytes path, char *dst, size_t size)
{
    struct reader r = reader_init(path);
    struct text t = text_init(dst, size);
    struct error err = { 0 };

    CHECKF(device_path_text(&r, &t, &err), "%s", err.text);
    CHECK(reader_done(&r));
    return dst;
}

static void nodes_have_the_text_of_the_UEFI_specification(void)
{
    static const struct {
        struct node node;
        const char *want;
    } cases[] = {
        { { 1, 1, "0305" }, "Pci(0x5,0x3)" },
        { { 1, 2, "03" }, "PcCard(0x3)" },
        { { 1, 3,
                  "0b000000"
                  "0010000000000000"
                  "ff1f000000000000" },
                "MemoryMapped(0xb,0x1000,0x1fff)" },
        { { 1, 4, GUID }, "VenHw(" GUID_TEXT ")" },
        { { 1, 4, GUID "beef" }, "VenHw(" GUID_TEXT ",beef)" },
        { { 1, 5, "0a000000" }, "Ctrl(0xa)" },
        { { 2, 1, "d041030a00000000" }, "PciRoot(0x0)" },
        { { 2, 1, "d041080a02000000" }, "PcieRoot(0x2)" },
        { { 2, 1, "d041140c01000000" }, "Acpi(PNP0c14,0x1)" },
        { { 2, 1, "0100000001000000" }, "Acpi(0x00000001,0x1)" },
        { { 2, 3,
                  "00000180"
                  "02000000" },
                "AcpiAdr(0x80010000,0x2)" },
        { { 3, 1, "00010000" }, "Ata(Primary,Slave,0x0)" },
        { { 3, 2, "01000200" }, "Scsi(0x1,0x2)" },
        { { 3, 5, "0300" }, "USB(0x3,0x0)" },
        { { 3, 10, GUID "00" }, "VenMsg(" GUID_TEXT ",00)" },
        { { 3, 11,
                  "001122334455"
                  "0000000000000000000000000000000000000000000000000000"
                  "01" },
                "MAC(001122334455,0x1)" },
        { { 3, 12,
                  "c0a80001"
                  "c0a80002"
                  "00000000"
                  "0600"
                  "01"
                  "c0a800fe"
                  "ffffff00" },
                "IPv4(192.168.0.2,0x6,Static,192.168.0.1,192.168.0.254,255.255.255.0)" },
        { { 3, 12,
                  "c0a80001"
                  "c0a80002"
                  "00000000"
                  "1100"
                  "00" },
                "IPv4(192.168.0.2,0x11,DHCP,192.168.0.1)" },
        { { 3, 13,
                  "20010db8000000000000000000000001"
                  "20010db8000000000000000000000002"
                  "00000000"
                  "0600"
                  "00"
                  "40"
                  "00000000000000000000000000000000" },
                "IPv6(2001:db8:0:0:0:0:0:2,0x6,Static,2001:db8:0:0:0:0:0:1)" },
        { { 3, 17, "07" }, "Unit(0x7)" },
        { { 3, 18, "0000ffff0000" }, "Sata(0x0,0xffff,0x0)" },
        { { 3, 20, "0a00" }, "Vlan(0xa)" },
        { { 3, 23,
                  "01000000"
                  "8877665544332211" },
                "NVMe(0x1,11-22-33-44-55-66-77-88)" },
        { { 3, 24, "61622f63" }, "Uri(ab/c)" },
        { { 3, 26, "01" }, "SD(0x1)" },
        { { 3, 29, "02" }, "eMMC(0x2)" },
        { { 4, 1, "01000000" LBAS GUID "0202" }, "HD(1,GPT," GUID_TEXT ",0x800,0x100000)" },
        { { 4, 1,
                  "02000000" LBAS "81772614000000000000000000000000"
                  "0101" },
                "HD(2,MBR,0x14267781,0x800,0x100000)" },
        { { 4, 1,
                  "02000000" LBAS "000102030405060708090a0b0c0d0e0f"
                  "0207" },
                "HD(2,7,000102030405060708090a0b0c0d0e0f,0x800,0x100000)" },
        { { 4, 2, "01000000" LBAS }, "CDROM(0x1,0x800,0x100000)" },
        { { 4, 3, GUID }, "VenMedia(" GUID_TEXT ")" },
        { { 4, 4, "5c0061002e0065000000" }, "File(\\a.e)" },
        { { 4, 4, "61001b00" }, "File(a\\x1b)" },
        { { 4, 4, "" }, "File()" },
        { { 4, 5, GUID }, "Media(" GUID_TEXT ")" },
        { { 4, 6, GUID }, "FvFile(" GUID_TEXT ")" },
        { { 4, 7, GUID }, "Fv(" GUID_TEXT ")" },
        { { 4, 8, "00000000" LBAS }, "Offset(0x800,0x100000)" },
        { { 4, 9, LBAS GUID "0000" }, "RamDisk(0x800,0x100000)" },
        { { 5, 1,
                  "0600"
                  "0000"
                  "4e494300" },
                "BBS(0x6,NIC,0x0)" },
        { { 6, 9, "abcd" }, "Path(6,9,abcd)" },
        { { 3, 99, "" }, "Path(3,99,)" },
    };

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        uint8_t raw[300];
        char text[512];
        struct writer w = writer_init(raw, sizeof(raw));
        struct bytes path = { 0 };

        check_case = cases[i].want;
        write_node(&w, &cases[i].node);
        CHECK(writer_done(&w, &path));
        CHECK_TEXT(bytes_of_text(text_of(path, text, sizeof(text))), cases[i].want);
    }
    check_case = "";
}

/* Each node of a known type again, one byte shorter at a time: shown raw, and nothing of the
 * attempt remains. */
static void a_node_too_short_for_its_type_is_shown_raw(void)
{
    static const struct {
        struct node node;
        size_t least; /* bytes it can do with */
    } cases[] = {
        { { 1, 1, "0101" }, 2 },
        { { 1, 4, GUID "beef" }, 16 },
        { { 2, 1, "d041030a00000000" }, 8 },
        { { 3, 11,
                  "0011223344550000000000000000000000000000000000000000000000000000"
                  "01" },
                33 },
        { { 3, 12,
                  "c0a80001"
                  "c0a80002"
                  "00000000"
                  "0600"
                  "01"
                  "c0a800fe"
                  "ffffff00" },
                15 },
        { { 3, 18, "0000ffff0000" }, 6 },
        { { 3, 23,
                  "01000000"
                  "8877665544332211" },
                12 },
        { { 4, 1, "01000000" LBAS GUID "0202" }, 38 },
        { { 4, 6, GUID }, 16 },
        { { 4, 8, "00000000" LBAS }, 20 },
        { { 5, 1,
                  "0600"
                  "0000" },
                4 },
    };

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        size_t full = strlen(cases[i].node.body) / 2;

        for (size_t len = 0; len <= full; len++) {
            char hex[256];
            uint8_t raw[300];
            char text[512];
            char want[32];
            struct node shorter = { cases[i].node.type, cases[i].node.subtype, hex };
            struct writer w = writer_init(raw, sizeof(raw));
            struct bytes path = { 0 };

            memcpy(hex, cases[i].node.body, 2 * len);
            hex[2 * len] = '\0';
            write_node(&w, &shorter);
            CHECK(writer_done(&w, &path));
            (void)snprintf(want, sizeof(want), "Path(%u,%u,", shorter.type, shorter.subtype);
            bool is_raw = strncmp(text_of(path, text, sizeof(text)), want, strlen(want)) == 0;

            CHECKF(is_raw == (len < cases[i].least), "%u/%u of %zu bytes: %s", shorter.type,
                    shorter.subtype, len, text);
        }
    }
}

static void nothing_of_a_node_remains_where_its_raw_form_does_not_fit(void)
{
    static const struct node vendor = { 1, 4, "00" };
    uint8_t raw[16];
    char text[8];
    struct writer w = writer_init(raw, sizeof(raw));
    struct bytes path = { 0 };

    write_node(&w, &vendor);
    CHECK(writer_done(&w, &path));
    CHECK_TEXT(bytes_of_text(text_of(path, text, sizeof(text))), "");
}

static struct bytes whole_path(uint8_t *raw, size_t size)
{
    static const struct node nodes[] = { { 2, 1, "d041030a00000000" }, { 1, 1, "0001" },
        { 0x7f, 1, "" }, { 4, 4, "61000000" }, { 0x7f, 0xff, "" } };
    struct writer w = writer_init(raw, size);
    struct bytes path = { 0 };

    for (size_t i = 0; i < ARRAY_LEN(nodes); i++) {
        write_node(&w, &nodes[i]);
    }
    CHECK(writer_done(&w, &path));
    return path;
}

static void nodes_and_instances_are_joined_and_the_end_may_be_missing(void)
{
    uint8_t raw[300];
    char text[128];
    struct bytes path = whole_path(raw, sizeof(raw));

    CHECK_TEXT(bytes_of_text(text_of(path, text, sizeof(text))),
            "PciRoot(0x0)/Pci(0x1,0x0),File(a)");
    path.len -= 4;
    CHECK_TEXT(bytes_of_text(text_of(path, text, sizeof(text))),
            "PciRoot(0x0)/Pci(0x1,0x0),File(a)");
    CHECK_TEXT(bytes_of_text(text_of((struct bytes){ raw, 0 }, text, sizeof(text))), "");
}

static void reading_stops_behind_the_end_node(void)
{
    uint8_t raw[300];
    char text[128];
    struct bytes path = whole_path(raw, sizeof(raw));
    struct reader r = reader_init((struct bytes){ raw, path.len + 7 });
    struct text t = text_init(text, sizeof(text));
    struct error err = { 0 };

    CHECK(device_path_text(&r, &t, &err));
    CHECK_UINT(reader_left(&r), 7);
}

static void wrong_node_lengths_are_refused_and_cuts_do_no_harm(void)
{
    uint8_t raw[300];
    struct bytes path = whole_path(raw, sizeof(raw));

    for (size_t cut = 0; cut <= path.len; cut++) {
        uint8_t *copy = malloc(cut + 1);
        char text[128];
        struct reader r = reader_init((struct bytes){ memcpy(copy, raw, cut), cut });
        struct text t = text_init(text, sizeof(text));
        struct error err = { 0 };
        bool at_node =
                cut == 0 || cut == 12 || cut == 18 || cut == 22 || cut == 30 || cut == path.len;

        CHECKF(device_path_text(&r, &t, &err) == at_node, "cut at %zu", cut);
        free(copy);
    }
    for (unsigned int len = 0; len < 4; len++) {
        uint8_t node[] = { 4, 4, (uint8_t)len, 0, 0, 0 };
        char text[128];
        struct reader r = reader_init((struct bytes){ node, sizeof(node) });
        struct text t = text_init(text, sizeof(text));
        struct error err = { 0 };

        CHECK(!device_path_text(&r, &t, &err));
        CHECK_UINT(err.code, ERROR_MALFORMED);
    }
}

static void mutated_paths_do_no_harm(void)
{
    uint8_t raw[300];
    struct bytes path = whole_path(raw, sizeof(raw));
    uint8_t *copy = malloc(path.len);

    for (size_t at = 0; at < path.len; at++) {
        for (unsigned int v = 0; v < 256; v++) {
            char text[64];
            struct text t = text_init(text, sizeof(text));
            struct error err = { 0 };

            memcpy(copy, raw, path.len);
            copy[at] = (uint8_t)v;
            struct reader r = reader_init((struct bytes){ copy, path.len });

            (void)!device_path_text(&r, &t, &err);
            CHECK(strlen(text) < sizeof(text));
        }
    }
    free(copy);
}

int main(void)
{
    static const struct test tests[] = {
        { "nodes have the text of the UEFI specification",
                nodes_have_the_text_of_the_UEFI_specification },
        { "a node too short for its type is shown raw",
                a_node_too_short_for_its_type_is_shown_raw },
        { "nothing of a node remains where its raw form does not fit",
                nothing_of_a_node_remains_where_its_raw_form_does_not_fit },
        { "nodes and instances are joined, and the end may be missing",
                nodes_and_instances_are_joined_and_the_end_may_be_missing },
        { "reading stops behind the end node", reading_stops_behind_the_end_node },
        { "wrong node lengths are refused, and cuts do no harm",
                wrong_node_lengths_are_refused_and_cuts_do_no_harm },
        { "mutated paths do no harm", mutated_paths_do_no_harm },
    };

    return run_tests("device paths", tests, ARRAY_LEN(tests));
}
