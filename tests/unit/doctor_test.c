/* SPDX-License-Identifier: BSD-3-Clause */
#include <limits.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agent/doctor.h"
#include "host/file.h"
#include "host/file_writer.h"
#include "tests/check.h"

#define BOOT_LOG "/sys/kernel/security/tpm0/binary_bios_measurements"
#define IMA_LOG  "/sys/kernel/security/ima/binary_runtime_measurements"

static const char *const files[] = { BOOT_LOG, IMA_LOG, "/proc/sys/kernel/osrelease",
    "/proc/cmdline", "/proc/uptime", "/proc/1/comm", "/dev/kmsg", "/boot/config-6.1.0",
    "/sys/kernel/security/lockdown", "/sys/class/tpm/tpm0/pcr-sha256/0", "/etc/ima/ima-policy",
    "/sys/class/tpm/tpm0/tpm_version_major", "/sys/kernel/security/ima/policy" };

static char root[64];

static void make_directories(const char *path)
{
    char part[PATH_MAX];

    for (const char *slash = strchr(path + 1, '/'); slash != NULL; slash = strchr(slash + 1, '/')) {
        (void)snprintf(part, sizeof(part), "%.*s", (int)(slash - path), path);
        (void)mkdir(part, 0700);
    }
}

static void put(const char *name, struct bytes content)
{
    struct error err = { 0 };
    char path[PATH_MAX];

    (void)snprintf(path, sizeof(path), "%s%s", root, name);
    make_directories(path);
    CHECKF(file_write(path, FILE_REPLACE, content, &err), "%s", err.text);
}

static void examine(struct doctor_report *report)
{
    struct doctor_options options = { NULL, root };
    struct error err = { 0 };

    memset(report, 0xa5, sizeof(*report));
    CHECKF(doctor_examine(&options, report, &err), "%s", err.text);
}

static const struct doctor_check *find(const struct doctor_report *report, const char *name)
{
    for (size_t i = 0; i < report->count; i++) {
        if (strcmp(report->check[i].name, name) == 0) {
            return &report->check[i];
        }
    }
    return NULL;
}

static bool is_printable(const char *text, bool lines)
{
    for (; *text != '\0'; text++) {
        if ((*text < ' ' || *text > '~') && !(lines && *text == '\n')) {
            return false;
        }
    }
    return true;
}

static void check_form(const struct doctor_report *report)
{
    CHECK(report->count > 0 && report->count <= DOCTOR_CHECKS_MAX);
    for (size_t i = 0; i < report->count; i++) {
        const struct doctor_check *c = &report->check[i];
        bool complains = c->outcome == DOCTOR_WARNING || c->outcome == DOCTOR_PROBLEM;

        check_case = c->name;
        CHECK(is_printable(c->found, false) && *c->found != '\0');
        CHECK(is_printable(c->why, false) && is_printable(c->next, true));
        CHECKF(!complains || (*c->why != '\0' && *c->next != '\0'), "%s", c->found);
    }
}

/* xorshift: the same bytes in each run. */
static uint32_t next_random(uint32_t *state)
{
    *state ^= *state << 13;
    *state ^= *state >> 17;
    *state ^= *state << 5;
    return *state;
}

static void read_example(const char *name, struct buffer *out)
{
    struct error err = { 0 };
    char path[PATH_MAX];

    (void)snprintf(path, sizeof(path), "%s/../demo/machine/%s", TALLY_FIXTURES, name);
    CHECKF(file_read(path, 1 << 20, out, &err), "%s", err.text);
}

static void an_empty_machine_is_not_ready(void)
{
    struct doctor_report report;

    examine(&report);
    check_form(&report);
    CHECK_UINT(doctor_verdict(&report), DOCTOR_NOT_READY);
    CHECK_UINT(find(&report, "tpm")->outcome, DOCTOR_PROBLEM);
    CHECK_UINT(find(&report, "ima-list")->outcome, DOCTOR_PROBLEM);
}

