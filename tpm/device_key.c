/* SPDX-License-Identifier: BSD-3-Clause */
#include <inttypes.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>

#include <tss2/tss2_mu.h>

#include "tpm/ak.h"
#include "tpm/device_internal.h"

/* Persistent handles that belong to the owner (TPM 2.0 Part 2, 7.5). */
#define HANDLE_FIRST 0x81000000u
#define HANDLE_LAST  0x817fffffu
/* Where the TCG's provisioning guidance has endorsement keys. */
#define EK_HANDLE_FIRST 0x81010000u
#define EK_HANDLE_LAST  0x8101ffffu

/* TCG EK Credential Profile, templates L-1 and L-2: attributes, and PolicyA, the digest of
 * PolicySecret(endorsement). */
#define EK_ATTRIBUTES                                                                   \
    (TPMA_OBJECT_FIXEDTPM | TPMA_OBJECT_FIXEDPARENT | TPMA_OBJECT_SENSITIVEDATAORIGIN | \
            TPMA_OBJECT_ADMINWITHPOLICY | TPMA_OBJECT_RESTRICTED | TPMA_OBJECT_DECRYPT)
#define EK_POLICY               \
    {                           \
        .size = 32, .buffer = { \
            0x83,               \
            0x71,               \
            0x97,               \
            0x67,               \
            0x44,               \
            0x84,               \
            0xb3,               \
            0xf8,               \
            0x1a,               \
            0x90,               \
            0xcc,               \
            0x8d,               \
            0x46,               \
            0xa5,               \
            0xd7,               \
            0x24,               \
            0xfd,               \
            0x52,               \
            0xd7,               \
            0x6e,               \
            0x06,               \
            0x52,               \
            0x0b,               \
            0x64,               \
            0xf2,               \
            0xa1,               \
            0xda,               \
            0x1b,               \
            0x33,               \
            0x14,               \
            0x69,               \
            0xaa                \
        }                       \
    }
#define EK_SYMMETRIC                                                            \
    {                                                                           \
        .algorithm = TPM2_ALG_AES, .keyBits.aes = 128, .mode.aes = TPM2_ALG_CFB \
    }

/* The key has an empty password, so there is nothing to guess: without noDA, somebody's wrong
 * passwords for other objects could lock the TPM and so stop attestation. */
#define AK_ATTRIBUTES                                                                   \
    (TPMA_OBJECT_FIXEDTPM | TPMA_OBJECT_FIXEDPARENT | TPMA_OBJECT_SENSITIVEDATAORIGIN | \
            TPMA_OBJECT_USERWITHAUTH | TPMA_OBJECT_NODA | TPMA_OBJECT_RESTRICTED |      \
            TPMA_OBJECT_SIGN_ENCRYPT)

/* What differs between the two kinds of key. */
struct family {
    const char *name;
    TPM2B_PUBLIC ek;
    TPM2B_PUBLIC ak;
    TPM2_HANDLE nv_nonce;    /* fills the EK template's unique field */
    TPM2_HANDLE nv_template; /* replaces the EK template: a TPMT_PUBLIC */
};

static const struct family ecc = {
    .name = "ECC P-256",
    .ek.publicArea = { .type = TPM2_ALG_ECC,
            .nameAlg = TPM2_ALG_SHA256,
            .objectAttributes = EK_ATTRIBUTES,
            .authPolicy = EK_POLICY,
            .parameters.eccDetail = { .symmetric = EK_SYMMETRIC,
                    .scheme.scheme = TPM2_ALG_NULL,
                    .curveID = TPM2_ECC_NIST_P256,
                    .kdf.scheme = TPM2_ALG_NULL },
            .unique.ecc = { .x.size = 32, .y.size = 32 } },
    .ak.publicArea = { .type = TPM2_ALG_ECC,
            .nameAlg = TPM2_ALG_SHA256,
            .objectAttributes = AK_ATTRIBUTES,
            .parameters.eccDetail = { .symmetric.algorithm = TPM2_ALG_NULL,
                    .scheme = { .scheme = TPM2_ALG_ECDSA,
                            .details.ecdsa.hashAlg = TPM2_ALG_SHA256 },
                    .curveID = TPM2_ECC_NIST_P256,
                    .kdf.scheme = TPM2_ALG_NULL } },
    .nv_nonce = 0x01c0000b,
    .nv_template = 0x01c0000c,
};

