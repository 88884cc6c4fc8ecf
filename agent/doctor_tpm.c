/* SPDX-License-Identifier: BSD-3-Clause */
/* The TPM: is it there, may we use it, which banks and which key does it have? */
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agent/doctor_internal.h"
#include "tpm/device.h"

static const char device_prefix[] = "device:";

static const char *why_tpm =
        "Without a TPM nothing this machine says about itself can be believed.";

/* The TPM's node under the root directory; NULL when the TPM is reached by other means. */
static const char *device_node(const struct doctor *d, char full[PATH_MAX])
{
    const char *tcti = d->config.tcti;

    if (strncmp(tcti, device_prefix, strlen(device_prefix)) != 0 ||
            tcti[strlen(device_prefix)] != '/' ||
            !machine_path(d->root, tcti + strlen(device_prefix), full)) {
        return NULL;
    }
    return full;
}

static void report_missing(struct doctor *d, const char *node)
{
    char version[8];

    if (machine_read_text(d->root, "/sys/class/tpm/tpm0/tpm_version_major", version,
                sizeof(version)) &&
            strcmp(version, "1") == 0) {
        doctor_advise(doctor_add(d, "tpm", DOCTOR_PROBLEM, "the TPM is a TPM 1.2"), why_tpm,
                "switch it to TPM 2.0 in the firmware set-up, where that can be done");
    } else if (machine_exists(d->root, "/sys/class/tpm/tpm0")) {
        doctor_advise(doctor_add(d, "tpm", DOCTOR_PROBLEM,
                              "the kernel has a TPM, and %s does not exist", node),
                why_tpm,
                "ls -l /dev/tpm*\nudevadm trigger /sys/class/tpm/tpm0\n"
                "or set tcti in [tpm] to what is there");
    } else {
        doctor_advise(doctor_add(d, "tpm", DOCTOR_PROBLEM, "the kernel has found no TPM"), why_tpm,
                "switch it on in the firmware set-up: TPM 2.0, fTPM (AMD) or PTT (Intel)\n"
                "a virtual machine gets one from its host: libvirt <tpm model='tpm-crb'>");
    }
}

static void report_forbidden(struct doctor *d, const char *node)
{
    struct stat st = { 0 };
    const struct group *g = stat(node, &st) == 0 && st.st_gid != 0 ? getgrgid(st.st_gid) : NULL;

    if (g == NULL) {
        doctor_advise(doctor_add(d, "tpm", DOCTOR_PROBLEM,
                              "%s may not open %s: it is for root alone", d->user, node),
                why_tpm,
                "apt install tpm-udev     gives it to group tss\n"
                "udevadm trigger /sys/class/tpm/tpm0");
        return;
    }
    doctor_advise(doctor_add(d, "tpm", DOCTOR_PROBLEM, "%s may not open %s: it is for group %s",
                          d->user, node, g->gr_name),
            why_tpm, "usermod -aG %s %s\nand log in again, or restart the agent", g->gr_name,
            d->user);
}

/* False: it was reported, and there is no use in asking the TPM anything. */
static bool check_node(struct doctor *d)
{
    char full[PATH_MAX];
    const char *node = device_node(d, full);
    int fd;

    if (node == NULL) {
        return true;
    }
    fd = open(node, O_RDWR | O_CLOEXEC | O_NONBLOCK);
    if (fd >= 0) {
        (void)close(fd);
        return true;
    }
    switch (errno) {
    case ENOENT:
    case ENODEV:
    case ENXIO:
        report_missing(d, node);
        return false;
    case EACCES:
    case EPERM:
        report_forbidden(d, node);
        return false;
    case EBUSY:
        doctor_advise(doctor_add(d, "tpm", DOCTOR_PROBLEM, "another program has %s open", node),
                "The agent needs the TPM for every challenge.",
                "fuser -v %s\nor let both share it: tcti = device:/dev/tpmrm0 in [tpm]", node);
        return false;
    default:
        doctor_advise(doctor_add(d, "tpm", DOCTOR_PROBLEM, "%s: %s", node, strerror(errno)),
                why_tpm, "dmesg | grep -i tpm");
        return false;
    }
}

static bool is_simulator(const char *tcti)
{
    return strncmp(tcti, "swtpm", 5) == 0 || strncmp(tcti, "mssim", 5) == 0;
}

static void report_found(struct doctor *d, const struct tpm_info *info)
{
    char vendor[sizeof(info->vendor)];
    size_t len = strlen(info->vendor);

    memcpy(vendor, info->vendor, sizeof(vendor));
    while (len > 0 && isspace((unsigned char)vendor[len - 1])) {
        vendor[--len] = '\0';
    }
    struct doctor_check *c =
            doctor_add(d, "tpm", DOCTOR_OK, "%s answers: maker %s, firmware %" PRIx32 ".%" PRIx32,
                    d->config.tcti, vendor, info->firmware[0], info->firmware[1]);

    if (is_simulator(d->config.tcti)) {
        c->outcome = DOCTOR_WARNING;
        doctor_advise(c,
                "This is a software TPM: whoever owns the machine can make it say anything. It is for "
                "tests.",
                "on a real machine: tcti = device:/dev/tpmrm0 in [tpm]");
    }
    if (info->locked_out) {
        doctor_advise(doctor_add(d, "tpm-lockout", DOCTOR_WARNING,
                              "the TPM is locked after failed authorizations"),
                "Until it recovers it refuses keys that are guarded against guessing.",
                "tpm2_getcap properties-variable\ntpm2_dictionarylockout --clear-lockout");
    }
}

