/* SPDX-License-Identifier: BSD-3-Clause */
#include <inttypes.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>

#include "tpm/ak.h"
#include "tpm/device_internal.h"

/* Where the TCG's provisioning guidance has endorsement keys. */
#define EK_HANDLE_FIRST 0x81010000u
#define EK_HANDLE_LAST  0x8101ffffu
/* How often to begin again where others use the TPM at the same time. */
#define TRIES_MORE 4

static bool has_p256(struct tpm_device *dev)
{
    TPMS_CAPABILITY_DATA *cap CLEANUP(device_free) = NULL;
    struct error ignored;

    /* A TPM without ECC may refuse the question. */
    return device_capability(dev, TPM2_CAP_ECC_CURVES, TPM2_ECC_NIST_P256, 1, &cap, &ignored) &&
            cap->data.eccCurves.count > 0 && cap->data.eccCurves.eccCurves[0] == TPM2_ECC_NIST_P256;
}

/* A command failed that a hierarchy's password guards; ours is empty. */
static bool hierarchy_failed(struct tpm_device *dev, TSS2_RC rc, const char *what,
        const char *hierarchy, struct error *err)
{
    if (device_rc(rc) != TPM2_RC_BAD_AUTH && device_rc(rc) != TPM2_RC_AUTH_FAIL) {
        return device_failed(dev, rc, what, err);
    }
    dev->failed = rc;
    return error_set(err, ERROR_TPM,
            "%s: the %s hierarchy has a password: remove it (tpm2_changeauth -c %s -p PASSWORD), or "
            "put a key at ak-handle by other means",
            what, hierarchy, hierarchy);
}

static bool create_ek(struct tpm_device *dev, const struct device_family *f,
        struct device_object *out, TPM2B_PUBLIC **public, struct error *err)
{
    TPM2B_SENSITIVE_CREATE sensitive = { 0 };
    TPML_PCR_SELECTION no_pcrs = { 0 };
    TPM2B_DATA no_data = { 0 };
    TPM2B_PUBLIC template;
    TSS2_RC rc;

    if (!device_ek_template(dev, f, &template, err)) {
        return false;
    }
    rc = Esys_CreatePrimary(dev->esys, ESYS_TR_RH_ENDORSEMENT, ESYS_TR_PASSWORD, ESYS_TR_NONE,
            ESYS_TR_NONE, &sensitive, &template, &no_data, &no_pcrs, &out->handle, public, NULL,
            NULL, NULL);
    if (rc != TSS2_RC_SUCCESS) {
        out->handle = ESYS_TR_NONE;
        return hierarchy_failed(dev, rc, "cannot create the endorsement key", "endorsement", err);
    }
    return true;
}

/* Authorization to use the EK for one command: a session that satisfies its policy, unless it
 * takes its password, which is empty. */
static bool start_ek_session(struct tpm_device *dev, const TPMT_PUBLIC *ek,
        struct device_object *out, struct error *err)
{
    TPMT_SYM_DEF no_encryption = { .algorithm = TPM2_ALG_NULL };
    TSS2_RC rc;

    if ((ek->objectAttributes & TPMA_OBJECT_USERWITHAUTH) != 0) {
        return true;
    }
    rc = Esys_StartAuthSession(dev->esys, ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE,
            ESYS_TR_NONE, NULL, TPM2_SE_POLICY, &no_encryption, ek->nameAlg, &out->handle);
    if (rc != TSS2_RC_SUCCESS) {
        out->handle = ESYS_TR_NONE;
        return device_failed(dev, rc, "cannot start a session", err);
    }
    rc = Esys_PolicySecret(dev->esys, ESYS_TR_RH_ENDORSEMENT, out->handle, ESYS_TR_PASSWORD,
            ESYS_TR_NONE, ESYS_TR_NONE, NULL, NULL, NULL, 0, NULL, NULL);
    return rc == TSS2_RC_SUCCESS ||
            hierarchy_failed(dev, rc, "cannot use the endorsement key", "endorsement", err);
}

static ESYS_TR session_or_password(const struct device_object *session)
{
    return session->handle != ESYS_TR_NONE ? session->handle : ESYS_TR_PASSWORD;
}