static const struct family rsa = {
    .name = "RSA-2048",
    .ek.publicArea = { .type = TPM2_ALG_RSA,
            .nameAlg = TPM2_ALG_SHA256,
            .objectAttributes = EK_ATTRIBUTES,
            .authPolicy = EK_POLICY,
            .parameters.rsaDetail = { .symmetric = EK_SYMMETRIC,
                    .scheme.scheme = TPM2_ALG_NULL,
                    .keyBits = 2048 },
            .unique.rsa.size = 256 },
    .ak.publicArea = { .type = TPM2_ALG_RSA,
            .nameAlg = TPM2_ALG_SHA256,
            .objectAttributes = AK_ATTRIBUTES,
            .parameters.rsaDetail = { .symmetric.algorithm = TPM2_ALG_NULL,
                    .scheme = { .scheme = TPM2_ALG_RSASSA,
                            .details.rsassa.hashAlg = TPM2_ALG_SHA256 },
                    .keyBits = 2048 } },
    .nv_nonce = 0x01c00003,
    .nv_template = 0x01c00004,
};

/* An object or session that takes up room in the TPM until it is flushed. */
struct loaded {
    ESYS_CONTEXT *esys;
    ESYS_TR handle;
};

#define LOADED_NONE(dev)          \
    {                             \
        (dev)->esys, ESYS_TR_NONE \
    }

static void flush(struct loaded *l)
{
    /* Fails only when the TPM has lost it by itself. */
    if (l->handle != ESYS_TR_NONE && Esys_FlushContext(l->esys, l->handle) != TSS2_RC_SUCCESS) {
        (void)Esys_TR_Close(l->esys, &l->handle);
    }
    l->handle = ESYS_TR_NONE;
}

/* Forget a handle of something that stays in the TPM. */
static void close_handle(struct loaded *l)
{
    if (l->handle != ESYS_TR_NONE) {
        (void)Esys_TR_Close(l->esys, &l->handle);
    }
}

static bool encode_public(struct tpm_device *dev, const TPM2B_PUBLIC *public, struct tpm_blob *out,
        struct error *err)
{
    TSS2_RC rc;

    out->len = 0;
    rc = Tss2_MU_TPM2B_PUBLIC_Marshal(public, out->data, sizeof(out->data), &out->len);
    return rc == TSS2_RC_SUCCESS || device_failed(dev, rc, "cannot encode a public key", err);
}

/* True when the TPM has something at this handle. */
static bool handle_exists(struct tpm_device *dev, TPM2_HANDLE handle)
{
    TPMS_CAPABILITY_DATA *cap CLEANUP(device_free) = NULL;
    struct error ignored;

    return device_capability(dev, TPM2_CAP_HANDLES, handle, 1, &cap, &ignored) &&
            cap->data.handles.count == 1 && cap->data.handles.handle[0] == handle;
}

static bool same_template(const TPMT_PUBLIC *a, const TPMT_PUBLIC *b)
{
    return a->type == b->type && a->nameAlg == b->nameAlg &&
            a->objectAttributes == b->objectAttributes &&
            a->authPolicy.size == b->authPolicy.size &&
            memcmp(a->authPolicy.buffer, b->authPolicy.buffer, a->authPolicy.size) == 0;
}

/* An EK by the default template, or an AK as we make it. */
static bool looks_like_ours(const TPMT_PUBLIC *p)
{
    return same_template(p, &ecc.ek.publicArea) || same_template(p, &ecc.ak.publicArea) ||
            same_template(p, &rsa.ek.publicArea) || same_template(p, &rsa.ak.publicArea);
}

/* Flush one transient object if it is one that we make. */
static bool flush_leftover(struct tpm_device *dev, TPM2_HANDLE handle)
{
    TPM2B_PUBLIC *public CLEANUP(device_free) = NULL;
    struct loaded object = LOADED_NONE(dev);

    if (Esys_TR_FromTPMPublic(dev->esys, handle, ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE,
                &object.handle) != TSS2_RC_SUCCESS) {
        return false;
    }
    if (Esys_ReadPublic(dev->esys, object.handle, ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE, &public,
                NULL, NULL) == TSS2_RC_SUCCESS &&
            looks_like_ours(&public->publicArea)) {
        flush(&object);
        return true;
    }
    close_handle(&object);
    return false;
}

