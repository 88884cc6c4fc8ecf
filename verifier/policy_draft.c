/* SPDX-License-Identifier: BSD-3-Clause */
#include "verifier/policy_draft.h"

#include <inttypes.h>
#include <string.h>

#include "ima/aggregate.h"
#include "ima/algorithm.h"
#include "ima/template.h"
#include "verifier/allowlist_line.h"

#define AGENT_NAME    "/tally-agent"
#define FIRMWARE_PCRS 8

/* Banks by what they are worth. */
static const enum digest_alg preferred[] = { DIGEST_SHA256, DIGEST_SHA384, DIGEST_SHA512,
    DIGEST_SM3_256, DIGEST_SHA1 };

struct policy_draft policy_draft_init(void)
{
    struct policy_draft d = { .bank = DIGEST_SHA256, .file_alg = DIGEST_SHA256 };

    for (size_t i = 0; i < ARRAY_LEN(preferred); i++) {
        d.quote.bank[d.quote.count++] = (struct pcr_selection_bank){ preferred[i], PCR_ALL };
    }
    return d;
}

void policy_draft_set_quote(struct policy_draft *d, const struct pcr_selection *quote)
{
    d->quote = *quote;
    d->has_quote = true;
    for (size_t i = 0; i < ARRAY_LEN(preferred); i++) {
        if (pcr_selection_mask(quote, preferred[i]) != 0) {
            d->bank = preferred[i];
            return;
        }
    }
}

/* Registers of the policy's bank that may be taken. */
static uint32_t provable(const struct policy_draft *d)
{
    return pcr_selection_mask(&d->quote, d->bank);
}

/* Registers of 0-7 that the log extends and the quote covers: for others a log can say anything. */
static uint32_t references(const struct policy_draft *d, enum digest_alg bank)
{
    return (d->boot.banks & 1u << bank) == 0
            ? 0
            : d->boot.extended[bank] & pcr_selection_mask(&d->quote, bank) & PCR_MASK_FIRMWARE;
}

void policy_draft_saw(struct policy_draft *d, struct bytes path)
{
    size_t n = strlen(AGENT_NAME);

    if (path.len >= n && memcmp(path.ptr + path.len - n, AGENT_NAME, n) == 0) {
        d->has_agent = true;
    }
}

bool policy_draft_add_boot(struct policy_draft *d, struct bytes log, struct hasher *h,
        struct error *err)
{
    const struct eventlog_replay_options options = { .registers = EVENTLOG_PCR,
        .banks = EVENTLOG_BANKS_ALL };

    if (!eventlog_replay(log, &options, h, &d->boot, err)) {
        return false;
    }
    for (size_t i = 0; i < ARRAY_LEN(preferred); i++) {
        if (references(d, preferred[i]) != 0) {
            d->bank = preferred[i];
            d->has_boot = true;
            return true;
        }
    }
    return error_set(err, ERROR_UNSUPPORTED,
            "of PCRs 0-7 the boot log extends none that is quoted, in a bank that can be replayed");
}

static void add_template(struct policy_draft *d, struct bytes name)
{
    for (size_t i = 0; i < d->template_count; i++) {
        if (bytes_equal_text(name, d->templates[i])) {
            return;
        }
    }
    for (size_t i = 0; i < name.len; i++) {
        if (name.ptr[i] < 0x20 || name.ptr[i] > 0x7e) {
            d->nameless++; /* no kernel writes such a name */
            return;
        }
    }
    if (d->template_count == DRAFT_TEMPLATES_MAX) {
        d->nameless++;
        return;
    }
    memcpy(d->templates[d->template_count++], name.ptr, name.len);
}

static bool aggregate_equals(struct policy_draft *d, const struct ima_file *file,
        enum digest_alg alg, unsigned int last, bool *out, struct error *err)
{
    uint8_t digest[DIGEST_SIZE_MAX];
    bool known;

    if (!ima_boot_aggregate(d->hasher, &d->boot.values, alg, last, digest, &known, err)) {
        return false;
    }
    *out = known && bytes_equal(file->digest.digest, (struct bytes){ digest, digest_size(alg) });
    return true;
}

