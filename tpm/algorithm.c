/* SPDX-License-Identifier: BSD-3-Clause */
#include "tpm/algorithm.h"

#include <stddef.h>

#include "common/attributes.h"
#include "common/digest.h"

const char *tpm_alg_name(uint16_t id)
{
    static const struct {
        uint16_t id;
        const char *name;
    } names[] = {
        { TPM_ALG_RSA, "rsa" },
        { TPM_ALG_TDES, "tdes" },
        { TPM_ALG_AES, "aes" },
        { TPM_ALG_MGF1, "mgf1" },
        { TPM_ALG_KEYEDHASH, "keyedhash" },
        { TPM_ALG_NULL, "null" },
        { TPM_ALG_SM4, "sm4" },
        { TPM_ALG_RSASSA, "rsassa" },
        { TPM_ALG_RSAES, "rsaes" },
        { TPM_ALG_RSAPSS, "rsapss" },
        { TPM_ALG_OAEP, "oaep" },
        { TPM_ALG_ECDSA, "ecdsa" },
        { TPM_ALG_ECDH, "ecdh" },
        { TPM_ALG_ECDAA, "ecdaa" },
        { TPM_ALG_SM2, "sm2" },
        { TPM_ALG_ECSCHNORR, "ecschnorr" },
        { TPM_ALG_ECMQV, "ecmqv" },
        { TPM_ALG_KDF1_SP800_56A, "kdf1_sp800_56a" },
        { TPM_ALG_KDF2, "kdf2" },
        { TPM_ALG_KDF1_SP800_108, "kdf1_sp800_108" },
        { TPM_ALG_ECC, "ecc" },
        { TPM_ALG_SYMCIPHER, "symcipher" },
        { TPM_ALG_CAMELLIA, "camellia" },
        { 0x0027, "sha3_256" },
        { 0x0028, "sha3_384" },
        { 0x0029, "sha3_512" },
    };
    enum digest_alg hash;

    if (digest_from_tpm_id(id, &hash)) {
        return digest_name(hash);
    }
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        if (names[i].id == id) {
            return names[i].name;
        }
    }
    return "unknown";
}

const char *tpm_curve_name(uint16_t id)
{
    switch (id) {
    case 0x0001:
        return "P-192";
    case 0x0002:
        return "P-224";
    case TPM_CURVE_P256:
        return "P-256";
    case TPM_CURVE_P384:
        return "P-384";
    case TPM_CURVE_P521:
        return "P-521";
    case 0x0010:
        return "BN-256";
    case 0x0011:
        return "BN-638";
    case TPM_CURVE_SM2:
        return "SM2";
    default:
        return "unknown";
    }
}
