/* SPDX-License-Identifier: BSD-3-Clause */
#include <string.h>

#include "common/writer.h"
#include "tests/forge_internal.h"
#include "tests/hostile/lies.h"
#include "tests/hostile/wire.h"
#include "tpm/algorithm.h"

/* TPM_ALG_ID. */
#define SHA1_ID   0x0004
#define SHA256_ID 0x000b

/* R1-R15, R67-R70, R77: what a TPM signs, and what may stand in its place. */

static void no_magic(struct machine *m)
{
    m->f.quote.magic = 0x01020304;
}

static void write_sized(struct writer *w, struct bytes b)
{
    writer_u16be(w, (uint16_t)b.len);
    writer_bytes(w, b);
}

/* What all attestations start with, over the right nonce. */
static void write_head(struct writer *w, const struct forge_quote *q, uint16_t type)
{
    writer_u32be(w, TPM_GENERATED);
    writer_u16be(w, type);
    write_sized(w, (struct bytes){ q->signer, q->signer_len });
    write_sized(w, (struct bytes){ q->nonce, q->nonce_len });
    writer_u32be(w, (uint32_t)(q->clock.clock_ms >> 32));
    writer_u32be(w, (uint32_t)q->clock.clock_ms);
    writer_u32be(w, q->clock.reset);
    writer_u32be(w, q->clock.restart);
    writer_u8(w, 1);
    writer_u32be(w, 0x00010002);
    writer_u32be(w, 0x00030004);
}

static void sign_other(struct machine *m, const struct writer *w)
{
    struct bytes attest;

    REQUIRE(writer_done(w, &attest));
    m->f.attest.len = 0;
    forge_add(&m->f.attest, attest);
    forge_sign_attest(&m->f);
}

/* TPMS_CERTIFY_INFO: the name and qualified name of an object, here of any. */
static void certify(struct machine *m)
{
    uint8_t room[512];
    struct writer w = writer_init(room, sizeof(room));
    struct bytes name = { m->f.quote.signer, m->f.quote.signer_len };

    write_head(&w, &m->f.quote, TPM_ATTEST_CERTIFY);
    write_sized(&w, name);
    write_sized(&w, name);
    sign_other(m, &w);
}

/* TPMS_TIME_ATTEST_INFO: time, clock info, firmware version. */
static void get_time(struct machine *m)
{
    uint8_t room[512];
    struct writer w = writer_init(room, sizeof(room));

    write_head(&w, &m->f.quote, TPM_ATTEST_TIME);
    for (unsigned int i = 0; i < 8; i++) {
        writer_u32be(&w, i);
    }
    writer_u8(&w, 1);
    sign_other(m, &w);
}

/* TPMS_NV_CERTIFY_INFO: an index whose contents are a selection and a digest. */
static void nv_certify(struct machine *m)
{
    uint8_t room[512];
    struct writer w = writer_init(room, sizeof(room));
    struct bytes name = { m->f.quote.signer, m->f.quote.signer_len };

    write_head(&w, &m->f.quote, TPM_ATTEST_NV);
    write_sized(&w, name);
    writer_u16be(&w, 0); /* offset */
    write_sized(&w, (struct bytes){ m->f.quote.digest, m->f.quote.digest_len });
    sign_other(m, &w);
}

/* The bytes of our quote under another type, with an empty digest: R67. */
static void certify_as_quote(struct machine *m)
{
    m->f.quote.type = TPM_ATTEST_CERTIFY;
    m->f.quote.digest_len = 0;
}

static void set_nonce(struct machine *m, const void *nonce, size_t len)
{
    memcpy(m->f.quote.nonce, nonce, len);
    m->f.quote.nonce_len = len;
}

static void wrong_nonce(struct machine *m)
{
    m->f.quote.nonce[31] ^= 1;
}

static void short_nonce(struct machine *m)
{
    m->f.quote.nonce_len = 31;
}

static void long_nonce(struct machine *m)
{
    m->f.quote.nonce_len = 33;
}

static void empty_nonce(struct machine *m)
{
    m->f.quote.nonce_len = 0;
}

static void base64_nonce(struct machine *m)
{
    uint8_t text[65];
    int len = EVP_EncodeBlock(text, m->f.quote.nonce, 32);

    REQUIRE(len > 0);
    set_nonce(m, text, (size_t)len);
}

/* Without the binding: what another protocol would sign. */
static void plain_challenge(struct machine *m)
{
    set_nonce(m, m->challenge, m->challenge_len);
}

/* The challenge of another verifier, relayed. */
static void other_challenge(struct machine *m)
{
    uint8_t name[MACHINE_NAME_SIZE];

    m->challenge[0] ^= 1;
    machine_ak_name(&m->key, name);
    wire_binding((struct bytes){ m->challenge, m->challenge_len },
            (struct bytes){ name, sizeof(name) }, (struct bytes){ 0 }, m->f.quote.nonce);
}

