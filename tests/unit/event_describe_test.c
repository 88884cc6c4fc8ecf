/* SPDX-License-Identifier: BSD-3-Clause */
#include <stdlib.h>

#include <openssl/evp.h>
#include <openssl/x509.h>

#include "eventlog/describe.h"
#include "eventlog/guid.h"
#include "tests/check.h"
#include "tests/unit/eventlog_build.h"

#define GLOBAL      "61dfe48bca93d211aa0d00e098032b8c"
#define GLOBAL_TEXT "8be4df61-93ca-11d2-aa0d-00e098032b8c"
#define DB          "cbb219d73a3d9645a3bcdad00e67656f"
#define ZERO_GUID   "00000000000000000000000000000000"

static const char *describe(uint32_t type, struct bytes data)
{
    static char line[1 << 16];
    struct event e = { .type = type, .data = data };
    struct describe_text state;
    struct describe_sink sink = describe_text_sink(&state, line, sizeof(line));

    event_describe(&e, &sink);
    CHECK_UINT(state.depth, 0);
    return line;
}

static struct bytes from_hex(const char *hex, uint8_t *dst, size_t size)
{
    size_t len = 0;

    CHECKF(bytes_from_hex(bytes_of_text(hex), dst, size, &len), "%s", hex);
    return (struct bytes){ dst, len };
}

