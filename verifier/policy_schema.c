/* SPDX-License-Identifier: BSD-3-Clause */
#include "verifier/policy_schema.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "verifier/pattern.h"

/* Registers that a boot log explains: the firmware's, the boot loader's, shim's. */
#define BOOT_PCRS    (0x3ffu | 1u << 14)
#define IMA_PCR      10
#define DEFAULT_BANK DIGEST_SHA256

/* A policy half read. */
struct context {
    struct policy *p;
    uint32_t quote_pcrs; /* of every bank; 0: not given */
    struct yaml_mark quote_mark;
    struct yaml_mark ima_pcrs_mark;
    const struct yaml_node *quote_banks;
};

struct key {
    const char *name;
    bool (*read)(struct context *c, const struct yaml_node *value, struct error *err);
};

/* Put the place in front of a message. */
static bool at(const struct context *c, struct yaml_mark mark, struct error *err)
{
    return error_wrap(err, "%s:%zu:%zu", c->p->path, mark.line, mark.column);
}

static bool wrong(const struct context *c, const struct yaml_node *node, struct error *err,
        const char *want)
{
    char shown[64];

    if (node->kind == YAML_SCALAR) {
        (void)error_set(err, ERROR_CONFIG, "expected %s, found \"%s\"", want,
                bytes_print(shown, sizeof(shown), node->text));
    } else {
        (void)error_set(err, ERROR_CONFIG, "expected %s, found a %s", want,
                node->kind == YAML_MAPPING ? "mapping" : "sequence");
    }
    return at(c, node->start, err);
}

static bool unknown_key(const struct context *c, const struct yaml_node *key,
        const struct key *keys, size_t count, struct error *err)
{
    char known[256] = "";
    char shown[64];
    size_t n = 0;

    if (key->kind != YAML_SCALAR) {
        return wrong(c, key, err, "a key");
    }
    for (size_t i = 0; i < count && n < sizeof(known); i++) {
        n += (size_t)snprintf(known + n, sizeof(known) - n, "%s%s", i > 0 ? ", " : "",
                keys[i].name);
    }
    (void)error_set(err, ERROR_CONFIG, "unknown key \"%s\" (known here: %s)",
            bytes_print(shown, sizeof(shown), key->text), known);
    return at(c, key->start, err);
}

static bool read_mapping(struct context *c, const struct yaml_node *node, const struct key *keys,
        size_t count, struct error *err)
{
    uint32_t seen = 0;

    if (node->kind != YAML_MAPPING) {
        return wrong(c, node, err, "a mapping");
    }
    for (const struct yaml_node *key = node->first; key != NULL; key = key->next->next) {
        size_t i = 0;

        while (i < count &&
                !(key->kind == YAML_SCALAR && bytes_equal_text(key->text, keys[i].name))) {
            i++;
        }
        if (i == count) {
            return unknown_key(c, key, keys, count, err);
        }
        if ((seen & 1u << i) != 0) {
            (void)error_set(err, ERROR_CONFIG, "key \"%s\" a second time", keys[i].name);
            return at(c, key->start, err);
        }
        seen |= 1u << i;
        if (!keys[i].read(c, key->next, err)) {
            return false;
        }
    }
    return true;
}

/* A sequence of 1 to max items; how many is told. */
static bool count_items(const struct context *c, const struct yaml_node *node, size_t max,
        const char *what, size_t *out, struct error *err)
{
    size_t count = 0;

    if (node->kind != YAML_SEQUENCE) {
        return wrong(c, node, err, what);
    }
    for (const struct yaml_node *item = node->first; item != NULL; item = item->next) {
        count++;
    }
    if (count > max) {
        (void)error_set(err, ERROR_LIMIT, "%zu items, at most %zu are allowed", count, max);
        return at(c, node->start, err);
    }
    *out = count;
    return true;
}

static bool not_empty(const struct context *c, const struct yaml_node *node, struct error *err)
{
    if (node->first == NULL) {
        (void)error_set(err, ERROR_CONFIG, "empty: at least one is needed");
        return at(c, node->start, err);
    }
    return true;
}

static bool no_memory(const struct context *c, const struct yaml_node *node, struct error *err)
{
    (void)error_set(err, ERROR_NOMEM, "no memory");
    return at(c, node->start, err);
}

/* A word out of a list; out gets its place in the list. */
static bool read_word(const struct context *c, const struct yaml_node *node,
        const char *const *words, const char *want, size_t *out, struct error *err)
{
    for (size_t i = 0; words[i] != NULL; i++) {
        if (node->kind == YAML_SCALAR && bytes_equal_text(node->text, words[i])) {
            *out = i;
            return true;
        }
    }
    return wrong(c, node, err, want);
}