static void old_quote(struct machine *m)
{
    m->f.attest.len = 0;
    m->f.signature.len = 0;
    forge_add(&m->f.attest, forge_view(&m->first_attest));
    forge_add(&m->f.signature, forge_view(&m->first_signature));
}

static void select_only(struct machine *m, uint16_t bank, uint32_t mask)
{
    m->f.quote.bank_count = 1;
    m->f.quote.bank[0] = (struct forge_bank){
        .alg = bank,
        .size = 3,
        .bits = { (uint8_t)mask, (uint8_t)(mask >> 8), (uint8_t)(mask >> 16) },
    };
    forge_quote_digest(&m->f);
}

static void over_pcr_16(struct machine *m)
{
    select_only(m, SHA256_ID, 1u << 16);
}

/* PCR 23 instead of 10, reset and extended with the clean records. */
static void pcr_23_for_10(struct machine *m)
{
    memcpy(m->f.tpm.value[DIGEST_SHA256][23], m->f.tpm.value[DIGEST_SHA256][10], 32);
    select_only(m, SHA256_ID, (FORGE_PCRS & ~(1u << 10)) | 1u << 23);
}

static void without_pcr_10(struct machine *m)
{
    select_only(m, SHA256_ID, FORGE_PCRS & ~(1u << 10));
}

static void more_pcrs(struct machine *m)
{
    select_only(m, SHA256_ID, FORGE_PCRS | 1u << 16);
}

static void over_sha1_bank(struct machine *m)
{
    select_only(m, SHA1_ID, FORGE_PCRS);
}

static void over_two_banks(struct machine *m)
{
    select_only(m, SHA256_ID, FORGE_PCRS);
    m->f.quote.bank[1] = m->f.quote.bank[0];
    m->f.quote.bank[1].alg = SHA1_ID;
    m->f.quote.bank_count = 2;
    forge_quote_digest(&m->f);
}

/* A TPM answers so for a bank that is not allocated: R70. */
static void empty_selection(struct machine *m)
{
    m->f.quote.bank_count = 0;
    forge_digest(DIGEST_SHA256, (struct bytes){ 0 }, m->f.quote.digest);
}

static void empty_bank(struct machine *m)
{
    select_only(m, SHA256_ID, 0);
}

static void wrong_digest(struct machine *m)
{
    m->f.quote.digest[0] ^= 1;
}

static void no_digest(struct machine *m)
{
    m->f.quote.digest_len = 0;
}

static void broken_signature(struct machine *m)
{
    m->f.quote.break_signature = true;
}

static void sha1_signature(struct machine *m)
{
    m->f.key.hash = DIGEST_SHA1;
    m->f.quote.signature_hash = SHA1_ID;
}

/* TPMT_SIGNATURE as GCC lays it out on amd64: R77. */
static void c_struct_signature(struct machine *m)
{
    uint8_t out[264] = { TPM_ALG_ECDSA, 0, SHA256_ID, 0, 32, 0 };

    memcpy(out + 6, m->f.signature.data + 6, 32);
    out[134] = 32;
    memcpy(out + 136, m->f.signature.data + 40, 32);
    m->f.signature.len = 0;
    forge_add(&m->f.signature, (struct bytes){ out, sizeof(out) });
}

static void cut_quote(struct machine *m)
{
    m->f.attest.len -= 1;
    forge_sign_attest(&m->f);
}

static void longer_quote(struct machine *m)
{
    forge_add(&m->f.attest, (struct bytes){ (const uint8_t *)"", 1 });
    forge_sign_attest(&m->f);
}

/* The size of the nonce reaches beyond the structure: R11. */
static void quote_size_lies(struct machine *m)
{
    m->f.attest.data[6 + 2 + m->f.quote.signer_len] = 0xff;
    forge_sign_attest(&m->f);
}

static void cut_signature(struct machine *m)
{
    m->f.signature.len -= 1;
}

static void longer_signature(struct machine *m)
{
    forge_add(&m->f.signature, (struct bytes){ (const uint8_t *)"", 1 });
}

static void sign_with_other_key(struct machine *m)
{
    m->f.key = m->other_key;
    forge_sign_attest(&m->f);
    m->f.key = m->key;
}

/* The key of another TPM that we own signs, and we say so. */
static void other_key(struct machine *m, struct answer *a)
{
    uint8_t name[MACHINE_NAME_SIZE];

    if (!a->has_evidence) {
        return;
    }
    machine_ak_name(&m->other_key, name);
    wire_binding((struct bytes){ m->challenge, m->challenge_len },
            (struct bytes){ name, sizeof(name) }, (struct bytes){ 0 }, m->f.quote.nonce);
    m->f.key = m->other_key;
    forge_sign(&m->f);
    m->f.key = m->key;
    a->evidence.quote = forge_view(&m->f.attest);
    a->evidence.signature = forge_view(&m->f.signature);
    a->evidence.ak_public = forge_key_public(&m->other_key);
}

