/* SPDX-License-Identifier: BSD-3-Clause */
#include <string.h>

#include <openssl/bio.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>

#include "common/writer.h"
#include "tests/forge.h"
#include "tests/forge_internal.h"
#include "tpm/algorithm.h"

static void write_sized(struct writer *w, struct bytes b)
{
    writer_u16be(w, (uint16_t)b.len);
    writer_bytes(w, b);
}

static struct bytes bignum(const BIGNUM *n, uint8_t *room, size_t size)
{
    REQUIRE(BN_bn2binpad(n, room, (int)size) == (int)size);
    return (struct bytes){ room, size };
}

static bool is_rsa(const struct forge_key *k)
{
    return k->kind == FORGE_RSASSA || k->kind == FORGE_RSAPSS;
}

static uint16_t scheme_of(const struct forge_key *k)
{
    switch (k->kind) {
    case FORGE_RSASSA:
        return TPM_ALG_RSASSA;
    case FORGE_RSAPSS:
        return TPM_ALG_RSAPSS;
    case FORGE_P256:
    case FORGE_P384:
        break;
    }
    return TPM_ALG_ECDSA;
}

static void write_unique(struct writer *w, const struct forge_key *k)
{
    uint8_t room[256];

    if (is_rsa(k)) {
        BIGNUM *n = NULL;

        REQUIRE(EVP_PKEY_get_bn_param(k->key, OSSL_PKEY_PARAM_RSA_N, &n) == 1);
        writer_u16be(w, 2048);
        writer_u32be(w, 0);
        write_sized(w, bignum(n, room, 256));
        BN_free(n);
        return;
    }
    const char *const coordinates[] = { OSSL_PKEY_PARAM_EC_PUB_X, OSSL_PKEY_PARAM_EC_PUB_Y };

    writer_u16be(w, k->kind == FORGE_P256 ? TPM_CURVE_P256 : TPM_CURVE_P384);
    writer_u16be(w, TPM_ALG_NULL); /* kdf */
    for (size_t i = 0; i < 2; i++) {
        BIGNUM *n = NULL;

        REQUIRE(EVP_PKEY_get_bn_param(k->key, coordinates[i], &n) == 1);
        write_sized(w, bignum(n, room, k->kind == FORGE_P256 ? 32 : 48));
        BN_free(n);
    }
}

void forge_key_make(struct forge_key *k, enum forge_key_kind kind, uint32_t attributes)
{
    uint8_t area[480];
    struct writer w = writer_init(area, sizeof(area));
    struct writer sized = writer_init(k->public, sizeof(k->public));
    struct bytes b;

    k->kind = kind;
    k->hash = kind == FORGE_P384 ? DIGEST_SHA384 : DIGEST_SHA256;
    k->key = is_rsa(k) ? EVP_RSA_gen(2048) : EVP_EC_gen(kind == FORGE_P256 ? "P-256" : "P-384");
    REQUIRE(k->key != NULL);
    writer_u16be(&w, is_rsa(k) ? TPM_ALG_RSA : TPM_ALG_ECC);
    writer_u16be(&w, digest_tpm_id(DIGEST_SHA256));
    writer_u32be(&w, attributes);
    writer_u16be(&w, 0);            /* authPolicy */
    writer_u16be(&w, TPM_ALG_NULL); /* symmetric */
    writer_u16be(&w, scheme_of(k));
    writer_u16be(&w, digest_tpm_id(k->hash));
    write_unique(&w, k);
    REQUIRE(writer_done(&w, &b));
    write_sized(&sized, b);
    REQUIRE(writer_done(&sized, &b));
    k->public_len = b.len;
}

void forge_key_clear(struct forge_key *k)
{
    EVP_PKEY_free(k->key);
    *k = (struct forge_key){ 0 };
}

struct bytes forge_key_public(const struct forge_key *k)
{
    return (struct bytes){ k->public, k->public_len };
}

void forge_key_pem(const struct forge_key *k, struct forge_bytes *out)
{
    BIO *bio = BIO_new(BIO_s_mem());
    char *text;

    REQUIRE(bio != NULL && PEM_write_bio_PUBKEY(bio, k->key) == 1);
    long len = BIO_get_mem_data(bio, &text);

    forge_add(out, (struct bytes){ (const uint8_t *)text, (size_t)len });
    (void)BIO_free(bio);
}

void forge_quote_digest(struct forge *f)
{
    struct forge_bytes all = { 0 };

    for (size_t i = 0; i < f->quote.bank_count; i++) {
        const struct forge_bank *bank = &f->quote.bank[i];
        enum digest_alg alg;

        REQUIRE(digest_from_tpm_id(bank->alg, &alg));
        for (unsigned int pcr = 0; pcr < PCR_COUNT; pcr++) {
            if ((bank->bits[pcr / 8] & 1u << pcr % 8) != 0) {
                forge_add(&all, (struct bytes){ f->tpm.value[alg][pcr], digest_size(alg) });
            }
        }
    }
    forge_digest(f->key.hash, forge_view(&all), f->quote.digest);
    f->quote.digest_len = digest_size(f->key.hash);
    forge_bytes_clear(&all);
}

