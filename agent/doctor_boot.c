/* SPDX-License-Identifier: BSD-3-Clause */
/* The firmware's event log: is it there, and does it explain the PCRs? */
#include <errno.h>
#include <string.h>

#include "agent/doctor_internal.h"
#include "eventlog/event.h"
#include "eventlog/replay.h"
#include "host/file.h"

/* GRUB: its commands and command lines (tpm.c). */
#define PCR_GRUB 8u

static const char *why_missing =
        "Without it the verifier cannot tell what was booted: only \"boot: absent\" in the policy "
        "accepts this machine, whose boot is then taken as it is.";
static const char *why_wrong =
        "A verifier replays the log as we do here and refuses the machine, whatever the policy says.";

static bool is_reset(const struct doctor *d, enum digest_alg alg, unsigned int pcr)
{
    uint8_t reset[DIGEST_SIZE_MAX];
    struct bytes value;

    pcr_reset_value(pcr, digest_size(alg), reset);
    return !pcr_values_get(&d->pcrs, alg, pcr, &value) ||
            bytes_equal(value, (struct bytes){ reset, digest_size(alg) });
}

/* The bank that counts: SHA-256 if there is one, else the last, which is the strongest. */
static enum digest_alg main_bank(const struct doctor *d)
{
    return pcr_selection_mask(&d->banks, DIGEST_SHA256) != 0
            ? DIGEST_SHA256
            : d->banks.bank[d->banks.count - 1].alg;
}

static bool grub_measured(const struct doctor *d)
{
    return d->has_tpm && !is_reset(d, main_bank(d), PCR_GRUB);
}

/* The event log passes from firmware to kernel through the kernel's EFI stub; only that asks for
 * it.
 */
static void report_past_the_stub(struct doctor *d)
{
    struct doctor_check *c = doctor_add(d, "boot-log", DOCTOR_WARNING,
            "no boot log, and %s: with Secure Boot %s, GRUB starts the kernel past its EFI stub, which "
            "is what would have brought the log along",
            grub_measured(d) ? "GRUB has extended PCR 8" : "the firmware has one",
            d->secure_boot == SECURE_BOOT_OFF ? "off" : "not known to be on");

    doctor_advise(c, why_missing,
            "turn on Secure Boot in the firmware set-up, or\n"
            "boot by the EFI stub: a unified kernel image, systemd-boot, or \"linuxefi\" in grub.cfg, "
            "or\n"
            "write \"boot: absent\" into the verifier's policy");
}

static void report_missing(struct doctor *d)
{
    bool firmware_has_log = strstr(d->kernel_log, "TPMFinalLog=") != NULL &&
            strstr(d->kernel_log, "TPMEventLog=") == NULL;

    if (!d->has_tpm) {
        (void)doctor_add(d, "boot-log", DOCTOR_NOT_CHECKED, "no boot log, as there is no TPM");
    } else if (!machine_exists(d->root, "/sys/kernel/security/lsm")) {
        doctor_advise(
                doctor_add(d, "boot-log", DOCTOR_WARNING, "no boot log: securityfs is not mounted"),
                why_missing, "mount -t securityfs securityfs /sys/kernel/security");
    } else if (d->efi && d->secure_boot != SECURE_BOOT_ON &&
            (grub_measured(d) || firmware_has_log)) {
        report_past_the_stub(d);
    } else if (!d->efi) {
        doctor_advise(
                doctor_add(d, "boot-log", DOCTOR_WARNING,
                        "no boot log: this machine did not boot by UEFI, and its firmware hands "
                        "none over in its ACPI tables"),
                why_missing,
                "switch the firmware from legacy boot (CSM) to UEFI, or\n"
                "write \"boot: absent\" into the verifier's policy");
    } else {
        doctor_advise(doctor_add(d, "boot-log", DOCTOR_WARNING,
                              "no boot log: neither firmware nor boot loader handed one over"),
                why_missing,
                "dmesg | grep -i -e tpm -e 'efi:'\n"
                "update the firmware, or write \"boot: absent\" into the verifier's policy");
    }
}

/* Registers of the boot chain whose value the log does not give. */
static struct pcr_selection differences(const struct doctor *d,
        const struct eventlog_replay *replay)
{
    struct pcr_selection differ = { 0 };

    for (size_t i = 0; i < d->banks.count; i++) {
        enum digest_alg alg = d->banks.bank[i].alg;
        uint32_t mask = 0;

        for (unsigned int pcr = 0; pcr < PCR_COUNT; pcr++) {
            struct bytes here;
            struct bytes logged;

            if ((PCR_MASK_BOOT >> pcr & 1) != 0 && pcr_values_get(&d->pcrs, alg, pcr, &here) &&
                    pcr_values_get(&replay->values, alg, pcr, &logged) &&
                    !bytes_equal(here, logged)) {
                mask |= 1u << pcr;
            }
        }
        if (mask != 0) {
            differ.bank[differ.count++] = (struct pcr_selection_bank){ alg, mask };
        }
    }
    return differ;
}

