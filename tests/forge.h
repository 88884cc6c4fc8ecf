/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <openssl/evp.h>

#include "common/bytes.h"
#include "common/digest.h"
#include "common/pcr.h"
#include "common/source.h"
#include "ima/entry.h"
#include "tpm/quote.h"

/*
 * Forges evidence for tests: a machine with a TPM of its own whose state we may set as we like.
 *
 * What is expected never comes from the code under test: digests are libcrypto's, structures are
 * written here byte by byte. Everything asserts: a forge that fails is a bug of the test.
 */

#define FORGE_SHA1   (1u << DIGEST_SHA1)
#define FORGE_SHA256 (1u << DIGEST_SHA256)
#define FORGE_SHA384 (1u << DIGEST_SHA384)
#define FORGE_SHA512 (1u << DIGEST_SHA512)

/* Records whose place is remembered. */
#define FORGE_RECORDS_MAX 64

/* The boot PCRs and PCR 10: what the default policy asks for. */
#define FORGE_PCRS 0x47ffu

/** Bytes that grow. All zero is empty. */
struct forge_bytes {
    uint8_t *data;
    size_t len;
    size_t room;
};

static inline struct bytes forge_view(const struct forge_bytes *b)
{
    return (struct bytes){ b->data, b->len };
}

void forge_add(struct forge_bytes *b, struct bytes more);
void forge_bytes_clear(struct forge_bytes *b);

/** H(in) by libcrypto. out: digest_size(alg) bytes. */
void forge_digest(enum digest_alg alg, struct bytes in, uint8_t *out);

enum forge_key_kind {
    FORGE_P256,
    FORGE_P384,
    FORGE_RSASSA,
    FORGE_RSAPSS,
};

/** An attestation key whose private half we hold. */
struct forge_key {
    EVP_PKEY *key;
    enum forge_key_kind kind;
    enum digest_alg hash; /* of its scheme */
    uint8_t public[512];  /* TPM2B_PUBLIC */
    size_t public_len;
};

/* Attributes of a restricted signing key as every AK has them. */
#define FORGE_AK_ATTRIBUTES 0x00050072u

/** A new key; freed by forge_key_clear(). */
void forge_key_make(struct forge_key *k, enum forge_key_kind kind, uint32_t attributes);
void forge_key_clear(struct forge_key *k);
struct bytes forge_key_public(const struct forge_key *k);
/** The public half as PEM, appended to out. */
void forge_key_pem(const struct forge_key *k, struct forge_bytes *out);

/** One bank of a TPML_PCR_SELECTION, as free as the wire is. */
struct forge_bank {
    uint16_t alg;
    uint8_t size;
    uint8_t bits[8];
};

/** Everything a TPMS_ATTEST and its TPMT_SIGNATURE are made of. */
struct forge_quote {
    uint32_t magic;
    uint16_t type;
    uint8_t signer[66];
    size_t signer_len;
    uint8_t nonce[66];
    size_t nonce_len;
    struct tpm_clock clock;
    uint64_t firmware;
    size_t bank_count;
    struct forge_bank bank[TPM_SELECTION_MAX + 1];
    uint8_t digest[80];
    size_t digest_len;
    uint16_t signature_alg; /* as the signature states it, whatever the key does */
    uint16_t signature_hash;
    bool break_signature; /* sign other bytes */
};

/** How an event reaches log and TPM: an honest machine does both. */
enum forge_step {
    FORGE_LOG = 1,    /* only written into the log */
    FORGE_EXTEND = 2, /* only extended */
    FORGE_BOTH = 3,
};