static void every_type_is_decoded_into_its_fields(void)
{
    static const struct {
        uint32_t type;
        const char *hex;
        const char *want;
    } cases[] = {
        { EV_SEPARATOR, "00000000", "separator=normal value=0x0" },
        { EV_SEPARATOR, "ffffffff", "separator=error value=0xffffffff" },
        { EV_SEPARATOR, "01000000", "separator=error value=0x1" },
        { EV_SEPARATOR, "02000000", "separator=other value=0x2" },
        { EV_SEPARATOR, "5742434c", "separator=windows" },
        { EV_EFI_ACTION, "612062", "text=\"a b\"" },
        { EV_EFI_ACTION, "612262", "text=\"a\\x22b\"" },
        { EV_EFI_ACTION, "611b62", "data=611b62" },
        { EV_S_CRTM_VERSION, "760031000000", "text=v1" },
        { EV_S_CRTM_VERSION, GLOBAL, "guid=" GLOBAL_TEXT " guid_name=efi-global" },
        { EV_POST_CODE, "504f535420434f4445", "text=\"POST CODE\"" },
        { EV_POST_CODE,
                "00f0ff0000000000"
                "0010000000000000",
                "base=0xfff000 length=4096" },
        { EV_EFI_PLATFORM_FIRMWARE_BLOB,
                "00f0ff0000000000"
                "0010000000000000",
                "base=0xfff000 length=4096" },
        { EV_EFI_PLATFORM_FIRMWARE_BLOB2,
                "026676"
                "00f0ff0000000000"
                "ffffffffffffffff",
                "description=fv base=0xfff000 length=0xffffffffffffffff" },
        { EV_EFI_HANDOFF_TABLES, "0100000000000000" GLOBAL "0010000000000000",
                "count=1 tables=[{table=" GLOBAL_TEXT " table_name=efi-global address=0x1000}]" },
        { EV_EFI_HANDOFF_TABLES2,
                "0154"
                "0000000000000000",
                "description=T count=0 tables=[]" },
        { EV_EVENT_TAG,
                "ec223b8f"
                "0d000000"
                "4c696e757820696e6974726400",
                "id=0x8f3b22ec id_name=linux-initrd data=\"Linux initrd\"" },
        { EV_EVENT_TAG,
                "01000000"
                "02000000"
                "abcd"
                "ef",
                "id=0x1 data=abcd trailing=ef" },
        { EV_EVENT_TAG, "4c4f4144004f",
                "malformed=\"tagged event of 6 bytes\" size=6 "
                "hex=4c4f4144004f" },
        { EV_IPL, "2f766d6c696e757a00", "text=/vmlinuz" },
        { EV_IPL, "2f766d6c696e757a0023", "text=/vmlinuz" },
        { EV_IPL, "c3a4770a00", "text=\xc3\xa4w\\x0a" },
        { EV_IPL, "2e006c0069006e000000", "text=.lin" },
        { EV_IPL, "", "data=" },
        { EV_NO_ACTION,
                "537461727475704c6f63616c69747900"
                "03",
                "signature=StartupLocality locality=3" },
        { EV_NO_ACTION,
                "53706563204944204576656e74303300"
                "01000000"
                "00020069"
                "02"
                "02000000"
                "04001400"
                "99991000"
                "00",
                "malformed" },
        { EV_NO_ACTION,
                "53706563204944204576656e74303300"
                "01000000"
                "00026902"
                "02000000"
                "04001400"
                "99991000"
                "00",
                "signature=\"Spec ID Event03\" platform_class=1 major=2 minor=0 errata=105 "
                "uintn_size=2 algorithms=[sha1 0x9999]" },
        { EV_NO_ACTION,
                "53503830302d313535204576656e7400"
                "79290000" GLOBAL,
                "signature=\"SP800-155 Event\" vendor_id=10617 reference_manifest=" GLOBAL_TEXT
                " reference_manifest_name=efi-global" },
        { EV_NO_ACTION,
                "53503830302d313535204576656e7433"
                "01000000" ZERO_GUID "024100"
                "0142"
                "00"
                "0143"
                "05000000"
                "0144"
                "01000000"
                "03000000"
                "612f62"
                "00000000"
                "00000000",
                "signature=\"SP800-155 Event3\" vendor_id=1 "
                "reference_manifest=00000000-0000-0000-0000-000000000000 platform_manufacturer=A "
                "platform_model=B platform_version=\"\" firmware_manufacturer=C "
                "firmware_manufacturer_id=5 firmware_version=D rim_locator={type=1 uri=a/b} "
                "platform_certificate_locator={type=0 data=}" },
        { EV_NO_ACTION,
                "4e76496e646578496e7374616e636500"
                "0100"
                "0000",
                "signature=NvIndexInstance version=1 data=0000" },
        { EV_NO_ACTION, "0400", "data=0400" },
        { EV_EFI_SPDM_FIRMWARE_BLOB, "53504d44",
                "malformed=\"device event of 4 bytes\" size=4 "
                "hex=53504d44" },
        { EV_EFI_SPDM_FIRMWARE_BLOB,
                "5350444d204465766963652053656300"
                "0100"
                "ab",
                "signature=\"SPDM Device Sec\" version=1 data=ab" },
        { EV_EFI_SPDM_FIRMWARE_CONFIG,
                "5350444d204465766963652053656332"
                "0200"
                "ab",
                "signature=\"SPDM Device Sec2\" version=2 data=ab" },
        { EV_EFI_BOOT_SERVICES_APPLICATION,
                "0010000000000000"
                "0200000000000000"
                "0000000000000000"
                "0a00000000000000"
                "04040600"
                "6100"
                "7fff0400",
                "address=0x1000 length=2 link_time_address=0x0 device_path=File(a)" },
        { EV_EFI_BOOT_SERVICES_DRIVER,
                "0010000000000000"
                "0200000000000000"
                "0000000000000000"
                "0000000000000000"
                "ff",
                "address=0x1000 length=2 link_time_address=0x0 device_path=\"\" trailing=ff" },
        { 0x8401, "abcd", "data=abcd" },
    };

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        uint8_t raw[256];
        const char *line = describe(cases[i].type, from_hex(cases[i].hex, raw, sizeof(raw)));

        check_case = cases[i].want;
        if (strcmp(cases[i].want, "malformed") == 0) {
            CHECK(strstr(line, "malformed=") != NULL);
        } else {
            CHECK_TEXT(bytes_of_text(line), cases[i].want);
        }
    }
    check_case = "";
}

static struct bytes variable(uint8_t *raw, size_t size, const char *vendor, const char *name,
        struct bytes data)
{
    struct writer w = writer_init(raw, size);
    struct bytes out = { 0 };
    uint8_t guid[GUID_SIZE];

    writer_bytes(&w, from_hex(vendor, guid, sizeof(guid)));
    build_u64le(&w, strlen(name));
    build_u64le(&w, data.len);
    build_utf16(&w, name);
    writer_bytes(&w, data);
    CHECK(writer_done(&w, &out));
    return out;
}

