/* SPDX-License-Identifier: BSD-3-Clause */
#include <tss2/tss2_mu.h>

#include "tpm/device_internal.h"

/* TPM2_LOADED_SESSION_FIRST and TPM2_TRANSIENT_FIRST shift into the sign bit. */
#define SESSION_FIRST   0x02000000u
#define TRANSIENT_FIRST 0x80000000u

void device_flush(struct device_object *o)
{
    /* Fails only when the TPM has lost it by itself. */
    if (o->handle != ESYS_TR_NONE && Esys_FlushContext(o->esys, o->handle) != TSS2_RC_SUCCESS) {
        (void)Esys_TR_Close(o->esys, &o->handle);
    }
    o->handle = ESYS_TR_NONE;
}

void device_close(struct device_object *o)
{
    if (o->handle != ESYS_TR_NONE) {
        (void)Esys_TR_Close(o->esys, &o->handle);
    }
}

bool device_encode_public(struct tpm_device *dev, const TPM2B_PUBLIC *public, struct tpm_blob *out,
        struct error *err)
{
    TSS2_RC rc;

    out->len = 0;
    rc = Tss2_MU_TPM2B_PUBLIC_Marshal(public, out->data, sizeof(out->data), &out->len);
    return rc == TSS2_RC_SUCCESS || device_failed(dev, rc, "cannot encode a public key", err);
}

bool device_has_handle(struct tpm_device *dev, TPM2_HANDLE handle)
{
    TPMS_CAPABILITY_DATA *cap CLEANUP(device_free) = NULL;
    struct error ignored;

    return device_capability(dev, TPM2_CAP_HANDLES, handle, 1, &cap, &ignored) &&
            cap->data.handles.count == 1 && cap->data.handles.handle[0] == handle;
}

/* Flush one transient object if it is one that we make. */
static bool flush_leftover(struct tpm_device *dev, TPM2_HANDLE handle)
{
    TPM2B_PUBLIC *public CLEANUP(device_free) = NULL;
    struct device_object object = DEVICE_NO_OBJECT(dev);

    if (Esys_TR_FromTPMPublic(dev->esys, handle, ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE,
                &object.handle) != TSS2_RC_SUCCESS) {
        return false;
    }
    if (Esys_ReadPublic(dev->esys, object.handle, ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE, &public,
                NULL, NULL) == TSS2_RC_SUCCESS &&
            device_makes(&public->publicArea)) {
        device_flush(&object);
        return true;
    }
    device_close(&object);
    return false;
}

static bool flush_session(struct tpm_device *dev, TPM2_HANDLE handle)
{
    struct device_object session = DEVICE_NO_OBJECT(dev);

    if (Esys_TR_FromTPMPublic(dev->esys, handle, ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE,
                &session.handle) != TSS2_RC_SUCCESS) {
        return false;
    }
    device_flush(&session);
    return true;
}

static size_t flush_leftovers(struct tpm_device *dev, bool sessions)
{
    TPMS_CAPABILITY_DATA *cap CLEANUP(device_free) = NULL;
    struct error ignored;
    size_t flushed = 0;

    if (!device_capability(dev, TPM2_CAP_HANDLES, sessions ? SESSION_FIRST : TRANSIENT_FIRST,
                TPM2_MAX_CAP_HANDLES, &cap, &ignored)) {
        return 0;
    }
    for (uint32_t i = 0; i < cap->data.handles.count; i++) {
        TPM2_HANDLE handle = cap->data.handles.handle[i];

        flushed += sessions ? flush_session(dev, handle) : flush_leftover(dev, handle);
    }
    return flushed;
}

void device_tidy(struct tpm_device *dev)
{
    (void)flush_leftovers(dev, false);
}

bool device_make_room(struct tpm_device *dev)
{
    TSS2_RC rc = device_rc(dev->failed);
    bool sessions = rc == TPM2_RC_SESSION_MEMORY;

    return (sessions || rc == TPM2_RC_OBJECT_MEMORY) && flush_leftovers(dev, sessions) > 0;
}