/* Make the AK under the EK and load it. */
static bool create_ak(struct tpm_device *dev, const struct device_family *f,
        const struct device_object *ek, const TPMT_PUBLIC *ek_area, struct device_object *out,
        struct error *err)
{
    TPM2B_SENSITIVE_CREATE sensitive = { 0 };
    TPML_PCR_SELECTION no_pcrs = { 0 };
    TPM2B_DATA no_data = { 0 };
    TPM2B_PRIVATE *private CLEANUP(device_free) = NULL;
    TPM2B_PUBLIC *public CLEANUP(device_free) = NULL;
    struct device_object session CLEANUP(device_flush) = DEVICE_NO_OBJECT(dev);
    TSS2_RC rc;

    if (!start_ek_session(dev, ek_area, &session, err)) {
        return false;
    }
    rc = Esys_Create(dev->esys, ek->handle, session_or_password(&session), ESYS_TR_NONE,
            ESYS_TR_NONE, &sensitive, &f->ak, &no_data, &no_pcrs, &private, &public, NULL, NULL,
            NULL);
    if (rc != TSS2_RC_SUCCESS) {
        return device_failed(dev, rc, "cannot create the attestation key", err);
    }
    device_flush(&session);
    if (!start_ek_session(dev, ek_area, &session, err)) {
        return false;
    }
    rc = Esys_Load(dev->esys, ek->handle, session_or_password(&session), ESYS_TR_NONE, ESYS_TR_NONE,
            private, public, &out->handle);
    if (rc != TSS2_RC_SUCCESS) {
        out->handle = ESYS_TR_NONE;
        return device_failed(dev, rc, "cannot load the attestation key", err);
    }
    return true;
}

/* The owner's password guards persistent memory. */
static bool make_persistent(struct tpm_device *dev, const struct device_object *ak, uint32_t handle,
        struct error *err)
{
    struct device_object kept CLEANUP(device_close) = DEVICE_NO_OBJECT(dev);
    TSS2_RC rc = Esys_EvictControl(dev->esys, ESYS_TR_RH_OWNER, ak->handle, ESYS_TR_PASSWORD,
            ESYS_TR_NONE, ESYS_TR_NONE, handle, &kept.handle);

    if (rc != TSS2_RC_SUCCESS) {
        kept.handle = ESYS_TR_NONE;
        return hierarchy_failed(dev, rc, "cannot store the attestation key", "owner", err);
    }
    return true;
}

static bool create_key(struct tpm_device *dev, const struct device_family *f, uint32_t handle,
        struct tpm_blob *out_ek, struct error *err)
{
    TPM2B_PUBLIC *ek_public CLEANUP(device_free) = NULL;
    struct device_object ek CLEANUP(device_flush) = DEVICE_NO_OBJECT(dev);
    struct device_object ak CLEANUP(device_flush) = DEVICE_NO_OBJECT(dev);

    return create_ek(dev, f, &ek, &ek_public, err) &&
            create_ak(dev, f, &ek, &ek_public->publicArea, &ak, err) &&
            make_persistent(dev, &ak, handle, err) &&
            device_encode_public(dev, ek_public, out_ek, err);
}

static const struct device_family *choose_family(struct tpm_device *dev, enum tpm_key_kind kind)
{
    return kind == TPM_KEY_ECC || (kind == TPM_KEY_AUTO && has_p256(dev)) ? &device_ecc
                                                                          : &device_rsa;
}

/* A key that somebody else put there is taken if it can attest, and never replaced. */
static bool check_key(struct hasher *h, struct tpm_key *key, uint32_t handle, struct error *err)
{
    struct tpm_ak ak CLEANUP(tpm_ak_clear) = { 0 };
    struct error why;

    if (tpm_ak_from_public(h, tpm_blob_view(&key->public), &ak, &why) &&
            tpm_check_attributes(&ak, &why)) {
        if (ak.verify != NULL) {
            key->name = ak.name;
            return true;
        }
        (void)error_set(&why, ERROR_TPM, "its scheme is %s:%s", tpm_alg_name(ak.scheme.alg),
                tpm_alg_name(ak.scheme.hash));
    }
    return error_set(err, ERROR_TPM,
            "the object at handle 0x%08" PRIx32 " is no key we can attest with (%s): set another "
            "ak-handle, or remove it with tpm2_evictcontrol -c 0x%08" PRIx32,
            handle, why.text, handle);
}

static bool read_key(struct tpm_device *dev, struct hasher *h, uint32_t handle, struct tpm_key *out,
        struct tpm_name *out_qualified, struct error *err)
{
    TPM2B_PUBLIC *public CLEANUP(device_free) = NULL;
    TPM2B_NAME *qualified CLEANUP(device_free) = NULL;
    TSS2_RC rc = Esys_TR_FromTPMPublic(dev->esys, handle, ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE,
            &out->handle);

