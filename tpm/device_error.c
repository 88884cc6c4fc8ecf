/* SPDX-License-Identifier: BSD-3-Clause */
#include <inttypes.h>

#include <tss2/tss2_rc.h>

#include "tpm/device_internal.h"

/* What an operator can do about it. The codes are TPM 2.0 Part 2, 6.6. */
static const struct {
    TSS2_RC rc;
    const char *words;
} meanings[] = {
    { TPM2_RC_INITIALIZE,
            "the TPM has not been started (TPM2_Startup), which is the firmware's task: reset the "
            "machine; a software TPM needs its start-up flag" },
    { TPM2_RC_FAILURE,
            "the TPM is in failure mode and accepts no commands: power the machine off and on; if it "
            "stays so, the TPM is broken" },
    { TPM2_RC_DISABLED, "the TPM has this command disabled: see the firmware set-up" },
    { TPM2_RC_UPGRADE, "the TPM is in the middle of a firmware upgrade: finish it first" },
    { TPM2_RC_REBOOT, "the TPM wants a reset of the machine before it goes on" },
    { TPM2_RC_COMMAND_CODE, "the TPM does not know this command: it is no complete TPM 2.0" },
    { TPM2_RC_BAD_AUTH, "wrong authorization: there is a password, and it is not ours" },
    { TPM2_RC_AUTH_FAIL, "wrong authorization: there is a password, and it is not ours" },
    { TPM2_RC_HIERARCHY, "the hierarchy is disabled: enable it in the firmware set-up" },
    { TPM2_RC_NV_SPACE,
            "no room for another persistent object: remove one that is not needed "
            "(tpm2_getcap handles-persistent, tpm2_evictcontrol)" },
    { TPM2_RC_OBJECT_MEMORY,
            "other programs' objects fill the TPM: go through its resource manager "
            "(tcti = device:/dev/tpmrm0), or flush them (tpm2_flushcontext --transient-object)" },
    { TPM2_RC_OBJECT_HANDLES, "the TPM is out of handles: reset the machine" },
    { TPM2_RC_SESSION_MEMORY,
            "other programs' sessions fill the TPM: go through its resource manager "
            "(tcti = device:/dev/tpmrm0), or flush them (tpm2_flushcontext --loaded-session)" },
    { TPM2_RC_SESSION_HANDLES,
            "other programs' saved sessions use up the TPM's handles: flush them "
            "(tpm2_flushcontext --saved-session)" },
    { TPM2_RC_MEMORY, "the TPM is out of memory: reset the machine" },
    { TPM2_RC_LOCKOUT,
            "the TPM is locked because of failed authorizations: wait until it recovers "
            "(tpm2_getcap properties-variable), or clear it (tpm2_dictionarylockout --clear-lockout)" },
    { TPM2_RC_RETRY, "the TPM is busy: try again" },
    { TPM2_RC_TESTING, "the TPM is testing itself: try again in a few seconds" },
    { TPM2_RC_YIELDED, "the TPM is busy: try again" },
    { TPM2_RC_CANCELED, "the command was cancelled: try again" },
    { TPM2_RC_NV_RATE, "the TPM slows down writing to its memory: try again in a minute" },
    { TPM2_RC_NV_UNAVAILABLE, "the TPM cannot write to its memory now: try again in a minute" },
    { TSS2_TCTI_RC_IO_ERROR,
            "the connection to the TPM failed: is it there, and is nobody else using it?" },
    { TSS2_TCTI_RC_NO_CONNECTION, "no connection to the TPM: is it there?" },
    { TSS2_TCTI_RC_NOT_SUPPORTED,
            "tpm2-tss knows no interface of this name: is its package (libtss2-tcti-...) installed?" },
    { TSS2_TCTI_RC_TRY_AGAIN, "the TPM did not answer in time: try again" },
};

TSS2_RC device_rc(TSS2_RC rc)
{
    TSS2_RC layer = rc & TSS2_RC_LAYER_MASK;

    if (layer != TSS2_TPM_RC_LAYER && layer != TSS2_RESMGR_TPM_RC_LAYER) {
        return rc;
    }
    rc &= ~TSS2_RC_LAYER_MASK;
    /* Format one: bit 7; the error is in bits 0 to 5, the rest says which argument. */
    return (rc & TPM2_RC_FMT1) != 0 ? rc & (TPM2_RC_FMT1 | 0x3f) : rc;
}

bool device_failed(struct tpm_device *dev, TSS2_RC rc, const char *what, struct error *err)
{
    TSS2_RC base = device_rc(rc);

    dev->failed = rc;
    for (size_t i = 0; i < ARRAY_LEN(meanings); i++) {
        if (meanings[i].rc == base) {
            return error_set(err, ERROR_TPM, "%s: %s (0x%" PRIx32 ")", what, meanings[i].words, rc);
        }
    }
    return error_set(err, ERROR_TPM, "%s: %s (0x%" PRIx32 ")", what, Tss2_RC_Decode(rc), rc);
}
