/* SPDX-License-Identifier: BSD-3-Clause */
#include "verifier/policy_check.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "host/file.h"
#include "ima/template.h"
#include "verifier/pattern.h"
#include "verifier/policy.h"

/* Rows of a list that are named one by one before a count stands for the rest. */
#define ROWS_NAMED 10
#define AGENT_NAME "/tally-agent"
#define AGGREGATE  0x3ffu /* PCRs under boot_aggregate */
#define STRONG_BANKS \
    (1u << DIGEST_SHA256 | 1u << DIGEST_SHA384 | 1u << DIGEST_SHA512 | 1u << DIGEST_SM3_256)

struct check {
    struct policy *p;
    struct policy_report *out;
    bool failed; /* no memory for a finding */
};

/* Escaped text on the heap, so that a message can hold any path. */
static void text_free(char **text)
{
    free(*text);
}

static char *escaped(struct bytes b)
{
    char *text = malloc(4 * b.len + 1);

    if (text != NULL) {
        (void)bytes_escape(text, 4 * b.len + 1, b);
    }
    return text;
}

static void PRINTF(4, 0) add(struct check *c, enum policy_severity severity, const char *where,
        const char *fmt, va_list args)
{
    struct policy_report *r = c->out;
    struct policy_finding f = { .severity = severity, .where = escaped(bytes_of_text(where)) };

    if (r->count == r->room) {
        size_t room = r->room == 0 ? 16 : 2 * r->room;
        struct policy_finding *findings = realloc(r->findings, room * sizeof(*findings));

        if (findings == NULL) {
            free(f.where);
            c->failed = true;
            return;
        }
        r->findings = findings;
        r->room = room;
    }
    if (f.where == NULL || vasprintf(&f.text, fmt, args) < 0) {
        free(f.where);
        c->failed = true;
        return;
    }
    r->findings[r->count++] = f;
}

static void PRINTF(4, 5) report(struct check *c, enum policy_severity severity,
        const struct yaml_mark *mark, const char *fmt, ...)
{
    char *where CLEANUP(text_free) = NULL;
    va_list args;

    if (asprintf(&where, "%s:%zu:%zu", c->p->path, mark->line, mark->column) < 0) {
        where = NULL;
        c->failed = true;
        return;
    }
    va_start(args, fmt);
    add(c, severity, where, fmt, args);
    va_end(args);
}

/* About a row of a list. */
static void PRINTF(4, 5) report_row(struct check *c, enum policy_severity severity,
        const struct allowlist_row *row, const char *fmt, ...)
{
    char *where CLEANUP(text_free) = NULL;
    va_list args;

    if (asprintf(&where, "%s:%" PRIu32, row->file, row->line) < 0) {
        where = NULL;
        c->failed = true;
        return;
    }
    va_start(args, fmt);
    add(c, severity, where, fmt, args);
    va_end(args);
}

/* About a place that a message of the parser names in front of its text. */
static void PRINTF(4, 5) report_at(struct check *c, enum policy_severity severity,
        const char *where, const char *fmt, ...)
{
    va_list args;

    va_start(args, fmt);
    add(c, severity, where, fmt, args);
    va_end(args);
}

/* Where a key of the mapping `section` stands, else the section, else the document. */
static const struct yaml_mark *mark_of(const struct check *c, const char *section, const char *key)
{
    const struct yaml_node *root = c->p->document.nodes;
    const struct yaml_node *node = yaml_get(root, section);
    const struct yaml_node *value = NULL;

    if (node != NULL && key != NULL && node->kind == YAML_MAPPING) {
        value = yaml_get(node, key);
    }
    return value != NULL ? &value->start : node != NULL ? &node->start : &root->start;
}

static void check_banks(struct check *c)
{
    const struct policy *p = c->p;
    uint32_t banks = 0;

    for (size_t i = 0; i < p->quote.count; i++) {
        banks |= 1u << p->quote.bank[i].alg;
    }
    if ((banks & STRONG_BANKS) == 0 && !p->ima.weak_digests) {
        report(c, POLICY_ERROR, mark_of(c, "quote", "banks"),
                "no quote can pass: only SHA-1 is quoted, and weak-digests is not `allow`");
    } else if ((banks & 1u << DIGEST_SHA1) != 0) {
        report(c, POLICY_WARNING, mark_of(c, "quote", "banks"),
                "bank sha1: collisions are feasible; it adds no proof to a SHA-256 bank");
    }
}