static void variables_are_decoded_by_their_name(void)
{
    static const struct {
        const char *name;
        const char *hex;
        const char *want; /* behind data_size */
    } cases[] = {
        { "SecureBoot", "01", " enabled=true" },
        { "SecureBoot", "00", " enabled=false" },
        { "SecureBoot", "", "" },
        { "SecureBoot", "02", " malformed=\"not one byte of 0 or 1\"" },
        { "SecureBoot", "0100", " malformed=\"not one byte of 0 or 1\"" },
        { "BootOrder", "010000a0", " count=2 order=[0001 A000]" },
        { "BootOrder", "01", " malformed=\"boot order of 1 bytes\"" },
        { "Boot0001",
                "09000000"
                "0a00"
                "5500690000"
                "00"
                "04040600"
                "6100"
                "7fff0400"
                "610062000000",
                " attributes=0x9 active=true hidden=true description=Ui device_path=File(a) "
                "optional_data=ab" },
        { "Boot00FF",
                "00000000"
                "0e00"
                "0000"
                "01050800"
                "01000000"
                "7fff0400"
                "0000",
                "malformed" },
        { "Boot0002",
                "00000000"
                "1200"
                "0000"
                "01010600"
                "0102"
                "7fff0400"
                "01010600"
                "0304"
                "7fff",
                "malformed" },
        { "Boot0002",
                "00000000"
                "1000"
                "0000"
                "01010600"
                "0102"
                "7fff0400"
                "01010600"
                "0304",
                " attributes=0x0 active=false hidden=false description=\"\" "
                "device_path=Pci(0x2,0x1) further_device_paths=[Pci(0x4,0x3)]" },
        { "Boot0003",
                "00000000"
                "0000"
                "4100",
                "malformed=\"load option description has no end\"" },
        { "Boot0003",
                "00000000"
                "0500"
                "0000",
                "malformed=\"load option device path of 5 bytes\"" },
        { "Boot0003", "0000", "malformed=\"load option of 2 bytes\"" },
        { "BootXXXX", "01", " value=01" },
        { "Boot00011", "01", " value=01" },
        { "Lang", "656e6700", " value=eng" },
        { "dbx",
                "26"
                "16c4c14c509240aca941f936934328"
                "4c000000"
                "00000000"
                "30000000" ZERO_GUID
                "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f",
                " signature_lists=[{type=c1c41626-504c-4092-aca9-41f936934328 type_name=sha256 "
                "count=1 signatures=[{owner=00000000-0000-0000-0000-000000000000 "
                "data=000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f}]}]" },
        { "db",
                "a159c0a5e494a74a87b5ab155c2bf072"
                "2d000000"
                "00000000"
                "11000000" ZERO_GUID "ab",
                " signature_lists=[{type=a5c059a1-94e4-4aa7-87b5-ab155c2bf072 type_name=x509 "
                "count=1 signatures=[{owner=00000000-0000-0000-0000-000000000000 data=ab}]}]" },
        { "db", "00", " signature_lists=[] malformed=\"signature list at byte 0: header\"" },
    };

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        uint8_t value[256];
        uint8_t raw[512];
        struct bytes data = from_hex(cases[i].hex, value, sizeof(value));
        const char *line = describe(EV_EFI_VARIABLE_BOOT,
                variable(raw, sizeof(raw), GLOBAL, cases[i].name, data));
        char head[256];

        check_case = cases[i].name;
        (void)snprintf(head, sizeof(head),
                "vendor=" GLOBAL_TEXT " vendor_name=efi-global name=%s data_size=%zu",
                cases[i].name, data.len);
        if (!CHECKF(strncmp(line, head, strlen(head)) == 0, "%s", line)) {
            continue;
        }
        if (strstr(cases[i].want, "malformed") != NULL) {
            CHECKF(strstr(line, cases[i].want) != NULL || strcmp(cases[i].want, "malformed") == 0,
                    "%s", line);
            CHECKF(strstr(line, " malformed=") != NULL && strstr(line, " hex=") != NULL, "%s",
                    line);
        } else {
            CHECK_TEXT(bytes_of_text(line + strlen(head)), cases[i].want);
        }
    }
    check_case = "";
}

