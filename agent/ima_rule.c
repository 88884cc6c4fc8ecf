/* SPDX-License-Identifier: BSD-3-Clause */
#include "agent/ima_rule.h"

#include <inttypes.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "ima/algorithm.h"

/* One write() to the kernel's policy file is a page: ima_write_policy(). */
#define LINE_MAX_BYTES 4095
#define WORD_MAX       4095

/* Parts of a rule; the kernel's flags in ima_policy.c, and what stands for no flag there. */
#define HAS_FUNC         0x00001u
#define HAS_MASK         0x00002u
#define HAS_FSMAGIC      0x00004u
#define HAS_FSUUID       0x00008u
#define HAS_FSNAME       0x00010u
#define HAS_UID          0x00020u /* uid and euid share a place, so that a rule has one of them */
#define HAS_GID          0x00040u
#define HAS_FOWNER       0x00080u
#define HAS_FGROUP       0x00100u
#define HAS_LSM          0x00200u
#define HAS_PCR          0x00400u
#define HAS_TEMPLATE     0x00800u
#define HAS_KEYRINGS     0x01000u
#define HAS_LABEL        0x02000u
#define HAS_DIRECTIO     0x04000u
#define HAS_VERITY       0x08000u
#define HAS_APPRAISE     0x10000u /* appraise_type, appraise_flag */
#define HAS_ALGORITHMS   0x20000u
#define REPEATABLE       (HAS_LSM | HAS_APPRAISE | HAS_DIRECTIO | HAS_FSNAME | HAS_PCR | HAS_VERITY)
#define ONLY_OF_APPRAISE (HAS_APPRAISE | HAS_ALGORITHMS)
#define OF_WHO           (HAS_UID | HAS_GID)
#define OF_FILE          (OF_WHO | HAS_FSMAGIC | HAS_FSUUID | HAS_FSNAME | HAS_FOWNER | HAS_FGROUP)
#define OF_READ          (OF_FILE | HAS_MASK | HAS_LSM | HAS_DIRECTIO | HAS_VERITY | ONLY_OF_APPRAISE)
#define ALWAYS           (HAS_FUNC | HAS_PCR | HAS_TEMPLATE)
#define NEWER_THAN_6_1   0x0602u
#define NEWER_THAN_6_12  0x060du

struct rule {
    const char *action;
    const char *func;
    unsigned int has;
};

static const struct {
    const char *name;
    unsigned int since;
} actions[] = { { "measure", 0 }, { "dont_measure", 0 }, { "appraise", 0 }, { "dont_appraise", 0 },
    { "audit", 0 }, { "dont_audit", NEWER_THAN_6_12 }, { "hash", 0 }, { "dont_hash", 0 } };

/* What each hook takes: ima_validate_rule(). */
static const struct func {
    const char *name;
    unsigned int takes;
    bool measured_only; /* measure and dont_measure are all it knows */
    unsigned int since;
} funcs[] = {
    { "FILE_CHECK", ALWAYS | OF_READ, false, 0 },
    { "PATH_CHECK", ALWAYS | OF_READ, false, 0 },
    { "MMAP_CHECK", ALWAYS | OF_READ, false, 0 },
    { "FILE_MMAP", ALWAYS | OF_READ, false, 0 },
    { "MMAP_CHECK_REQPROT", ALWAYS | OF_READ, false, NEWER_THAN_6_1 },
    { "BPRM_CHECK", ALWAYS | OF_READ, false, 0 },
    { "CREDS_CHECK", ALWAYS | OF_READ, false, 0 },
    { "FIRMWARE_CHECK", ALWAYS | OF_READ, false, 0 },
    { "POLICY_CHECK", ALWAYS | OF_READ, false, 0 },
    { "MODULE_CHECK", ALWAYS | (OF_READ & ~HAS_VERITY), false, 0 },
    { "KEXEC_KERNEL_CHECK", ALWAYS | (OF_READ & ~HAS_VERITY), false, 0 },
    { "KEXEC_INITRAMFS_CHECK", ALWAYS | (OF_READ & ~HAS_VERITY), false, 0 },
    { "KEXEC_CMDLINE", ALWAYS | OF_FILE | HAS_LSM, true, 0 },
    { "KEY_CHECK", ALWAYS | OF_WHO | HAS_KEYRINGS, true, 0 },
    { "CRITICAL_DATA", ALWAYS | OF_WHO | HAS_LABEL, true, 0 },
    { "SETXATTR_CHECK", HAS_FUNC | HAS_ALGORITHMS, false, 0 },
};

