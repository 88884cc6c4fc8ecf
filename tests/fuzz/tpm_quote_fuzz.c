/* SPDX-License-Identifier: BSD-3-Clause */
/* Input: a TPMS_ATTEST. Must never crash or read outside it. */
#include "tpm/quote.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct bytes nonce = { (const uint8_t *)"0123456789abcdef", 16 };
    struct pcr_selection s;
    struct tpm_attest a;
    struct error err = { 0 };

    if (!tpm_attest_read((struct bytes){ data, size }, &a, &err)) {
        return 0;
    }
    (void)!tpm_check_magic(&a, &err);
    (void)!tpm_check_type(&a, &err);
    (void)!tpm_check_nonce(&a, nonce, &err);
    (void)!tpm_check_signer(&a, nonce, &err);
    (void)!tpm_check_pcr_digest(&a, nonce, &err);
    if (tpm_selection_read(&a.selection, &s, &err) && !tpm_check_selection(&s, &s, &err)) {
        __builtin_trap(); /* a selection that is not itself */
    }
    return 0;
}
