/* SPDX-License-Identifier: BSD-3-Clause */
/* Who we are, which kernel this is, and how it was started. */
#include <fcntl.h>
#include <grp.h>
#include <inttypes.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "agent/doctor_internal.h"
#include "common/bytes.h"

/* A record of /dev/kmsg with its prefix: PRINTK_MESSAGE_MAX in the kernel's printk. */
#define KERNEL_RECORD_MAX 4096
/* Records we look at: a kernel log of some megabytes. */
#define KERNEL_RECORDS_MAX 65536
#define GROUPS_MAX         64
/* Capability numbers: include/uapi/linux/capability.h. */
#define CAP_DAC_OVERRIDE    1
#define CAP_DAC_READ_SEARCH 2

/* GUID of EFI_GLOBAL_VARIABLE; the file holds four bytes of attributes and the value. */
static const char secure_boot_file[] =
        "/sys/firmware/efi/efivars/SecureBoot-8be4df61-93ca-11d2-aa0d-00e098032b8c";

static bool has_capability(unsigned int number)
{
    char line[256];
    uint64_t mask = 0;
    FILE *status = fopen("/proc/self/status", "re");

    if (status == NULL) {
        return false;
    }
    while (fgets(line, sizeof(line), status) != NULL) {
        if (sscanf(line, "CapEff: %" SCNx64, &mask) == 1) {
            break;
        }
    }
    (void)fclose(status);
    return (mask >> number & 1) != 0;
}

static void print_groups(char *dst, size_t size)
{
    gid_t groups[GROUPS_MAX];
    int count = getgroups(GROUPS_MAX, groups);
    size_t len = 0;

    dst[0] = '\0';
    for (int i = 0; i < count && len < size; i++) {
        const struct group *g = getgrgid(groups[i]);
        const char *comma = i > 0 ? ", " : "";
        int n = g != NULL ? snprintf(dst + len, size - len, "%s%s", comma, g->gr_name)
                          : snprintf(dst + len, size - len, "%s%u", comma, groups[i]);

        len += n > 0 ? (size_t)n : 0;
    }
}

static void check_user(struct doctor *d)
{
    const struct passwd *user = getpwuid(geteuid());
    char number[32];
    char groups[512];

    (void)snprintf(number, sizeof(number), "user %u", geteuid());
    (void)bytes_print(d->user, sizeof(d->user),
            bytes_of_text(user != NULL ? user->pw_name : number));
    d->reads_all = has_capability(CAP_DAC_OVERRIDE) || has_capability(CAP_DAC_READ_SEARCH);
    print_groups(groups, sizeof(groups));
    (void)doctor_add(d, "user", DOCTOR_OK, "%s%s%s, %s the right to read every file", d->user,
            *groups != '\0' ? ", groups " : ", no groups", groups,
            d->reads_all ? "with" : "without");
}

static bool of_interest(const char *record)
{
    static const char *const words[] = { "ima: ", "efi: ", "secureboot:", "tpm_" };

    for (size_t i = 0; i < ARRAY_LEN(words); i++) {
        if (strstr(record, words[i]) != NULL) {
            return true;
        }
    }
    return false;
}

static void keep_record(struct doctor *d, size_t *len, const char *record)
{
    size_t n = strlen(record);

    if (of_interest(record) && n < sizeof(d->kernel_log) - 1 - *len) {
        memcpy(d->kernel_log + *len, record, n + 1);
        *len += n;
    }
}

/* Each read() of /dev/kmsg gives one record; the log may be for root only, and a help if not. */
static void read_kernel_log(struct doctor *d)
{
    char record[KERNEL_RECORD_MAX + 1];
    char full[PATH_MAX];
    size_t len = 0;
    int fd;

    if (!machine_path(d->root, "/dev/kmsg", full) ||
            (fd = open(full, O_RDONLY | O_CLOEXEC | O_NONBLOCK)) < 0) {
        return;
    }
    for (size_t i = 0; i < KERNEL_RECORDS_MAX; i++) {
        ssize_t n = read(fd, record, KERNEL_RECORD_MAX);

        if (n <= 0) {
            break;
        }
        record[n] = '\0';
        keep_record(d, &len, record);
    }
    (void)close(fd);
}

bool doctor_parameter(const struct doctor *d, const char *name, char *dst, size_t size)
{
    size_t name_len = strlen(name);
    size_t used = 0;
    bool found = false;

    dst[0] = '\0';
    for (const char *word = d->command_line; *word != '\0';) {
        size_t len = strcspn(word, " \t\n");

        if (len >= name_len && strncmp(word, name, name_len) == 0 &&
                (len == name_len || word[name_len] == '=') && used < size) {
            size_t skip = len == name_len ? len : name_len + 1;

            used += (size_t)snprintf(dst + used, size - used, "%s%.*s", used > 0 ? "|" : "",
                    (int)(len - skip), word + skip);
            found = true;
        }
        word += len + strspn(word + len, " \t\n");
    }
    return found;
}

static void read_firmware(struct doctor *d)
{
    unsigned char value[5];
    char full[PATH_MAX];
    FILE *file;

    d->efi = machine_exists(d->root, "/sys/firmware/efi");
    if (!machine_path(d->root, secure_boot_file, full) || (file = fopen(full, "re")) == NULL) {
        return;
    }
    if (fread(value, 1, sizeof(value), file) == sizeof(value)) {
        d->secure_boot = value[4] == 1 ? SECURE_BOOT_ON : SECURE_BOOT_OFF;
    }
    (void)fclose(file);
}

/* The mode in force stands in brackets: "none [integrity] confidentiality". */
static void print_lockdown(const struct doctor *d, char *dst, size_t size)
{
    char modes[128];
    const char *start;

    (void)snprintf(dst, size, "not known");
    if (machine_read_text(d->root, "/sys/kernel/security/lockdown", modes, sizeof(modes)) &&
            (start = strchr(modes, '[')) != NULL) {
        (void)snprintf(dst, size, "%.*s", (int)strcspn(start + 1, "]"), start + 1);
    }
}

void doctor_kernel(struct doctor *d)
{
    static const char *const secure_boot[] = { "not known", "off", "on" };
    char lockdown[128];

    check_user(d);
    (void)machine_release(d->root, d->release, sizeof(d->release));
    (void)machine_read_text(d->root, "/proc/cmdline", d->command_line, sizeof(d->command_line));
    machine_kernel_config(d->root, d->release, &d->kernel_config);
    read_kernel_log(d);
    read_firmware(d);
    print_lockdown(d, lockdown, sizeof(lockdown));
    (void)doctor_add(d, "kernel", DOCTOR_OK, "Linux %s, booted by %s, Secure Boot %s, lockdown %s",
            d->release, d->efi ? "UEFI" : "a firmware that is not UEFI",
            secure_boot[d->secure_boot], lockdown);
}