static bool flush_session(struct tpm_device *dev, TPM2_HANDLE handle)
{
    struct loaded session = LOADED_NONE(dev);

    if (Esys_TR_FromTPMPublic(dev->esys, handle, ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE,
                &session.handle) != TSS2_RC_SUCCESS) {
        return false;
    }
    flush(&session);
    return true;
}

/*
 * The last command failed because the TPM has no room: is that so because we were killed earlier,
 * before we could flush?
 *
 * Only a TPM without resource manager says so at all; a resource manager swaps out what is not in
 * use, removes what a program leaves behind, and shows us no handles but our own. Without one the
 * TPM has one user at a time, who is us now: whatever is loaded was left by a program that has
 * gone. Objects may have been left on purpose, so only such as we make are flushed. A session is of
 * no use once its program has gone (one to be kept is saved, and then it is not among the loaded
 * ones), so all loaded ones are flushed.
 *
 * Call it with nothing of our own loaded. Returns true when it made room, so that it is worth
 * trying again.
 */
static bool make_room(struct tpm_device *dev)
{
    TPMS_CAPABILITY_DATA *cap CLEANUP(device_free) = NULL;
    TSS2_RC rc = device_rc(dev->failed);
    bool sessions = rc == TPM2_RC_SESSION_MEMORY;
    struct error ignored;
    size_t flushed = 0;

    if (!sessions && rc != TPM2_RC_OBJECT_MEMORY) {
        return false;
    }
    if (!device_capability(dev, TPM2_CAP_HANDLES,
                sessions ? TPM2_LOADED_SESSION_FIRST : TPM2_TRANSIENT_FIRST, TPM2_MAX_CAP_HANDLES,
                &cap, &ignored)) {
        return false;
    }
    for (uint32_t i = 0; i < cap->data.handles.count; i++) {
        TPM2_HANDLE handle = cap->data.handles.handle[i];

        flushed += sessions ? flush_session(dev, handle) : flush_leftover(dev, handle);
    }
    return flushed > 0;
}

static bool has_p256(struct tpm_device *dev)
{
    TPMS_CAPABILITY_DATA *cap CLEANUP(device_free) = NULL;
    struct error ignored;

    /* A TPM without ECC may refuse the question. */
    return device_capability(dev, TPM2_CAP_ECC_CURVES, TPM2_ECC_NIST_P256, 1, &cap, &ignored) &&
            cap->data.eccCurves.count > 0 && cap->data.eccCurves.eccCurves[0] == TPM2_ECC_NIST_P256;
}

/* Read an NV index of the manufacturer's, which everybody may read. *out_len 0: there is none. */
static bool read_nv(struct tpm_device *dev, TPM2_HANDLE handle, uint8_t *dst, size_t size,
        size_t *out_len, struct error *err)
{
    TPM2B_NV_PUBLIC *public CLEANUP(device_free) = NULL;
    TPM2B_MAX_NV_BUFFER *data CLEANUP(device_free) = NULL;
    struct loaded index CLEANUP(close_handle) = LOADED_NONE(dev);
    TSS2_RC rc;

    *out_len = 0;
    if (!handle_exists(dev, handle)) {
        return true;
    }
    rc = Esys_TR_FromTPMPublic(dev->esys, handle, ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE,
            &index.handle);
    if (rc == TSS2_RC_SUCCESS) {
        rc = Esys_NV_ReadPublic(dev->esys, index.handle, ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE,
                &public, NULL);
    }
    if (rc == TSS2_RC_SUCCESS && public->nvPublic.dataSize > size) {
        return error_set(err, ERROR_LIMIT, "NV index 0x%08" PRIx32 " of %u bytes, at most %zu",
                handle, public->nvPublic.dataSize, size);
    }
    if (rc == TSS2_RC_SUCCESS) {
        rc = Esys_NV_Read(dev->esys, index.handle, index.handle, ESYS_TR_PASSWORD, ESYS_TR_NONE,
                ESYS_TR_NONE, public->nvPublic.dataSize, 0, &data);
    }
    if (rc != TSS2_RC_SUCCESS) {
        return device_failed(dev, rc, "cannot read the EK template in NV memory", err);
    }
    *out_len = data->size < size ? data->size : size;
    memcpy(dst, data->buffer, *out_len);
    return true;
}

