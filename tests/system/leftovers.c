/* SPDX-License-Identifier: BSD-3-Clause */
/* What a killed agent leaves in a TPM: leftovers TCTI keys|sessions COUNT. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tpm/device_internal.h"

static bool leave_key(struct tpm_device *dev)
{
    TPM2B_SENSITIVE_CREATE sensitive = { 0 };
    TPML_PCR_SELECTION no_pcrs = { 0 };
    TPM2B_DATA no_data = { 0 };
    ESYS_TR handle;

    return Esys_CreatePrimary(dev->esys, ESYS_TR_RH_ENDORSEMENT, ESYS_TR_PASSWORD, ESYS_TR_NONE,
                   ESYS_TR_NONE, &sensitive, &device_ecc.ek, &no_data, &no_pcrs, &handle, NULL,
                   NULL, NULL, NULL) == TSS2_RC_SUCCESS;
}

static bool leave_session(struct tpm_device *dev)
{
    TPMT_SYM_DEF no_encryption = { .algorithm = TPM2_ALG_NULL };
    ESYS_TR handle;

    return Esys_StartAuthSession(dev->esys, ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE,
                   ESYS_TR_NONE, NULL, TPM2_SE_POLICY, &no_encryption, TPM2_ALG_SHA256,
                   &handle) == TSS2_RC_SUCCESS;
}

int main(int argc, char *argv[])
{
    struct tpm_device dev CLEANUP(tpm_device_clear) = { 0 };
    struct error err = { 0 };

    if (argc != 4 || !tpm_device_open(&dev, argv[1], &err)) {
        fprintf(stderr, "leftovers: %s\n", err.text);
        return EXIT_FAILURE;
    }
    for (int i = 0; i < atoi(argv[3]); i++) {
        if (!(strcmp(argv[2], "keys") == 0 ? leave_key(&dev) : leave_session(&dev))) {
            fprintf(stderr, "leftovers: no room for number %d\n", i);
            return EXIT_FAILURE;
        }
    }
    return EXIT_SUCCESS;
}