/* Decimal without sign and leading zeros, so that nobody reads it as octal. */
static bool read_number(const struct context *c, const struct yaml_node *node, uint32_t max,
        uint32_t *out, struct error *err)
{
    char want[48];
    uint64_t value = 0;
    bool ok = node->kind == YAML_SCALAR && node->plain && node->text.len > 0 &&
            node->text.len <= 10 && !(node->text.len > 1 && node->text.ptr[0] == '0');

    for (size_t i = 0; ok && i < node->text.len; i++) {
        uint8_t digit = node->text.ptr[i];

        ok = digit >= '0' && digit <= '9';
        value = value * 10 + (uint64_t)(digit - '0');
    }
    if (!ok || value > max) {
        (void)snprintf(want, sizeof(want), "a number from 0 to %" PRIu32, max);
        return wrong(c, node, err, want);
    }
    *out = (uint32_t)value;
    return true;
}

static bool read_pcr_mask(const struct context *c, const struct yaml_node *node, uint32_t *out,
        struct error *err)
{
    uint32_t mask = 0;
    size_t count;

    if (!count_items(c, node, PCR_COUNT, "a sequence of PCR numbers", &count, err) ||
            !not_empty(c, node, err)) {
        return false;
    }
    for (const struct yaml_node *item = node->first; item != NULL; item = item->next) {
        uint32_t pcr;

        if (!read_number(c, item, PCR_COUNT - 1, &pcr, err)) {
            return false;
        }
        if ((mask & 1u << pcr) != 0) {
            (void)error_set(err, ERROR_CONFIG, "PCR %" PRIu32 " a second time", pcr);
            return at(c, item->start, err);
        }
        mask |= 1u << pcr;
    }
    *out = mask;
    return true;
}

static bool read_bank(const struct context *c, const struct yaml_node *node, enum digest_alg *out,
        struct error *err)
{
    return (node->kind == YAML_SCALAR && digest_from_name(node->text, out)) ||
            wrong(c, node, err, "a bank: sha1, sha256, sha384, sha512 or sm3_256");
}

static bool read_text(const struct context *c, const struct yaml_node *node, const char *want,
        size_t max, struct policy_text *out, struct error *err)
{
    if (node->kind != YAML_SCALAR || node->text.len == 0) {
        return wrong(c, node, err, want);
    }
    if (node->text.len > max || memchr(node->text.ptr, '\0', node->text.len) != NULL) {
        (void)error_set(err, ERROR_CONFIG, "a NUL, or more than %zu bytes", max);
        return at(c, node->start, err);
    }
    *out = (struct policy_text){ node->text, node->start };
    return true;
}

static bool read_texts(const struct context *c, const struct yaml_node *node, const char *want,
        size_t max_items, size_t max_len, struct policy_text **out, size_t *out_count,
        struct error *err)
{
    size_t count;
    size_t n = 0;

    if (!count_items(c, node, max_items, "a sequence", &count, err)) {
        return false;
    }
    free(*out); /* the default */
    *out_count = 0;
    *out = calloc(count + 1, sizeof(**out));
    if (*out == NULL) {
        return no_memory(c, node, err);
    }
    for (const struct yaml_node *item = node->first; item != NULL; item = item->next) {
        if (!read_text(c, item, want, max_len, &(*out)[n++], err)) {
            return false;
        }
    }
    *out_count = count;
    return true;
}

/* version */
static bool read_version(struct context *c, const struct yaml_node *node, struct error *err)
{
    uint32_t version;

    if (!read_number(c, node, UINT32_MAX, &version, err)) {
        return false;
    }
    if (version != 1) {
        (void)error_set(err, ERROR_UNSUPPORTED,
                "version %" PRIu32 " of policies is not known here, only 1", version);
        return at(c, node->start, err);
    }
    return true;
}

/* quote */
static bool read_quote_banks(struct context *c, const struct yaml_node *node, struct error *err)
{
    struct pcr_selection quote = { 0 };
    size_t count;

    if (!count_items(c, node, DIGEST_ALG_COUNT, "a sequence of banks", &count, err) ||
            !not_empty(c, node, err)) {
        return false;
    }
    for (const struct yaml_node *item = node->first; item != NULL; item = item->next) {
        enum digest_alg bank;

        if (!read_bank(c, item, &bank, err)) {
            return false;
        }
        for (size_t i = 0; i < quote.count; i++) {
            if (quote.bank[i].alg == bank) {
                (void)error_set(err, ERROR_CONFIG, "bank %s a second time", digest_name(bank));
                return at(c, item->start, err);
            }
        }
        quote.bank[quote.count++].alg = bank;
    }
    c->p->quote = quote;
    return true;
}

