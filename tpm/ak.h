/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include <openssl/evp.h>

#include "common/attributes.h"
#include "common/bytes.h"
#include "common/digest.h"
#include "common/error.h"
#include "tpm/public.h"
#include "tpm/signature.h"

/** How a key signs. */
struct tpm_scheme {
    uint16_t alg;  /* TPM_ALG_RSASSA, _RSAPSS or _ECDSA; in a public area also what we refuse */
    uint16_t hash; /* TPM_ALG_ID; 0 where the scheme names none */
};

/**
 * An enrolled attestation key, ready to verify with. All zero is a valid, empty one.
 *
 * Not thread-safe: the context is reused from one signature to the next.
 */
struct tpm_ak {
    EVP_PKEY *key;
    EVP_PKEY_CTX *verify; /* set up for scheme; NULL when the scheme is one we refuse */
    struct tpm_scheme scheme;
    bool has_public; /* came from a TPM2B_PUBLIC: the rest is known */
    uint32_t attributes;
    enum digest_alg name_alg;
    struct tpm_name name;
};

/** Free the key; fits CLEANUP(). */
void tpm_ak_clear(struct tpm_ak *ak);

/**
 * Build the key of a TPM2B_PUBLIC.
 *
 * Attributes and scheme are not judged here: tpm_check_attributes(), tpm_check_algorithm().
 *
 * @param out  empty on entry; on success owns the key (tpm_ak_clear)
 * @param err  as tpm_public_read(); ERROR_MALFORMED also for a point that is not on its curve;
 *             ERROR_CRYPTO, ERROR_NOMEM
 */
MUST_USE bool tpm_ak_from_public(struct hasher *h, struct bytes in, struct tpm_ak *out,
        struct error *err);

/**
 * Build the key of the first PEM block: a PUBLIC KEY (SubjectPublicKeyInfo), or a CERTIFICATE,
 * which is taken for its key only and not verified.
 *
 * @param scheme  what a PEM key does not say, or NULL: RSASSA or ECDSA by the type of the key, with
 *                SHA-256
 * @param out  empty on entry; on success owns the key (tpm_ak_clear)
 * @param err  ERROR_MALFORMED, ERROR_UNSUPPORTED, ERROR_LIMIT, ERROR_CRYPTO, ERROR_NOMEM
 */
MUST_USE bool tpm_ak_from_pem(struct hasher *h, struct bytes in, const struct tpm_scheme *scheme,
        struct tpm_ak *out, struct error *err);

/** Either of the two above, whichever in is. A scheme that contradicts a TPM2B_PUBLIC is
 * ERROR_MALFORMED. */
MUST_USE bool tpm_ak_read(struct hasher *h, struct bytes in, const struct tpm_scheme *scheme,
        struct tpm_ak *out, struct error *err);

/**
 * Understand "rsassa|rsapss|ecdsa[:sha256|sha384|sha512]"; SHA-256 where no hash is given.
 *
 * @param err  ERROR_CONFIG
 */
MUST_USE bool tpm_scheme_from_text(const char *text, struct tpm_scheme *out, struct error *err);

/*
 * One check each; see tpm/quote.h. False: why->text says what is wrong; why->code is
 * ERROR_MALFORMED for a verdict, ERROR_CRYPTO or ERROR_NOMEM for a fault of our own.
 */

/** The key lives in one TPM for ever, was made there, signs and signs only what the TPM itself
 * states: only then does the magic of an attest mean anything. Never true of a PEM key, which says
 * none of this: ask has_public first. */
MUST_USE bool tpm_check_attributes(const struct tpm_ak *ak, struct error *why);

/** The key's scheme is one we accept, with SHA-256 or better, and the signature claims the same. */
MUST_USE bool tpm_check_algorithm(const struct tpm_ak *ak, const struct tpm_signature *sig,
        struct error *why);

/** sig is the key's, over exactly these bytes. Includes tpm_check_algorithm(). */
MUST_USE bool tpm_check_signature(struct tpm_ak *ak, struct hasher *h, struct bytes attest,
        const struct tpm_signature *sig, struct error *why);