static void set_unique(TPMT_PUBLIC *p, const uint8_t *nonce, size_t len)
{
    memset(&p->unique, 0, sizeof(p->unique));
    if (p->type == TPM2_ALG_RSA) {
        p->unique.rsa.size = 256;
        memcpy(p->unique.rsa.buffer, nonce, len < 256 ? len : 256);
    } else {
        p->unique.ecc.x.size = 32;
        p->unique.ecc.y.size = 32;
        memcpy(p->unique.ecc.x.buffer, nonce, len < 32 ? len : 32);
    }
}

/* The manufacturer may have put another template, or a nonce for the unique field, into NV memory:
 * only with those comes out the key that the EK certificate is for. */
static bool ek_template(struct tpm_device *dev, const struct family *f, TPM2B_PUBLIC *out,
        struct error *err)
{
    uint8_t data[1024];
    size_t len;

    *out = f->ek;
    if (!read_nv(dev, f->nv_template, data, sizeof(data), &len, err)) {
        return false;
    }
    if (len > 0) {
        size_t offset = 0;
        TSS2_RC rc = Tss2_MU_TPMT_PUBLIC_Unmarshal(data, len, &offset, &out->publicArea);

        if (rc != TSS2_RC_SUCCESS || out->publicArea.type != f->ek.publicArea.type) {
            return device_failed(dev, rc, "the EK template in NV memory is not readable", err);
        }
    }
    if (!read_nv(dev, f->nv_nonce, data, sizeof(data), &len, err)) {
        return false;
    }
    if (len > 0) {
        set_unique(&out->publicArea, data, len);
    }
    return true;
}

static bool create_ek(struct tpm_device *dev, const struct family *f, struct loaded *out,
        TPM2B_PUBLIC **public, struct error *err)
{
    TPM2B_SENSITIVE_CREATE sensitive = { 0 };
    TPML_PCR_SELECTION no_pcrs = { 0 };
    TPM2B_DATA no_data = { 0 };
    TPM2B_PUBLIC template;
    TSS2_RC rc;

    if (!ek_template(dev, f, &template, err)) {
        return false;
    }
    rc = Esys_CreatePrimary(dev->esys, ESYS_TR_RH_ENDORSEMENT, ESYS_TR_PASSWORD, ESYS_TR_NONE,
            ESYS_TR_NONE, &sensitive, &template, &no_data, &no_pcrs, &out->handle, public, NULL,
            NULL, NULL);
    if (rc != TSS2_RC_SUCCESS) {
        out->handle = ESYS_TR_NONE;
        return device_failed(dev, rc,
                device_rc(rc) == TPM2_RC_BAD_AUTH
                        ? "cannot create the endorsement key: the endorsement hierarchy has a "
                          "password (remove it with tpm2_changeauth -c endorsement, or put the key "
                          "at ak-handle by other means)"
                        : "cannot create the endorsement key",
                err);
    }
    return true;
}

/* A session that satisfies the EK's policy, for one command. */
static bool start_ek_session(struct tpm_device *dev, struct loaded *out, struct error *err)
{
    TPMT_SYM_DEF no_encryption = { .algorithm = TPM2_ALG_NULL };
    TSS2_RC rc;

    rc = Esys_StartAuthSession(dev->esys, ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE,
            ESYS_TR_NONE, NULL, TPM2_SE_POLICY, &no_encryption, TPM2_ALG_SHA256, &out->handle);
    if (rc != TSS2_RC_SUCCESS) {
        out->handle = ESYS_TR_NONE;
        return device_failed(dev, rc, "cannot start a session", err);
    }
    rc = Esys_PolicySecret(dev->esys, ESYS_TR_RH_ENDORSEMENT, out->handle, ESYS_TR_PASSWORD,
            ESYS_TR_NONE, ESYS_TR_NONE, NULL, NULL, NULL, 0, NULL, NULL);
    return rc == TSS2_RC_SUCCESS || device_failed(dev, rc, "cannot use the endorsement key", err);
}