/* Only the public area is another's. */
static void other_public(struct machine *m, struct answer *a)
{
    a->evidence.ak_public = forge_key_public(&m->other_key);
}

static void other_ek(struct machine *m, struct answer *a)
{
    a->evidence.ek_public = forge_key_public(&m->ek);
}

static void cut_public(struct machine *m, struct answer *a)
{
    a->evidence.ak_public = (struct bytes){ m->key.public, m->key.public_len - 1 };
}

/* A clean host answers our challenge for us: its quote, its logs, with its key or under ours. */
static void ask_neighbour(struct machine *m, struct answer *a)
{
    struct forge *o = &m->other;
    const uint8_t *mask = m->f.quote.bank[0].bits;

    if (!a->has_evidence) {
        return;
    }
    forge_ask(o, FORGE_SHA256, mask[0] | (uint32_t)mask[1] << 8 | (uint32_t)mask[2] << 16);
    memcpy(o->quote.nonce, m->f.quote.nonce, sizeof(o->quote.nonce));
    forge_sign(o);
    a->evidence.quote = forge_view(&o->attest);
    a->evidence.signature = forge_view(&o->signature);
}

static void neighbour(struct machine *m, struct answer *a)
{
    if (a->has_evidence) {
        uint8_t name[MACHINE_NAME_SIZE];

        machine_ak_name(&m->other_key, name);
        wire_binding((struct bytes){ m->challenge, m->challenge_len },
                (struct bytes){ name, sizeof(name) }, (struct bytes){ 0 }, m->f.quote.nonce);
        a->evidence.ak_public = forge_key_public(&m->other_key);
    }
    ask_neighbour(m, a);
}

static void set_clock(struct machine *m, int reset, int restart, int64_t clock_ms)
{
    m->f.quote.clock.reset += (uint32_t)reset;
    m->f.quote.clock.restart += (uint32_t)restart;
    m->f.quote.clock.clock_ms += (uint64_t)clock_ms;
}

static void clock_back(struct machine *m)
{
    set_clock(m, 0, 0, -50000);
}

static void reset_back(struct machine *m)
{
    set_clock(m, -1, 0, 0);
}

static void restart_back(struct machine *m)
{
    set_clock(m, 0, -1, 0);
}

const struct lie lies_quote[] = {
    { "no-magic", .quote = no_magic },
    { "certify", .send = certify },
    { "get-time", .send = get_time },
    { "nv-certify", .send = nv_certify },
    { "certify-empty-digest", .quote = certify_as_quote },
    { "wrong-nonce", .quote = wrong_nonce },
    { "short-nonce", .quote = short_nonce },
    { "long-nonce", .quote = long_nonce },
    { "empty-nonce", .quote = empty_nonce },
    { "base64-nonce", .quote = base64_nonce },
    { "plain-challenge", .quote = plain_challenge },
    { "other-challenge", .quote = other_challenge },
    { "old-quote", .from = 2, .to = 2, .send = old_quote },
    { "pcr-16", .quote = over_pcr_16 },
    { "pcr-23-for-10", .quote = pcr_23_for_10 },
    { "without-pcr-10", .quote = without_pcr_10 },
    { "more-pcrs", .quote = more_pcrs },
    { "sha1-bank", .quote = over_sha1_bank },
    { "two-banks", .quote = over_two_banks },
    { "empty-selection", .quote = empty_selection },
    { "empty-bank", .quote = empty_bank },
    { "wrong-digest", .quote = wrong_digest },
    { "no-digest", .quote = no_digest },
    { "broken-signature", .quote = broken_signature },
    { "sha1-signature", .quote = sha1_signature },
    { "c-struct-signature", .send = c_struct_signature },
    { "cut-quote", .send = cut_quote },
    { "longer-quote", .send = longer_quote },
    { "quote-size-lies", .send = quote_size_lies },
    { "cut-signature", .send = cut_signature },
    { "longer-signature", .send = longer_signature },
    { "signed-by-other-key", .send = sign_with_other_key },
    { "other-key", .answer = other_key },
    { "other-public", .answer = other_public },
    { "other-ek", .answer = other_ek },
    { "cut-public", .answer = cut_public },
    { "neighbour", .answer = neighbour },
    { "neighbour-under-our-key", .answer = ask_neighbour },
    { "clock-back", .from = 2, .to = 2, .quote = clock_back },
    { "reset-count-back", .from = 2, .to = 2, .quote = reset_back },
    { "restart-count-back", .from = 2, .to = 2, .quote = restart_back },
};
const size_t lies_quote_count = ARRAY_LEN(lies_quote);