static void a_variable_whose_lengths_lie_is_malformed(void)
{
    static const struct {
        size_t at;
        const char *hex;
        const char *want;
    } cases[] = {
        { 16, "ffffffffffffffff", "variable name of 18446744073709551615 characters" },
        { 16, "0000000000000080", "variable name of 9223372036854775808 characters" },
        { 16, "0c00000000000000", "variable name of 12 characters" },
        { 24, "ffffffffffffffff", "variable data of 18446744073709551615 bytes" },
        { 24, "0200000000000000", "variable data of 2 bytes" },
    };

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        uint8_t raw[128];
        struct bytes v = variable(raw, sizeof(raw), GLOBAL, "SecureBoot",
                (struct bytes){ (const uint8_t *)"\1", 1 });

        (void)from_hex(cases[i].hex, raw + cases[i].at, 8);
        const char *line = describe(EV_EFI_VARIABLE_DRIVER_CONFIG, v);

        CHECKF(strstr(line, cases[i].want) != NULL, "%s", line);
    }
    uint8_t raw[128];
    struct bytes v = variable(raw, sizeof(raw), GLOBAL, "SecureBoot",
            (struct bytes){ (const uint8_t *)"\1", 1 });

    v.len = 31;
    CHECK(strstr(describe(EV_EFI_VARIABLE_BOOT2, v), "variable header ends at byte") != NULL);
}

/* A certificate of our own, self-signed, as DER. */
static struct bytes make_certificate(uint8_t *dst, size_t size)
{
    EVP_PKEY *key = EVP_EC_gen("P-256");
    X509 *cert = X509_new();
    X509_NAME *name = X509_get_subject_name(cert);
    uint8_t *p = dst;

    CHECK(X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_UTF8, (const uint8_t *)"a, \xc3\xa4\x1b",
                  -1, -1, 0) == 1);
    CHECK(X509_set_issuer_name(cert, name) == 1 && X509_set_pubkey(cert, key) == 1);
    CHECK(ASN1_INTEGER_set(X509_get_serialNumber(cert), 0x1234) == 1);
    CHECK(X509_gmtime_adj(X509_getm_notBefore(cert), 0) != NULL);
    CHECK(X509_gmtime_adj(X509_getm_notAfter(cert), 60) != NULL);
    CHECK(X509_sign(cert, key, EVP_sha256()) > 0);
    int len = i2d_X509(cert, NULL);

    CHECK(len > 0 && (size_t)len <= size && i2d_X509(cert, &p) == len);
    X509_free(cert);
    EVP_PKEY_free(key);
    return (struct bytes){ dst, (size_t)len };
}

static void an_authority_shows_its_certificate_with_and_without_owner(void)
{
    static const char *const want = "certificate={subject=\"CN=a\\, \\C3\\A4\\1B\" "
                                    "issuer=\"CN=a\\, \\C3\\A4\\1B\" serial=1234}";
    uint8_t raw[2048];
    uint8_t signature[1024] = { 0 };
    struct bytes cert = make_certificate(signature + GUID_SIZE, sizeof(signature) - GUID_SIZE);
    struct bytes with_owner = { signature, cert.len + GUID_SIZE };
    const char *line;

    line = describe(EV_EFI_VARIABLE_AUTHORITY, variable(raw, sizeof(raw), DB, "db", with_owner));
    CHECKF(strstr(line, want) != NULL && strstr(line, " signature={owner=0000") != NULL, "%s",
            line);
    line = describe(EV_EFI_VARIABLE_AUTHORITY, variable(raw, sizeof(raw), DB, "Shim", cert));
    CHECKF(strstr(line, want) != NULL && strstr(line, "owner=") == NULL, "%s", line);
    cert.len++; /* there is room for a byte that belongs to nothing */
    line = describe(EV_EFI_VARIABLE_AUTHORITY, variable(raw, sizeof(raw), DB, "Shim", cert));
    CHECKF(strstr(line, "certificate=") == NULL && strstr(line, " data=") != NULL, "%s", line);
    cert.len -= 2;
    line = describe(EV_EFI_VARIABLE_AUTHORITY, variable(raw, sizeof(raw), DB, "Shim", cert));
    CHECKF(strstr(line, "certificate=") == NULL && strstr(line, " data=") != NULL, "%s", line);
    line = describe(EV_EFI_VARIABLE_AUTHORITY,
            variable(raw, sizeof(raw), DB, "SbatLevel", bytes_of_text("sbat,1\n")));
    CHECKF(strstr(line, " value=sbat,1\\x0a") != NULL, "%s", line);
    line = describe(EV_EFI_VARIABLE_AUTHORITY,
            variable(raw, sizeof(raw), DB, "db", bytes_of_text("short")));
    CHECKF(strstr(line, "malformed=\"signature of 5 bytes\"") != NULL, "%s", line);
}