/* Make the AK under the EK and load it. */
static bool create_ak(struct tpm_device *dev, const struct family *f, const struct loaded *ek,
        bool ek_has_policy, struct loaded *out, struct error *err)
{
    TPM2B_SENSITIVE_CREATE sensitive = { 0 };
    TPML_PCR_SELECTION no_pcrs = { 0 };
    TPM2B_DATA no_data = { 0 };
    TPM2B_PRIVATE *private CLEANUP(device_free) = NULL;
    TPM2B_PUBLIC *public CLEANUP(device_free) = NULL;
    struct loaded session CLEANUP(flush) = LOADED_NONE(dev);
    TSS2_RC rc;

    if (ek_has_policy && !start_ek_session(dev, &session, err)) {
        return false;
    }
    rc = Esys_Create(dev->esys, ek->handle, ek_has_policy ? session.handle : ESYS_TR_PASSWORD,
            ESYS_TR_NONE, ESYS_TR_NONE, &sensitive, &f->ak, &no_data, &no_pcrs, &private, &public,
            NULL, NULL, NULL);
    if (rc != TSS2_RC_SUCCESS) {
        return device_failed(dev, rc, "cannot create the attestation key", err);
    }
    flush(&session);
    if (ek_has_policy && !start_ek_session(dev, &session, err)) {
        return false;
    }
    rc = Esys_Load(dev->esys, ek->handle, ek_has_policy ? session.handle : ESYS_TR_PASSWORD,
            ESYS_TR_NONE, ESYS_TR_NONE, private, public, &out->handle);
    if (rc != TSS2_RC_SUCCESS) {
        out->handle = ESYS_TR_NONE;
        return device_failed(dev, rc, "cannot load the attestation key", err);
    }
    return true;
}

/* The owner's password guards persistent memory. */
static bool make_persistent(struct tpm_device *dev, const struct loaded *ak, uint32_t handle,
        struct error *err)
{
    struct loaded kept CLEANUP(close_handle) = LOADED_NONE(dev);
    TSS2_RC rc = Esys_EvictControl(dev->esys, ESYS_TR_RH_OWNER, ak->handle, ESYS_TR_PASSWORD,
            ESYS_TR_NONE, ESYS_TR_NONE, handle, &kept.handle);

    if (rc != TSS2_RC_SUCCESS) {
        kept.handle = ESYS_TR_NONE;
        return device_failed(dev, rc,
                device_rc(rc) == TPM2_RC_BAD_AUTH
                        ? "cannot store the attestation key: the owner hierarchy has a password "
                          "(remove it with tpm2_changeauth -c owner, or put the key at ak-handle by "
                          "other means)"
                        : "cannot store the attestation key",
                err);
    }
    return true;
}

static bool create_key(struct tpm_device *dev, const struct family *f, uint32_t handle,
        struct tpm_blob *out_ek, struct error *err)
{
    TPM2B_PUBLIC *ek_public CLEANUP(device_free) = NULL;
    struct loaded ek CLEANUP(flush) = LOADED_NONE(dev);
    struct loaded ak CLEANUP(flush) = LOADED_NONE(dev);

    return create_ek(dev, f, &ek, &ek_public, err) &&
            create_ak(dev, f, &ek,
                    (ek_public->publicArea.objectAttributes & TPMA_OBJECT_USERWITHAUTH) == 0, &ak,
                    err) &&
            make_persistent(dev, &ak, handle, err) && encode_public(dev, ek_public, out_ek, err);
}

static const struct family *choose_family(struct tpm_device *dev, enum tpm_key_kind kind)
{
    return kind == TPM_KEY_ECC || (kind == TPM_KEY_AUTO && has_p256(dev)) ? &ecc : &rsa;
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
    return encode_public(dev, public, &out->public, err) && check_key(h, out, handle, err);
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
    struct loaded object CLEANUP(close_handle) = LOADED_NONE(dev);
    struct error ignored;

    return Esys_TR_FromTPMPublic(dev->esys, handle, ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE,
                   &object.handle) == TSS2_RC_SUCCESS &&
            Esys_ReadPublic(dev->esys, object.handle, ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE,
                    &public, NULL, NULL) == TSS2_RC_SUCCESS &&
            encode_public(dev, public, out, &ignored);
}