static bool add_aggregate(struct policy_draft *d, const struct ima_file *file, struct error *err)
{
    const struct ima_algorithm *algorithm = ima_algorithm_find(file->digest.algorithm);
    bool strict = true;
    bool legacy = false;

    d->aggregates++;
    if (algorithm == NULL || !algorithm->computable) {
        return error_set(err, ERROR_UNSUPPORTED, "boot_aggregate of an unknown algorithm");
    }
    if (d->has_boot) {
        if (!aggregate_equals(d, file, algorithm->alg, IMA_AGGREGATE_LAST, &strict, err) ||
                !aggregate_equals(d, file, algorithm->alg, IMA_AGGREGATE_LEGACY_LAST, &legacy,
                        err)) {
            return false;
        }
        if (!strict && !legacy) {
            return error_set(err, ERROR_MALFORMED,
                    "boot_aggregate is not the digest of the boot log's PCRs: log and list are of "
                    "different boots, or one was changed");
        }
    }
    d->legacy_aggregate = d->legacy_aggregate || algorithm->weak || !strict;
    return true;
}

static void add_file(struct policy_draft *d, const struct ima_file *file)
{
    const struct ima_algorithm *algorithm = ima_algorithm_find(file->digest.algorithm);

    if (algorithm == NULL || algorithm->size != file->digest.digest.len || file->path.len == 0 ||
            file->path.len > ALLOWLIST_PATH_MAX) {
        d->nameless++;
        return;
    }
    if (bytes_are_zero(file->digest.digest)) {
        d->zero++;
        return;
    }
    d->weak += algorithm->weak ? 1 : 0;
    if (algorithm->computable && !file->has_buf && !file->digest.verity) {
        d->file_alg = algorithm->alg;
    }
    d->files++;
    policy_draft_saw(d, file->path);
    allowlist_line_print(d->rows, algorithm, file->digest.verity, file->digest.digest, file->path);
}

static bool add_record(void *ctx, const struct ima_record *record, struct error *err)
{
    struct policy_draft *d = ctx;
    struct ima_file file;

    if (record->entry->index >= d->limit) {
        return true;
    }
    d->entries++;
    if (!record->measured->digest_ok) {
        return error_set(err, ERROR_MALFORMED, "its template digest is not that of its data");
    }
    d->pcrs |= 1u << record->entry->pcr;
    if (record->measured->violation) {
        d->violations++;
        return true;
    }
    add_template(d, record->entry->template_name);
    if (!ima_fields_file(record->fields, &file)) {
        d->nameless++;
        return true;
    }
    if (!file.has_buf && bytes_equal_text(file.path, "boot_aggregate")) {
        return add_aggregate(d, &file, err);
    }
    add_file(d, &file);
    return true;
}

bool policy_draft_add_list(struct policy_draft *d, const struct source *list,
        struct ima_digest_format format, uint64_t limit, FILE *rows, struct hasher *h,
        struct error *err)
{
    struct ima_walk walk CLEANUP(ima_walk_clear);

    d->has_list = true;
    d->limit = limit;
    d->rows = rows;
    d->hasher = h;
    ima_walk_init(&walk, h, format, 1u << d->bank, false);
    walk.whole = true;
    walk.visit = add_record;
    walk.ctx = d;
    if (!ima_walk_run(&walk, list, err)) {
        return false;
    }
    if (d->entries == 0 || d->aggregates == 0) {
        return error_set(err, ERROR_MALFORMED, "the list has no boot_aggregate record");
    }
    return true;
}

/* Registers of the list that the policy tells of. */
static uint32_t list_pcrs(const struct policy_draft *d)
{
    if (d->has_list) {
        return d->pcrs;
    }
    return d->has_root ? 1u << PCR_IMA : 0;
}

bool policy_draft_check(const struct policy_draft *d, struct error *err)
{
    return (list_pcrs(d) & ~provable(d)) == 0 ||
            error_set(err, ERROR_UNSUPPORTED,
                    "the quote does not cover every PCR of the measurement list in bank %s",
                    digest_name(d->bank));
}

static uint32_t quoted(const struct policy_draft *d)
{
    uint32_t firmware = d->has_boot ? references(d, d->bank) : PCR_MASK_FIRMWARE;

    if (!d->has_list && !d->has_root) {
        return firmware & provable(d);
    }
    return (firmware | 1u << 8 | 1u << 9 | 1u << 14 | list_pcrs(d)) & provable(d);
}

static void print_pcrs(FILE *to, uint32_t mask)
{
    const char *between = "";

    fputc('[', to);
    for (unsigned int pcr = 0; pcr < PCR_COUNT; pcr++) {
        if ((mask & 1u << pcr) != 0) {
            fprintf(to, "%s%u", between, pcr);
            between = ", ";
        }
    }
    fputs("]\n", to);
}