static void check_boot(struct check *c)
{
    const struct policy *p = c->p;
    const struct yaml_mark *mark = mark_of(c, "boot", NULL);
    uint32_t referenced = 0;

    if (p->boot == POLICY_BOOT_UNCHECKED && !p->has_ima) {
        report(c, POLICY_ERROR, mark,
                "nothing is checked: boot is unchecked, and there is no `ima`");
    } else if (p->boot == POLICY_BOOT_UNCHECKED) {
        report(c, POLICY_WARNING, mark,
                "unchecked: firmware, boot loader and kernel may be anything, and a kernel that is "
                "not the expected one may measure what it likes");
    } else if (p->boot == POLICY_BOOT_ABSENT) {
        report(c, POLICY_NOTE, mark,
                "absent: no boot log explains the PCRs, so that nothing is known of firmware, boot "
                "loader and kernel");
    }
    for (size_t i = 0; i < p->reference_count; i++) {
        referenced |= 1u << p->references[i].pcr;
    }
    for (unsigned int pcr = 0; p->boot == POLICY_BOOT_REFERENCES && pcr < 8; pcr++) {
        if ((p->quote.bank[0].mask & ~referenced & 1u << pcr) != 0) {
            report(c, POLICY_NOTE, mark, "PCR %u is quoted, but any value of it will do", pcr);
        }
    }
    uint32_t needed = p->ima.legacy_boot_aggregate ? PCR_MASK_FIRMWARE : AGGREGATE;
    if (p->boot == POLICY_BOOT_ABSENT && p->has_ima && (needed & ~p->quote.bank[0].mask) != 0) {
        report(c, POLICY_ERROR, mark_of(c, "quote", "pcrs"),
                "no list can pass: without a boot log, boot_aggregate is computed from the quoted "
                "PCRs 0-%d, and not all of them are quoted",
                p->ima.legacy_boot_aggregate ? 7 : 9);
    }
}

static bool names_a_file(struct bytes template_name)
{
    struct ima_fields fields;
    struct error err;
    bool digest = false;
    bool name = false;

    if (!ima_template_fields(template_name, &fields, &err)) {
        return false;
    }
    for (size_t i = 0; i < fields.count; i++) {
        enum ima_field f = fields.at[i].field;

        digest = digest || f == IMA_FIELD_D || f == IMA_FIELD_D_NG || f == IMA_FIELD_D_NGV2;
        name = name || f == IMA_FIELD_N || f == IMA_FIELD_N_NG;
    }
    return digest && name;
}

static void check_templates(struct check *c)
{
    const struct policy_ima *ima = &c->p->ima;

    for (size_t i = 0; i < ima->template_count; i++) {
        char *name CLEANUP(text_free) = escaped(ima->templates[i].text);

        if (!names_a_file(ima->templates[i].text)) {
            report(c, POLICY_WARNING, &ima->templates[i].mark,
                    "template %s yields no file digest and name: every record of it is refused",
                    name != NULL ? name : "");
        }
    }
}

static void check_choices(struct check *c)
{
    const struct policy_ima *ima = &c->p->ima;

    if (ima->violations == POLICY_VIOLATIONS_WARN) {
        report(c, POLICY_WARNING, mark_of(c, "ima", "violations"),
                "violations: warn lets a program change a file while it is measured, as often as "
                "it likes; { limit: N } bounds it");
    } else if (ima->violations == POLICY_VIOLATIONS_LIMIT && ima->violation_limit > 0) {
        report(c, POLICY_NOTE, mark_of(c, "ima", "violations"),
                "up to %" PRIu64 " violations pass: nobody knows what was measured in them",
                ima->violation_limit);
    }
    if (ima->weak_digests) {
        report(c, POLICY_WARNING, mark_of(c, "ima", "weak-digests"),
                "weak-digests: allow accepts SHA-1 and MD5: two files with one digest can be made");
    }
    if (ima->legacy_boot_aggregate) {
        report(c, POLICY_NOTE, mark_of(c, "ima", "boot-aggregate"),
                "boot-aggregate: legacy does not bind the list to PCRs 8 and 9 (boot loader)");
    }
    if (ima->kexec) {
        report(c, POLICY_WARNING, mark_of(c, "ima", "kexec"),
                "kexec: allow accepts a second kernel that no firmware measured");
    }
}

/* Places that programs without privilege may write to, and places where programs are. */
static const char *const writable[] = { "/tmp", "/var/tmp", "/dev/shm", "/home", "/run/user",
    "/run/lock", "/var/crash", "/mnt", "/media" };
static const char *const executable[] = { "/usr/bin", "/usr/sbin", "/usr/lib", "/usr/lib64",
    "/usr/libexec", "/usr/local", "/bin", "/sbin", "/lib", "/lib64", "/opt", "/boot", "/root" };