static void report_differences(struct doctor *d, const struct eventlog_replay *replay,
        const struct pcr_selection *differ)
{
    enum digest_alg bank = main_bank(d);
    uint32_t mask = pcr_selection_mask(differ, bank);
    bool unlogged = mask != 0 && (mask & replay->extended[bank]) == 0;
    char text[128];
    struct doctor_check *c =
            doctor_add(d, "boot-replay", mask != 0 ? DOCTOR_PROBLEM : DOCTOR_WARNING,
                    "PCRs that are not what the log says: %s%s",
                    pcr_selection_print(text, sizeof(text), differ),
                    unlogged ? "; the log has no event for any of them" : "");

    if (unlogged) {
        doctor_advise(c, why_wrong,
                "something after the firmware measures and does not log it: often GRUB without Secure "
                "Boot\n"
                "turn on Secure Boot, or boot by the EFI stub (a unified kernel image), and reboot");
    } else {
        doctor_advise(c, why_wrong,
                "reboot, and run the doctor again before anything else uses the TPM\n"
                "if it stays: update the firmware, or quote another bank (\"banks:\" in the policy)");
    }
}

/* Firmware may log a bank that it does not extend, or leave a bank to whoever comes first. */
static void check_firmware_extended(struct doctor *d)
{
    enum digest_alg bank = main_bank(d);
    struct pcr_selection idle = { 0 };
    uint32_t mask = 0;
    char text[128];

    for (unsigned int pcr = 0; pcr < PCR_COUNT; pcr++) {
        if ((PCR_MASK_FIRMWARE >> pcr & 1) != 0 && is_reset(d, bank, pcr)) {
            mask |= 1u << pcr;
        }
    }
    if (mask == 0) {
        return;
    }
    idle.bank[idle.count++] = (struct pcr_selection_bank){ bank, mask };
    doctor_advise(doctor_add(d, "boot-pcrs", DOCTOR_PROBLEM,
                          "the firmware has never extended %s since it started",
                          pcr_selection_print(text, sizeof(text), &idle)),
            "Who comes after the firmware could fill such a PCR with any history.",
            mask == PCR_MASK_FIRMWARE
                    ? "tpm2_pcrallocate, for the bank that the firmware uses; or "
                      "update the firmware"
                    : "update the firmware; a policy that does not quote that PCR "
                      "(\"pcrs:\") accepts the machine");
}

static void check_replay(struct doctor *d, struct bytes log)
{
    struct eventlog_replay_options options = { .registers = EVENTLOG_PCR,
        .banks = EVENTLOG_BANKS_ALL };
    struct eventlog_replay replay;
    struct error err = { 0 };

    if (!eventlog_replay(log, &options, &d->hasher, &replay, &err)) {
        doctor_advise(
                doctor_add(d, "boot-log", DOCTOR_PROBLEM, "%s: %s", d->config.boot_log, err.text),
                "The verifier refuses a log that it cannot read.",
                "update the firmware; keep the file for a report: it must be readable by tpm2_eventlog "
                "%s",
                d->config.boot_log);
        return;
    }
    (void)doctor_add(d, "boot-log", DOCTOR_OK, "%zu events", replay.events);
    d->boot = replay.values;
    if (!d->has_tpm) {
        (void)doctor_add(d, "boot-replay", DOCTOR_NOT_CHECKED,
                "the log is not compared, as there are no PCRs to compare it with");
        return;
    }
    struct pcr_selection differ = differences(d, &replay);
    char banks[128];

    if ((replay.banks >> main_bank(d) & 1) == 0) {
        doctor_advise(doctor_add(d, "boot-replay", DOCTOR_PROBLEM,
                              "the log has nothing about bank %s, which the TPM has",
                              digest_name(main_bank(d))),
                why_wrong,
                "tpm2_pcrallocate, for a bank that the firmware logs; or update the firmware");
    } else if (differ.count > 0) {
        report_differences(d, &replay, &differ);
    } else {
        (void)doctor_add(d, "boot-replay", DOCTOR_OK,
                "the log explains PCRs 0-9 and 14 in banks %s",
                doctor_banks(d, banks, sizeof(banks)));
    }
    check_firmware_extended(d);
}

void doctor_boot(struct doctor *d)
{
    struct buffer log CLEANUP(buffer_clear) = { 0 };
    char path[PATH_MAX];
    struct error err = { 0 };
    int why = doctor_open_error(d, d->config.boot_log, path);

    if (why == ENOENT) {
        report_missing(d);
    } else if (why != 0) {
        doctor_report_unreadable(d, "boot-log", d->config.boot_log, why);
    } else if (!file_read(path, EVENTLOG_SIZE_MAX, &log, &err)) {
        doctor_advise(doctor_add(d, "boot-log", DOCTOR_PROBLEM, "%s", err.text), why_wrong,
                "ls -l %s", d->config.boot_log);
    } else if (log.len == 0) {
        doctor_advise(doctor_add(d, "boot-log", DOCTOR_PROBLEM, "%s is empty", d->config.boot_log),
                "The verifier takes an empty log for a broken one.",
                "update the firmware, or set boot-log in [logs] to a file that does not exist,\n"
                "and write \"boot: absent\" into the verifier's policy");
    } else {
        d->has_boot_log = true;
        check_replay(d, buffer_view(&log));
    }
}
