/* SPDX-License-Identifier: BSD-3-Clause */
#include "tpm/public.h"

#include <inttypes.h>
#include <string.h>

#include "common/reader.h"
#include "common/writer.h"

#define RSA_BITS_MIN         2048
#define RSA_BITS_MAX         4096
#define RSA_DEFAULT_EXPONENT 65537

static bool truncated(const struct reader *r, const char *what, struct error *err)
{
    return error_set(err, ERROR_TRUNCATED, "public area ends at offset %zu, inside %s",
            reader_offset(r), what);
}

static bool unknown_alg(const char *what, uint16_t id, struct error *err)
{
    return error_set(err, ERROR_UNSUPPORTED, "%s %s (0x%04x)", what, tpm_alg_name(id), id);
}

/* TPMT_SYM_DEF_OBJECT. */
static bool read_symmetric(struct reader *r, struct tpm_public *p, struct error *err)
{
    if (!reader_u16be(r, &p->symmetric)) {
        return truncated(r, "symmetric", err);
    }
    switch (p->symmetric) {
    case TPM_ALG_NULL:
        return true;
    case TPM_ALG_AES:
    case TPM_ALG_SM4:
    case TPM_ALG_CAMELLIA:
    case TPM_ALG_TDES:
        return (reader_u16be(r, &p->symmetric_bits) && reader_u16be(r, &p->symmetric_mode)) ||
                truncated(r, "symmetric", err);
    default:
        return unknown_alg("symmetric algorithm", p->symmetric, err);
    }
}

/* TPMT_RSA_SCHEME and TPMT_ECC_SCHEME: each scheme brings parameters of its own. */
static bool read_scheme(struct reader *r, struct tpm_public *p, struct error *err)
{
    uint16_t count;

    if (!reader_u16be(r, &p->scheme)) {
        return truncated(r, "scheme", err);
    }
    switch (p->scheme) {
    case TPM_ALG_NULL:
    case TPM_ALG_RSAES:
        return true;
    case TPM_ALG_RSASSA:
    case TPM_ALG_RSAPSS:
    case TPM_ALG_OAEP:
    case TPM_ALG_ECDSA:
    case TPM_ALG_ECDH:
    case TPM_ALG_ECMQV:
    case TPM_ALG_SM2:
    case TPM_ALG_ECSCHNORR:
        return reader_u16be(r, &p->scheme_hash) || truncated(r, "scheme", err);
    case TPM_ALG_ECDAA:
        return (reader_u16be(r, &p->scheme_hash) && reader_u16be(r, &count)) ||
                truncated(r, "scheme", err);
    default:
        return unknown_alg("scheme", p->scheme, err);
    }
}

/* TPMT_KDF_SCHEME; no TPM uses one in an asymmetric key, but the field is there. */
static bool read_kdf(struct reader *r, struct error *err)
{
    uint16_t kdf;
    uint16_t hash;

    if (!reader_u16be(r, &kdf)) {
        return truncated(r, "kdf", err);
    }
    switch (kdf) {
    case TPM_ALG_NULL:
        return true;
    case TPM_ALG_MGF1:
    case TPM_ALG_KDF1_SP800_56A:
    case TPM_ALG_KDF2:
    case TPM_ALG_KDF1_SP800_108:
        return reader_u16be(r, &hash) || truncated(r, "kdf", err);
    default:
        return unknown_alg("kdf", kdf, err);
    }
}

static bool check_rsa(const struct tpm_public *p, struct error *err)
{
    if (p->rsa_bits < RSA_BITS_MIN || p->rsa_bits > RSA_BITS_MAX || p->rsa_bits % 8 != 0) {
        return error_set(err, ERROR_LIMIT, "RSA key of %u bits, want %d to %d", p->rsa_bits,
                RSA_BITS_MIN, RSA_BITS_MAX);
    }
    if (p->modulus.len != p->rsa_bits / 8u || (p->modulus.ptr[0] & 0x80) == 0) {
        return error_set(err, ERROR_MALFORMED, "RSA modulus is not of %u bits", p->rsa_bits);
    }
    if (p->rsa_exponent < RSA_DEFAULT_EXPONENT || p->rsa_exponent % 2 == 0) {
        return error_set(err, ERROR_MALFORMED,
                "RSA exponent %" PRIu32 ", want an odd one of at least %d", p->rsa_exponent,
                RSA_DEFAULT_EXPONENT);
    }
    return true;
}

static bool read_rsa(struct reader *r, struct tpm_public *p, struct error *err)
{
    if (!read_symmetric(r, p, err) || !read_scheme(r, p, err)) {
        return false;
    }
    if (!reader_u16be(r, &p->rsa_bits) || !reader_u32be(r, &p->rsa_exponent)) {
        return truncated(r, "RSA parameters", err);
    }
    if (!reader_take_u16be(r, &p->modulus)) {
        return truncated(r, "RSA modulus", err);
    }
    if (p->rsa_exponent == 0) {
        p->rsa_exponent = RSA_DEFAULT_EXPONENT;
    }
    return check_rsa(p, err);
}

