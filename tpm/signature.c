/* SPDX-License-Identifier: BSD-3-Clause */
#include "tpm/signature.h"

#include "common/reader.h"
#include "tpm/algorithm.h"

/* RSA of 4096 bits, and more than any curve's numbers. */
#define RSA_MAX_SIZE 512
#define ECC_MAX_SIZE 128

static bool truncated(const struct reader *r, struct error *err)
{
    return error_set(err, ERROR_TRUNCATED, "signature ends at offset %zu", reader_offset(r));
}

static bool read_number(struct reader *r, size_t max, struct bytes *out, struct error *err)
{
    if (!reader_take_u16be(r, out)) {
        return truncated(r, err);
    }
    if (out->len > max) {
        return error_set(err, ERROR_LIMIT, "a number of %zu bytes in the signature, at most %zu",
                out->len, max);
    }
    return true;
}

bool tpm_signature_read(struct bytes in, struct tpm_signature *out, struct error *err)
{
    struct reader r = reader_init(in);
    struct tpm_signature sig = { 0 };

    if (!reader_u16be(&r, &sig.alg)) {
        return truncated(&r, err);
    }
    switch (sig.alg) {
    case TPM_ALG_RSASSA:
    case TPM_ALG_RSAPSS:
        if (!reader_u16be(&r, &sig.hash)) {
            return truncated(&r, err);
        }
        if (!read_number(&r, RSA_MAX_SIZE, &sig.rsa, err)) {
            return false;
        }
        break;
    case TPM_ALG_ECDSA:
    case TPM_ALG_ECDAA:
    case TPM_ALG_SM2:
    case TPM_ALG_ECSCHNORR:
        if (!reader_u16be(&r, &sig.hash)) {
            return truncated(&r, err);
        }
        if (!read_number(&r, ECC_MAX_SIZE, &sig.r, err) ||
                !read_number(&r, ECC_MAX_SIZE, &sig.s, err)) {
            return false;
        }
        break;
    default:
        return error_set(err, ERROR_UNSUPPORTED, "signature algorithm %s (0x%04x)",
                tpm_alg_name(sig.alg), sig.alg);
    }
    if (!reader_done(&r)) {
        return error_set(err, ERROR_MALFORMED, "%zu bytes after the end of the signature",
                reader_left(&r));
    }
    *out = sig;
    return true;
}
