/* SPDX-License-Identifier: BSD-3-Clause */
#include "verifier/policy_schema.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "verifier/pattern.h"
#include "verifier/policy_value.h"

#define DEFAULT_BANK DIGEST_SHA256

/* version */
static bool read_version(struct policy_context *c, const struct yaml_node *node, struct error *err)
{
    uint32_t version;

    if (!value_number(c, node, UINT32_MAX, &version, err)) {
        return false;
    }
    if (version != 1) {
        (void)error_set(err, ERROR_UNSUPPORTED,
                "version %" PRIu32 " of policies is not known here, only 1", version);
        return value_at(c, node->start, err);
    }
    return true;
}

/* quote */
static bool read_quote_banks(struct policy_context *c, const struct yaml_node *node,
        struct error *err)
{
    struct pcr_selection quote = { 0 };
    size_t count;

    if (!value_items(c, node, DIGEST_ALG_COUNT, "a sequence of banks", &count, err) ||
            !value_not_empty(c, node, err)) {
        return false;
    }
    for (const struct yaml_node *item = node->first; item != NULL; item = item->next) {
        enum digest_alg bank;

        if (!value_bank(c, item, &bank, err)) {
            return false;
        }
        for (size_t i = 0; i < quote.count; i++) {
            if (quote.bank[i].alg == bank) {
                (void)error_set(err, ERROR_CONFIG, "bank %s a second time", digest_name(bank));
                return value_at(c, item->start, err);
            }
        }
        quote.bank[quote.count++].alg = bank;
    }
    c->p->quote = quote;
    return true;
}

static bool read_quote_pcrs(struct policy_context *c, const struct yaml_node *node,
        struct error *err)
{
    return value_pcr_mask(c, node, &c->quote_pcrs, err);
}

static bool read_unsafe_clock(struct policy_context *c, const struct yaml_node *node,
        struct error *err)
{
    static const char *const words[] = { "warn", "refuse", NULL };
    size_t word;

    if (!value_word(c, node, words, "warn or refuse", &word, err)) {
        return false;
    }
    c->p->refuse_unsafe_clock = word == 1;
    return true;
}

static bool read_quote(struct policy_context *c, const struct yaml_node *node, struct error *err)
{
    static const struct policy_key keys[] = {
        { "banks", read_quote_banks },
        { "pcrs", read_quote_pcrs },
        { "unsafe-clock", read_unsafe_clock },
    };

    return value_mapping(c, node, keys, ARRAY_LEN(keys), err);
}

/* boot */
static bool read_allowed(const struct policy_context *c, const struct yaml_node *node,
        struct policy_reference *ref, struct error *err)
{
    char want[80];
    size_t size = digest_size(ref->bank);
    size_t len = 0;

    if (node->kind != YAML_SCALAR ||
            !bytes_from_hex(node->text, ref->allowed[ref->allowed_count], DIGEST_SIZE_MAX, &len) ||
            len != size) {
        (void)snprintf(want, sizeof(want), "%zu hexadecimal digits, a value of bank %s", 2 * size,
                digest_name(ref->bank));
        return value_wrong(c, node, err, want);
    }
    ref->allowed_count++;
    return true;
}

static bool read_reference(struct policy_context *c, enum digest_alg bank,
        const struct yaml_node *key, struct error *err)
{
    struct policy *p = c->p;
    const struct yaml_node *value = key->next;
    struct policy_reference *ref = &p->references[p->reference_count];
    uint32_t pcr;
    size_t count = 1;

    if (!value_number(c, key, PCR_COUNT - 1, &pcr, err)) {
        return false;
    }
    if (policy_reference_find(p, bank, pcr) != NULL) {
        (void)error_set(err, ERROR_CONFIG, "PCR %" PRIu32 " a second time", pcr);
        return value_at(c, key->start, err);
    }
    if (value->kind != YAML_SCALAR &&
            (!value_items(c, value, POLICY_ALLOWED_MAX, "a value or a sequence of values", &count,
                     err) ||
                    !value_not_empty(c, value, err))) {
        return false;
    }
    *ref = (struct policy_reference){ .bank = bank, .pcr = pcr, .mark = key->start };
    ref->allowed = calloc(count, sizeof(*ref->allowed));
    if (ref->allowed == NULL) {
        return value_no_memory(c, value, err);
    }
    p->reference_count++;
    for (const struct yaml_node *item = value->kind == YAML_SCALAR ? value : value->first;
            count > 0; item = item->next, count--) {
        if (!read_allowed(c, item, ref, err)) {
            return false;
        }
    }
    return true;
}

