/* SPDX-License-Identifier: BSD-3-Clause */
#include "tests/attack.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "tests/check.h"
#include "tpm/ak.h"
#include "verifier/appraise.h"
#include "verifier/policy.h"

#define TEXT_MAX 512

static struct forge_key key;
static struct forge_dir dir;

static void add_line(struct forge_bytes *list, const char *prefix, enum digest_alg alg,
        const char *content, const char *path)
{
    uint8_t digest[DIGEST_SIZE_MAX];
    char hex[2 * DIGEST_SIZE_MAX + 1];
    char line[1024];

    forge_digest(alg, bytes_of_text(content), digest);
    (void)snprintf(line, sizeof(line), "%s%s  %s\n", prefix,
            bytes_hex(hex, sizeof(hex), (struct bytes){ digest, digest_size(alg) }), path);
    forge_add(list, bytes_of_text(line));
}

void attack_write_list(const char *name, const char *prefix, enum digest_alg alg,
        const char *content, const char *path)
{
    struct forge_bytes list = { 0 };

    add_line(&list, prefix, alg, content, path);
    forge_dir_write(&dir, name, forge_view(&list));
    forge_bytes_clear(&list);
}

void attack_setup(void)
{
    struct forge_bytes list = { 0 };

    forge_key_make(&key, FORGE_P256, FORGE_AK_ATTRIBUTES);
    forge_dir_make(&dir);
    for (size_t i = 0; i < FORGE_FILE_COUNT; i++) {
        add_line(&list, "", DIGEST_SHA256, forge_files[i], forge_files[i]);
    }
    forge_dir_write(&dir, "allow.sha256", forge_view(&list));
    forge_bytes_clear(&list);
}

void attack_teardown(void)
{
    forge_dir_remove(&dir);
    forge_key_clear(&key);
}

const struct forge_key *attack_key(void)
{
    return &key;
}

const struct forge_dir *attack_dir(void)
{
    return &dir;
}

void attack_prepare(const struct attack *a, struct forge *f)
{
    forge_init(f, a->banks != 0 ? a->banks : FORGE_SHA1 | FORGE_SHA256, &key);
    f->send_hints = a->hints;
    if (a->live != NULL) {
        a->live(f);
    } else {
        forge_honest(f);
    }
    forge_ask(f, a->quoted_banks != 0 ? a->quoted_banks : FORGE_SHA256,
            a->quoted_pcrs != 0 ? a->quoted_pcrs : FORGE_PCRS);
    if (a->quote != NULL) {
        a->quote(f);
    }
    forge_sign(f);
    if (a->send != NULL) {
        a->send(f);
    }
}

static void judge(struct forge *f, const struct policy *policy, struct bytes ak_bytes,
        const struct tpm_name *signer, struct verdict *out)
{
    struct hasher h CLEANUP(hasher_clear) = { 0 };
    struct tpm_ak ak CLEANUP(tpm_ak_clear) = { 0 };
    struct source list = forge_list_source(f);
    struct error err = { 0 };

    f->read_at = 0;
    if (!CHECKF(hasher_init(&h, &err) && tpm_ak_read(&h, ak_bytes, NULL, &ak, &err), "%s",
                err.text)) {
        return;
    }
    struct appraise_input in = {
        .attest = forge_view(&f->attest),
        .signature = forge_view(&f->signature),
        .ak = &ak,
        .nonce = { f->nonce, policy != NULL ? sizeof(f->nonce) : 0 },
        .qualified_signer = signer,
        .hints = f->send_hints ? &f->hints : NULL,
        .has_boot_log = f->send_boot_log,
        .boot_log = forge_view(&f->boot_log),
        .list = f->send_list ? &list : NULL,
        .list_format = f->format,
    };

    if (policy != NULL) {
        check_pass(out, CHECK_AK_IDENTITY, "the test's");
    } else {
        check_not_applicable(out, CHECK_AK_IDENTITY, "inspect");
    }
    CHECKF(appraise(&in, policy, &h, out, NULL, &err), "%s", err.text);
}

void attack_judge_key(struct forge *f, const char *text, struct bytes ak,
        const struct tpm_name *signer, struct verdict *out)
{
    struct policy policy CLEANUP(policy_clear) = { 0 };
    struct error err = { 0 };
    const char *path = forge_dir_write(&dir, "policy.yaml",
            bytes_of_text(text != NULL ? text : POLICY_DEFAULT));

    *out = (struct verdict){ .profile = PROFILE_APPRAISE, .identity_mode = "pinned" };
    if (CHECKF(policy_load(path, &policy, &err), "%s", err.text)) {
        judge(f, &policy, ak, signer, out);
    }
}

void attack_judge(struct forge *f, const char *policy, struct verdict *out)
{
    attack_judge_key(f, policy, forge_key_public(&f->key), NULL, out);
}