static void print_boot(const struct policy_draft *d, FILE *to)
{
    char hex[2 * DIGEST_SIZE_MAX + 1];

    if (!d->has_boot && d->has_quote) {
        fputs("# The machine sent no boot log, so that nothing says what firmware, boot loader and\n"
              "# kernel are.\n"
              "boot: absent\n\n",
                to);
        return;
    }
    if (!d->has_boot) {
        fputs("# No boot log was given: any boot will do. Add references with --boot-log; if the machine\n"
              "# has no boot log, say absent.\n"
              "boot: unchecked\n\n",
                to);
        return;
    }
    fprintf(to,
            "# Values after this boot. Add a second one, [OLD, NEW], before you update firmware,\n"
            "# boot loader or kernel.\n"
            "boot:\n  pcrs:\n    %s:\n",
            digest_name(d->bank));
    for (unsigned int pcr = 0; pcr < FIRMWARE_PCRS; pcr++) {
        struct bytes value;

        if ((references(d, d->bank) & 1u << pcr) != 0 &&
                pcr_values_get(&d->boot.values, d->bank, pcr, &value)) {
            fprintf(to, "      %u: %s\n", pcr, bytes_hex(hex, sizeof(hex), value));
        }
    }
    fputc('\n', to);
}

static void print_templates(const struct policy_draft *d, FILE *to)
{
    if (d->template_count == 0) {
        return;
    }
    fputs("  templates: [", to);
    for (size_t i = 0; i < d->template_count; i++) {
        fputs(i > 0 ? ", \"" : "\"", to);
        for (const char *c = d->templates[i]; *c != '\0'; c++) {
            fprintf(to, "%s%c", *c == '"' || *c == '\\' ? "\\" : "", *c);
        }
        fputc('"', to);
    }
    fputs("]\n", to);
}

static void print_choices(const struct policy_draft *d, FILE *to)
{
    if (!d->has_list) {
        return;
    }
    if (d->violations == 0) {
        fputs("  # The list has no violation: none is normal here.\n  violations: fail\n", to);
    } else {
        fprintf(to,
                "  # The list has %" PRIu64
                " violations (files that were written while they were measured), so that\n"
                "  # many are taken for normal; what was in those files, nobody knows. One more "
                "refuses.\n"
                "  violations: { limit: %" PRIu64 " }\n",
                d->violations, d->violations);
    }
    if (d->weak > 0 || d->padded || d->bank == DIGEST_SHA1) {
        fprintf(to, "  # %s: two files with one digest can be made.\n  weak-digests: allow\n",
                d->weak > 0         ? "The kernel hashes files with SHA-1 or MD5 (ima_hash=)"
                        : d->padded ? "The kernel extends SHA-1 digests into every bank"
                                    : "The boot log has SHA-1 only");
    }
    if (d->legacy_aggregate) {
        fputs("  # boot_aggregate is SHA-1, or leaves out PCRs 8 and 9, as older kernels do.\n"
              "  boot-aggregate: legacy\n",
                to);
    }
    if (d->aggregates > 1) {
        fputs("  # The list has more than one boot_aggregate: a kernel was started by kexec.\n"
              "  kexec: allow\n",
                to);
    }
}

static void print_ima(const struct policy_draft *d, FILE *to)
{
    fputs("ima:\n", to);
    if (d->has_list) {
        fputs("  pcrs: ", to);
        print_pcrs(to, d->pcrs);
    }
    print_templates(d, to);
    print_choices(d, to);
    fputs("  # Files by path and digest. `tally policy accept` adds to a list of its own.\n"
          "  allow:\n",
            to);
    if (d->has_list) {
        fputs("    - { file: " DRAFT_MEASURED_LIST ", match: path }  # what ran here\n", to);
    }
    if (d->has_root) {
        fputs("    - { file: " DRAFT_ROOT_LIST ", match: path }  # what could run\n", to);
    }
}

void policy_draft_print(const struct policy_draft *d, const char *origin, FILE *to)
{
    fprintf(to,
            "# Made by tally policy create from %s.\n"
            "# It holds what was seen, good or bad: read it before you rely on it.\n"
            "version: 1\n\nquote:\n  banks: [%s]\n",
            origin, digest_name(d->bank));
    if (d->has_boot && references(d, d->bank) != PCR_MASK_FIRMWARE) {
        fputs("  # PCRs of 0-7 that are not here were never extended, or are not quoted.\n", to);
    }
    fputs("  pcrs: ", to);
    print_pcrs(to, quoted(d));
    fputc('\n', to);
    print_boot(d, to);
    if (d->has_list || d->has_root) {
        print_ima(d, to);
    }
}