static bool find_persistent_parent(struct tpm_device *dev, struct hasher *h, struct tpm_key *key,
        const struct tpm_name *qualified)
{
    TPMS_CAPABILITY_DATA *cap CLEANUP(device_free) = NULL;
    struct error ignored;

    if (!device_capability(dev, TPM2_CAP_HANDLES, EK_HANDLE_FIRST, TPM2_MAX_CAP_HANDLES, &cap,
                &ignored)) {
        return false;
    }
    for (uint32_t i = 0; i < cap->data.handles.count; i++) {
        TPM2_HANDLE handle = cap->data.handles.handle[i];

        if (handle <= EK_HANDLE_LAST && read_persistent(dev, handle, &key->ek) &&
                is_parent(h, &key->ek, key, qualified)) {
            return true;
        }
    }
    return false;
}

/* Primary keys are computed from a seed: the same template gives the same key again. */
static bool make_parent(struct tpm_device *dev, struct hasher *h, const struct family *f,
        struct tpm_key *key, const struct tpm_name *qualified)
{
    TPM2B_PUBLIC *public CLEANUP(device_free) = NULL;
    struct loaded ek CLEANUP(flush) = LOADED_NONE(dev);
    struct error ignored;

    return (create_ek(dev, f, &ek, &public, &ignored) ||
                   (make_room(dev) && create_ek(dev, f, &ek, &public, &ignored))) &&
            encode_public(dev, public, &key->ek, &ignored) &&
            is_parent(h, &key->ek, key, qualified);
}

/* Without its parent the key is as good, only its qualified name cannot be computed; so failures
 * here fail nothing. */
static void find_parent(struct tpm_device *dev, struct hasher *h, struct tpm_key *key,
        const struct tpm_name *qualified)
{
    struct tpm_public ak;
    struct error ignored;
    bool is_ecc =
            tpm_public_read(tpm_blob_view(&key->public), &ak, &ignored) && ak.type == TPM_ALG_ECC;

    if (!find_persistent_parent(dev, h, key, qualified) &&
            !make_parent(dev, h, is_ecc ? &ecc : &rsa, key, qualified) &&
            !make_parent(dev, h, is_ecc ? &rsa : &ecc, key, qualified)) {
        key->ek.len = 0;
    }
}

static bool find_or_create(struct tpm_device *dev, struct hasher *h, uint32_t handle,
        enum tpm_key_kind kind, struct tpm_key *out, bool *out_created, struct error *err)
{
    struct tpm_name qualified = { 0 };
    bool create = !handle_exists(dev, handle);

    if (create) {
        const struct family *f = choose_family(dev, kind);

        if (!create_key(dev, f, handle, &out->ek, err) &&
                !(make_room(dev) && create_key(dev, f, handle, &out->ek, err))) {
            return error_wrap(err, "%s", f->name);
        }
    }
    if (!read_key(dev, h, handle, out, &qualified, err)) {
        return false;
    }
    if (!create) {
        find_parent(dev, h, out, &qualified);
    }
    *out_created = create;
    return true;
}

bool tpm_device_key(struct tpm_device *dev, struct hasher *h, uint32_t handle,
        enum tpm_key_kind kind, struct tpm_key *out, bool *created, struct error *err)
{
    struct tpm_key key = { .handle = ESYS_TR_NONE };
    bool is_new = false;
    sigset_t deadly;
    sigset_t before;

    if (handle < HANDLE_FIRST || handle > HANDLE_LAST) {
        return error_set(err, ERROR_CONFIG, "ak-handle 0x%08" PRIx32 ", want 0x%08x to 0x%08x",
                handle, HANDLE_FIRST, HANDLE_LAST);
    }
    /* While something of ours is loaded, whoever wants to end us waits until it is flushed. */
    (void)sigemptyset(&deadly);
    (void)sigaddset(&deadly, SIGINT);
    (void)sigaddset(&deadly, SIGTERM);
    (void)sigaddset(&deadly, SIGHUP);
    (void)sigaddset(&deadly, SIGQUIT);
    (void)pthread_sigmask(SIG_BLOCK, &deadly, &before);
    bool ok = find_or_create(dev, h, handle, kind, &key, &is_new, err);

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
