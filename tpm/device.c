/* SPDX-License-Identifier: BSD-3-Clause */
#include "tpm/device.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <tss2/tss2_mu.h>
#include <tss2/tss2_tctildr.h>

#include "tpm/device_internal.h"

/* TPM2_PCR_Read gives at most eight values; 24 PCRs of five banks, some of them left out. */
#define READS_MAX 64
/* How often to start again when PCRs were extended while they were read. */
#define READ_TRIES 5
/* TPM2B_DATA of a TPM whose largest hash is SHA-256 holds 34 bytes. */
#define QUALIFYING_MAX 32

/* How long to wait for another program to let go of a TPM that serves one at a time. */
#define BUSY_WAIT_MS 3000
#define BUSY_STEP_MS 20
#define OPEN_TRIES   3

/* /dev/tpm0 serves one program at a time, and most of them are quick. */
static int open_node(const char *path)
{
    static const struct timespec step = { 0, BUSY_STEP_MS * 1000000L };
    int fd = open(path, O_RDWR | O_CLOEXEC);

    for (int waited = 0; fd < 0 && errno == EBUSY && waited < BUSY_WAIT_MS;
            waited += BUSY_STEP_MS) {
        (void)nanosleep(&step, NULL);
        fd = open(path, O_RDWR | O_CLOEXEC);
    }
    return fd;
}

/* The TSS reports all of these as "input/output error". */
static bool check_node(const char *path, struct error *err)
{
    int fd = open_node(path);

    if (fd >= 0) {
        (void)close(fd);
        return true;
    }
    switch (errno) {
    case ENOENT:
    case ENODEV:
    case ENXIO:
        return error_set(err, ERROR_TPM,
                "%s: no such TPM: is it enabled in the firmware set-up (TPM, fTPM or PTT), and is it "
                "a TPM 2.0?",
                path);
    case EACCES:
    case EPERM:
        return error_set(err, ERROR_TPM,
                "%s: no permission: run as root or as a member of its group (tss)", path);
    case EBUSY:
        return error_set(err, ERROR_TPM,
                "%s: another program has had the TPM open for %d seconds: use /dev/tpmrm0, which many "
                "can share, or stop that program",
                path, BUSY_WAIT_MS / 1000);
    default:
        return error_set(err, ERROR_TPM, "%s: %s", path, strerror(errno));
    }
}

static bool check_name(const char *tcti, struct error *err)
{
    static const char device[] = "device:";

    if (tcti == NULL || tcti[strspn(tcti, " \t")] == '\0' || *tcti == ':') {
        return error_set(err, ERROR_CONFIG,
                "no TPM is named: set tcti, for example to device:/dev/tpmrm0");
    }
    if (strncmp(tcti, device, strlen(device)) == 0 && tcti[strlen(device)] != '\0') {
        return check_node(tcti + strlen(device), err);
    }
    return true;
}

static bool open_failed(struct tpm_device *dev, TSS2_RC rc, const char *what, const char *tcti,
        struct error *err)
{
    char name[128];

    return device_failed(dev, rc, what, err) ||
            error_wrap(err, "TPM %s", bytes_print(name, sizeof(name), bytes_of_text(tcti)));
}

/* Between our look at the node and the TSS's another program may have opened it again. */
static bool open_tcti(struct tpm_device *dev, const char *tcti, struct error *err)
{
    TSS2_RC rc = TSS2_TCTI_RC_IO_ERROR;

    for (int i = 0; i < OPEN_TRIES && rc == TSS2_TCTI_RC_IO_ERROR; i++) {
        if (!check_name(tcti, err)) {
            return false;
        }
        rc = Tss2_TctiLdr_Initialize(tcti, &dev->tcti);
    }
    return rc == TSS2_RC_SUCCESS || open_failed(dev, rc, "cannot reach it", tcti, err);
}