void attack_inspect(struct forge *f, struct verdict *out)
{
    *out = (struct verdict){ .profile = PROFILE_INSPECT, .identity_mode = "none" };
    judge(f, NULL, forge_key_public(&f->key), NULL, out);
}

static void append(char *dst, const char *word)
{
    size_t len = strlen(dst);

    (void)snprintf(dst + len, TEXT_MAX - len, "%s%s", len > 0 ? " " : "", word);
}

static bool has_word(const char *text, const char *word)
{
    size_t n = strlen(word);

    for (const char *at = text; (at = strstr(at, word)) != NULL; at += n) {
        if ((at == text || at[-1] == ' ') && (at[n] == ' ' || at[n] == '\0')) {
            return true;
        }
    }
    return false;
}

const char *attack_checks(const struct verdict *v, enum outcome o, char *dst)
{
    *dst = '\0';
    for (int c = 0; c < CHECK_COUNT; c++) {
        if (v->checks[c].outcome == o) {
            append(dst, check_name((enum check)c));
        }
    }
    return dst;
}

const char *attack_kinds(const struct verdict *v, char *dst)
{
    *dst = '\0';
    for (size_t i = 0; i < v->findings.count; i++) {
        const struct finding *f = &v->findings.at[i];

        if (f->severity == SEVERITY_REFUSE && !has_word(dst, f->kind)) {
            append(dst, f->kind);
        }
    }
    return dst;
}

int64_t attack_entry(const struct verdict *v)
{
    for (size_t i = 0; i < v->findings.count; i++) {
        if (v->findings.at[i].severity == SEVERITY_REFUSE && v->findings.at[i].has_entry) {
            return (int64_t)v->findings.at[i].entry;
        }
    }
    return -1;
}

static void print_findings(const struct verdict *v)
{
    for (size_t i = 0; i < v->findings.count && i < 10; i++) {
        printf("    %s %s: %s\n", severity_name(v->findings.at[i].severity), v->findings.at[i].kind,
                v->findings.at[i].text);
    }
    for (int c = 0; c < CHECK_COUNT; c++) {
        printf("    %s %s: %s\n", check_name((enum check)c), outcome_name(v->checks[c].outcome),
                v->checks[c].detail);
    }
}

static void check_row(const struct attack *a, const struct verdict *v)
{
    char fails[TEXT_MAX];
    char kinds[TEXT_MAX];
    bool ok;

    attack_checks(v, OUTCOME_FAIL, fails);
    attack_kinds(v, kinds);
    if (a->fails == NULL) {
        ok = CHECKF(verdict_result(v) == VERDICT_TRUSTED, "fails: %s", fails);
        ok = CHECKF(*kinds == '\0', "kinds: %s", kinds) && ok;
    } else {
        ok = CHECK_UINT(verdict_result(v), VERDICT_REFUSED);
        ok = CHECK_TEXT(bytes_of_text(fails), a->fails) && ok;
        ok = CHECK_TEXT(bytes_of_text(kinds), a->kinds) && ok;
        ok = CHECKF(attack_entry(v) == a->entry, "entry %" PRId64 ", want %" PRId64,
                     attack_entry(v), a->entry) &&
                ok;
    }
    if (!ok) {
        print_findings(v);
    }
}

void attack_rows(const struct attack *rows, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct forge f;
        struct verdict v;

        check_case = rows[i].name;
        attack_prepare(&rows[i], &f);
        attack_judge(&f, rows[i].policy, &v);
        check_row(&rows[i], &v);
        verdict_clear(&v);
        forge_clear(&f);
    }
    check_case = "";
}

void attack_newcomer(struct forge *f)
{
    forge_honest(f);
    forge_file(f, FORGE_BOTH, 10, "/usr/bin/newcomer");
}

uint8_t *attack_find(struct forge_bytes *b, const char *text)
{
    uint8_t *at = memmem(b->data, b->len, text, strlen(text));

    CHECKF(at != NULL, "no \"%s\"", text);
    return at != NULL ? at : b->data;
}

void attack_drop_record(struct forge *f, size_t i)
{
    struct forge_bytes *list = &f->list;
    size_t at = f->record_at[i];
    size_t end = i + 1 < f->records ? f->record_at[i + 1] : list->len;

    memmove(list->data + at, list->data + end, list->len - end);
    list->len -= end - at;
}

void attack_drop_one(struct forge *f)
{
    attack_drop_record(f, 3);
}

void attack_doctor_boot_log(struct forge *f)
{
    attack_find(&f->boot_log, "firmware 4")[-5] ^= 1;
}

void attack_without_boot_log(struct forge *f)
{
    f->send_boot_log = false;
}

void attack_wrong_list_hint(struct forge *f)
{
    f->hints.value[DIGEST_SHA256][10][0] ^= 1;
}

void attack_wrong_boot_hint(struct forge *f)
{
    f->hints.value[DIGEST_SHA256][0][0] ^= 1;
}
