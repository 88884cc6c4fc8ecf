/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include "tpm/device.h"

/* Shared by device.c, device_key.c and device_error.c. */

/** Keep a response code in dev->failed and turn it into words: "<what>: <what it means and what to
 * do>". Returns false. */
bool device_failed(struct tpm_device *dev, TSS2_RC rc, const char *what, struct error *err) COLD;

/** The response code without the number of the handle, parameter or session it complains of. */
TSS2_RC device_rc(TSS2_RC rc);

/** Capability data, to be freed with Esys_Free(). */
MUST_USE bool device_capability(struct tpm_device *dev, TPM2_CAP capability, uint32_t property,
        uint32_t count, TPMS_CAPABILITY_DATA **out, struct error *err);

/** Frees what ESYS allocated; fits CLEANUP(). */
static inline void device_free(void *p)
{
    Esys_Free(*(void **)p);
}
