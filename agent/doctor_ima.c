/* SPDX-License-Identifier: BSD-3-Clause */
/* IMA's list: is it there, does it explain its PCR, and what is in it? */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/doctor_internal.h"
#include "host/file.h"
#include "ima/aggregate.h"
#include "ima/algorithm.h"
#include "ima/digest_format.h"
#include "ima/walk.h"

#define TEMPLATES_MAX 6
#define NAMES_MAX     3
/* Records an hour, and in all, above which the list is worth a word. */
#define GROWTH_HIGH 1000u
#define LIST_LONG   100000u
/* Uptime in seconds below which a rate says nothing: starting up measures most. */
#define UPTIME_SHORT 3600u

/** What the records of a list are about. */
struct doctor_list {
    uint64_t records;
    uint64_t violations;
    uint64_t aggregates;    /* boot_aggregate: one of each kernel since the last reset */
    uint64_t modules;       /* kernel modules */
    uint64_t buffers;       /* keys, command lines and other data that are no files */
    uint64_t logs;          /* files below /var/log */
    uint64_t temporary;     /* files below /tmp, /var/tmp, /run and /dev/shm */
    uint64_t weak;          /* files with a SHA-1 or MD5 digest */
    bool aggregate_is_zero; /* IMA found no TPM when it started */
    bool aggregate_known;   /* the first one is: */
    enum digest_alg aggregate_alg;
    uint8_t aggregate[DIGEST_SIZE_MAX];
    size_t template_count;
    struct {
        char name[40]; /* printable ASCII */
        uint64_t records;
    } template[TEMPLATES_MAX];
    size_t name_count; /* of violations */
    char name[NAMES_MAX][96];
};

static bool starts_with(struct bytes path, const char *prefix)
{
    size_t len = strlen(prefix);

    return path.len >= len && memcmp(path.ptr, prefix, len) == 0;
}

static bool is_module(struct bytes path)
{
    static const char *const ends[] = { ".ko", ".ko.xz", ".ko.zst", ".ko.gz" };

    for (size_t i = 0; i < ARRAY_LEN(ends); i++) {
        size_t len = strlen(ends[i]);

        if (path.len > len && memcmp(path.ptr + path.len - len, ends[i], len) == 0) {
            return true;
        }
    }
    return false;
}

static void count_template(struct doctor_list *l, struct bytes name)
{
    char text[sizeof(l->template[0].name)];

    (void)bytes_print(text, sizeof(text), name);
    for (size_t i = 0; i < l->template_count; i++) {
        if (strcmp(l->template[i].name, text) == 0) {
            l->template[i].records++;
            return;
        }
    }
    if (l->template_count < TEMPLATES_MAX) {
        memcpy(l->template[l->template_count].name, text, sizeof(text));
        l->template[l->template_count++].records = 1;
    }
}

static void keep_aggregate(struct doctor_list *l, const struct ima_file_digest *digest)
{
    const struct ima_algorithm *alg = ima_algorithm_find(digest->algorithm);

    if (l->aggregates++ == 0 && alg != NULL && alg->computable && digest->digest.len == alg->size) {
        l->aggregate_known = true;
        l->aggregate_alg = alg->alg;
        memcpy(l->aggregate, digest->digest.ptr, alg->size);
    }
    l->aggregate_is_zero = l->aggregate_is_zero || bytes_are_zero(digest->digest);
}

static void count_file(struct doctor_list *l, const struct ima_file *file)
{
    static const char *const temporary[] = { "/tmp/", "/var/tmp/", "/run/", "/dev/shm/", "memfd:" };
    const struct ima_algorithm *alg = ima_algorithm_find(file->digest.algorithm);

    if (bytes_equal_text(file->path, "boot_aggregate")) {
        keep_aggregate(l, &file->digest);
        return;
    }
    l->weak += alg != NULL && alg->weak;
    l->buffers += file->has_buf;
    l->modules += is_module(file->path);
    l->logs += starts_with(file->path, "/var/log/");
    for (size_t i = 0; i < ARRAY_LEN(temporary); i++) {
        l->temporary += starts_with(file->path, temporary[i]);
    }
}