static bool is_one_of(const char *value, const char *const *names, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (strcmp(value, names[i]) == 0) {
            return true;
        }
    }
    return false;
}

static bool is_mask(const char *v)
{
    static const char *const masks[] = { "MAY_EXEC", "MAY_READ", "MAY_WRITE", "MAY_APPEND" };

    return is_one_of(*v == '^' ? v + 1 : v, masks, ARRAY_LEN(masks));
}

/* What kstrtoul() takes, without the line end, and no more than the kernel's type holds. */
static bool is_number(const char *v, int base, uint64_t max)
{
    const char *digits = base == 16 ? "0123456789abcdefABCDEF" : "0123456789";

    v += *v == '+';
    v += base == 16 && v[0] == '0' && (v[1] == 'x' || v[1] == 'X') ? 2 : 0;
    return *v != '\0' && v[strspn(v, digits)] == '\0' && strlen(v) <= 16 &&
            strtoull(v, NULL, base) <= max;
}

static bool is_fsmagic(const char *v)
{
    return is_number(v, 16, UINT64_MAX);
}

static bool is_id(const char *v)
{
    return is_number(v, 10, UINT32_MAX - 1); /* the last one is no user */
}

/* More than a TPM has: INVALID_PCR() asks for the bits of a mask. */
static bool is_pcr(const char *v)
{
    return is_number(v, 10, 63);
}

/* uuid_parse() does not look at what follows. */
static bool is_uuid(const char *v)
{
    static const char form[] = "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx";

    for (size_t i = 0; i < sizeof(form) - 1; i++) {
        bool hex = v[i] != '\0' && strchr("0123456789abcdefABCDEF", v[i]) != NULL;

        if (form[i] == 'x' ? !hex : v[i] != form[i]) {
            return false;
        }
    }
    return true;
}

static bool is_any(const char *v)
{
    return *v != '\0';
}

/* Items with bars between, none empty. */
static bool is_list(const char *v)
{
    size_t len = strlen(v);

    return len > 0 && *v != '|' && v[len - 1] != '|' && strstr(v, "||") == NULL;
}

/* By name or by fields: lookup_template_desc(). */
static bool is_template(const char *v)
{
    static const char *const names[] = { "ima", "ima-ng", "ima-ngv2", "ima-sig", "ima-sigv2",
        "ima-buf", "ima-modsig", "evm-sig", "d|n", "d-ng|n-ng", "d-ngv2|n-ng", "d-ng|n-ng|sig",
        "d-ngv2|n-ng|sig", "d-ng|n-ng|buf", "d-ng|n-ng|sig|d-modsig|modsig",
        "d-ng|n-ng|evmsig|xattrnames|xattrlengths|xattrvalues|iuid|igid|imode" };

    return is_one_of(v, names, ARRAY_LEN(names));
}

static bool is_verity(const char *v)
{
    return strcmp(v, "verity") == 0;
}

static bool is_appraise_type(const char *v)
{
    static const char *const types[] = { "imasig", "imasig|modsig", "sigv3" };

    return is_one_of(v, types, ARRAY_LEN(types));
}

static bool are_algorithms(const char *v)
{
    for (;;) {
        size_t len = strcspn(v, ",");

        if (ima_algorithm_find((struct bytes){ (const uint8_t *)v, len }) == NULL) {
            return false;
        }
        if (v[len] == '\0') {
            return true;
        }
        v += len + 1;
    }
}

