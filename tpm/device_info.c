/* SPDX-License-Identifier: BSD-3-Clause */
#include "tpm/device_internal.h"

/* TPMA_PERMANENT (TPM 2.0 Part 2, 8.6). */
#define OWNER_AUTH_SET       0x00000001u
#define ENDORSEMENT_AUTH_SET 0x00000002u
#define IN_LOCKOUT           0x00000200u

static bool property(struct tpm_device *dev, uint32_t which, uint32_t *out, struct error *err)
{
    TPMS_CAPABILITY_DATA *cap CLEANUP(device_free) = NULL;

    if (!device_capability(dev, TPM2_CAP_TPM_PROPERTIES, which, 1, &cap, err)) {
        return false;
    }
    const TPML_TAGGED_TPM_PROPERTY *list = &cap->data.tpmProperties;

    /* A TPM without this property answers with the next one it has. */
    if (list->count == 0 || list->tpmProperty[0].property != which) {
        return error_set(err, ERROR_TPM, "the TPM has no property 0x%x", which);
    }
    *out = list->tpmProperty[0].value;
    return true;
}

bool tpm_device_info(struct tpm_device *dev, struct tpm_info *out, struct error *err)
{
    struct tpm_info info = { 0 };
    uint32_t vendor;
    uint32_t permanent;

    if (!property(dev, TPM2_PT_MANUFACTURER, &vendor, err) ||
            !property(dev, TPM2_PT_FIRMWARE_VERSION_1, &info.firmware[0], err) ||
            !property(dev, TPM2_PT_FIRMWARE_VERSION_2, &info.firmware[1], err) ||
            !property(dev, TPM2_PT_PERMANENT, &permanent, err)) {
        return false;
    }
    for (size_t i = 0; i < sizeof(vendor); i++) {
        info.vendor[i] = (char)(vendor >> 8 * (sizeof(vendor) - 1 - i));
    }
    info.owner_password = (permanent & OWNER_AUTH_SET) != 0;
    info.endorsement_password = (permanent & ENDORSEMENT_AUTH_SET) != 0;
    info.locked_out = (permanent & IN_LOCKOUT) != 0;
    *out = info;
    return true;
}