/* Names of violations are not attested; they are a help for whoever looks for the cause. */
static void keep_name(struct doctor_list *l, struct bytes path)
{
    char text[sizeof(l->name[0])];

    (void)bytes_print(text, sizeof(text), path);
    for (size_t i = 0; i < l->name_count; i++) {
        if (strcmp(l->name[i], text) == 0) {
            return;
        }
    }
    if (l->name_count < NAMES_MAX) {
        memcpy(l->name[l->name_count++], text, sizeof(text));
    }
}

static bool on_record(void *ctx, const struct ima_record *record, struct error *err)
{
    struct doctor_list *l = ctx;
    struct ima_file file;

    (void)err;
    l->records++;
    count_template(l, record->entry->template_name);
    l->violations += record->measured->violation;
    if (!ima_fields_file(record->fields, &file)) {
        return true;
    }
    if (record->measured->violation) {
        keep_name(l, file.path);
    } else {
        count_file(l, &file);
    }
    return true;
}

static bool securityfs_is_mounted(const struct doctor *d)
{
    return machine_exists(d->root, "/sys/kernel/security/lsm") ||
            machine_exists(d->root, "/sys/kernel/security/ima");
}

static void report_missing(struct doctor *d)
{
    static const char why[] =
            "Without the list only the boot can be attested: leave \"ima:\" out of "
            "the policy, and no program, library or module is checked.";
    enum doctor_outcome outcome = d->has_boot_log ? DOCTOR_WARNING : DOCTOR_PROBLEM;

    if (!securityfs_is_mounted(d)) {
        doctor_advise(doctor_add(d, "ima-list", outcome, "no IMA list: securityfs is not mounted"),
                why, "mount -t securityfs securityfs /sys/kernel/security");
    } else if (!machine_exists(d->root, "/sys/kernel/security/ima")) {
        doctor_advise(doctor_add(d, "ima-list", outcome,
                              "no IMA list: Linux %s is built without IMA%s", d->release,
                              machine_kernel_option(buffer_view(&d->kernel_config), "CONFIG_IMA") ==
                                              OPTION_ON
                                      ? ", or did not start it, though its configuration has it"
                                      : ""),
                why,
                "boot a kernel with CONFIG_IMA=y: Debian's, Ubuntu's, Fedora's and SUSE's have it\n"
                "grep IMA /boot/config-%s",
                d->release);
    } else {
        doctor_advise(doctor_add(d, "ima-list", outcome,
                              "no IMA list at %s, and IMA is in the kernel", d->config.ima_log),
                why, "ls /sys/kernel/security/ima/\nand set ima-log in [logs]");
    }
}

static void report_content(struct doctor *d, const struct doctor_list *l)
{
    char templates[256] = "";
    size_t len = 0;

    for (size_t i = 0; i < l->template_count && len < sizeof(templates); i++) {
        len += (size_t)snprintf(templates + len, sizeof(templates) - len, "%s%s %" PRIu64,
                i > 0 ? ", " : "", l->template[i].name, l->template[i].records);
    }
    (void)doctor_add(d, "ima-list", DOCTOR_OK,
            "records: %" PRIu64 " (%s)%s; of kernel modules: %" PRIu64
            "; of keys and other data: %" PRIu64,
            l->records, templates, l->aggregates > 1 ? ", of several kernels (kexec)" : "",
            l->modules, l->buffers);
    if (l->weak > 0) {
        doctor_advise(doctor_add(d, "ima-digests", DOCTOR_WARNING,
                              "files with a SHA-1 or MD5 digest: %" PRIu64, l->weak),
                "Two files can be made to share such a digest; policies refuse them by default.",
                "add ima_hash=sha256 to the kernel's command line, and reboot");
    }
    if (l->aggregate_is_zero && d->has_tpm) {
        doctor_advise(doctor_add(d, "ima-tpm", DOCTOR_PROBLEM,
                              "IMA found no TPM when it started: its driver came later"),
                "The list is in no PCR, so that anybody who is root can rewrite it.",
                "use a kernel that has the TPM's driver built in (CONFIG_TCG_TIS=y, CONFIG_TCG_CRB=y)");
    }
}