static const char *first_reached(struct bytes pattern, const char *const *places, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (pattern_reaches(pattern, bytes_of_text(places[i]))) {
            return places[i];
        }
    }
    return NULL;
}

static void check_excludes(struct check *c)
{
    const struct policy_ima *ima = &c->p->ima;

    for (size_t i = 0; i < ima->exclude_count; i++) {
        const struct policy_text *exclude = &ima->excludes[i];
        const char *anyone = first_reached(exclude->text, writable, ARRAY_LEN(writable));
        const char *programs = first_reached(exclude->text, executable, ARRAY_LEN(executable));
        char *pattern CLEANUP(text_free) = escaped(exclude->text);
        const char *shown = pattern != NULL ? pattern : "";

        if (anyone != NULL && programs != NULL) {
            report(c, POLICY_WARNING, &exclude->mark,
                    "DANGEROUS: %s hides programs in %s and whatever anybody puts into %s: an "
                    "attacker needs no other way in",
                    shown, programs, anyone);
        } else if (anyone != NULL) {
            report(c, POLICY_WARNING, &exclude->mark,
                    "DANGEROUS: %s reaches into %s, where users may write: any of them can run a "
                    "program there unseen",
                    shown, anyone);
        } else if (programs != NULL) {
            report(c, POLICY_WARNING, &exclude->mark,
                    "DANGEROUS: %s reaches into %s, where programs are: a changed one passes "
                    "unseen",
                    shown, programs);
        } else {
            report(c, POLICY_WARNING, &exclude->mark,
                    "%s is a hole: a path is what the opener called it, so that root can run "
                    "anything under it unseen",
                    shown);
        }
    }
}

static void check_files(struct check *c, struct hasher *h)
{
    struct policy *p = c->p;

    c->out->has_digest = true;
    for (size_t i = 0; i < p->file_count; i++) {
        struct error err = { 0 };

        if (!policy_file_load(p, &p->files[i], h, &err)) {
            c->out->has_digest = false;
            report(c, POLICY_ERROR, &p->files[i].mark, "%s", err.text);
        }
    }
}

/* What is wrong with many rows of one file: some are named, the others counted. */
struct tally {
    uint64_t rows;
};

static bool name_it(struct tally *t)
{
    return ++t->rows <= ROWS_NAMED;
}

static void report_more(struct check *c, const struct tally *t, const char *what)
{
    if (t->rows > ROWS_NAMED) {
        report(c, POLICY_WARNING, mark_of(c, "ima", "allow"), "further rows that %s: %" PRIu64,
                what, t->rows - ROWS_NAMED);
    }
}

static bool is_relative(struct bytes path)
{
    return path.len > 1 && path.ptr[0] != '/' && memchr(path.ptr, '/', path.len) != NULL;
}

static bool ends_with(struct bytes path, const char *end)
{
    size_t n = strlen(end);

    return path.len >= n && memcmp(path.ptr + path.len - n, end, n) == 0;
}

/* Rows that match nothing, one way or another. */
static void check_rows(struct check *c)
{
    const struct policy *p = c->p;
    struct tally denied = { 0 };
    struct tally hidden = { 0 };
    struct tally relative = { 0 };
    struct tally weak = { 0 };
    struct allowlist_row row;
    size_t cursor = 0;
    bool agent = false;

    while (allowlist_next(&p->allow, &cursor, &row)) {
        bool by_path = row.match == ALLOWLIST_PATH;
        struct allowlist_row other;

        agent = agent || ends_with(row.key.path, AGENT_NAME);
        if (allowlist_find(&p->deny, &row.key, &other) && name_it(&denied)) {
            report_row(c, POLICY_WARNING, &row, "denied by %s:%" PRIu32 ", which wins", other.file,
                    other.line);
        }
        if (row.key.algorithm->weak && !p->ima.weak_digests && name_it(&weak)) {
            report_row(c, POLICY_WARNING, &row, "matches nothing: %s needs weak-digests: allow",
                    row.key.algorithm->name);
        }
        if (by_path && is_relative(row.key.path) && name_it(&relative)) {
            report_row(c, POLICY_NOTE, &row,
                    "IMA logs a name without a slash only where it has no path (memfd)");
        }
        if (by_path && policy_exclusion(p, row.key.path) != NULL && name_it(&hidden)) {
            report_row(c, POLICY_WARNING, &row,
                    "without effect: its path is excluded, whatever the digest");
        }
    }
    report_more(c, &denied, "are denied as well");
    report_more(c, &weak, "need weak-digests: allow");
    report_more(c, &relative, "have a relative path");
    report_more(c, &hidden, "have a path that is excluded");
    if (!agent && p->allow.row_count > 0) {
        report(c, POLICY_WARNING, mark_of(c, "ima", "allow"),
                "no row is the agent itself (a path that ends in %s): a host that runs it may be "
                "refused for it",
                AGENT_NAME);
    }
}

