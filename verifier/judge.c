/* SPDX-License-Identifier: BSD-3-Clause */
#include "verifier/judge.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "ima/aggregate.h"
#include "ima/algorithm.h"

/* Longest path that goes into a sentence; the finding's own field holds it whole. */
#define PATH_IN_TEXT 256
/* Likewise the name of a list in the name of a rule. */
#define FILE_IN_RULE 512

void judge_reset(struct judge *j)
{
    findings_clear(&j->findings);
    j->replay_failed = false;
    j->files_failed = false;
    j->kexec = false;
    j->first_violation = 0;
    j->sum = (struct list_judged){ 0 };
}

static struct finding finding_of(enum check check, const struct ima_record *record)
{
    return (struct finding){
        .severity = SEVERITY_REFUSE,
        .check = check,
        .kind = check_kind(check),
        .log = "ima",
        .has_entry = true,
        .entry = record->entry->index,
    };
}

static bool text_digest(char **out, struct bytes algorithm, bool verity, struct bytes digest,
        struct error *err)
{
    char name[64];
    char hex[2 * DIGEST_SIZE_MAX + 1];

    return text_set(out, err, "%s%s:%s", verity ? "verity:" : "",
            bytes_escape(name, sizeof(name), algorithm), bytes_hex(hex, sizeof(hex), digest));
}

/* What names the file in a finding: as far as the record has it. */
static bool describe(struct finding *f, const struct ima_file *file, struct error *err)
{
    return text_escape(&f->path, file->path, err) &&
            text_digest(&f->digest, file->digest.algorithm, file->digest.verity,
                    file->digest.digest, err);
}

/* Keep a finding whose parts were put together, or free it. */
static bool keep(struct judge *j, bool complete, struct finding *f, struct error *err)
{
    if (!complete) {
        finding_clear(f);
        return false;
    }
    return findings_add(&j->findings, f, err);
}

static bool refuse_replay(struct judge *j, const struct ima_record *record, const char *rule,
        const char *expected, const char *found, const char *why, struct error *err)
{
    struct finding f = finding_of(CHECK_IMA_REPLAY, record);

    j->replay_failed = true;
    return keep(j,
            text_set(&f.text, err, "entry %" PRIu64 ": %s", record->entry->index, why) &&
                    (rule == NULL || text_set(&f.rule, err, "%s", rule)) &&
                    (expected == NULL || text_set(&f.expected, err, "%s", expected)) &&
                    (found == NULL || text_set(&f.found, err, "%s", found)),
            &f, err);
}

static bool refuse_wrong_digest(struct judge *j, const struct ima_record *record, struct error *err)
{
    /* Nothing but the width tells the algorithm of the list; a padded one is SHA-1. */
    const struct ima_algorithm *of_list = ima_algorithm_of_size(record->entry->template_digest.len);
    enum digest_alg alg = of_list != NULL && (record->measured->computed & 1u << of_list->alg) != 0
            ? of_list->alg
            : DIGEST_SHA1;
    char expected[2 * DIGEST_SIZE_MAX + 1];
    char found[2 * DIGEST_SIZE_MAX + 1];

    bytes_hex(expected, sizeof(expected),
            (struct bytes){ record->measured->digest[alg], digest_size(alg) });
    bytes_hex(found, sizeof(found), record->entry->template_digest);
    return refuse_replay(j, record, JUDGE_RULE_TEMPLATE_DIGEST, expected, found,
            "the template digest in the list is not that of the record's data: the list was changed",
            err);
}

static bool refuse_wrong_pcr(struct judge *j, const struct ima_record *record, struct error *err)
{
    char found[24];

    (void)snprintf(found, sizeof(found), "PCR %" PRIu32, record->entry->pcr);
    if (j->policy == NULL) {
        return refuse_replay(j, record, NULL, NULL, found,
                "the record extends a PCR that is not quoted: nothing proves it", err);
    }
    return refuse_replay(j, record, "ima.pcrs", "a PCR of ima.pcrs", found,
            "the record extends a PCR that the policy does not give to the list (ima.pcrs)", err);
}

static bool refuse_file(struct judge *j, const struct ima_record *record,
        const struct ima_file *file, const char *kind, const char *rule, const char *why,
        struct error *err)
{
    struct finding f = finding_of(CHECK_FILES, record);
    char path[PATH_IN_TEXT] = "";

    j->files_failed = true;
    f.kind = kind;
    if (file != NULL) {
        bytes_escape(path, sizeof(path), file->path);
    }
    return keep(j,
            (file == NULL || describe(&f, file, err)) &&
                    (rule == NULL || text_set(&f.rule, err, "%s", rule)) &&
                    text_set(&f.text, err, "entry %" PRIu64 ": %s%s%s", record->entry->index, path,
                            file == NULL ? "" : ": ", why),
            &f, err);
}

