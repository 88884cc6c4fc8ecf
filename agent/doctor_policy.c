/* SPDX-License-Identifier: BSD-3-Clause */
/* What makes IMA measure: a policy on the kernel's command line, or one that was loaded. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "agent/doctor_internal.h"
#include "agent/ima_rule.h"
#include "host/file.h"

#define POLICY_FILE     "/etc/ima/ima-policy"
#define POLICY_FILE_MAX ((size_t)1 << 20)
#define KERNEL_POLICY   "/sys/kernel/security/ima/policy"

static const char *why_policy =
        "IMA measures only what its policy says. Without one the list proves which boot it belongs to, "
        "and says nothing about programs.";

enum loaded {
    LOADED_UNKNOWN,
    LOADED_NO,
    LOADED_YES,
};

/*
 * A kernel without CONFIG_IMA_WRITE_POLICY and CONFIG_IMA_READ_POLICY takes one policy and then
 * removes the file it is written to: ima_release_policy() in the kernel's ima_fs.c.
 */
static enum loaded policy_loaded(const struct doctor *d)
{
    if (machine_exists(d->root, "/sys/kernel/security/ima") &&
            !machine_exists(d->root, KERNEL_POLICY)) {
        return LOADED_YES;
    }
    if (strstr(d->kernel_log, "ima: policy update completed") != NULL) {
        return LOADED_YES;
    }
    return machine_kernel_option(buffer_view(&d->kernel_config), "CONFIG_IMA_WRITE_POLICY") ==
                            OPTION_OFF &&
                    machine_kernel_option(buffer_view(&d->kernel_config),
                            "CONFIG_IMA_READ_POLICY") == OPTION_OFF
            ? LOADED_NO
            : LOADED_UNKNOWN;
}

/* True when the file was written after the machine started, so that nothing can have loaded it. */
static bool is_newer_than_boot(const struct doctor *d)
{
    char uptime[64];
    char path[PATH_MAX];
    struct stat st;

    return machine_read_text(d->root, "/proc/uptime", uptime, sizeof(uptime)) &&
            machine_path(d->root, POLICY_FILE, path) && stat(path, &st) == 0 &&
            st.st_mtime > time(NULL) - (time_t)strtoull(uptime, NULL, 10);
}

static bool file_is_wrong(const struct doctor *d, struct error *err)
{
    struct buffer policy CLEANUP(buffer_clear) = { 0 };
    char path[PATH_MAX];

    return machine_path(d->root, POLICY_FILE, path) &&
            (!file_read(path, POLICY_FILE_MAX, &policy, err) ||
                    !ima_rules_check(buffer_view(&policy), ima_kernel_version(d->release), err));
}

/* Rules that appraise policies come with these words; the kernel says so when it refuses one. */
static bool wants_signature(const struct doctor *d)
{
    char value[128];

    return strstr(d->kernel_log, "signed policy file") != NULL ||
            (doctor_parameter(d, "ima_policy", value, sizeof(value)) &&
                    (strstr(value, "appraise_tcb") != NULL ||
                            strstr(value, "secure_boot") != NULL));
}

static void report_not_loaded(struct doctor *d)
{
    static const char why[] =
            "The policy that was meant for this machine is not in force. The kernel takes all of its "
            "lines or none.";
    char comm[32];
    char init[64];
    struct error err = { 0 };
    bool wrong = file_is_wrong(d, &err);
    struct doctor_check *c =
            doctor_add(d, "ima-policy", DOCTOR_WARNING, "%s is there and was not loaded%s%s",
                    POLICY_FILE, wrong ? ": the kernel refuses " : "", wrong ? err.text : "");

    (void)machine_read_text(d->root, "/proc/1/comm", comm, sizeof(comm));
    (void)bytes_print(init, sizeof(init), bytes_of_text(comm));
    if (wrong) {
        doctor_advise(c, why, "correct it, and: echo %s > %s", POLICY_FILE, KERNEL_POLICY);
    } else if (wants_signature(d)) {
        doctor_advise(c, why,
                "this kernel was told to take signed policies only (ima_policy=secure_boot or "
                "appraise_tcb):\n"
                "evmctl ima_sign --key KEY %s, with a key on the .ima keyring, and reboot",
                POLICY_FILE);
    } else if (is_newer_than_boot(d)) {
        doctor_advise(c, why, "it was written after this boot: reboot, or for now\necho %s > %s",
                POLICY_FILE, KERNEL_POLICY);
    } else if (strcmp(init, "systemd") != 0) {
        doctor_advise(c, why,
                "systemd loads it, and this machine's first process is \"%s\"; early at boot, run\n"
                "echo %s > %s",
                init, POLICY_FILE, KERNEL_POLICY);
    } else {
        doctor_advise(c, why,
                "systemctl --version | grep -o '[-+]IMA'     systemd loads it if built with IMA\n"
                "journalctl -b | grep -i 'ima.*policy'\n"
                "echo %s > %s",
                POLICY_FILE, KERNEL_POLICY);
    }
}