static bool read_quote_pcrs(struct context *c, const struct yaml_node *node, struct error *err)
{
    c->quote_mark = node->start;
    return read_pcr_mask(c, node, &c->quote_pcrs, err);
}

static bool read_unsafe_clock(struct context *c, const struct yaml_node *node, struct error *err)
{
    static const char *const words[] = { "warn", "refuse", NULL };
    size_t word;

    if (!read_word(c, node, words, "warn or refuse", &word, err)) {
        return false;
    }
    c->p->refuse_unsafe_clock = word == 1;
    return true;
}

static bool read_quote(struct context *c, const struct yaml_node *node, struct error *err)
{
    static const struct key keys[] = {
        { "banks", read_quote_banks },
        { "pcrs", read_quote_pcrs },
        { "unsafe-clock", read_unsafe_clock },
    };

    c->quote_mark = node->start;
    return read_mapping(c, node, keys, ARRAY_LEN(keys), err);
}

/* boot */
static bool read_allowed(const struct context *c, const struct yaml_node *node,
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
        return wrong(c, node, err, want);
    }
    ref->allowed_count++;
    return true;
}

static bool read_reference(struct context *c, enum digest_alg bank, const struct yaml_node *key,
        struct error *err)
{
    struct policy *p = c->p;
    const struct yaml_node *value = key->next;
    struct policy_reference *ref = &p->references[p->reference_count];
    uint32_t pcr;
    size_t count = 1;