static const struct condition {
    const char *name; /* up to the operator */
    const char *operators;
    unsigned int part;
    bool (*good)(const char *value);
    unsigned int since;
} conditions[] = {
    { "mask", "=", HAS_MASK, is_mask, 0 },
    { "fsmagic", "=", HAS_FSMAGIC, is_fsmagic, 0 },
    { "fsname", "=", HAS_FSNAME, is_any, 0 },
    { "fs_subtype", "=", HAS_FSNAME, is_any, NEWER_THAN_6_12 },
    { "fsuuid", "=", HAS_FSUUID, is_uuid, 0 },
    { "uid", "=<>", HAS_UID, is_id, 0 },
    { "euid", "=<>", HAS_UID, is_id, 0 },
    { "gid", "=<>", HAS_GID, is_id, 0 },
    { "egid", "=<>", HAS_GID, is_id, 0 },
    { "fowner", "=<>", HAS_FOWNER, is_id, 0 },
    { "fgroup", "=<>", HAS_FGROUP, is_id, 0 },
    { "obj_user", "=", HAS_LSM, is_any, 0 },
    { "obj_role", "=", HAS_LSM, is_any, 0 },
    { "obj_type", "=", HAS_LSM, is_any, 0 },
    { "subj_user", "=", HAS_LSM, is_any, 0 },
    { "subj_role", "=", HAS_LSM, is_any, 0 },
    { "subj_type", "=", HAS_LSM, is_any, 0 },
    { "pcr", "=", HAS_PCR, is_pcr, 0 },
    { "template", "=", HAS_TEMPLATE, is_template, 0 },
    { "keyrings", "=", HAS_KEYRINGS, is_list, 0 },
    { "label", "=", HAS_LABEL, is_list, 0 },
    { "digest_type", "=", HAS_VERITY, is_verity, 0 },
    { "appraise_type", "=", HAS_APPRAISE, is_appraise_type, 0 },
    { "appraise_flag", "=", HAS_APPRAISE, is_any, 0 },
    { "appraise_algos", "=", HAS_ALGORITHMS, are_algorithms, 0 },
};

static bool too_new(const char *word, unsigned int since, unsigned int kernel, struct error *err)
{
    if (kernel == 0 || kernel >= since) {
        return false;
    }
    (void)error_set(err, ERROR_UNSUPPORTED, "\"%s\" needs a newer kernel", word);
    return true;
}

static bool take_action(const char *word, unsigned int kernel, struct rule *r, bool *out_taken,
        struct error *err)
{
    *out_taken = false;
    for (size_t i = 0; i < ARRAY_LEN(actions); i++) {
        if (strcmp(word, actions[i].name) != 0) {
            continue;
        }
        if (r->action != NULL) {
            return error_set(err, ERROR_MALFORMED, "a second action, \"%s\"", word);
        }
        if (too_new(word, actions[i].since, kernel, err)) {
            return false;
        }
        r->action = actions[i].name;
        *out_taken = true;
    }
    return true;
}

static bool take_func(const char *name, unsigned int kernel, struct rule *r, struct error *err)
{
    for (size_t i = 0; i < ARRAY_LEN(funcs); i++) {
        if (strcmp(name, funcs[i].name) != 0) {
            continue;
        }
        if (r->func != NULL) {
            return error_set(err, ERROR_MALFORMED, "a second func=");
        }
        if (too_new(name, funcs[i].since, kernel, err)) {
            return false;
        }
        r->func = funcs[i].name;
        r->has |= HAS_FUNC;
        return true;
    }
    return error_set(err, ERROR_MALFORMED, "no hook is called \"%s\"", name);
}

static bool take_condition(const char *word, unsigned int kernel, struct rule *r, struct error *err)
{
    size_t len = strcspn(word, "=<>");

    for (size_t i = 0; i < ARRAY_LEN(conditions); i++) {
        const struct condition *c = &conditions[i];

        if (strlen(c->name) != len || strncmp(word, c->name, len) != 0 || word[len] == '\0' ||
                strchr(c->operators, word[len]) == NULL) {
            continue;
        }
        if (too_new(word, c->since, kernel, err)) {
            return false;
        }
        if (!c->good(word + len + 1)) {
            return error_set(err, ERROR_MALFORMED, "no value for %s: \"%s\"", c->name,
                    word + len + 1);
        }
        if ((r->has & c->part & ~REPEATABLE) != 0) {
            return error_set(err, ERROR_MALFORMED, "%s repeats or contradicts another condition",
                    c->name);
        }
        if (c->part == HAS_TEMPLATE && (r->action == NULL || strcmp(r->action, "measure") != 0)) {
            return error_set(err, ERROR_MALFORMED, "template= is for measure only, and after it");
        }
        r->has |= c->part;
        return true;
    }
    return error_set(err, ERROR_MALFORMED, "unknown word \"%s\"", word);
}

static bool take_word(const char *word, unsigned int kernel, struct rule *r, struct error *err)
{
    bool taken;

    if (!take_action(word, kernel, r, &taken, err)) {
        return false;
    }
    if (taken) {
        return true;
    }
    if (strncmp(word, "func=", 5) == 0) {
        return take_func(word + 5, kernel, r, err);
    }
    if (strcmp(word, "permit_directio") == 0) {
        r->has |= HAS_DIRECTIO;
        return true;
    }
    return take_condition(word, kernel, r, err);
}