static void long_lists_are_cut_and_counted(void)
{
    uint8_t raw[2048];
    uint8_t value[64 * 28];
    struct writer w = writer_init(value, sizeof(value));
    struct bytes data = { 0 };
    const char *line;

    for (unsigned int i = 0; i < DESCRIBE_ENTRIES_MAX + 1; i++) {
        uint8_t guid[GUID_SIZE];

        writer_bytes(&w, from_hex(DB, guid, sizeof(guid)));
        writer_u32le(&w, 28);
        writer_u32le(&w, 0);
        writer_u32le(&w, 48);
    }
    CHECK(writer_done(&w, &data));
    line = describe(EV_EFI_VARIABLE_DRIVER_CONFIG, variable(raw, sizeof(raw), DB, "dbx", data));
    CHECKF(strstr(line, "malformed=\"more than 32 signature lists\"") != NULL, "%s", line);
    data.len -= 28;
    line = describe(EV_EFI_VARIABLE_DRIVER_CONFIG, variable(raw, sizeof(raw), DB, "dbx", data));
    CHECKF(strstr(line, "malformed") == NULL, "%s", line);

    memset(value, 0, sizeof(value));
    data.len = 2 * (DESCRIBE_ENTRIES_MAX + 1);
    line = describe(EV_EFI_VARIABLE_BOOT, variable(raw, sizeof(raw), DB, "BootOrder", data));
    CHECKF(strstr(line, " count=33 order=[0000 ") != NULL, "%s", line);
    CHECK_UINT(strlen(strstr(line, "order=[")), strlen("order=[]") + 5 * DESCRIBE_ENTRIES_MAX - 1);
}

/* A partition table with two entries of entry_size bytes. */
static struct bytes partition_table(uint8_t *raw, size_t size, uint32_t entry_size, uint64_t count)
{
    struct writer w = writer_init(raw, size);
    struct bytes out = { 0 };

    writer_bytes(&w, bytes_of_text("EFI PART"));
    for (int i = 0; i < 32; i++) {
        writer_u8(&w, 0);
    }
    build_u64le(&w, 34);
    build_u64le(&w, 1000);
    writer_bytes(&w, bytes_of_text("0123456789abcdef"));
    for (int i = 0; i < 12; i++) {
        writer_u8(&w, 0);
    }
    writer_u32le(&w, entry_size);
    writer_u32le(&w, 0);
    build_u64le(&w, count);
    for (unsigned int n = 0; n < 2; n++) {
        uint8_t guid[GUID_SIZE];

        writer_bytes(&w, from_hex("28732ac11ff8d211ba4b00a0c93ec93b", guid, sizeof(guid)));
        writer_bytes(&w, bytes_of_text("fedcba9876543210"));
        build_u64le(&w, 100 + n);
        build_u64le(&w, 200 + n);
        build_u64le(&w, 1);
        build_utf16(&w, "root");
        for (int i = 0; i < 64; i++) {
            writer_u8(&w, 0);
        }
    }
    CHECK(writer_done(&w, &out));
    return out;
}

static void a_partition_table_shows_its_partitions(void)
{
    uint8_t raw[512];
    const char *line = describe(EV_EFI_GPT_EVENT, partition_table(raw, sizeof(raw), 128, 2));

    CHECKF(strncmp(line,
                   "disk_guid=33323130-3534-3736-3839-616263646566 first_usable_lba=34 "
                   "last_usable_lba=1000 count=2 "
                   "partitions=[{type=c12a7328-f81f-11d2-ba4b-00a0c93ec93b type_name=efi-system",
                   150) == 0,
            "%s", line);
    CHECKF(strstr(line, "first_lba=101 last_lba=201 attributes=0x1 name=root}]") != NULL, "%s",
            line);
    CHECK(strstr(line, "malformed") == NULL);
}

static void a_partition_table_that_contradicts_itself_is_malformed(void)
{
    static const struct {
        uint32_t entry_size;
        uint64_t count;
        const char *want;
    } cases[] = {
        { 0, UINT64_MAX, "partition entries of 0 bytes" },
        { 1, 2, "partition entry is too short" },
        { 127, 2, "partition entry is too short" },
        { 128, 3, "partition 2 of 3" },
        { 128, UINT64_MAX, "partition 2 of 18446744073709551615" },
        { UINT32_MAX, 2, "partition 0 of 2" },
        { 128, 1, "128 bytes after the partitions" },
    };

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        uint8_t raw[512];
        const char *line = describe(EV_EFI_GPT_EVENT,
                partition_table(raw, sizeof(raw), cases[i].entry_size, cases[i].count));

        CHECKF(strstr(line, cases[i].want) != NULL, "%s", line);
    }
}