static bool check_ecc(const struct tpm_public *p, struct error *err)
{
    size_t field = p->curve == TPM_CURVE_P256 ? 32 : 48;

    if (p->curve != TPM_CURVE_P256 && p->curve != TPM_CURVE_P384) {
        return error_set(err, ERROR_UNSUPPORTED, "curve %s (0x%04x), want P-256 or P-384",
                tpm_curve_name(p->curve), p->curve);
    }
    /* Some TPMs leave out leading zeros of a coordinate; none adds any. */
    if (p->x.len == 0 || p->x.len > field || p->y.len == 0 || p->y.len > field) {
        return error_set(err, ERROR_MALFORMED,
                "%s point with coordinates of %zu and %zu bytes, want %zu",
                tpm_curve_name(p->curve), p->x.len, p->y.len, field);
    }
    return true;
}

static bool read_ecc(struct reader *r, struct tpm_public *p, struct error *err)
{
    if (!read_symmetric(r, p, err) || !read_scheme(r, p, err)) {
        return false;
    }
    if (!reader_u16be(r, &p->curve)) {
        return truncated(r, "curve", err);
    }
    if (!read_kdf(r, err)) {
        return false;
    }
    if (!reader_take_u16be(r, &p->x) || !reader_take_u16be(r, &p->y)) {
        return truncated(r, "ECC point", err);
    }
    return check_ecc(p, err);
}

/* TPMT_PUBLIC. */
static bool read_area(struct reader *r, struct tpm_public *p, struct error *err)
{
    uint16_t name_alg;

    if (!reader_u16be(r, &p->type) || !reader_u16be(r, &name_alg) ||
            !reader_u32be(r, &p->attributes) || !reader_take_u16be(r, &p->policy)) {
        return truncated(r, "its header", err);
    }
    if (!digest_from_tpm_id(name_alg, &p->name_alg)) {
        return unknown_alg("name algorithm", name_alg, err);
    }
    if (p->policy.len != 0 && p->policy.len != digest_size(p->name_alg)) {
        return error_set(err, ERROR_MALFORMED, "authPolicy of %zu bytes, want 0 or %zu",
                p->policy.len, digest_size(p->name_alg));
    }
    switch (p->type) {
    case TPM_ALG_RSA:
        return read_rsa(r, p, err);
    case TPM_ALG_ECC:
        return read_ecc(r, p, err);
    default:
        return unknown_alg("key type", p->type, err);
    }
}

bool tpm_public_read(struct bytes in, struct tpm_public *out, struct error *err)
{
    struct reader r = reader_init(in);
    struct tpm_public p = { 0 };
    struct reader area;

    if (!reader_take_u16be(&r, &p.area)) {
        return truncated(&r, "TPM2B_PUBLIC", err);
    }
    if (!reader_done(&r)) {
        return error_set(err, ERROR_MALFORMED, "%zu bytes after the end of the public area",
                reader_left(&r));
    }
    area = reader_init(p.area);
    if (!read_area(&area, &p, err)) {
        return false;
    }
    if (!reader_done(&area)) {
        return error_set(err, ERROR_MALFORMED, "%zu bytes left over inside the public area",
                reader_left(&area));
    }
    *out = p;
    return true;
}

static void start_name(struct tpm_name *n, enum digest_alg alg)
{
    uint16_t id = digest_tpm_id(alg);

    n->data[0] = (uint8_t)(id >> 8);
    n->data[1] = (uint8_t)id;
    n->len = 2 + digest_size(alg);
}

bool tpm_public_name(struct hasher *h, const struct tpm_public *p, struct tpm_name *out,
        struct error *err)
{
    struct tpm_name n = { 0 };

    if (!hasher_has(h, p->name_alg)) {
        return error_set(err, ERROR_UNSUPPORTED, "libcrypto offers no %s",
                digest_name(p->name_alg));
    }
    start_name(&n, p->name_alg);
    if (!hasher_digest(h, p->name_alg, p->area, n.data + 2, err)) {
        return false;
    }
    *out = n;
    return true;
}

/* QName(child) = nameAlg || H(QName(parent) || Name(child)); a hierarchy's is its handle. */
static bool qualify(struct hasher *h, struct bytes parent, const struct tpm_public *child,
        struct tpm_name *out, struct error *err)
{
    struct tpm_name name;
    struct tpm_name n = { 0 };

    if (!tpm_public_name(h, child, &name, err)) {
        return false;
    }
    start_name(&n, child->name_alg);
    if (!hasher_digest2(h, child->name_alg, parent, tpm_name_view(&name), n.data + 2, err)) {
        return false;
    }
    *out = n;
    return true;
}

bool tpm_qualified_name(struct hasher *h, const struct tpm_public *ek, const struct tpm_public *ak,
        struct tpm_name *out, struct error *err)
{
    uint8_t handle[4];
    struct writer w = writer_init(handle, sizeof(handle));
    struct tpm_name parent;

    writer_u32be(&w, TPM_RH_ENDORSEMENT);
    return qualify(h, (struct bytes){ handle, sizeof(handle) }, ek, &parent, err) &&
            qualify(h, tpm_name_view(&parent), ak, out, err);
}