static void random_files_are_reported_in_printable_text(void)
{
    struct doctor_report report;
    uint32_t random = 1;

    for (size_t round = 0; round < 20; round++) {
        uint8_t noise[700];

        for (size_t i = 0; i < ARRAY_LEN(files); i++) {
            size_t len = next_random(&random) % sizeof(noise);

            for (size_t k = 0; k < len; k++) {
                noise[k] = (uint8_t)next_random(&random);
            }
            put(files[i], (struct bytes){ noise, len });
        }
        examine(&report);
        check_form(&report);
    }
}

static void changed_logs_do_no_harm(void)
{
    struct buffer boot CLEANUP(buffer_clear) = { 0 };
    struct buffer list CLEANUP(buffer_clear) = { 0 };
    struct doctor_report report;
    uint32_t random = 7;

    read_example("binary_bios_measurements", &boot);
    read_example("binary_runtime_measurements", &list);
    put(BOOT_LOG, buffer_view(&boot));
    put(IMA_LOG, buffer_view(&list));
    examine(&report);
    CHECK_UINT(find(&report, "boot-log")->outcome, DOCTOR_OK);
    CHECK_UINT(find(&report, "ima-list")->outcome, DOCTOR_OK);
    for (size_t round = 0; round < 40; round++) {
        size_t at_boot = next_random(&random) % boot.len;
        size_t at_list = next_random(&random) % list.len;

        boot.data[at_boot] ^= 0x81;
        list.data[at_list] ^= 0x81;
        put(BOOT_LOG, (struct bytes){ boot.data, round % 4 == 3 ? at_boot : boot.len });
        put(IMA_LOG, (struct bytes){ list.data, round % 4 == 3 ? at_list : list.len });
        examine(&report);
        check_form(&report);
        boot.data[at_boot] ^= 0x81;
        list.data[at_list] ^= 0x81;
    }
}

static void long_words_from_outside_fit(void)
{
    struct doctor_report report;
    char *text = malloc(20000);

    memset(text, 'A', 20000);
    memcpy(text, "ima_policy=", 11);
    for (size_t i = 0; i < ARRAY_LEN(files); i++) {
        put(files[i], (struct bytes){ (const uint8_t *)text, 20000 });
    }
    examine(&report);
    check_form(&report);
    memset(text, '\x01', 20000);
    for (size_t i = 0; i < ARRAY_LEN(files); i++) {
        put(files[i], (struct bytes){ (const uint8_t *)text, 20000 });
    }
    examine(&report);
    check_form(&report);
    free(text);
}

static void the_worst_outcome_decides(void)
{
    static const struct {
        enum doctor_outcome outcomes[3];
        enum doctor_verdict want;
    } cases[] = {
        { { DOCTOR_OK, DOCTOR_OK, DOCTOR_OK }, DOCTOR_READY },
        { { DOCTOR_OK, DOCTOR_NOT_CHECKED, DOCTOR_OK }, DOCTOR_UNKNOWN },
        { { DOCTOR_WARNING, DOCTOR_NOT_CHECKED, DOCTOR_OK }, DOCTOR_LIMITED },
        { { DOCTOR_WARNING, DOCTOR_NOT_CHECKED, DOCTOR_PROBLEM }, DOCTOR_NOT_READY },
    };

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct doctor_report report = { .count = 3 };

        for (size_t k = 0; k < 3; k++) {
            report.check[k].outcome = cases[i].outcomes[k];
        }
        check_case = doctor_verdict_name(cases[i].want);
        CHECK_UINT(doctor_verdict(&report), cases[i].want);
    }
}

int main(void)
{
    static const struct test tests[] = {
        { "an empty machine is not ready", an_empty_machine_is_not_ready },
        { "random files are reported in printable text",
                random_files_are_reported_in_printable_text },
        { "changed logs do no harm", changed_logs_do_no_harm },
        { "long words from outside fit", long_words_from_outside_fit },
        { "the worst outcome decides", the_worst_outcome_decides },
    };
    char remove[128];

    (void)snprintf(root, sizeof(root), "/tmp/tally-doctor-XXXXXX");
    if (mkdtemp(root) == NULL) {
        return EXIT_FAILURE;
    }
    int status = run_tests("doctor", tests, ARRAY_LEN(tests));

    (void)snprintf(remove, sizeof(remove), "rm -r %s", root);
    return system(remove) != 0 ? EXIT_FAILURE : status;
}