    if (!read_number(c, key, PCR_COUNT - 1, &pcr, err)) {
        return false;
    }
    if (policy_reference_find(p, bank, pcr) != NULL) {
        (void)error_set(err, ERROR_CONFIG, "PCR %" PRIu32 " a second time", pcr);
        return at(c, key->start, err);
    }
    if (value->kind != YAML_SCALAR &&
            (!count_items(c, value, POLICY_ALLOWED_MAX, "a value or a sequence of values", &count,
                     err) ||
                    !not_empty(c, value, err))) {
        return false;
    }
    *ref = (struct policy_reference){ .bank = bank, .pcr = pcr, .mark = key->start };
    ref->allowed = calloc(count, sizeof(*ref->allowed));
    if (ref->allowed == NULL) {
        return no_memory(c, value, err);
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

static bool read_boot_pcrs(struct context *c, const struct yaml_node *node, struct error *err)
{
    if (node->kind != YAML_MAPPING) {
        return wrong(c, node, err, "a mapping of banks");
    }
    if (!not_empty(c, node, err)) {
        return false;
    }
    c->p->references = calloc(DIGEST_ALG_COUNT * PCR_COUNT, sizeof(*c->p->references));
    if (c->p->references == NULL) {
        return no_memory(c, node, err);
    }
    for (const struct yaml_node *key = node->first; key != NULL; key = key->next->next) {
        enum digest_alg bank;

        if (!read_bank(c, key, &bank, err)) {
            return false;
        }
        if (key->next->kind != YAML_MAPPING) {
            return wrong(c, key->next, err, "a mapping of PCR numbers");
        }
        if (!not_empty(c, key->next, err)) {
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

static bool read_boot(struct context *c, const struct yaml_node *node, struct error *err)
{
    static const char *const words[] = { "unchecked", "absent", NULL };
    static const struct key keys[] = { { "pcrs", read_boot_pcrs } };
    static const char want[] = "unchecked, absent or { pcrs: ... }";
    size_t word;

    if (node->kind == YAML_MAPPING && node->first != NULL) {
        c->p->boot = POLICY_BOOT_REFERENCES;
        return read_mapping(c, node, keys, ARRAY_LEN(keys), err);
    }
    if (!read_word(c, node, words, want, &word, err)) {
        return false;
    }
    c->p->boot = word == 0 ? POLICY_BOOT_UNCHECKED : POLICY_BOOT_ABSENT;
    return true;
}

/* ima */
static bool read_ima_pcrs(struct context *c, const struct yaml_node *node, struct error *err)
{
    c->ima_pcrs_mark = node->start;
    return read_pcr_mask(c, node, &c->p->ima.pcrs, err);
}

static bool read_templates(struct context *c, const struct yaml_node *node, struct error *err)
{
    return read_texts(c, node, "a template name", POLICY_TEMPLATES_MAX, POLICY_TEMPLATE_NAME_MAX,
                   &c->p->ima.templates, &c->p->ima.template_count, err) &&
            not_empty(c, node, err);
}

static bool read_violation_limit(struct context *c, const struct yaml_node *node, struct error *err)
{
    uint32_t limit;

    if (!read_number(c, node, UINT32_MAX, &limit, err)) {
        return false;
    }
    c->p->ima.violations = POLICY_VIOLATIONS_LIMIT;
    c->p->ima.violation_limit = limit;
    return true;
}

static bool read_violations(struct context *c, const struct yaml_node *node, struct error *err)
{
    static const char *const words[] = { "fail", "warn", NULL };
    static const struct key keys[] = { { "limit", read_violation_limit } };
    size_t word;

    if (node->kind == YAML_MAPPING && node->first != NULL) {
        return read_mapping(c, node, keys, ARRAY_LEN(keys), err);
    }
    if (!read_word(c, node, words, "fail, warn or { limit: N }", &word, err)) {
        return false;
    }
    c->p->ima.violations = word == 0 ? POLICY_VIOLATIONS_FAIL : POLICY_VIOLATIONS_WARN;
    return true;
}

/* A choice between refuse and allow. */
static bool read_allow_word(const struct context *c, const struct yaml_node *node, bool *out,
        struct error *err)
{
    static const char *const words[] = { "refuse", "allow", NULL };
    size_t word;

    if (!read_word(c, node, words, "refuse or allow", &word, err)) {
        return false;
    }
    *out = word == 1;
    return true;
}

static bool read_weak_digests(struct context *c, const struct yaml_node *node, struct error *err)
{
    return read_allow_word(c, node, &c->p->ima.weak_digests, err);
}

static bool read_kexec(struct context *c, const struct yaml_node *node, struct error *err)
{
    return read_allow_word(c, node, &c->p->ima.kexec, err);
}

static bool read_boot_aggregate(struct context *c, const struct yaml_node *node, struct error *err)
{
    static const char *const words[] = { "strict", "legacy", NULL };
    size_t word;

    if (!read_word(c, node, words, "strict or legacy", &word, err)) {
        return false;
    }
    c->p->ima.legacy_boot_aggregate = word == 1;
    return true;
}

static struct policy_file *last_file(const struct context *c)
{
    return &c->p->files[c->p->file_count - 1];
}

/* Relative names start at the folder of the policy. */
static char *beside(const char *policy, struct bytes name)
{
    const char *slash = strrchr(policy, '/');
    size_t folder = slash == NULL || name.ptr[0] == '/' ? 0 : (size_t)(slash + 1 - policy);
    char *path = malloc(folder + name.len + 1);

    if (path != NULL) {
        memcpy(path, policy, folder);
        memcpy(path + folder, name.ptr, name.len);
        path[folder + name.len] = '\0';
    }
    return path;
}

static bool read_file_name(struct context *c, const struct yaml_node *node, struct error *err)
{
    struct policy_text name = { 0 };
    struct policy_file *file = last_file(c);

    if (!read_text(c, node, "the name of a file", ALLOWLIST_PATH_MAX, &name, err)) {
        return false;
    }
    file->mark = name.mark;
    file->path = beside(c->p->path, name.text);
    return file->path != NULL || no_memory(c, node, err);
}

static bool read_match(struct context *c, const struct yaml_node *node, struct error *err)
{
    static const char *const words[] = { "path", "anywhere", NULL };
    size_t word;

    if (!read_word(c, node, words, "path or anywhere", &word, err)) {
        return false;
    }
    last_file(c)->match = word == 0 ? ALLOWLIST_PATH : ALLOWLIST_ANYWHERE;
    return true;
}

static bool read_files(struct context *c, const struct yaml_node *node, bool deny,
        struct error *err)
{
    static const struct key keys[] = { { "file", read_file_name }, { "match", read_match } };
    struct policy *p = c->p;
    size_t count;

    if (!count_items(c, node, POLICY_FILES_MAX - p->file_count, "a sequence of { file: NAME }",
                &count, err)) {
        return false;
    }
    struct policy_file *files = realloc(p->files, (p->file_count + count + 1) * sizeof(*files));
    if (files == NULL) {
        return no_memory(c, node, err);
    }
    p->files = files;
    for (const struct yaml_node *item = node->first; item != NULL; item = item->next) {
        p->files[p->file_count++] = (struct policy_file){
            .deny = deny,
            .match = deny ? ALLOWLIST_ANYWHERE : ALLOWLIST_PATH,
        };
        /* A denied digest is denied anywhere: no `match` there. */
        if (!read_mapping(c, item, keys, deny ? 1 : 2, err)) {
            return false;
        }
        if (last_file(c)->path == NULL) {
            (void)error_set(err, ERROR_CONFIG, "key \"file\" is missing");
            return at(c, item->start, err);
        }
    }
    return true;
}

static bool read_allow(struct context *c, const struct yaml_node *node, struct error *err)
{
    return read_files(c, node, false, err);
}

static bool read_deny(struct context *c, const struct yaml_node *node, struct error *err)
{
    return read_files(c, node, true, err);
}

static bool read_exclude(struct context *c, const struct yaml_node *node, struct error *err)
{
    struct policy_ima *ima = &c->p->ima;

    if (!read_texts(c, node, "a pattern", POLICY_EXCLUDES_MAX, PATTERN_MAX, &ima->excludes,
                &ima->exclude_count, err)) {
        return false;
    }
    for (size_t i = 0; i < ima->exclude_count; i++) {
        if (!pattern_check(ima->excludes[i].text, err)) {
            return at(c, ima->excludes[i].mark, err);
        }
    }
    return true;
}

static bool set_default_templates(const struct context *c, const struct yaml_node *node,
        struct error *err)
{
    static const char *const names[] = { "ima-ng", "ima-sig" };
    struct policy_ima *ima = &c->p->ima;

    ima->templates = calloc(ARRAY_LEN(names), sizeof(*ima->templates));
    if (ima->templates == NULL) {
        return no_memory(c, node, err);
    }
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        ima->templates[i] = (struct policy_text){ bytes_of_text(names[i]), node->start };
    }
    ima->template_count = ARRAY_LEN(names);
    return true;
}

static bool read_ima(struct context *c, const struct yaml_node *node, struct error *err)
{
    static const struct key keys[] = {
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
        return wrong(c, node, err, "a mapping ({} for every default)");
    }
    c->p->has_ima = true;
    c->p->ima.pcrs = 1u << IMA_PCR;
    c->ima_pcrs_mark = node->start;
    return set_default_templates(c, node, err) && read_mapping(c, node, keys, ARRAY_LEN(keys), err);
}

/* What must hold between keys. */
static bool check_ima_pcrs(const struct context *c, struct error *err)
{
    uint32_t missing = c->p->ima.pcrs & ~c->quote_pcrs;

    if (missing == 0) {
        return true;
    }
    (void)error_set(err, ERROR_CONFIG,
            "ima.pcrs: PCR %d is not in quote.pcrs, so nothing would prove the list",
            __builtin_ctz(missing));
    return at(c, c->ima_pcrs_mark, err);
}

static bool check_reference(const struct context *c, const struct policy_reference *ref,
        struct error *err)
{
    const struct policy *p = c->p;

    if (pcr_selection_mask(&p->quote, ref->bank) == 0) {
        (void)error_set(err, ERROR_CONFIG, "bank %s is not in quote.banks", digest_name(ref->bank));
        return at(c, ref->mark, err);
    }
    if ((c->quote_pcrs & 1u << ref->pcr) == 0) {
        (void)error_set(err, ERROR_CONFIG, "PCR %u is not in quote.pcrs", ref->pcr);
        return at(c, ref->mark, err);
    }
    if ((p->ima.pcrs & 1u << ref->pcr) != 0) {
        (void)error_set(err, ERROR_CONFIG,
                "PCR %u is one of ima.pcrs: the measurement list explains it, no fixed value does",
                ref->pcr);
        return at(c, ref->mark, err);
    }
    return true;
}

static bool finish(struct context *c, struct error *err)
{
    struct policy *p = c->p;

    if (p->quote.count == 0) {
        p->quote.bank[p->quote.count++].alg = DEFAULT_BANK;
    }
    if (c->quote_pcrs == 0) {
        c->quote_pcrs = BOOT_PCRS | p->ima.pcrs;
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
    static const struct key keys[] = {
        { "version", read_version },
        { "quote", read_quote },
        { "boot", read_boot },
        { "ima", read_ima },
    };
    static const char *const required[] = { "version", "boot" };
    const struct yaml_node *root = p->document.nodes;
    struct context c = { .p = p };

    if (!read_mapping(&c, root, keys, ARRAY_LEN(keys), err)) {
        return false;
    }
    for (size_t i = 0; i < ARRAY_LEN(required); i++) {
        if (yaml_get(root, required[i]) == NULL) {
            (void)error_set(err, ERROR_CONFIG, "key \"%s\" is missing", required[i]);
            return at(&c, root->start, err);
        }
    }
    return finish(&c, err);
}
