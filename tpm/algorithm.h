/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include <stdint.h>

/* TPM_ALG_ID values of keys, signing schemes and their parameters (TCG Algorithm Registry).
 * Hashes: common/digest.h. */
enum tpm_alg {
    TPM_ALG_RSA = 0x0001,
    TPM_ALG_TDES = 0x0003,
    TPM_ALG_AES = 0x0006,
    TPM_ALG_MGF1 = 0x0007,
    TPM_ALG_KEYEDHASH = 0x0008,
    TPM_ALG_NULL = 0x0010,
    TPM_ALG_SM4 = 0x0013,
    TPM_ALG_RSASSA = 0x0014,
    TPM_ALG_RSAES = 0x0015,
    TPM_ALG_RSAPSS = 0x0016,
    TPM_ALG_OAEP = 0x0017,
    TPM_ALG_ECDSA = 0x0018,
    TPM_ALG_ECDH = 0x0019,
    TPM_ALG_ECDAA = 0x001a,
    TPM_ALG_SM2 = 0x001b,
    TPM_ALG_ECSCHNORR = 0x001c,
    TPM_ALG_ECMQV = 0x001d,
    TPM_ALG_KDF1_SP800_56A = 0x0020,
    TPM_ALG_KDF2 = 0x0021,
    TPM_ALG_KDF1_SP800_108 = 0x0022,
    TPM_ALG_ECC = 0x0023,
    TPM_ALG_SYMCIPHER = 0x0025,
    TPM_ALG_CAMELLIA = 0x0026,
};

/* TPM_ECC_CURVE. */
enum tpm_curve {
    TPM_CURVE_P256 = 0x0003,
    TPM_CURVE_P384 = 0x0004,
    TPM_CURVE_P521 = 0x0005,
    TPM_CURVE_SM2 = 0x0020,
};

/** Name of an algorithm or hash in tpm2-tools' spelling ("rsassa"), for messages; "unknown" for
 * others. */
const char *tpm_alg_name(uint16_t id);

/** Name of a curve ("P-256"), for messages; "unknown" for others. */
const char *tpm_curve_name(uint16_t id);
