/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include <stdint.h>

#include "agent/config.h"
#include "agent/doctor.h"
#include "agent/machine.h"
#include "common/digest.h"
#include "common/pcr.h"
#include "host/buffer.h"

/* Shared by the doctor_*.c files: what one topic finds out for the next, and how they report. */

enum doctor_secure_boot {
    SECURE_BOOT_UNKNOWN,
    SECURE_BOOT_OFF,
    SECURE_BOOT_ON,
};

struct doctor {
    const char *config_path;    /* as given; NULL for the usual one */
    const char *root;           /* see agent/machine.h */
    struct agent_config config; /* the defaults where the file is wrong */
    struct hasher hasher;
    char user[64];                       /* who we are; printable ASCII */
    bool reads_all;                      /* we may read every file */
    char release[128];                   /* of the kernel; printable ASCII, "?" when not known */
    struct buffer kernel_config;         /* empty when it cannot be read */
    char command_line[4096];             /* of the kernel; untrusted */
    char kernel_log[1 << 16];            /* what it says of IMA and the event log; untrusted */
    bool efi;                            /* booted by UEFI */
    enum doctor_secure_boot secure_boot; /* what the firmware says */
    bool has_tpm;                        /* its PCRs are known */
    bool has_boot_log;                   /* it is there and readable */
    bool has_list;                       /* IMA's list is there and readable */
    struct pcr_selection banks;          /* of the TPM; none when they are not known */
    struct pcr_values pcrs;              /* read before the logs */
    struct pcr_values boot;              /* by the boot log; known where it could be replayed */
    struct doctor_report *report;
};

/* The topics, in the order they are looked at. */
void doctor_kernel(struct doctor *d);
void doctor_settings(struct doctor *d);
void doctor_listen(struct doctor *d);
void doctor_tpm(struct doctor *d);
void doctor_boot(struct doctor *d);
void doctor_ima(struct doctor *d);

/** @param files    records that only a policy explains
 * @param modules  there are kernel modules among the others */
void doctor_ima_policy(struct doctor *d, uint64_t files, bool modules);

/** Add a result, with what was found. Bytes that are not printable ASCII become \xHH. */
struct doctor_check *doctor_add(struct doctor *d, const char *name, enum doctor_outcome outcome,
        const char *found, ...) PRINTF(4, 5);

/** Say why it matters and what to type next, a line each; so arguments must hold no line ends. */
void doctor_advise(struct doctor_check *c, const char *why, const char *next, ...) PRINTF(3, 4);

/** Names of the TPM's banks, "sha1, sha256"; "none". Returns dst. */
const char *doctor_banks(const struct doctor *d, char *dst, size_t size);

/** The values of a parameter of the kernel's command line, as "ima_policy", with bars between,
 * which is what IMA takes them for; "" when it has none. False when it is not there. */
bool doctor_parameter(const struct doctor *d, const char *name, char *dst, size_t size);

/** Why a file cannot be opened for reading, an errno value; 0 when it can. full: its path under the
 * root directory. */
int doctor_open_error(const struct doctor *d, const char *path, char full[PATH_MAX]);

/** Report a log that is there and that we may not read. */
void doctor_report_unreadable(struct doctor *d, const char *check, const char *path, int error);