/** A machine: its TPM, its logs, and what it sends. */
struct forge {
    uint32_t banks;  /* that the TPM has and firmware extends */
    uint32_t padded; /* banks the kernel extends with zero-padded SHA-1 */
    bool ones20;     /* ... and violations with 20 bytes of 0xff and zeros */
    struct ima_digest_format format;
    struct forge_key key;
    struct pcr_values tpm; /* registers now */
    struct forge_bytes boot_log;
    struct forge_bytes list;
    size_t record_at[FORGE_RECORDS_MAX]; /* offset of each of the first records */
    size_t records;
    bool send_boot_log;
    bool send_list;
    bool send_hints;
    struct pcr_values hints;
    struct forge_quote quote;
    struct forge_bytes attest;
    struct forge_bytes signature;
    uint8_t nonce[32]; /* what the verifier asked with */
    size_t read_at;    /* of the list as a source */
    size_t passes;     /* that were begun over it */
};

/** A machine without history: registers at reset, logs empty but for the Spec ID header. */
void forge_init(struct forge *f, uint32_t banks, const struct forge_key *key);
/** Frees what forge_init() made; the key is the caller's. */
void forge_clear(struct forge *f);

/** Extend H(data) behind everybody's back. */
void forge_extend(struct forge *f, enum digest_alg alg, unsigned int pcr, struct bytes data);

/** An event whose digests are those of data, in these banks. */
void forge_event_in(struct forge *f, uint32_t banks, enum forge_step step, uint32_t pcr,
        uint32_t type, struct bytes data);
void forge_event(struct forge *f, enum forge_step step, uint32_t pcr, uint32_t type,
        const char *text);
void forge_separator(struct forge *f, enum forge_step step, uint32_t pcr);
/** StartupLocality; PCR 0 of the TPM is not touched. */
void forge_locality(struct forge *f, uint8_t locality);

/** Firmware in PCRs 0-7 with separators, boot loader in 8, 9 and 14. */
void forge_boot(struct forge *f);

/** Template data: each value with its length in front. */
struct bytes forge_fields(uint8_t *dst, size_t size, const struct bytes *values, size_t count);
/** Template data: digest field "ALG:" NUL digest and name with its NUL. */
struct bytes forge_ng(uint8_t *dst, size_t size, const char *prefix, struct bytes digest,
        struct bytes name);
/** Value of a digest field: prefix "ALG:" NUL, and SHA-256 of content. room: 80 bytes. */
struct bytes forge_digest_field(const char *prefix, struct bytes content, uint8_t *room);
/** Template data of forge_file(). */
struct bytes forge_file_data(const char *path, uint8_t *room, size_t size);

void forge_record(struct forge *f, enum forge_step step, uint32_t pcr, const char *template,
        struct bytes data);
/** A violation record: zero digest, extends ones. */
void forge_violation(struct forge *f, enum forge_step step, uint32_t pcr, const char *template,
        struct bytes data);
/** An ima-ng record of a file whose content is its path. */
void forge_file(struct forge *f, enum forge_step step, uint32_t pcr, const char *path);
/** An ima-ng record with this algorithm and digest. */
void forge_file_digest(struct forge *f, uint32_t pcr, const char *prefix, struct bytes digest,
        const char *path);
/** boot_aggregate over the registers as they are now. */
void forge_aggregate(struct forge *f, enum digest_alg alg, unsigned int last_pcr);

/** boot, boot_aggregate and the five files of FORGE_FILES. */
void forge_honest(struct forge *f);

#define FORGE_FILE_COUNT 5
extern const char *const forge_files[FORGE_FILE_COUNT];

/** Fill quote with what the TPM says now: mask in every bank of banks. */
void forge_ask(struct forge *f, uint32_t banks, uint32_t mask);
/** The digest over quote.bank of the registers as they are now. */
void forge_quote_digest(struct forge *f);
/** Write and sign quote into attest and signature. */
void forge_sign(struct forge *f);
/** Sign attest as it is, whatever it is. */
void forge_sign_attest(struct forge *f);

/** The list, in chunks of a few bytes. */
struct source forge_list_source(struct forge *f);

/** A folder for a test's files. */
struct forge_dir {
    char path[128];
};

void forge_dir_make(struct forge_dir *d);
/** Remove it with the files in it. */
void forge_dir_remove(const struct forge_dir *d);
/** Write a file into it; returns its path in a static buffer. */
const char *forge_dir_write(const struct forge_dir *d, const char *name, struct bytes content);
