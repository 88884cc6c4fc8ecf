/* SPDX-License-Identifier: BSD-3-Clause */
#include "eventlog/guid.h"

#include <stdio.h>
#include <string.h>

#include "common/attributes.h"

static const struct {
    char guid[GUID_TEXT_SIZE];
    const char *name;
} known[] = {
    /* Vendors of variables, owners of signatures. */
    { "8be4df61-93ca-11d2-aa0d-00e098032b8c", "efi-global" },
    { "d719b2cb-3d3a-4596-a3bc-dad00e67656f", "image-security-database" },
    { "605dab50-e046-4300-abb6-3dd810dd8b23", "shim-lock" },
    { "4a67b082-0a4c-41cf-b6c7-440b29bb8c4f", "systemd-loader" },
    { "77fa9abd-0359-4d32-bd60-28f4e78f784b", "microsoft" },
    /* EFI_SIGNATURE_LIST.SignatureType. */
    { "a5c059a1-94e4-4aa7-87b5-ab155c2bf072", "x509" },
    { "c1c41626-504c-4092-aca9-41f936934328", "sha256" },
    { "826ca512-cf10-4ac9-b187-be01496631bd", "sha1" },
    { "ff3e5307-9fd0-48c9-85f1-8ad56c701e01", "sha384" },
    { "093e0fae-a6c4-4f50-9f1b-d41e2b89c19a", "sha512" },
    { "3bd2a492-96c0-4079-b420-fcf98ef103ed", "x509-sha256" },
    { "7076876e-80c2-4ee6-aad2-28b349a6865b", "x509-sha384" },
    { "446dbf63-2502-4cda-bcfa-2465d2b0fe9d", "x509-sha512" },
    { "3c5766e8-269c-4e34-aa14-ed776e85b3b6", "rsa2048" },
    { "4aafd29d-68df-49ee-8aa9-347d375665a7", "pkcs7" },
    /* Partition types. */
    { "c12a7328-f81f-11d2-ba4b-00a0c93ec93b", "efi-system" },
    { "21686148-6449-6e6f-744e-656564454649", "bios-boot" },
    { "bc13c2ff-59e6-4262-a352-b275fd6f7172", "extended-boot-loader" },
    { "0fc63daf-8483-4772-8e79-3d69d8477de4", "linux-filesystem" },
    { "4f68bce3-e8cd-4db1-96e7-fbcaf984b709", "linux-root-x86-64" },
    { "b921b045-1df0-41c3-af44-4c6f280d3fae", "linux-root-arm64" },
    { "2c7357ed-ebd2-46d9-aec1-23d437ec2bf5", "linux-root-verity-x86-64" },
    { "8484680c-9521-48c6-9c11-b0720656f69e", "linux-usr-x86-64" },
    { "933ac7e1-2eb4-4f13-b844-0e14e2aef915", "linux-home" },
    { "0657fd6d-a4ab-43c4-84e5-0933c84b4f4f", "linux-swap" },
    { "e6d6d379-f507-44c2-a23c-238f2a3df928", "linux-lvm" },
    { "a19d880f-05fc-4d3b-a006-743f0f84911e", "linux-raid" },
    { "ca7d7ccb-63ed-4c53-861c-1742536059cc", "linux-luks" },
    { "e3c9e316-0b5c-4db8-817d-f92df00215ae", "microsoft-reserved" },
    { "ebd0a0a2-b9e5-4433-87c0-68b6b72699c7", "microsoft-basic-data" },
    { "de94bba4-06d1-4d40-a16a-bfd50179d6ac", "microsoft-recovery" },
    /* EFI configuration tables. */
    { "8868e871-e4f1-11d3-bc22-0080c73c8881", "acpi-2.0" },
    { "eb9d2d30-2d88-11d3-9a16-0090273fc14d", "acpi-1.0" },
    { "eb9d2d31-2d88-11d3-9a16-0090273fc14d", "smbios" },
    { "f2fd1544-9794-4a2c-992e-e5bbcf20e394", "smbios-3" },
};

const char *guid_text(const uint8_t *guid, char *dst)
{
    /* Index in memory of every byte of the text, which has a dash before some of them. */
    static const uint8_t order[GUID_SIZE] = { 3, 2, 1, 0, 5, 4, 7, 6, 8, 9, 10, 11, 12, 13, 14,
        15 };
    static const char digits[] = "0123456789abcdef";
    char *p = dst;

    for (size_t i = 0; i < GUID_SIZE; i++) {
        if (i == 4 || i == 6 || i == 8 || i == 10) {
            *p++ = '-';
        }
        *p++ = digits[guid[order[i]] >> 4];
        *p++ = digits[guid[order[i]] & 0x0f];
    }
    *p = '\0';
    return dst;
}

const char *guid_name(const uint8_t *guid)
{
    char text[GUID_TEXT_SIZE];

    (void)guid_text(guid, text);
    for (size_t i = 0; i < ARRAY_LEN(known); i++) {
        if (memcmp(known[i].guid, text, sizeof(text)) == 0) {
            return known[i].name;
        }
    }
    return NULL;
}
