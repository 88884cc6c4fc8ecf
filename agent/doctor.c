/* SPDX-License-Identifier: BSD-3-Clause */
#include "agent/doctor.h"

#include <assert.h>
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "agent/doctor_internal.h"
#include "common/attributes.h"
#include "common/bytes.h"

static void doctor_free(struct doctor **d)
{
    if (*d != NULL) {
        hasher_clear(&(*d)->hasher);
        buffer_clear(&(*d)->kernel_config);
        free(*d);
    }
}

bool doctor_examine(const struct doctor_options *options, struct doctor_report *out,
        struct error *err)
{
    /* The TPM before the logs: a list that grows meanwhile still explains the values we have. */
    static void (*const topics[])(struct doctor * d) = { doctor_kernel, doctor_settings,
        doctor_listen, doctor_tpm, doctor_boot, doctor_ima };
    struct doctor *d CLEANUP(doctor_free) = calloc(1, sizeof(*d));

    if (d == NULL) {
        return error_set(err, ERROR_NOMEM, "doctor");
    }
    d->config_path = options->config;
    d->root = options->root;
    d->report = out;
    out->count = 0;
    if (!hasher_init(&d->hasher, err)) {
        return false;
    }
    for (size_t i = 0; i < ARRAY_LEN(topics); i++) {
        topics[i](d);
    }
    return true;
}

/* Like vsnprintf(), but only printable ASCII comes out, and line ends where they are wanted. */
static void PRINTF(3, 0) print_text(char *dst, bool lines, const char *format, va_list args)
{
    char text[DOCTOR_TEXT_MAX];
    size_t len = 0;

    (void)vsnprintf(text, sizeof(text), format, args);
    for (const char *c = text; *c != '\0' && len < DOCTOR_TEXT_MAX - sizeof("\\xHH"); c++) {
        bool plain = isprint((unsigned char)*c) != 0 || (lines && *c == '\n');

        len += (size_t)snprintf(dst + len, DOCTOR_TEXT_MAX - len, plain ? "%c" : "\\x%02x",
                (unsigned char)*c);
    }
    dst[len] = '\0';
}

struct doctor_check *doctor_add(struct doctor *d, const char *name, enum doctor_outcome outcome,
        const char *found, ...)
{
    va_list args;

    assert(d->report->count < DOCTOR_CHECKS_MAX);
    struct doctor_check *c = &d->report->check[d->report->count++];

    c->name = name;
    c->outcome = outcome;
    c->why = "";
    c->next[0] = '\0';
    va_start(args, found);
    print_text(c->found, false, found, args);
    va_end(args);
    return c;
}

void doctor_advise(struct doctor_check *c, const char *why, const char *next, ...)
{
    va_list args;

    c->why = why;
    va_start(args, next);
    print_text(c->next, true, next, args);
    va_end(args);
}

const char *doctor_banks(const struct doctor *d, char *dst, size_t size)
{
    size_t len = (size_t)snprintf(dst, size, "%s", d->banks.count == 0 ? "none" : "");

    for (size_t i = 0; i < d->banks.count && len < size; i++) {
        len += (size_t)snprintf(dst + len, size - len, "%s%s", i > 0 ? ", " : "",
                digest_name(d->banks.bank[i].alg));
    }
    return dst;
}

int doctor_open_error(const struct doctor *d, const char *path, char full[PATH_MAX])
{
    int fd;

    if (!machine_path(d->root, path, full)) {
        return ENAMETOOLONG;
    }
    fd = open(full, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0) {
        return errno;
    }
    (void)close(fd);
    return 0;
}

void doctor_report_unreadable(struct doctor *d, const char *check, const char *path, int error)
{
    static const char why[] =
            "The agent sends both logs; one that is there and cannot be read is an "
            "error, not a log that is missing.";
    struct doctor_check *c = doctor_add(d, check, DOCTOR_PROBLEM, "%s cannot read %s: %s", d->user,
            path, strerror(error));

    if (d->reads_all) {
        doctor_advise(c, why, "ls -lZ %s", path);
    } else if (strcmp(d->user, d->config.user) == 0) {
        /* Root opens the logs and then becomes this user. */
        c->outcome = DOCTOR_NOT_CHECKED;
        doctor_advise(c, "Root, who starts the agent, opens it; this user need not.",
                "sudo tally-agent doctor");
    } else {
        doctor_advise(c, why,
                "sudo tally-agent doctor\n"
                "let root start the agent, which opens the logs before it becomes \"user = %s\" "
                "in [agent],\n"
                "or give its unit AmbientCapabilities=CAP_DAC_READ_SEARCH",
                d->user);
    }
}

static size_t count_of(const struct doctor_report *report, enum doctor_outcome outcome)
{
    size_t n = 0;

    for (size_t i = 0; i < report->count; i++) {
        n += report->check[i].outcome == outcome;
    }
    return n;
}

enum doctor_verdict doctor_verdict(const struct doctor_report *report)
{
    if (count_of(report, DOCTOR_PROBLEM) > 0) {
        return DOCTOR_NOT_READY;
    }
    if (count_of(report, DOCTOR_WARNING) > 0) {
        return DOCTOR_LIMITED;
    }
    return count_of(report, DOCTOR_NOT_CHECKED) > 0 ? DOCTOR_UNKNOWN : DOCTOR_READY;
}