static bool on_violation(struct judge *j, const struct ima_record *record, struct error *err)
{
    struct finding f = finding_of(CHECK_VIOLATIONS, record);
    struct ima_file file;
    bool named = ima_fields_file(record->fields, &file);
    char path[PATH_IN_TEXT] = "(unnamed)";

    if (j->sum.violations++ == 0) {
        j->first_violation = record->entry->index;
    }
    if (j->policy == NULL) {
        return true;
    }
    if (j->policy->ima.violations != POLICY_VIOLATIONS_FAIL) {
        f.severity = SEVERITY_WARN; /* appraise() makes more of it when there are too many */
    }
    if (named) {
        bytes_escape(path, sizeof(path), file.path);
    }
    return keep(j,
            (!named || text_escape(&f.path, file.path, err)) &&
                    text_set(&f.text, err,
                            "entry %" PRIu64 ": violation: a file was read and written at the same"
                            " time, so that what was measured may not be what was used (the name"
                            " is not authenticated: %s)",
                            record->entry->index, path),
            &f, err);
}

static bool refuse_aggregate(struct judge *j, const struct ima_record *record,
        const struct ima_file *file, const uint8_t *expected, size_t size, const char *why,
        struct error *err)
{
    struct finding f = finding_of(CHECK_BOOT_AGGREGATE, record);

    j->sum.aggregate.state = AGGREGATE_BAD;
    return keep(j,
            describe(&f, file, err) &&
                    text_set(&f.text, err, "entry %" PRIu64 ": boot_aggregate %s",
                            record->entry->index, why) &&
                    text_hex(&f.found, file->digest.digest, err) &&
                    (expected == NULL ||
                            text_hex(&f.expected, (struct bytes){ expected, size }, err)),
            &f, err);
}

static bool aggregate_equals(const struct judge *j, const struct ima_file *file,
        enum digest_alg alg, unsigned int last, uint8_t *digest, bool *known, bool *equal,
        struct error *err)
{
    if (!ima_boot_aggregate(j->hasher, j->boot, alg, last, digest, known, err)) {
        return false;
    }
    *equal = *known && bytes_equal(file->digest.digest, (struct bytes){ digest, digest_size(alg) });
    return true;
}

/* Keep what it takes to recompute this one in a later round. Of those that could not be judged only
 * one is kept: others are refused unless they say the same. */
static void note_aggregate(struct judge *j, const struct ima_record *record,
        const struct ima_file *file, enum aggregate_state state)
{
    const struct ima_algorithm *algorithm = ima_algorithm_find(file->digest.algorithm);
    struct bytes digest = file->digest.digest;
    struct bytes held = { j->sum.aggregate.digest, digest_size(j->sum.aggregate.alg) };
    bool lost = j->sum.aggregate.state == AGGREGATE_UNJUDGED && !bytes_equal(held, digest);

    if (j->sum.aggregate.state == AGGREGATE_BAD) {
        return;
    }
    if (lost || file->digest.verity || algorithm == NULL || !algorithm->computable ||
            digest.len != digest_size(algorithm->alg)) {
        j->sum.aggregate.state = AGGREGATE_BAD;
        return;
    }
    j->sum.aggregate.state = state;
    j->sum.aggregate.entry = record->entry->index;
    j->sum.aggregate.alg = algorithm->alg;
    memcpy(j->sum.aggregate.digest, digest.ptr, digest.len);
}

static bool check_aggregate(struct judge *j, const struct ima_record *record,
        const struct ima_file *file, struct error *err)
{
    const struct ima_algorithm *algorithm = ima_algorithm_find(file->digest.algorithm);
    bool legacy = j->policy == NULL || j->policy->ima.legacy_boot_aggregate;
    uint8_t digest[DIGEST_SIZE_MAX];
    bool known = false;
    bool equal = false;

    if (j->boot == NULL) {
        note_aggregate(j, record, file, AGGREGATE_UNJUDGED);
        return true;
    }
    if (file->has_buf || file->digest.verity || algorithm == NULL || !algorithm->computable ||
            bytes_are_zero(file->digest.digest)) {
        return refuse_aggregate(j, record, file, NULL, 0, "is no digest over PCRs", err);
    }
    if (algorithm->weak && !legacy) {
        return refuse_aggregate(j, record, file, NULL, 0,
                "is SHA-1; the policy wants SHA-256 or better (boot-aggregate: legacy allows it)",
                err);
    }
    if (legacy &&
            !aggregate_equals(j, file, algorithm->alg, IMA_AGGREGATE_LEGACY_LAST, digest, &known,
                    &equal, err)) {
        return false;
    }
    if (!equal &&
            !aggregate_equals(j, file, algorithm->alg, IMA_AGGREGATE_LAST, digest, &known, &equal,
                    err)) {
        return false;
    }
    if (!known) {
        return refuse_aggregate(j, record, file, NULL, 0,
                "cannot be recomputed: PCRs 0-9 of its bank are not known", err);
    }
    if (!equal) {
        return refuse_aggregate(j, record, file, digest, digest_size(algorithm->alg),
                "is not the digest of the boot PCRs: list and boot log are of different boots, or"
                " one was changed",
                err);
    }
    note_aggregate(j, record, file, AGGREGATE_GOOD);
    return true;
}

