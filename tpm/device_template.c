/* SPDX-License-Identifier: BSD-3-Clause */
#include <inttypes.h>
#include <string.h>

#include <tss2/tss2_mu.h>

#include "tpm/device_internal.h"

/* TCG EK Credential Profile, templates L-1 and L-2: attributes, and PolicyA, the digest of
 * PolicySecret(endorsement). */
#define EK_ATTRIBUTES                                                                   \
    (TPMA_OBJECT_FIXEDTPM | TPMA_OBJECT_FIXEDPARENT | TPMA_OBJECT_SENSITIVEDATAORIGIN | \
            TPMA_OBJECT_ADMINWITHPOLICY | TPMA_OBJECT_RESTRICTED | TPMA_OBJECT_DECRYPT)
#define EK_POLICY                                                                  \
    {                                                                              \
        32,                                                                        \
                "\x83\x71\x97\x67\x44\x84\xb3\xf8\x1a\x90\xcc\x8d\x46\xa5\xd7\x24" \
                "\xfd\x52\xd7\x6e\x06\x52\x0b\x64\xf2\xa1\xda\x1b\x33\x14\x69\xaa" \
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

const struct device_family device_ecc = {
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

const struct device_family device_rsa = {
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

static bool same_template(const TPMT_PUBLIC *a, const TPMT_PUBLIC *b)
{
    return a->type == b->type && a->nameAlg == b->nameAlg &&
            a->objectAttributes == b->objectAttributes &&
            a->authPolicy.size == b->authPolicy.size &&
            memcmp(a->authPolicy.buffer, b->authPolicy.buffer, a->authPolicy.size) == 0;
}

bool device_makes(const TPMT_PUBLIC *p)
{
    return same_template(p, &device_ecc.ek.publicArea) ||
            same_template(p, &device_ecc.ak.publicArea) ||
            same_template(p, &device_rsa.ek.publicArea) ||
            same_template(p, &device_rsa.ak.publicArea);
}

/* Read an NV index of the manufacturer's, which everybody may read. *out_len 0: there is none. */
static bool read_nv(struct tpm_device *dev, TPM2_HANDLE handle, uint8_t *dst, size_t size,
        size_t *out_len, struct error *err)
{
    TPM2B_NV_PUBLIC *public CLEANUP(device_free) = NULL;
    TPM2B_MAX_NV_BUFFER *data CLEANUP(device_free) = NULL;
    struct device_object index CLEANUP(device_close) = DEVICE_NO_OBJECT(dev);
    TSS2_RC rc;

    *out_len = 0;
    if (!device_has_handle(dev, handle)) {
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

bool device_ek_template(struct tpm_device *dev, const struct device_family *f, TPM2B_PUBLIC *out,
        struct error *err)
{
    uint8_t data[1024];
    size_t len;

    /* Only with what the maker put there comes out the key that the EK certificate is for. */
    *out = f->ek;
    if (!read_nv(dev, f->nv_template, data, sizeof(data), &len, err)) {
        return false;
    }
    if (len > 0) {
        size_t offset = 0;
        TSS2_RC rc = Tss2_MU_TPMT_PUBLIC_Unmarshal(data, len, &offset, &out->publicArea);

        if (rc != TSS2_RC_SUCCESS || out->publicArea.type != f->ek.publicArea.type) {
            return error_set(err, ERROR_TPM,
                    "NV index 0x%08" PRIx32 " holds no template of an %s EK", f->nv_template,
                    f->name);
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