static bool read_boot_pcrs(struct policy_context *c, const struct yaml_node *node,
        struct error *err)
{
    if (node->kind != YAML_MAPPING) {
        return value_wrong(c, node, err, "a mapping of banks");
    }
    if (!value_not_empty(c, node, err)) {
        return false;
    }
    c->p->references = calloc(DIGEST_ALG_COUNT * PCR_COUNT, sizeof(*c->p->references));
    if (c->p->references == NULL) {
        return value_no_memory(c, node, err);
    }
    for (const struct yaml_node *key = node->first; key != NULL; key = key->next->next) {
        enum digest_alg bank;

        if (!value_bank(c, key, &bank, err)) {
            return false;
        }
        if (key->next->kind != YAML_MAPPING) {
            return value_wrong(c, key->next, err, "a mapping of PCR numbers");
        }
        if (!value_not_empty(c, key->next, err)) {
            return false;
        }
        for (const struct yaml_node *pcr = key->next->first; pcr != NULL; pcr = pcr->next->next) {
            if (!read_reference(c, bank, pcr, err)) {
                return false;
            }
        }
    }
    return true;
}

static bool read_boot(struct policy_context *c, const struct yaml_node *node, struct error *err)
{
    static const char *const words[] = { "unchecked", "absent", NULL };
    static const struct policy_key keys[] = { { "pcrs", read_boot_pcrs } };
    static const char want[] = "unchecked, absent or { pcrs: ... }";
    size_t word;

    if (node->kind == YAML_MAPPING && node->first != NULL) {
        c->p->boot = POLICY_BOOT_REFERENCES;
        return value_mapping(c, node, keys, ARRAY_LEN(keys), err);
    }
    if (!value_word(c, node, words, want, &word, err)) {
        return false;
    }
    c->p->boot = word == 0 ? POLICY_BOOT_UNCHECKED : POLICY_BOOT_ABSENT;
    return true;
}

/* ima */
static bool read_ima_pcrs(struct policy_context *c, const struct yaml_node *node, struct error *err)
{
    c->ima_pcrs_mark = node->start;
    return value_pcr_mask(c, node, &c->p->ima.pcrs, err);
}

static bool read_templates(struct policy_context *c, const struct yaml_node *node,
        struct error *err)
{
    return value_texts(c, node, "a template name", POLICY_TEMPLATES_MAX, POLICY_TEMPLATE_NAME_MAX,
                   &c->p->ima.templates, &c->p->ima.template_count, err) &&
            value_not_empty(c, node, err);
}

static bool read_violation_limit(struct policy_context *c, const struct yaml_node *node,
        struct error *err)
{
    uint32_t limit;

    if (!value_number(c, node, UINT32_MAX, &limit, err)) {
        return false;
    }
    c->p->ima.violations = POLICY_VIOLATIONS_LIMIT;
    c->p->ima.violation_limit = limit;
    return true;
}

static bool read_violations(struct policy_context *c, const struct yaml_node *node,
        struct error *err)
{
    static const char *const words[] = { "fail", "warn", NULL };
    static const struct policy_key keys[] = { { "limit", read_violation_limit } };
    size_t word;

    if (node->kind == YAML_MAPPING && node->first != NULL) {
        return value_mapping(c, node, keys, ARRAY_LEN(keys), err);
    }
    if (!value_word(c, node, words, "fail, warn or { limit: N }", &word, err)) {
        return false;
    }
    c->p->ima.violations = word == 0 ? POLICY_VIOLATIONS_FAIL : POLICY_VIOLATIONS_WARN;
    return true;
}

/* A choice between refuse and allow. */
static bool read_allow_word(const struct policy_context *c, const struct yaml_node *node, bool *out,
        struct error *err)
{
    static const char *const words[] = { "refuse", "allow", NULL };
    size_t word;