/* The record is gone; what it said is held. */
static bool recheck_aggregate(struct judge *j, struct error *err)
{
    const struct list_judged held = j->sum;
    const struct ima_algorithm *algorithm = ima_algorithm_of(held.aggregate.alg);
    struct ima_entry entry = { .index = held.aggregate.entry };
    struct ima_record record = { .entry = &entry };
    struct ima_file file = { .path = bytes_of_text("boot_aggregate") };

    file.digest.algorithm = bytes_of_text(algorithm->name);
    file.digest.digest = (struct bytes){ held.aggregate.digest, digest_size(held.aggregate.alg) };
    return check_aggregate(j, &record, &file, err);
}

bool judge_begin(struct judge *j, const struct list_judged *before, struct error *err)
{
    judge_reset(j);
    if (before == NULL) {
        return true;
    }
    j->sum = *before;
    return before->aggregate.state == AGGREGATE_NONE || before->aggregate.state == AGGREGATE_BAD ||
            recheck_aggregate(j, err);
}

static bool on_aggregate(struct judge *j, const struct ima_record *record,
        const struct ima_file *file, struct error *err)
{
    j->kexec = j->kexec || record->entry->index > 0;
    if (record->entry->index > 0 && j->policy != NULL && !j->policy->ima.kexec) {
        return refuse_aggregate(j, record, file, NULL, 0,
                "again: another kernel was started by kexec, or a file has that name (kexec: allow"
                " accepts one that recomputes)",
                err);
    }
    return check_aggregate(j, record, file, err);
}

/* A buffer's digest is that of the buffer: process_buffer_measurement(). */
static bool buffer_has_digest(const struct judge *j, const struct ima_file *file,
        const struct ima_algorithm *algorithm, bool *out, struct error *err)
{
    uint8_t digest[DIGEST_SIZE_MAX];

    *out = false;
    if (!algorithm->computable || !hasher_has(j->hasher, algorithm->alg)) {
        return true;
    }
    if (!hasher_digest(j->hasher, algorithm->alg, file->buf, digest, err)) {
        return false;
    }
    *out = bytes_equal(file->digest.digest, (struct bytes){ digest, algorithm->size });
    return true;
}

static bool refuse_denied(struct judge *j, const struct ima_record *record,
        const struct ima_file *file, const struct allowlist_row *row, struct error *err)
{
    char rule[FILE_IN_RULE + 32];
    char name[FILE_IN_RULE];

    (void)snprintf(rule, sizeof(rule), "deny %s line %" PRIu32,
            bytes_escape(name, sizeof(name), bytes_of_text(row->file)), row->line);
    return refuse_file(j, record, file, "denied-file", rule, "this digest is denied", err);
}

/* The file is in no list: say whether its path is known with another digest. */
static bool refuse_unknown(struct judge *j, const struct ima_record *record,
        const struct ima_file *file, struct error *err)
{
    struct finding f = finding_of(CHECK_FILES, record);
    struct allowlist_row row;

    j->files_failed = true;
    if (findings_are_full(&j->findings, SEVERITY_REFUSE)) {
        return findings_add(&j->findings, &f, err); /* is only counted: do not describe it */
    }
    bool changed = allowlist_find_path(&j->policy->allow, file->path, &row);
    char path[PATH_IN_TEXT];
    char list[FILE_IN_RULE];

    return keep(j,
            describe(&f, file, err) && text_set(&f.found, err, "%s", f.digest) &&
                    (!changed ||
                            (text_digest(&f.expected, bytes_of_text(row.key.algorithm->name),
                                     row.key.verity, row.key.digest, err) &&
                                    text_set(&f.rule, err, "allow %s line %" PRIu32,
                                            bytes_escape(list, sizeof(list),
                                                    bytes_of_text(row.file)),
                                            row.line))) &&
                    text_set(&f.text, err, "entry %" PRIu64 ": %s: %s", record->entry->index,
                            bytes_escape(path, sizeof(path), file->path),
                            changed ? "the file is known, but with another content"
                                    : "this file is in no list of the policy"),
            &f, err);
}

