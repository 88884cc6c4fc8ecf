/* SPDX-License-Identifier: BSD-3-Clause */
#include "tests/generate/quote.h"

#include <stdio.h>
#include <string.h>

#include <openssl/bn.h>
#include <openssl/ec.h>
#include <openssl/ecdsa.h>
#include <openssl/evp.h>
#include <openssl/pem.h>

#include "common/digest.h"
#include "common/writer.h"

/* TPM 2.0 Part 2: TPM_GENERATED_VALUE, TPM_ST_ATTEST_QUOTE, TPM_ALG_RSASSA, TPM_ALG_ECDSA. */
#define TPM_GENERATED    0xff544347u
#define TPM_ATTEST_QUOTE 0x8018
#define TPM_RSASSA       0x0014
#define TPM_ECDSA        0x0018

#define P256_SIZE      32
#define SIGNATURE_ROOM 512

static void write_sized(struct writer *w, struct bytes value)
{
    writer_u16be(w, (uint16_t)value.len);
    writer_bytes(w, value);
}

static void write_u64be(struct writer *w, uint64_t v)
{
    writer_u32be(w, (uint32_t)(v >> 32));
    writer_u32be(w, (uint32_t)v);
}

static bool attest(enum digest_alg bank, const struct pcr_values *values, struct bytes nonce,
        uint8_t *dst, size_t size, struct bytes *out, struct error *err)
{
    static const uint8_t signer[] = { 0x00, 0x0b, 1, 2, 3, 4 };
    struct pcr_selection selection = { 1, { { bank, values->known[bank] } } };
    uint8_t digest[DIGEST_SIZE_MAX];
    struct hasher h;
    struct writer w = writer_init(dst, size);

    if (!hasher_init(&h, err)) {
        return false;
    }
    bool hashed = pcr_composite(&h, DIGEST_SHA256, &selection, values, digest, err);

    hasher_clear(&h);
    writer_u32be(&w, TPM_GENERATED);
    writer_u16be(&w, TPM_ATTEST_QUOTE);
    write_sized(&w, (struct bytes){ signer, sizeof(signer) });
    write_sized(&w, nonce);
    write_u64be(&w, 123456789); /* clock */
    writer_u32be(&w, 7);        /* resetCount */
    writer_u32be(&w, 0);        /* restartCount */
    writer_u8(&w, 1);           /* safe */
    write_u64be(&w, 0x20230101);
    writer_u32be(&w, 1);
    writer_u16be(&w, digest_tpm_id(bank));
    writer_u8(&w, 3);
    for (unsigned int shift = 0; shift < 24; shift += 8) {
        writer_u8(&w, (uint8_t)(values->known[bank] >> shift));
    }
    write_sized(&w, (struct bytes){ digest, digest_size(DIGEST_SHA256) });
    return hashed && (writer_done(&w, out) || error_set(err, ERROR_LIMIT, "quote does not fit"));
}

static bool sign(EVP_PKEY *key, struct bytes quote, uint8_t *dst, size_t *len, struct error *err)
{
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    bool ok = ctx != NULL && EVP_DigestSignInit(ctx, NULL, EVP_sha256(), NULL, key) == 1 &&
            EVP_DigestSign(ctx, dst, len, quote.ptr, quote.len) == 1;

    EVP_MD_CTX_free(ctx);
    return ok || error_set(err, ERROR_CRYPTO, "quote cannot be signed");
}

/* TPMS_SIGNATURE_ECC has r and s, OpenSSL a DER sequence of them. */
static bool write_ecdsa(struct writer *w, struct bytes der, struct error *err)
{
    const uint8_t *at = der.ptr;
    ECDSA_SIG *sig = d2i_ECDSA_SIG(NULL, &at, (long)der.len);
    uint8_t number[P256_SIZE];

    if (sig == NULL || BN_bn2binpad(ECDSA_SIG_get0_r(sig), number, P256_SIZE) != P256_SIZE) {
        ECDSA_SIG_free(sig);
        return error_set(err, ERROR_CRYPTO, "signature cannot be taken apart");
    }
    write_sized(w, (struct bytes){ number, sizeof(number) });
    (void)BN_bn2binpad(ECDSA_SIG_get0_s(sig), number, P256_SIZE);
    write_sized(w, (struct bytes){ number, sizeof(number) });
    ECDSA_SIG_free(sig);
    return true;
}

static bool signature(EVP_PKEY *key, struct bytes quote, uint8_t *dst, size_t size,
        struct bytes *out, struct error *err)
{
    bool rsa = EVP_PKEY_is_a(key, "RSA") == 1;
    uint8_t raw[SIGNATURE_ROOM];
    size_t len = sizeof(raw);
    struct writer w = writer_init(dst, size);

    if (!sign(key, quote, raw, &len, err)) {
        return false;
    }
    writer_u16be(&w, rsa ? TPM_RSASSA : TPM_ECDSA);
    writer_u16be(&w, digest_tpm_id(DIGEST_SHA256));
    if (rsa) {
        write_sized(&w, (struct bytes){ raw, len });
    } else if (!write_ecdsa(&w, (struct bytes){ raw, len }, err)) {
        return false;
    }
    return writer_done(&w, out) || error_set(err, ERROR_LIMIT, "signature does not fit");
}

static FILE *create(const char *prefix, const char *suffix, struct error *err)
{
    char path[4096];
    FILE *file;

    (void)snprintf(path, sizeof(path), "%s.%s", prefix, suffix);
    file = fopen(path, "wb");
    if (file == NULL) {
        (void)error_set(err, ERROR_IO, "%s cannot be written", path);
    }
    return file;
}

static bool save(const char *prefix, const char *suffix, struct bytes b, struct error *err)
{
    FILE *file = create(prefix, suffix, err);

    if (file == NULL) {
        return false;
    }
    bool written = fwrite(b.ptr, 1, b.len, file) == b.len;

    return (fclose(file) == 0 && written) || error_set(err, ERROR_IO, "%s.%s", prefix, suffix);
}

static bool save_key(const char *prefix, EVP_PKEY *key, struct error *err)
{
    FILE *file = create(prefix, "pem", err);

    if (file == NULL) {
        return false;
    }
    bool written = PEM_write_PUBKEY(file, key) == 1;

    return (fclose(file) == 0 && written) || error_set(err, ERROR_IO, "%s.pem", prefix);
}

bool quote_write(const char *prefix, const char *kind, enum digest_alg bank,
        const struct pcr_values *values, struct bytes nonce, struct error *err)
{
    EVP_PKEY *key = strcmp(kind, "rsa") == 0 ? EVP_PKEY_Q_keygen(NULL, NULL, "RSA", (size_t)2048)
                                             : EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-256");
    uint8_t quote_room[1024];
    uint8_t signature_room[SIGNATURE_ROOM + 16];
    struct bytes quote = { 0 };
    struct bytes sig = { 0 };

    if (key == NULL) {
        return error_set(err, ERROR_CRYPTO, "no %s key", kind);
    }
    bool done = attest(bank, values, nonce, quote_room, sizeof(quote_room), &quote, err) &&
            signature(key, quote, signature_room, sizeof(signature_room), &sig, err) &&
            save(prefix, "quote", quote, err) && save(prefix, "signature", sig, err) &&
            save_key(prefix, key, err);

    EVP_PKEY_free(key);
    return done;
}