    if (!value_word(c, node, words, "refuse or allow", &word, err)) {
        return false;
    }
    *out = word == 1;
    return true;
}

static bool read_weak_digests(struct policy_context *c, const struct yaml_node *node,
        struct error *err)
{
    return read_allow_word(c, node, &c->p->ima.weak_digests, err);
}

static bool read_kexec(struct policy_context *c, const struct yaml_node *node, struct error *err)
{
    return read_allow_word(c, node, &c->p->ima.kexec, err);
}

static bool read_boot_aggregate(struct policy_context *c, const struct yaml_node *node,
        struct error *err)
{
    static const char *const words[] = { "strict", "legacy", NULL };
    size_t word;

    if (!value_word(c, node, words, "strict or legacy", &word, err)) {
        return false;
    }
    c->p->ima.legacy_boot_aggregate = word == 1;
    return true;
}

static struct policy_file *last_file(const struct policy_context *c)
{
    return &c->p->files[c->p->file_count - 1];
}

static bool read_file_name(struct policy_context *c, const struct yaml_node *node,
        struct error *err)
{
    struct policy_text name = { 0 };
    struct policy_file *file = last_file(c);

    if (!value_text(c, node, "the name of a file", ALLOWLIST_PATH_MAX, &name, err)) {
        return false;
    }
    file->mark = name.mark;
    file->path = policy_beside(c->p->path, name.text);
    return file->path != NULL || value_no_memory(c, node, err);
}

static bool read_match(struct policy_context *c, const struct yaml_node *node, struct error *err)
{
    static const char *const words[] = { "path", "anywhere", NULL };
    size_t word;

    if (!value_word(c, node, words, "path or anywhere", &word, err)) {
        return false;
    }
    last_file(c)->match = word == 0 ? ALLOWLIST_PATH : ALLOWLIST_ANYWHERE;
    return true;
}

static bool read_files(struct policy_context *c, const struct yaml_node *node, bool deny,
        struct error *err)
{
    static const struct policy_key keys[] = { { "file", read_file_name }, { "match", read_match } };
    struct policy *p = c->p;
    size_t count;

    if (!value_items(c, node, POLICY_FILES_MAX - p->file_count, "a sequence of { file: NAME }",
                &count, err)) {
        return false;
    }
    struct policy_file *files = realloc(p->files, (p->file_count + count + 1) * sizeof(*files));
    if (files == NULL) {
        return value_no_memory(c, node, err);
    }
    p->files = files;
    for (const struct yaml_node *item = node->first; item != NULL; item = item->next) {
        p->files[p->file_count++] = (struct policy_file){
            .deny = deny,
            .match = deny ? ALLOWLIST_ANYWHERE : ALLOWLIST_PATH,
        };
        /* A denied digest is denied anywhere: no `match` there. */
        if (!value_mapping(c, item, keys, deny ? 1 : 2, err)) {
            return false;
        }
        if (last_file(c)->path == NULL) {
            (void)error_set(err, ERROR_CONFIG, "key \"file\" is missing");
            return value_at(c, item->start, err);
        }
    }
    return true;
}

static bool read_allow(struct policy_context *c, const struct yaml_node *node, struct error *err)
{
    return read_files(c, node, false, err);
}

static bool read_deny(struct policy_context *c, const struct yaml_node *node, struct error *err)
{
    return read_files(c, node, true, err);
}

static bool read_exclude(struct policy_context *c, const struct yaml_node *node, struct error *err)
{
    struct policy_ima *ima = &c->p->ima;

    if (!value_texts(c, node, "a pattern", POLICY_EXCLUDES_MAX, PATTERN_MAX, &ima->excludes,
                &ima->exclude_count, err)) {
        return false;
    }
    for (size_t i = 0; i < ima->exclude_count; i++) {
        if (!pattern_check(ima->excludes[i].text, err)) {
            return value_at(c, ima->excludes[i].mark, err);
        }
    }
    return true;
}

static bool set_default_templates(const struct policy_context *c, const struct yaml_node *node,
        struct error *err)
{
    static const char *const names[] = { "ima-ng", "ima-sig" };
    struct policy_ima *ima = &c->p->ima;