static void check_key(struct doctor *d, struct tpm_device *dev, const struct tpm_info *info)
{
    struct tpm_key key;
    struct error err = { 0 };
    char name[2 * sizeof(key.name.data) + 1];
    bool found = false;

    if (!tpm_device_key_find(dev, &d->hasher, d->config.ak_handle, &key, &found, &err)) {
        doctor_advise(doctor_add(d, "attestation-key", DOCTOR_PROBLEM, "%s", err.text),
                "The agent takes what is at ak-handle and never replaces it.",
                "tpm2_readpublic -c 0x%08" PRIx32 "\n"
                "and set another ak-handle in [tpm], or remove that object:\n"
                "tpm2_evictcontrol -c 0x%08" PRIx32,
                d->config.ak_handle, d->config.ak_handle);
    } else if (found) {
        (void)doctor_add(d, "attestation-key", DOCTOR_OK, "0x%08" PRIx32 ": --ak-name %s",
                d->config.ak_handle, bytes_hex(name, sizeof(name), tpm_name_view(&key.name)));
    } else if (info->owner_password || info->endorsement_password) {
        doctor_advise(doctor_add(d, "attestation-key", DOCTOR_PROBLEM,
                              "nothing is at 0x%08" PRIx32 ", and the %s hierarchy has a password",
                              d->config.ak_handle,
                              info->endorsement_password ? "endorsement" : "owner"),
                "The agent creates its key at the first challenge, and knows no passwords.",
                "tpm2_changeauth -c %s -p PASSWORD",
                info->endorsement_password ? "endorsement" : "owner");
    } else {
        (void)doctor_add(d, "attestation-key", DOCTOR_OK,
                "nothing is at 0x%08" PRIx32 " yet: the first challenge creates the key",
                d->config.ak_handle);
    }
}

static void check_banks(struct doctor *d)
{
    static const enum digest_alg strong[] = { DIGEST_SHA256, DIGEST_SHA384, DIGEST_SHA512 };
    static const char why[] = "Policies want a bank of SHA-256 or better; SHA-1 can be forged.";
    char banks[128];

    (void)doctor_banks(d, banks, sizeof(banks));
    for (size_t i = 0; i < ARRAY_LEN(strong); i++) {
        if (pcr_selection_mask(&d->banks, strong[i]) == 0) {
            continue;
        }
        struct doctor_check *c = doctor_add(d, "banks", i == 0 ? DOCTOR_OK : DOCTOR_WARNING,
                "the TPM has banks %s", banks);

        if (i > 0) {
            doctor_advise(c, why,
                    "tpm2_pcrallocate sha256:all+%s:all, and reboot\n"
                    "or \"banks: [%s]\" under \"quote:\" in the verifier's policy",
                    digest_name(strong[i]), digest_name(strong[i]));
        }
        return;
    }
    doctor_advise(
            doctor_add(d, "banks", DOCTOR_PROBLEM, "the TPM has no bank of SHA-2, only %s", banks),
            why, "tpm2_pcrallocate sha1:none+sha256:all, and reboot");
}

static bool ask_tpm(struct doctor *d)
{
    struct tpm_device dev CLEANUP(tpm_device_clear) = { 0 };
    char full[PATH_MAX];
    char tcti[PATH_MAX + sizeof(device_prefix)];
    const char *node = device_node(d, full);
    struct tpm_info info;
    struct error err = { 0 };

    (void)snprintf(tcti, sizeof(tcti), "%s%s", node != NULL ? device_prefix : "",
            node != NULL ? node : d->config.tcti);
    if (!tpm_device_open(&dev, tcti, &err) || !tpm_device_info(&dev, &info, &err) ||
            !tpm_device_banks(&dev, &d->banks, &err) ||
            !tpm_device_pcrs(&dev, &d->banks, &d->pcrs, &err)) {
        d->banks.count = 0;
        doctor_advise(doctor_add(d, "tpm", DOCTOR_PROBLEM, "%s", err.text), why_tpm,
                "tpm2_getcap properties-fixed -T %s", d->config.tcti);
        return false;
    }
    report_found(d, &info);
    check_banks(d);
    check_key(d, &dev, &info);
    return true;
}

/* The kernel shows the PCRs to everybody, so the logs can be checked without the TPM, too. */
static void read_kernel_pcrs(struct doctor *d)
{
    for (enum digest_alg alg = DIGEST_SHA1; alg < DIGEST_ALG_COUNT; alg++) {
        uint32_t mask = 0;

        for (unsigned int pcr = 0; pcr < PCR_COUNT; pcr++) {
            char path[64];
            char hex[2 * DIGEST_SIZE_MAX + 2];
            uint8_t value[DIGEST_SIZE_MAX];
            size_t len;

            (void)snprintf(path, sizeof(path), "/sys/class/tpm/tpm0/pcr-%s/%u", digest_name(alg),
                    pcr);
            if (machine_read_text(d->root, path, hex, sizeof(hex)) &&
                    bytes_from_hex(bytes_of_text(hex), value, sizeof(value), &len) &&
                    len == digest_size(alg)) {
                pcr_values_set(&d->pcrs, alg, pcr, value);
                mask |= 1u << pcr;
            }
        }
        if (mask != 0) {
            d->banks.bank[d->banks.count++] = (struct pcr_selection_bank){ alg, mask };
        }
    }
}

void doctor_tpm(struct doctor *d)
{
    if (!check_node(d) || !ask_tpm(d)) {
        d->pcrs = (struct pcr_values){ 0 };
        read_kernel_pcrs(d);
    }
    d->has_tpm = d->banks.count > 0;
}