static const struct func *find_func(const char *name)
{
    size_t i = 0;

    while (name != NULL && i < ARRAY_LEN(funcs) - 1 && strcmp(funcs[i].name, name) != 0) {
        i++;
    }
    return &funcs[i]; /* without func=: what FILE_CHECK takes */
}

/* Do the parts of the rule go together? */
static bool check_whole(const struct rule *r, struct error *err)
{
    const struct func *f = find_func(r->func);

    if (r->action == NULL) {
        return error_set(err, ERROR_MALFORMED, "no action (measure, dont_measure, appraise, ...)");
    }
    bool measure = strcmp(r->action, "measure") == 0;
    bool appraise = strcmp(r->action, "appraise") == 0;

    if (((r->has & HAS_PCR) != 0 && !measure) || ((r->has & ONLY_OF_APPRAISE) != 0 && !appraise)) {
        return error_set(err, ERROR_MALFORMED, "%s does not go with these conditions", r->action);
    }
    if (appraise && (r->has & (HAS_VERITY | HAS_APPRAISE)) == HAS_VERITY) {
        return error_set(err, ERROR_MALFORMED, "digest_type=verity needs appraise_type=sigv3");
    }
    if (f->measured_only && !measure && strcmp(r->action, "dont_measure") != 0) {
        return error_set(err, ERROR_MALFORMED, "%s cannot %s", f->name, r->action);
    }
    if ((r->has & ~f->takes) != 0) {
        return error_set(err, ERROR_MALFORMED, "%s does not take these conditions", f->name);
    }
    if (strcmp(f->name, "SETXATTR_CHECK") == 0 && (!appraise || (r->has & HAS_ALGORITHMS) == 0)) {
        return error_set(err, ERROR_MALFORMED,
                "SETXATTR_CHECK is for appraise with appraise_algos=");
    }
    return true;
}

bool ima_rule_check(struct bytes line, unsigned int kernel, struct error *err)
{
    char text[LINE_MAX_BYTES + 1];
    struct rule rule = { 0 };
    char *rest = NULL;

    if (line.len > LINE_MAX_BYTES) {
        return error_set(err, ERROR_LIMIT, "more than %d bytes", LINE_MAX_BYTES);
    }
    if (line.len > 0 && memchr(line.ptr, '\0', line.len) != NULL) {
        return error_set(err, ERROR_MALFORMED, "a NUL byte");
    }
    if (line.len > 0) {
        memcpy(text, line.ptr, line.len);
    }
    text[line.len] = '\0';
    const char *start = text + strspn(text, " \t");

    if (*start == '#' || *start == '\0') {
        return true;
    }
    for (char *word = strtok_r(text, " \t", &rest); word != NULL;
            word = strtok_r(NULL, " \t", &rest)) {
        if (*word == '#' && (kernel == 0 || kernel >= NEWER_THAN_6_12)) {
            break; /* a comment behind the rule */
        }
        if (!take_word(word, kernel, &rule, err)) {
            return false;
        }
    }
    return check_whole(&rule, err);
}

bool ima_rules_check(struct bytes policy, unsigned int kernel, struct error *err)
{
    size_t number = 1;
    bool any = false;

    while (policy.len > 0) {
        const uint8_t *end = memchr(policy.ptr, '\n', policy.len);
        struct bytes line = { policy.ptr, end != NULL ? (size_t)(end - policy.ptr) : policy.len };
        size_t used = end != NULL ? line.len + 1 : line.len;

        if (!ima_rule_check(line, kernel, err)) {
            return error_wrap(err, "line %zu", number);
        }
        any = any || (line.len > 0 && line.ptr[0] != '#');
        policy.ptr += used;
        policy.len -= used;
        number++;
    }
    return any || error_set(err, ERROR_MALFORMED, "line %zu: no rules", number);
}

unsigned int ima_kernel_version(const char *release)
{
    char *end;
    unsigned long major = strtoul(release, &end, 10);
    unsigned long minor = *end == '.' ? strtoul(end + 1, NULL, 10) : 0;

    return *end == '.' && major < 256 && minor < 256 ? (unsigned int)(major << 8 | minor) : 0;
}