static void report_violations(struct doctor *d, const struct doctor_list *l)
{
    char names[NAMES_MAX * 100] = "";
    size_t len = 0;

    for (size_t i = 0; i < l->name_count && len < sizeof(names); i++) {
        len += (size_t)snprintf(names + len, sizeof(names) - len, "%s%s", i > 0 ? ", " : "",
                l->name[i]);
    }
    if (l->violations == 0) {
        (void)doctor_add(d, "ima-violations", DOCTOR_OK, "none");
        return;
    }
    doctor_advise(doctor_add(d, "ima-violations", DOCTOR_WARNING, "%" PRIu64 ", as of %s",
                          l->violations, *names != '\0' ? names : "files without a name"),
            "A file was written while it was measured, so nobody knows what was read; policies refuse "
            "that by default (\"violations: fail\"). Log files that root reads are the usual cause.",
            "measure what is run and not what is read:\n"
            "tally-agent ima-setup --preview --policy server\n"
            "or leave out the file system of the logs, at the top of /etc/ima/ima-policy:\n"
            "dont_measure fsuuid=UUID     with UUID from: findmnt -no UUID -T /var/log\n"
            "or allow some in the verifier's policy: \"violations: { limit: 5 }\"");
}

static void report_growth(struct doctor *d, const struct doctor_list *l)
{
    char text[64];
    uint64_t seconds = 0;
    struct doctor_check *c;

    if (machine_read_text(d->root, "/proc/uptime", text, sizeof(text))) {
        seconds = strtoull(text, NULL, 10);
    }
    uint64_t hourly = seconds >= UPTIME_SHORT ? l->records / (seconds / UPTIME_SHORT) : 0;
    bool high = hourly >= GROWTH_HIGH || l->records >= LIST_LONG ||
            (l->records > GROWTH_HIGH && l->logs + l->temporary > l->records / 5);

    c = doctor_add(d, "ima-growth", high ? DOCTOR_WARNING : DOCTOR_OK,
            "records: %" PRIu64 " in %" PRIu64 " h %" PRIu64 " min; of log files: %" PRIu64
            "; of temporary files: %" PRIu64,
            l->records, seconds / 3600, seconds / 60 % 60, l->logs, l->temporary);
    if (high) {
        doctor_advise(c,
                "Each record stays in the kernel's memory until the next boot, some 500 bytes of it, "
                "and is sent to each new verifier.",
                "measure what is run and not what is read:\n"
                "tally-agent ima-setup --preview --policy server\n"
                "or leave out tmpfs (/run, /tmp), at the top of /etc/ima/ima-policy:\n"
                "dont_measure fsmagic=0x01021994 func=FILE_CHECK");
    }
}

static void report_replay(struct doctor *d, const struct ima_walk *w, const struct doctor_list *l)
{
    if (!d->has_tpm) {
        (void)doctor_add(d, "ima-replay", DOCTOR_NOT_CHECKED,
                "the list is not compared, as there are no PCRs to compare it with");
    } else if (w->replay.wrong_digests > 0) {
        doctor_advise(doctor_add(d, "ima-replay", DOCTOR_PROBLEM,
                              "records that are not what their digest is of: %" PRIu64,
                              w->replay.wrong_digests),
                "A verifier refuses such a list.",
                "a list whose name does not say whose digests it has? set ima-log in [logs] to\n"
                "/sys/kernel/security/ima/binary_runtime_measurements");
    } else if (w->met) {
        (void)doctor_add(d, "ima-replay", DOCTOR_OK,
                "the list explains PCR %u; records since the PCR was read: %" PRIu64, PCR_IMA,
                l->records - w->attested);
    } else if (!l->aggregate_is_zero) {
        doctor_advise(doctor_add(d, "ima-replay", DOCTOR_PROBLEM,
                              "the list does not explain PCR %u in all banks", PCR_IMA),
                "A verifier refuses the machine: records are missing, were changed, or something else "
                "extended the PCR.",
                "a kexec without hand-over of the list, a TPM error (dmesg | grep -i tpm) and another "
                "program's tpm2_pcrextend do this, as does whoever hides a record\nreboot, and run the "
                "doctor again");
    }
}