bool tpm_device_open(struct tpm_device *out, const char *tcti, struct error *err)
{
    struct tpm_device dev CLEANUP(tpm_device_clear) = { 0 };

    /* Read by the TSS when it logs for the first time. */
    (void)setenv("TSS2_LOG", "all+none", 0);
    if (!open_tcti(&dev, tcti, err)) {
        return false;
    }
    TSS2_RC rc = Esys_Initialize(&dev.esys, dev.tcti, NULL);

    if (rc != TSS2_RC_SUCCESS) {
        return open_failed(&dev, rc, "cannot talk to it", tcti, err);
    }
    *out = dev;
    dev = (struct tpm_device){ 0 };
    return true;
}

void tpm_device_clear(struct tpm_device *dev)
{
    if (dev->esys != NULL) {
        Esys_Finalize(&dev->esys);
    }
    if (dev->tcti != NULL) {
        Tss2_TctiLdr_Finalize(&dev->tcti);
    }
    *dev = (struct tpm_device){ 0 };
}

bool device_capability(struct tpm_device *dev, TPM2_CAP capability, uint32_t property,
        uint32_t count, TPMS_CAPABILITY_DATA **out, struct error *err)
{
    TPMI_YES_NO more;
    TSS2_RC rc = Esys_GetCapability(dev->esys, ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE, capability,
            property, count, &more, out);

    return rc == TSS2_RC_SUCCESS || device_failed(dev, rc, "cannot ask what the TPM has", err);
}

static uint32_t mask_of(const TPMS_PCR_SELECTION *s)
{
    uint32_t mask = 0;

    for (size_t i = 0; i < PCR_COUNT / 8 && i < s->sizeofSelect; i++) {
        mask |= (uint32_t)s->pcrSelect[i] << 8 * i;
    }
    return mask;
}

static TPMS_PCR_SELECTION selection_of(enum digest_alg alg, uint32_t mask)
{
    TPMS_PCR_SELECTION s = { .hash = digest_tpm_id(alg), .sizeofSelect = PCR_COUNT / 8 };

    for (size_t i = 0; i < PCR_COUNT / 8; i++) {
        s.pcrSelect[i] = (BYTE)(mask >> 8 * i);
    }
    return s;
}

bool tpm_device_banks(struct tpm_device *dev, struct pcr_selection *out, struct error *err)
{
    TPMS_CAPABILITY_DATA *cap CLEANUP(device_free) = NULL;
    struct pcr_selection banks = { 0 };

    if (!device_capability(dev, TPM2_CAP_PCRS, 0, 1, &cap, err)) {
        return false;
    }
    const TPML_PCR_SELECTION *list = &cap->data.assignedPCR;

    for (uint32_t i = 0; i < list->count; i++) {
        uint32_t mask = mask_of(&list->pcrSelections[i]);
        enum digest_alg alg;

        /* TPMs list the banks they could have; an allocated one has PCRs. */
        if (mask != 0 && digest_from_tpm_id(list->pcrSelections[i].hash, &alg) &&
                pcr_selection_mask(&banks, alg) == 0) {
            banks.bank[banks.count++] = (struct pcr_selection_bank){ .alg = alg, .mask = mask };
        }
    }
    *out = banks;
    return true;
}

bool tpm_device_quote(struct tpm_device *dev, const struct tpm_key *key, struct bytes qualifying,
        const struct pcr_selection *selection, struct tpm_blob *attest, struct tpm_blob *signature,
        struct error *err)
{
    TPM2B_ATTEST *quoted CLEANUP(device_free) = NULL;
    TPMT_SIGNATURE *sig CLEANUP(device_free) = NULL;
    TPMT_SIG_SCHEME scheme = { .scheme = TPM2_ALG_NULL }; /* the key's own */
    TPML_PCR_SELECTION pcrs = { .count = (UINT32)selection->count };
    TPM2B_DATA data = { .size = (UINT16)qualifying.len };
    TSS2_RC rc;

