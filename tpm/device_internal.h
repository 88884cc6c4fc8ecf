/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include "tpm/device.h"

/* Shared by the device_*.c files. */

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

/** An object or session that takes up room in the TPM until it is flushed. */
struct device_object {
    ESYS_CONTEXT *esys;
    ESYS_TR handle;
};

/** Initializer: nothing yet. */
#define DEVICE_NO_OBJECT(dev)     \
    {                             \
        (dev)->esys, ESYS_TR_NONE \
    }

/** Remove it from the TPM, if it is there; fits CLEANUP(). */
void device_flush(struct device_object *o);

/** Forget our handle of something that stays in the TPM; fits CLEANUP(). */
void device_close(struct device_object *o);

MUST_USE bool device_encode_public(struct tpm_device *dev, const TPM2B_PUBLIC *public,
        struct tpm_blob *out, struct error *err);

/** True when the TPM has something at this handle. */
bool device_has_handle(struct tpm_device *dev, TPM2_HANDLE handle);

/**
 * Flush the objects that we left loaded when we were killed before we could flush them.
 *
 * Only a TPM without resource manager has any: a resource manager removes what a program leaves
 * behind, and shows us no handles but our own. Without one the TPM has one user at a time, who is
 * us now: whatever is loaded was left by a program that has gone. Objects may have been left on
 * purpose, so only such as we make are flushed.
 *
 * Call it with nothing of our own loaded.
 */
void device_tidy(struct tpm_device *dev);

/**
 * The last command failed because the TPM has no room: make some, as device_tidy() does or, where
 * sessions fill it, by flushing sessions. A session is of no use once its program has gone (one to
 * be kept is saved, and then it is not among the loaded ones), so all loaded ones are flushed.
 *
 * Call it with nothing of our own loaded. True when it made room, so that it is worth trying again.
 */
bool device_make_room(struct tpm_device *dev);

/** The two kinds of key we can make, and what differs between them. */
struct device_family {
    const char *name;
    TPM2B_PUBLIC ek; /* default template */
    TPM2B_PUBLIC ak;
    TPM2_HANDLE nv_nonce;    /* NV index: fills the EK template's unique field */
    TPM2_HANDLE nv_template; /* NV index: replaces the EK template; a TPMT_PUBLIC */
};

extern const struct device_family device_ecc;
extern const struct device_family device_rsa;

/** The EK template of this TPM: what its maker put into NV memory, or the default. */
MUST_USE bool device_ek_template(struct tpm_device *dev, const struct device_family *f,
        TPM2B_PUBLIC *out, struct error *err);

/** True for an EK by a default template, and for an AK as we make it. */
bool device_makes(const TPMT_PUBLIC *p);
