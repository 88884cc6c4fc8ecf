/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include <stdint.h>

/*
 * Event types: TCG PC Client Platform Firmware Profile, "Event Types"; Intel TXT Software
 * Development Guide, "TPM Event Log" (0x400 and above); tboot (0x501); Linux Secure Launch (0x502
 * and above).
 *
 * The type of an event is not measured. Whoever owns the operating system can change it.
 */
#define EV_PREBOOT_CERT            0x00u
#define EV_POST_CODE               0x01u
#define EV_UNUSED                  0x02u
#define EV_NO_ACTION               0x03u
#define EV_SEPARATOR               0x04u
#define EV_ACTION                  0x05u
#define EV_EVENT_TAG               0x06u
#define EV_S_CRTM_CONTENTS         0x07u
#define EV_S_CRTM_VERSION          0x08u
#define EV_CPU_MICROCODE           0x09u
#define EV_PLATFORM_CONFIG_FLAGS   0x0au
#define EV_TABLE_OF_DEVICES        0x0bu
#define EV_COMPACT_HASH            0x0cu
#define EV_IPL                     0x0du
#define EV_IPL_PARTITION_DATA      0x0eu
#define EV_NONHOST_CODE            0x0fu
#define EV_NONHOST_CONFIG          0x10u
#define EV_NONHOST_INFO            0x11u
#define EV_OMIT_BOOT_DEVICE_EVENTS 0x12u
#define EV_POST_CODE2              0x13u

#define EV_TXT_PCRMAPPING           0x401u
#define EV_TXT_HASH_START           0x402u
#define EV_TXT_COMBINED_HASH        0x403u
#define EV_TXT_MLE_HASH             0x404u
#define EV_TXT_BIOSAC_REG_DATA      0x40au
#define EV_TXT_CPU_SCRTM_STAT       0x40bu
#define EV_TXT_LCP_CONTROL_HASH     0x40cu
#define EV_TXT_ELEMENTS_HASH        0x40du
#define EV_TXT_STM_HASH             0x40eu
#define EV_TXT_OSSINITDATA_CAP_HASH 0x40fu
#define EV_TXT_SINIT_PUBKEY_HASH    0x410u
#define EV_TXT_LCP_HASH             0x411u
#define EV_TXT_LCP_DETAILS_HASH     0x412u
#define EV_TXT_LCP_AUTHORITIES_HASH 0x413u
#define EV_TXT_NV_INFO_HASH         0x414u
#define EV_TXT_COLD_BOOT_BIOS_HASH  0x415u
#define EV_TXT_KM_HASH              0x416u
#define EV_TXT_BPM_HASH             0x417u
#define EV_TXT_KM_INFO_HASH         0x418u
#define EV_TXT_BPM_INFO_HASH        0x419u
#define EV_TXT_BOOT_POL_HASH        0x41au
#define EV_TXT_CAP_VALUE            0x4ffu

#define EV_TB_MEASUREMENT 0x501u
#define EV_SLAUNCH        0x502u
#define EV_SLAUNCH_START  0x503u
#define EV_SLAUNCH_END    0x504u

#define EV_EFI_VARIABLE_DRIVER_CONFIG    0x80000001u
#define EV_EFI_VARIABLE_BOOT             0x80000002u
#define EV_EFI_BOOT_SERVICES_APPLICATION 0x80000003u
#define EV_EFI_BOOT_SERVICES_DRIVER      0x80000004u
#define EV_EFI_RUNTIME_SERVICES_DRIVER   0x80000005u
#define EV_EFI_GPT_EVENT                 0x80000006u
#define EV_EFI_ACTION                    0x80000007u
#define EV_EFI_PLATFORM_FIRMWARE_BLOB    0x80000008u
#define EV_EFI_HANDOFF_TABLES            0x80000009u
#define EV_EFI_PLATFORM_FIRMWARE_BLOB2   0x8000000au
#define EV_EFI_HANDOFF_TABLES2           0x8000000bu
#define EV_EFI_VARIABLE_BOOT2            0x8000000cu
#define EV_EFI_GPT_EVENT2                0x8000000du
#define EV_EFI_HCRTM_EVENT               0x80000010u
#define EV_EFI_VARIABLE_AUTHORITY        0x800000e0u
#define EV_EFI_SPDM_FIRMWARE_BLOB        0x800000e1u
#define EV_EFI_SPDM_FIRMWARE_CONFIG      0x800000e2u
#define EV_EFI_SPDM_DEVICE_POLICY        0x800000e3u
#define EV_EFI_SPDM_DEVICE_AUTHORITY     0x800000e4u

/** Name as the specification spells it, "EV_SEPARATOR"; NULL for a type that is not in the list. */
const char *event_type_name(uint32_t type);
