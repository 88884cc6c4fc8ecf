/* SPDX-License-Identifier: BSD-3-Clause */
#include "agent/evidence.h"

#include <string.h>

bool evidence_encode(const struct attester_proof *proof,
        const struct message_log log[LOG_KIND_COUNT], uint8_t *dst, size_t size, struct bytes *out,
        struct error *err)
{
    struct message_evidence m = {
        .quote = tpm_blob_view(&proof->attest),
        .signature = tpm_blob_view(&proof->signature),
        .ak_public = tpm_blob_view(&proof->ak_public),
        .ek_public = tpm_blob_view(&proof->ek_public),
        .hints = proof->hints,
        .agent_version = bytes_of_text("tally-agent " TALLY_VERSION),
    };

    memcpy(m.log, log, sizeof(m.log));
    return message_evidence_encode(&m, dst, size, out, err);
}