    if (qualifying.len > QUALIFYING_MAX) {
        return error_set(err, ERROR_LIMIT, "qualifying data of %zu bytes, at most %d",
                qualifying.len, QUALIFYING_MAX);
    }
    memcpy(data.buffer, qualifying.ptr, qualifying.len);
    for (size_t i = 0; i < selection->count; i++) {
        pcrs.pcrSelections[i] = selection_of(selection->bank[i].alg, selection->bank[i].mask);
    }
    rc = Esys_Quote(dev->esys, key->handle, ESYS_TR_PASSWORD, ESYS_TR_NONE, ESYS_TR_NONE, &data,
            &scheme, &pcrs, &quoted, &sig);
    if (rc != TSS2_RC_SUCCESS) {
        return device_failed(dev, rc, "cannot quote", err);
    }
    signature->len = 0;
    rc = Tss2_MU_TPMT_SIGNATURE_Marshal(sig, signature->data, sizeof(signature->data),
            &signature->len);
    if (rc != TSS2_RC_SUCCESS) {
        return device_failed(dev, rc, "cannot encode the signature", err);
    }
    if (quoted->size > sizeof(attest->data)) {
        return error_set(err, ERROR_LIMIT, "a quote of %u bytes", quoted->size);
    }
    memcpy(attest->data, quoted->attestationData, quoted->size);
    attest->len = quoted->size;
    return true;
}

/* One TPM2_PCR_Read of what is left of a bank's mask. Clears what was read; clears all when the TPM
 * has none of the rest. */
static bool read_some(struct tpm_device *dev, enum digest_alg alg, uint32_t *mask,
        struct pcr_values *out, uint32_t *counter, struct error *err)
{
    TPML_PCR_SELECTION want = { .count = 1, .pcrSelections = { selection_of(alg, *mask) } };
    TPML_PCR_SELECTION *got CLEANUP(device_free) = NULL;
    TPML_DIGEST *values CLEANUP(device_free) = NULL;
    uint32_t value = 0;
    uint32_t got_mask;
    TSS2_RC rc = Esys_PCR_Read(dev->esys, ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE, &want, counter,
            &got, &values);

    if (rc != TSS2_RC_SUCCESS) {
        return device_failed(dev, rc, "cannot read PCRs", err);
    }
    got_mask = got->count == 1 ? mask_of(&got->pcrSelections[0]) & *mask : 0;
    for (unsigned int pcr = 0; pcr < PCR_COUNT && value < values->count; pcr++) {
        if ((got_mask & 1u << pcr) == 0) {
            continue;
        }
        if (values->digests[value].size != digest_size(alg)) {
            return error_set(err, ERROR_TPM, "PCR %u of bank %s has %u bytes", pcr,
                    digest_name(alg), values->digests[value].size);
        }
        pcr_values_set(out, alg, pcr, values->digests[value].buffer);
        value++;
    }
    *mask = value > 0 ? *mask & ~got_mask : 0;
    return true;
}

/* *out_still: nothing was extended between the first read and the last. */
static bool read_all(struct tpm_device *dev, const struct pcr_selection *s, struct pcr_values *out,
        bool *out_still, struct error *err)
{
    uint32_t first = 0;
    size_t reads = 0;
    bool still = true;

    for (size_t i = 0; i < s->count; i++) {
        uint32_t mask = s->bank[i].mask & PCR_ALL;

        while (mask != 0 && reads < READS_MAX) {
            uint32_t counter;

            if (!read_some(dev, s->bank[i].alg, &mask, out, &counter, err)) {
                return false;
            }
            still = still && (reads == 0 || counter == first);
            first = reads == 0 ? counter : first;
            reads++;
        }
    }
    *out_still = still;
    return true;
}

bool tpm_device_pcrs(struct tpm_device *dev, const struct pcr_selection *selection,
        struct pcr_values *out, struct error *err)
{
    bool still = false;

    for (int i = 0; i < READ_TRIES && !still; i++) {
        *out = (struct pcr_values){ 0 };
        if (!read_all(dev, selection, out, &still, err)) {
            return false;
        }
    }
    return true;
}