static bool judge_file(struct judge *j, const struct ima_record *record,
        const struct ima_file *file, struct error *err)
{
    const struct policy *p = j->policy;
    const struct ima_algorithm *algorithm = ima_algorithm_find(file->digest.algorithm);
    struct allowlist_row row;
    bool is_buffer = file->has_buf;
    bool good;

    j->sum.files++;
    if (algorithm == NULL || algorithm->size != file->digest.digest.len) {
        return refuse_file(j, record, file, "unknown-file", NULL,
                "its digest is of no algorithm that IMA has, or not as long as that algorithm's",
                err);
    }
    struct allowlist_key key = {
        .algorithm = algorithm,
        .verity = file->digest.verity,
        .digest = file->digest.digest,
        .path = file->path,
    };

    if (allowlist_find(&p->deny, &key, &row)) {
        return refuse_denied(j, record, file, &row, err);
    }
    if (policy_exclusion(p, file->path) != NULL) {
        j->sum.excluded++;
        return true;
    }
    if (bytes_are_zero(file->digest.digest)) {
        return refuse_file(j, record, file, "unknown-file", NULL,
                "its digest is zero: the kernel could not hash the file", err);
    }
    if (algorithm->weak && !p->ima.weak_digests) {
        return refuse_file(j, record, file, "unknown-file", "weak-digests: refuse",
                "its digest is of a weak algorithm", err);
    }
    if (is_buffer) {
        if (!buffer_has_digest(j, file, algorithm, &good, err)) {
            return false;
        }
        if (!good) {
            return refuse_file(j, record, file, "unknown-file", NULL,
                    "its digest is not that of the buffer in the record", err);
        }
    }
    /* Anywhere is for files: a buffer's name says what it is. */
    if (is_buffer ? allowlist_find_at_path(&p->allow, &key, &row)
                  : allowlist_find(&p->allow, &key, &row)) {
        return true;
    }
    return refuse_unknown(j, record, file, err);
}

static bool refuse_template(struct judge *j, const struct ima_record *record, const char *why,
        struct error *err)
{
    struct finding f = finding_of(CHECK_FILES, record);

    j->files_failed = true;
    return keep(j,
            text_set(&f.text, err, "entry %" PRIu64 ": %s", record->entry->index, why) &&
                    text_escape(&f.found, record->entry->template_name, err) &&
                    text_set(&f.rule, err, "ima.templates"),
            &f, err);
}

/* What must hold of every record before its content means anything. */
static bool judge_framing(struct judge *j, const struct ima_record *record, bool is_aggregate,
        struct error *err)
{
    if (record->entry->index == 0 && !is_aggregate &&
            !refuse_replay(j, record, NULL, "boot_aggregate", NULL,
                    "the first record is not boot_aggregate: the list does not start at boot",
                    err)) {
        return false;
    }
    if (!record->measured->digest_ok && !refuse_wrong_digest(j, record, err)) {
        return false;
    }
    return (j->pcrs & 1u << record->entry->pcr) != 0 || refuse_wrong_pcr(j, record, err);
}

/* file: of the record, NULL when it states none. */
static bool is_aggregate_file(const struct ima_record *record, const struct ima_file *file)
{
    return !record->measured->violation && file != NULL && !file->has_buf &&
            bytes_equal_text(file->path, "boot_aggregate");
}

bool judge_is_aggregate(const struct ima_record *record)
{
    struct ima_file file;

    return is_aggregate_file(record, ima_fields_file(record->fields, &file) ? &file : NULL);
}

bool judge_record(void *ctx, const struct ima_record *record, struct error *err)
{
    struct judge *j = ctx;
    struct ima_file file;
    bool named = ima_fields_file(record->fields, &file);
    bool is_aggregate = is_aggregate_file(record, named ? &file : NULL);

    if (!judge_framing(j, record, is_aggregate, err)) {
        return false;
    }
    if (record->measured->violation) {
        return on_violation(j, record, err);
    }
    if (j->policy != NULL && !policy_allows_template(j->policy, record->entry->template_name)) {
        return refuse_template(j, record, "the policy does not allow this template", err);
    }
    if (is_aggregate) {
        return on_aggregate(j, record, &file, err);
    }
    if (j->policy == NULL) {
        return true;
    }
    if (!named) {
        return refuse_template(j, record, "the template states no digest and name", err);
    }
    return judge_file(j, record, &file, err);
}