static void long_values_are_cut_and_say_so(void)
{
    uint8_t *data = calloc(1, 20000);
    const char *line;

    memset(data, 'a', 20000);
    line = describe(EV_EFI_ACTION, (struct bytes){ data, 20000 });
    CHECK(strstr(line, " truncated=true") != NULL && strlen(line) < DESCRIBE_TEXT_MAX + 100);
    memset(data, 0xab, 20000);
    line = describe(EV_EFI_ACTION, (struct bytes){ data, 20000 });
    CHECK(strstr(line, " data_size=20000") != NULL && strlen(line) < 4 * DESCRIBE_HEX_MAX);
    free(data);
}

static void a_line_that_is_too_long_is_cut(void)
{
    struct event e = { .type = EV_EFI_ACTION, .data = bytes_of_text("0123456789") };

    for (size_t size = 1; size < 20; size++) {
        char line[20];
        struct describe_text state;
        struct describe_sink sink = describe_text_sink(&state, line, size);

        event_describe(&e, &sink);
        CHECK(strlen(line) < size);
        CHECK_UINT(state.text.cut, size < 16);
    }
}

/* Every prefix and every single-byte change of a few rich events. */
static void cut_and_mutated_data_do_no_harm(void)
{
    static const uint32_t types[] = { EV_NO_ACTION, EV_EFI_VARIABLE_BOOT, EV_EFI_VARIABLE_AUTHORITY,
        EV_EFI_GPT_EVENT, EV_EFI_HANDOFF_TABLES2, EV_EFI_BOOT_SERVICES_DRIVER, EV_EVENT_TAG };
    static const char *const option = "01000000"
                                      "0a00"
                                      "55000000"
                                      "04040600"
                                      "6100"
                                      "7fff0400"
                                      "6100";
    uint8_t raw[512];
    uint8_t value[64];
    struct bytes inputs[3];
    uint8_t table[512];
    uint8_t list[128];

    inputs[0] =
            variable(raw, sizeof(raw), GLOBAL, "Boot0001", from_hex(option, value, sizeof(value)));
    inputs[1] = partition_table(table, sizeof(table), 128, 2);
    inputs[2] = from_hex("53503830302d313535204576656e7433"
                         "01000000" ZERO_GUID "024100"
                         "0142"
                         "00"
                         "0143"
                         "05000000"
                         "0144"
                         "02000000"
                         "0a000000"
                         "04040600"
                         "6100"
                         "7fff0400"
                         "00000000"
                         "00000000",
            list, sizeof(list));
    for (size_t i = 0; i < ARRAY_LEN(inputs); i++) {
        for (size_t t = 0; t < ARRAY_LEN(types); t++) {
            for (size_t n = 0; n <= inputs[i].len; n++) {
                uint8_t *copy = malloc(inputs[i].len + 1);

                memcpy(copy, inputs[i].ptr, inputs[i].len);
                if (n < inputs[i].len) {
                    copy[n] ^= 0x81;
                    (void)describe(types[t], (struct bytes){ copy, inputs[i].len });
                    copy[n] ^= 0x81;
                }
                copy = realloc(copy, n + 1); /* ASan guards its end */
                (void)describe(types[t], (struct bytes){ copy, n });
                free(copy);
            }
        }
    }
}

int main(void)
{
    static const struct test tests[] = {
        { "every type is decoded into its fields", every_type_is_decoded_into_its_fields },
        { "variables are decoded by their name", variables_are_decoded_by_their_name },
        { "a variable whose lengths lie is malformed", a_variable_whose_lengths_lie_is_malformed },
        { "an authority shows its certificate with and without owner",
                an_authority_shows_its_certificate_with_and_without_owner },
        { "long lists are cut and counted", long_lists_are_cut_and_counted },
        { "a partition table shows its partitions", a_partition_table_shows_its_partitions },
        { "a partition table that contradicts itself is malformed",
                a_partition_table_that_contradicts_itself_is_malformed },
        { "long values are cut and say so", long_values_are_cut_and_say_so },
        { "a line that is too long is cut", a_line_that_is_too_long_is_cut },
        { "cut and mutated data do no harm", cut_and_mutated_data_do_no_harm },
    };

    return run_tests("event descriptions", tests, ARRAY_LEN(tests));
}