    if (rc == TSS2_RC_SUCCESS) {
        rc = Esys_ReadPublic(dev->esys, out->handle, ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE,
                &public, NULL, &qualified);
    }
    if (rc != TSS2_RC_SUCCESS) {
        return device_failed(dev, rc, "cannot read the attestation key", err);
    }
    if (qualified->size <= sizeof(out_qualified->data)) {
        memcpy(out_qualified->data, qualified->name, qualified->size);
        out_qualified->len = qualified->size;
    }
    return device_encode_public(dev, public, &out->public, err) && check_key(h, out, handle, err);
}

/* Is this the parent of the key with that qualified name? Then it is what makes the name provable.
 */
static bool is_parent(struct hasher *h, const struct tpm_blob *ek, const struct tpm_key *key,
        const struct tpm_name *qualified)
{
    struct tpm_public ek_public;
    struct tpm_public ak_public;
    struct tpm_name name;
    struct error ignored;

    return tpm_public_read(tpm_blob_view(ek), &ek_public, &ignored) &&
            tpm_public_read(tpm_blob_view(&key->public), &ak_public, &ignored) &&
            tpm_qualified_name(h, &ek_public, &ak_public, &name, &ignored) &&
            bytes_equal(tpm_name_view(&name), tpm_name_view(qualified));
}

static bool read_persistent(struct tpm_device *dev, TPM2_HANDLE handle, struct tpm_blob *out)
{
    TPM2B_PUBLIC *public CLEANUP(device_free) = NULL;
    struct device_object object CLEANUP(device_close) = DEVICE_NO_OBJECT(dev);
    struct error ignored;

    return Esys_TR_FromTPMPublic(dev->esys, handle, ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE,
                   &object.handle) == TSS2_RC_SUCCESS &&
            Esys_ReadPublic(dev->esys, object.handle, ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE,
                    &public, NULL, NULL) == TSS2_RC_SUCCESS &&
            device_encode_public(dev, public, out, &ignored);
}

static bool find_persistent_parent(struct tpm_device *dev, struct hasher *h, uint32_t own_handle,
        struct tpm_key *key, const struct tpm_name *qualified)
{
    TPMS_CAPABILITY_DATA *cap CLEANUP(device_free) = NULL;
    struct error ignored;

    if (!device_capability(dev, TPM2_CAP_HANDLES, EK_HANDLE_FIRST, TPM2_MAX_CAP_HANDLES, &cap,
                &ignored)) {
        return false;
    }
    for (uint32_t i = 0; i < cap->data.handles.count; i++) {
        TPM2_HANDLE handle = cap->data.handles.handle[i];

        /* ESYS has one object per handle: closing it here would close the key's. */
        if (handle != own_handle && handle <= EK_HANDLE_LAST &&
                read_persistent(dev, handle, &key->ek) && is_parent(h, &key->ek, key, qualified)) {
            return true;
        }
    }
    return false;
}

/* Primary keys are computed from a seed: the same template gives the same key again. */
static bool make_parent(struct tpm_device *dev, struct hasher *h, const struct device_family *f,
        struct tpm_key *key, const struct tpm_name *qualified)
{
    TPM2B_PUBLIC *public CLEANUP(device_free) = NULL;
    struct device_object ek CLEANUP(device_flush) = DEVICE_NO_OBJECT(dev);
    struct error ignored;

    return create_ek(dev, f, &ek, &public, &ignored) &&
            device_encode_public(dev, public, &key->ek, &ignored) &&
            is_parent(h, &key->ek, key, qualified);
}

/* Without its parent the key is as good, only its qualified name cannot be computed; so failures
 * here fail nothing. */
static void find_parent(struct tpm_device *dev, struct hasher *h, uint32_t own_handle,
        struct tpm_key *key, const struct tpm_name *qualified)
{
    struct tpm_public ak;
    struct error ignored;
    bool is_ecc =
            tpm_public_read(tpm_blob_view(&key->public), &ak, &ignored) && ak.type == TPM_ALG_ECC;

    if (!find_persistent_parent(dev, h, own_handle, key, qualified) &&
            !make_parent(dev, h, is_ecc ? &device_ecc : &device_rsa, key, qualified) &&
            !make_parent(dev, h, is_ecc ? &device_rsa : &device_ecc, key, qualified)) {
        key->ek.len = 0;
    }
}

/* The key that we have seen before, if it is still there: then there is nothing else to find out,
 * and the TPM is asked once. */