void forge_ask(struct forge *f, uint32_t banks, uint32_t mask)
{
    struct forge_quote *q = &f->quote;

    *q = (struct forge_quote){
        .magic = TPM_GENERATED,
        .type = TPM_ATTEST_QUOTE,
        .signer_len = 34,
        .nonce_len = sizeof(f->nonce),
        .clock = { 123456, 7, 3, true },
        .firmware = 0x0001000200030004,
        .signature_alg = scheme_of(&f->key),
        .signature_hash = digest_tpm_id(f->key.hash),
    };
    q->signer[1] = 0x0b;
    memcpy(q->nonce, f->nonce, sizeof(f->nonce));
    for (unsigned int alg = 0; alg < DIGEST_ALG_COUNT; alg++) {
        if ((banks & 1u << alg) != 0) {
            q->bank[q->bank_count++] = (struct forge_bank){
                .alg = digest_tpm_id((enum digest_alg)alg),
                .size = 3,
                .bits = { (uint8_t)mask, (uint8_t)(mask >> 8), (uint8_t)(mask >> 16) },
            };
        }
    }
    forge_quote_digest(f);
    f->hints = f->tpm;
}

static void write_attest(const struct forge_quote *q, struct forge_bytes *out)
{
    uint8_t room[1024];
    struct writer w = writer_init(room, sizeof(room));
    struct bytes b;

    writer_u32be(&w, q->magic);
    writer_u16be(&w, q->type);
    write_sized(&w, (struct bytes){ q->signer, q->signer_len });
    write_sized(&w, (struct bytes){ q->nonce, q->nonce_len });
    writer_u32be(&w, (uint32_t)(q->clock.clock_ms >> 32));
    writer_u32be(&w, (uint32_t)q->clock.clock_ms);
    writer_u32be(&w, q->clock.reset);
    writer_u32be(&w, q->clock.restart);
    writer_u8(&w, q->clock.safe ? 1 : 0);
    writer_u32be(&w, (uint32_t)(q->firmware >> 32));
    writer_u32be(&w, (uint32_t)q->firmware);
    writer_u32be(&w, (uint32_t)q->bank_count);
    for (size_t i = 0; i < q->bank_count; i++) {
        writer_u16be(&w, q->bank[i].alg);
        writer_u8(&w, q->bank[i].size);
        writer_bytes(&w, (struct bytes){ q->bank[i].bits, q->bank[i].size });
    }
    write_sized(&w, (struct bytes){ q->digest, q->digest_len });
    REQUIRE(writer_done(&w, &b));
    out->len = 0;
    forge_add(out, b);
}

static size_t sign(const struct forge_key *k, struct bytes message, uint8_t *out, size_t size)
{
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    EVP_PKEY_CTX *pkey_ctx = NULL;

    REQUIRE(ctx != NULL &&
            EVP_DigestSignInit_ex(ctx, &pkey_ctx, digest_name(k->hash), NULL, NULL, k->key, NULL) ==
                    1);
    if (k->kind == FORGE_RSAPSS) {
        REQUIRE(EVP_PKEY_CTX_set_rsa_padding(pkey_ctx, RSA_PKCS1_PSS_PADDING) == 1);
        REQUIRE(EVP_PKEY_CTX_set_rsa_pss_saltlen(pkey_ctx, RSA_PSS_SALTLEN_DIGEST) == 1);
    }
    REQUIRE(EVP_DigestSign(ctx, out, &size, message.ptr, message.len) == 1);
    EVP_MD_CTX_free(ctx);
    return size;
}

static void write_ecdsa(struct writer *w, const struct forge_key *k, struct bytes der)
{
    const uint8_t *at = der.ptr;
    ECDSA_SIG *sig = d2i_ECDSA_SIG(NULL, &at, (long)der.len);
    uint8_t room[48];
    size_t size = k->kind == FORGE_P256 ? 32 : 48;

    REQUIRE(sig != NULL);
    write_sized(w, bignum(ECDSA_SIG_get0_r(sig), room, size));
    write_sized(w, bignum(ECDSA_SIG_get0_s(sig), room, size));
    ECDSA_SIG_free(sig);
}

void forge_sign(struct forge *f)
{
    write_attest(&f->quote, &f->attest);
    forge_sign_attest(f);
}

void forge_sign_attest(struct forge *f)
{
    uint8_t raw[512];
    uint8_t room[600];
    struct writer w = writer_init(room, sizeof(room));
    struct bytes b;

    size_t len = sign(&f->key,
            f->quote.break_signature ? bytes_of_text("something else") : forge_view(&f->attest),
            raw, sizeof(raw));

    writer_u16be(&w, f->quote.signature_alg);
    writer_u16be(&w, f->quote.signature_hash);
    if (is_rsa(&f->key)) {
        write_sized(&w, (struct bytes){ raw, len });
    } else {
        write_ecdsa(&w, &f->key, (struct bytes){ raw, len });
    }
    REQUIRE(writer_done(&w, &b));
    f->signature.len = 0;
    forge_add(&f->signature, b);
}