static bool is_known_policy(const char *word, size_t len)
{
    static const char *const known[] = { "tcb", "appraise_tcb", "secure_boot", "critical_data",
        "fail_securely" };

    for (size_t i = 0; i < ARRAY_LEN(known); i++) {
        if (strlen(known[i]) == len && strncmp(word, known[i], len) == 0) {
            return true;
        }
    }
    return false;
}

/* Words with bars between: policy_setup() in the kernel's ima_policy.c. */
static bool all_known(const char *value)
{
    while (*value != '\0') {
        size_t len = strcspn(value, "|");

        if (!is_known_policy(value, len)) {
            return false;
        }
        value += len + (value[len] == '|');
    }
    return true;
}

static void report_command_line(struct doctor *d, const char *value, uint64_t files)
{
    if (!all_known(value)) {
        doctor_advise(doctor_add(d, "ima-policy", DOCTOR_WARNING,
                              "the kernel knows no policy of its command line's ima_policy=%s",
                              value),
                why_policy, "ima_policy=tcb; others are critical_data, secure_boot, appraise_tcb");
    } else if (files == 0) {
        doctor_advise(doctor_add(d, "ima-policy", DOCTOR_WARNING,
                              "the command line's ima_policy=%s measures no files", value),
                why_policy, "ima_policy=tcb, or\ntally-agent ima-setup --preview");
    } else {
        (void)doctor_add(d, "ima-policy", DOCTOR_OK,
                "the kernel's own, from its command line: ima_policy=%s; files measured: %" PRIu64,
                value, files);
    }
}

static void report_none(struct doctor *d, bool modules)
{
    doctor_advise(
            doctor_add(d, "ima-policy", DOCTOR_WARNING,
                    "no policy: %s does not exist, and the kernel's "
                    "command line has no ima_policy=%s",
                    POLICY_FILE,
                    modules ? "; with Secure Boot the kernel measures modules by itself" : ""),
            why_policy,
            "tally-agent ima-setup --preview\n"
            "tally-agent ima-setup --apply, and reboot");
}

void doctor_ima_policy(struct doctor *d, uint64_t files, bool modules)
{
    enum loaded loaded = policy_loaded(d);
    char value[128];
    bool asked = doctor_parameter(d, "ima_policy", value, sizeof(value));

    if (!asked && doctor_parameter(d, "ima_tcb", value, sizeof(value))) {
        asked = true;
        (void)strcpy(value, "tcb");
    }
    if (loaded == LOADED_YES || (loaded == LOADED_UNKNOWN && files > 0 && !asked)) {
        (void)doctor_add(d, "ima-policy", DOCTOR_OK,
                "one was loaded after the kernel started; files measured: %" PRIu64, files);
    } else if (machine_exists(d->root, POLICY_FILE) && loaded == LOADED_UNKNOWN && files > 0) {
        (void)doctor_add(d, "ima-policy", DOCTOR_OK,
                "files measured: %" PRIu64 "; this kernel does not show whether by %s", files,
                POLICY_FILE);
    } else if (machine_exists(d->root, POLICY_FILE)) {
        report_not_loaded(d);
    } else if (asked) {
        report_command_line(d, value, files);
    } else {
        report_none(d, modules);
    }
}