static void check_counts(struct check *c, const struct allowlist *list, const char *key)
{
    const struct yaml_mark *mark = mark_of(c, "ima", key);

    for (size_t i = 0; i < list->file_count; i++) {
        const struct allowlist_file *file = &list->files[i];

        if (file->rows == 0) {
            report_at(c, POLICY_WARNING, file->name, "no rows: it matches nothing");
        }
        if (file->zero_digests > 0) {
            report_at(c, POLICY_WARNING, file->name,
                    "rows with a digest of zeros match nothing: %zu", file->zero_digests);
        }
    }
    if (list->duplicates > 0) {
        report(c, POLICY_NOTE, mark, "rows that say what an earlier one says: %zu",
                list->duplicates);
    }
}

static bool check_lists(struct check *c, struct hasher *h, struct error *err)
{
    struct policy *p = c->p;

    check_files(c, h);
    if (!allowlist_index(&p->allow, err) || !allowlist_index(&p->deny, err)) {
        return false;
    }
    if (p->allow.row_count == 0 && c->out->has_digest) {
        report(c, POLICY_WARNING, mark_of(c, "ima", "allow"),
                "nothing is allowed: every file is refused");
    }
    check_counts(c, &p->allow, "allow");
    check_counts(c, &p->deny, "deny");
    check_rows(c);
    return true;
}

static bool check_all(struct check *c, struct bytes text, struct hasher *h, struct error *err)
{
    check_banks(c);
    check_boot(c);
    if (c->p->has_ima) {
        check_templates(c);
        check_choices(c);
        check_excludes(c);
        if (!check_lists(c, h, err)) {
            return false;
        }
    } else {
        c->out->has_digest = true;
    }
    if (c->out->has_digest) {
        if (!policy_set_digest(c->p, text, h, err)) {
            return false;
        }
        memcpy(c->out->digest, c->p->digest, sizeof(c->out->digest));
    }
    return !c->failed || error_set(err, ERROR_NOMEM, "%s", c->p->path);
}

/* "PATH:LINE:COLUMN: text" becomes a finding. */
static void report_schema(struct check *c, const char *path, const struct error *err)
{
    char where[sizeof(err->text)];
    const char *text = err->text;
    size_t n = strlen(path);
    const char *end = strncmp(text, path, n) == 0 ? strstr(text + n, ": ") : NULL;

    if (end == NULL) {
        report_at(c, POLICY_ERROR, path, "%s", text);
        return;
    }
    (void)snprintf(where, sizeof(where), "%.*s", (int)(end - text), text);
    report_at(c, POLICY_ERROR, where, "%s", end + 2);
}

bool policy_check(const char *path, struct policy_report *out, struct error *err)
{
    struct policy p CLEANUP(policy_clear) = { 0 };
    struct buffer text CLEANUP(buffer_clear) = { 0 };
    struct hasher h CLEANUP(hasher_clear) = { 0 };
    struct check c = { .p = &p, .out = out };

    if (!hasher_init(&h, err) || !file_read(path, YAML_TEXT_MAX, &text, err)) {
        return false;
    }
    if (policy_parse(buffer_view(&text), path, &p, err)) {
        return check_all(&c, buffer_view(&text), &h, err);
    }
    if (err->code == ERROR_NOMEM) {
        return false;
    }
    report_schema(&c, path, err);
    return !c.failed;
}

size_t policy_report_count(const struct policy_report *r, enum policy_severity severity)
{
    size_t count = 0;

    for (size_t i = 0; i < r->count; i++) {
        count += r->findings[i].severity >= severity ? 1 : 0;
    }
    return count;
}

const char *policy_severity_name(enum policy_severity severity)
{
    switch (severity) {
    case POLICY_NOTE:
        return "note";
    case POLICY_WARNING:
        return "warning";
    case POLICY_ERROR:
        return "error";
    }
    return "error";
}

void policy_report_clear(struct policy_report *r)
{
    for (size_t i = 0; i < r->count; i++) {
        free(r->findings[i].where);
        free(r->findings[i].text);
    }
    free(r->findings);
    *r = (struct policy_report){ 0 };
}
