/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "common/attributes.h"
#include "common/bytes.h"
#include "common/digest.h"
#include "common/error.h"
#include "protocol/binding.h"
#include "protocol/message.h"
#include "tpm/ak.h"
#include "verifier/appraise.h"
#include "verifier/verdict.h"

/** Whose evidence it has to be. All zero: whoever signs it (first use, inspect). */
struct identity {
    struct tpm_ak ak;     /* the enrolled key; its key is NULL when it is not given */
    struct tpm_name name; /* its Name, when that is all that is given */
};

/**
 * Read an enrolled key: TPM2B_PUBLIC or PEM.
 *
 * @param scheme  as tpm_scheme_from_text(); NULL: by the type of the key
 * @param err     ERROR_IO, or what is wrong with the file: the operator's fault
 */
MUST_USE bool identity_read(const char *path, const char *scheme, struct hasher *h,
        struct identity *out, struct error *err);

/** The Name that is enrolled; empty when it is not known (a PEM key, first use). */
struct bytes identity_name(const struct identity *who);

/** Free the key; fits CLEANUP(). */
void identity_clear(struct identity *who);

/** What an evidence message brings into an appraisal. Must not be moved. */
struct evidence_input {
    struct tpm_ak sent; /* the key in the evidence */
    struct tpm_name qualified_signer;
    uint8_t nonce[BINDING_SIZE];
    struct appraise_input in; /* points into the above, the message and the identity */
};

/**
 * Prepare quote, key, nonce and hints of in, and judge CHECK_AK_IDENTITY. The logs stay to be done.
 *
 * @param who        must outlive out
 * @param challenge  that the evidence was asked for with; empty: not known
 * @param v          what was sent and is wrong refuses here
 * @param err        ours
 */
MUST_USE bool evidence_input_init(struct evidence_input *out, const struct message_evidence *e,
        struct identity *who, struct bytes challenge, struct hasher *h, struct verdict *v,
        struct error *err);

/** Where the evidence has an EK: what the quote's signer has to be. After evidence_input_init(),
 * whatever that refused. */
MUST_USE bool evidence_input_signer(struct evidence_input *out, const struct message_evidence *e,
        struct hasher *h, struct verdict *v, struct error *err);

/** Free the key that was sent; fits CLEANUP(). */
void evidence_input_clear(struct evidence_input *e);

/** The EK's, of an AK under it; both as TPM2B_PUBLIC. */
MUST_USE bool evidence_qualified_name(struct hasher *h, struct bytes ek, struct bytes ak,
        struct tpm_name *out, struct error *err);

/** What was sent and cannot be read refuses in v; a fault of ours is returned. */
MUST_USE bool evidence_refuse_garbage(struct verdict *v, const struct error *why,
        struct error *err);

/** Show the Name of the key in v, if it is known. */
void evidence_show_name(struct verdict *v, const struct tpm_ak *ak);

/** Where no key is there to judge with: are the logs of in such that v refuses all the same? The
 * list is read once. */
bool evidence_logs_are_malformed(const struct appraise_input *in, struct hasher *h,
        struct verdict *v);

/** Is v refused by a check that needs no log? */
bool evidence_quote_is_refused(const struct verdict *v);

/** Is v refused by any check? */
bool evidence_is_refused(const struct verdict *v);

/**
 * For a log or a policy that could not be read: is the evidence refused all the same, by what was
 * read of it? Then v is that verdict; else v says nothing.
 */
bool evidence_judge_quote(const struct appraise_input *in, const struct policy *policy,
        struct hasher *h, struct verdict *v);