    ima->templates = calloc(ARRAY_LEN(names), sizeof(*ima->templates));
    if (ima->templates == NULL) {
        return value_no_memory(c, node, err);
    }
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        ima->templates[i] = (struct policy_text){ bytes_of_text(names[i]), node->start };
    }
    ima->template_count = ARRAY_LEN(names);
    return true;
}

static bool read_ima(struct policy_context *c, const struct yaml_node *node, struct error *err)
{
    static const struct policy_key keys[] = {
        { "pcrs", read_ima_pcrs },
        { "templates", read_templates },
        { "violations", read_violations },
        { "weak-digests", read_weak_digests },
        { "boot-aggregate", read_boot_aggregate },
        { "kexec", read_kexec },
        { "allow", read_allow },
        { "deny", read_deny },
        { "exclude", read_exclude },
    };

    if (node->kind != YAML_MAPPING) {
        return value_wrong(c, node, err, "a mapping ({} for every default)");
    }
    c->p->has_ima = true;
    c->p->ima.pcrs = 1u << PCR_IMA;
    c->ima_pcrs_mark = node->start;
    return set_default_templates(c, node, err) &&
            value_mapping(c, node, keys, ARRAY_LEN(keys), err);
}

/* What must hold between keys. */
static bool check_ima_pcrs(const struct policy_context *c, struct error *err)
{
    uint32_t missing = c->p->ima.pcrs & ~c->quote_pcrs;

    if (missing == 0) {
        return true;
    }
    (void)error_set(err, ERROR_CONFIG,
            "ima.pcrs: PCR %d is not in quote.pcrs, so nothing would prove the list",
            __builtin_ctz(missing));
    return value_at(c, c->ima_pcrs_mark, err);
}

static bool check_reference(const struct policy_context *c, const struct policy_reference *ref,
        struct error *err)
{
    const struct policy *p = c->p;

    if (pcr_selection_mask(&p->quote, ref->bank) == 0) {
        (void)error_set(err, ERROR_CONFIG, "bank %s is not in quote.banks", digest_name(ref->bank));
        return value_at(c, ref->mark, err);
    }
    if ((c->quote_pcrs & 1u << ref->pcr) == 0) {
        (void)error_set(err, ERROR_CONFIG, "PCR %u is not in quote.pcrs", ref->pcr);
        return value_at(c, ref->mark, err);
    }
    if ((p->ima.pcrs & 1u << ref->pcr) != 0) {
        (void)error_set(err, ERROR_CONFIG,
                "PCR %u is one of ima.pcrs: the measurement list explains it, no fixed value does",
                ref->pcr);
        return value_at(c, ref->mark, err);
    }
    return true;
}

static bool finish(struct policy_context *c, struct error *err)
{
    struct policy *p = c->p;

    if (p->quote.count == 0) {
        p->quote.bank[p->quote.count++].alg = DEFAULT_BANK;
    }
    if (c->quote_pcrs == 0) {
        c->quote_pcrs = PCR_MASK_BOOT | p->ima.pcrs;
    }
    for (size_t i = 0; i < p->quote.count; i++) {
        p->quote.bank[i].mask = c->quote_pcrs;
    }
    if (!check_ima_pcrs(c, err)) {
        return false;
    }
    for (size_t i = 0; i < p->reference_count; i++) {
        if (!check_reference(c, &p->references[i], err)) {
            return false;
        }
    }
    return true;
}

bool policy_schema_read(struct policy *p, struct error *err)
{
    static const struct policy_key keys[] = {
        { "version", read_version },
        { "quote", read_quote },
        { "boot", read_boot },
        { "ima", read_ima },
    };
    static const char *const required[] = { "version", "boot" };
    const struct yaml_node *root = p->document.nodes;
    struct policy_context c = { .p = p };

    if (!value_mapping(&c, root, keys, ARRAY_LEN(keys), err)) {
        return false;
    }
    for (size_t i = 0; i < ARRAY_LEN(required); i++) {
        if (yaml_get(root, required[i]) == NULL) {
            (void)error_set(err, ERROR_CONFIG, "key \"%s\" is missing", required[i]);
            return value_at(&c, root->start, err);
        }
    }
    return finish(&c, err);
}