static bool find_again(struct tpm_device *dev, uint32_t handle, const struct tpm_key *known,
        struct tpm_key *out)
{
    TPM2B_NAME *name CLEANUP(device_free) = NULL;
    struct device_object object = DEVICE_NO_OBJECT(dev);

    if (Esys_TR_FromTPMPublic(dev->esys, handle, ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE,
                &object.handle) != TSS2_RC_SUCCESS) {
        return false;
    }
    if (Esys_TR_GetName(dev->esys, object.handle, &name) != TSS2_RC_SUCCESS ||
            !bytes_equal(tpm_name_view(&known->name), (struct bytes){ name->name, name->size })) {
        device_close(&object);
        return false;
    }
    *out = *known;
    out->handle = object.handle;
    return true;
}

static bool find_or_create(struct tpm_device *dev, struct hasher *h, const struct tpm_key_place *at,
        struct tpm_key *out, bool *out_created, struct error *err)
{
    struct tpm_name qualified = { 0 };
    bool create = !device_has_handle(dev, at->handle);

    if (create) {
        const struct device_family *f = choose_family(dev, at->kind);

        device_tidy(dev);
        if (!create_key(dev, f, at->handle, &out->ek, err)) {
            return error_wrap(err, "%s", f->name);
        }
    }
    if (!read_key(dev, h, at->handle, out, &qualified, err)) {
        return false;
    }
    if (!create) {
        device_tidy(dev);
        find_parent(dev, h, at->handle, out, &qualified);
    }
    *out_created = create;
    return true;
}

/* After a failure: another agent was quicker to put its key there, took what we had loaded for a
 * leftover (a TPM without a resource manager is one for all), or room could be made. */
static bool may_succeed_now(struct tpm_device *dev)
{
    TSS2_RC rc = device_rc(dev->failed);
    bool was_flushed =
            rc == TPM2_RC_HANDLE || (rc >= TPM2_RC_REFERENCE_H0 && rc <= TPM2_RC_REFERENCE_H6);

    return rc == TPM2_RC_NV_DEFINED || was_flushed || device_make_room(dev);
}

bool tpm_device_key(struct tpm_device *dev, struct hasher *h, const struct tpm_key_place *at,
        const struct tpm_key *known, struct tpm_key *out, bool *created, struct error *err)
{
    struct tpm_key key = { .handle = ESYS_TR_NONE };
    bool is_new = false;
    sigset_t deadly;
    sigset_t before;

    if (at->handle < TPM_KEY_HANDLE_FIRST || at->handle > TPM_KEY_HANDLE_LAST) {
        return error_set(err, ERROR_CONFIG, "ak-handle 0x%08" PRIx32 ", want 0x%08x to 0x%08x",
                at->handle, TPM_KEY_HANDLE_FIRST, TPM_KEY_HANDLE_LAST);
    }
    /* While something of ours is loaded, whoever wants to end us waits until it is flushed. */
    (void)sigemptyset(&deadly);
    (void)sigaddset(&deadly, SIGINT);
    (void)sigaddset(&deadly, SIGTERM);
    (void)sigaddset(&deadly, SIGHUP);
    (void)sigaddset(&deadly, SIGQUIT);
    (void)pthread_sigmask(SIG_BLOCK, &deadly, &before);
    dev->failed = TSS2_RC_SUCCESS;
    bool ok = (known != NULL && find_again(dev, at->handle, known, &key)) ||
            find_or_create(dev, h, at, &key, &is_new, err);

    for (int more = TRIES_MORE; !ok && more > 0 && may_succeed_now(dev); more--) {
        ok = find_or_create(dev, h, at, &key, &is_new, err);
    }
    (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (!ok) {
        return false;
    }
    *out = key;
    if (created != NULL) {
        *created = is_new;
    }
    return true;
}

void tpm_device_key_close(struct tpm_device *dev, struct tpm_key *key)
{
    struct device_object object = { dev->esys, key->handle };

    device_close(&object);
    key->handle = ESYS_TR_NONE;
}

bool tpm_device_key_find(struct tpm_device *dev, struct hasher *h, uint32_t handle,
        struct tpm_key *out, bool *found, struct error *err)
{
    struct tpm_key key = { .handle = ESYS_TR_NONE };
    struct tpm_name qualified;
    bool there = device_has_handle(dev, handle);

    if (there && !read_key(dev, h, handle, &key, &qualified, err)) {
        return false;
    }
    if (there) {
        *out = key;
    }
    *found = there;
    return true;
}