/* The first record is a digest of the boot PCRs as IMA found them. */
static void check_aggregate(struct doctor *d, const struct doctor_list *l)
{
    static const unsigned int lasts[] = { IMA_AGGREGATE_LAST, IMA_AGGREGATE_LEGACY_LAST };
    uint8_t computed[DIGEST_SIZE_MAX];
    struct error ignored;
    bool known = false;
    bool same = false;

    for (size_t i = 0; i < ARRAY_LEN(lasts) && l->aggregate_known && !same; i++) {
        same = ima_boot_aggregate(&d->hasher, &d->boot, l->aggregate_alg, lasts[i], computed,
                       &known, &ignored) &&
                known && memcmp(computed, l->aggregate, digest_size(l->aggregate_alg)) == 0;
    }
    if (known && !same && !l->aggregate_is_zero) {
        doctor_advise(doctor_add(d, "ima-boot-aggregate", DOCTOR_PROBLEM,
                              "the list's first record is of another boot than the boot log"),
                "A verifier refuses a list that does not belong to the boot it is shown.",
                "set boot-log and ima-log in [logs] to the files of this boot; after a kexec, reboot");
    }
}

static void set_target(const struct doctor *d, struct ima_target *target, uint32_t *out_banks)
{
    *target = (struct ima_target){ .by_value = true,
        .pcrs = 1u << PCR_IMA,
        .follow = true,
        .values = d->pcrs };
    *out_banks = 0;
    for (size_t i = 0; i < d->banks.count; i++) {
        enum digest_alg alg = d->banks.bank[i].alg;

        if (hasher_has(&d->hasher, alg) && (d->banks.bank[i].mask >> PCR_IMA & 1) != 0) {
            *out_banks |= 1u << alg;
        }
    }
}

static void check_list(struct doctor *d, struct file_source *file)
{
    struct ima_walk walk CLEANUP(ima_walk_clear) = { 0 };
    struct doctor_list list = { 0 };
    struct source source = file_source(file);
    struct ima_target target;
    struct error err = { 0 };
    uint32_t banks;

    set_target(d, &target, &banks);
    ima_walk_init(&walk, &d->hasher, ima_digest_format_of_path(d->config.ima_log), banks, true);
    walk.target = banks != 0 ? &target : NULL;
    walk.whole = true;
    walk.visit = on_record;
    walk.ctx = &list;
    if (!ima_walk_run(&walk, &source, &err)) {
        doctor_advise(
                doctor_add(d, "ima-list", DOCTOR_PROBLEM, "%s: %s", d->config.ima_log, err.text),
                "The verifier refuses a list that it cannot read.",
                "is this the binary list? set ima-log in [logs] to\n"
                "/sys/kernel/security/ima/binary_runtime_measurements");
        return;
    }
    if (list.records == 0) {
        doctor_advise(doctor_add(d, "ima-list", DOCTOR_PROBLEM, "%s is empty", d->config.ima_log),
                "IMA's first record ties the list to the boot; the verifier refuses a list without it.",
                "dmesg | grep -i ima");
        return;
    }
    report_content(d, &list);
    report_replay(d, &walk, &list);
    check_aggregate(d, &list);
    report_violations(d, &list);
    report_growth(d, &list);
    uint64_t others = list.aggregates + list.modules + list.buffers;

    doctor_ima_policy(d, list.records > others ? list.records - others : 0, list.modules > 0);
}

void doctor_ima(struct doctor *d)
{
    struct file_source file CLEANUP(file_source_clear) = { 0 };
    char path[PATH_MAX];
    struct error err = { 0 };
    int why = doctor_open_error(d, d->config.ima_log, path);

    if (why == ENOENT) {
        report_missing(d);
    } else if (why != 0) {
        doctor_report_unreadable(d, "ima-list", d->config.ima_log, why);
    } else if (!file_source_open(&file, path, &err)) {
        doctor_advise(doctor_add(d, "ima-list", DOCTOR_PROBLEM, "%s", err.text),
                "The agent cannot send it.", "ls -l %s", d->config.ima_log);
    } else {
        check_list(d, &file);
    }
}
