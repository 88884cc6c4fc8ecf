/* SPDX-License-Identifier: BSD-3-Clause */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "host/file.h"
#include "tests/attack.h"
#include "tests/check.h"
#include "tests/rounds.h"

/*
 * Real rounds: two kernels, ten and eleven moments of one boot each, a quote of a (simulated) TPM
 * at every moment and the list read just after it. The quote tool itself leaves two records behind
 * each quote: an unattested tail that the next quote attests.
 */

#define FILE_MAX ((size_t)1 << 20)

static char captures[4200];

static const char policy_text[] = POLICY_UNCHECKED
        "ima:\n  templates: [ima-sig]\n  violations: warn\n  exclude: [ \"/**\" ]\n";

struct scene {
    struct buffer quote;
    struct buffer signature;
    struct buffer list;
};

static void scene_clear(struct scene *s)
{
    buffer_clear(&s->quote);
    buffer_clear(&s->signature);
    buffer_clear(&s->list);
}

static void read_capture(const char *dir, const char *name, const char *suffix, struct buffer *out)
{
    char path[4400];
    struct error err = { 0 };

    (void)snprintf(path, sizeof(path), "%s/%s/%s%s", captures, dir, name, suffix);
    buffer_clear(out);
    CHECKF(file_read(path, FILE_MAX, out, &err), "%s", err.text);
}

static void read_scene(const char *dir, const char *name, struct scene *out)
{
    char file[128];

    (void)snprintf(file, sizeof(file), "quote.%s", name);
    read_capture(dir, file, ".msg", &out->quote);
    read_capture(dir, file, ".sig", &out->signature);
    (void)snprintf(file, sizeof(file), ".%s", name);
    read_capture(dir, "binary_runtime_measurements", file, &out->list);
}

/* The captured machine, in place of the forged one. */
static void begin(struct rounds *r, const char *dir)
{
    struct buffer file CLEANUP(buffer_clear) = { 0 };
    struct forge *f = &r->machine;
    struct error err = { 0 };

    rounds_begin(r, policy_text, FORGE_SHA256);
    tpm_ak_clear(&r->ak);
    read_capture(dir, "ak.ecc.pub", "", &file);
    CHECKF(tpm_ak_read(&r->hasher, buffer_view(&file), NULL, &r->ak, &err), "%s", err.text);
    read_capture(dir, "binary_bios_measurements", "", &file);
    f->boot_log.len = 0;
    forge_add(&f->boot_log, buffer_view(&file));
    read_capture(dir, "nonce.hex", "", &file);
    for (size_t i = 0; i < 2 * sizeof(f->nonce) && i + 1 < file.len; i += 2) {
        char byte[3] = { (char)file.data[i], (char)file.data[i + 1], '\0' };

        f->nonce[i / 2] = (uint8_t)strtoul(byte, NULL, 16);
        r->nonce_len = i / 2 + 1;
    }
    r->reuse_boot_log = true;
}

static void judge(struct rounds *r, const struct scene *s, bool delta)
{
    struct forge *f = &r->machine;
    size_t from = delta ? (size_t)r->held.offset : 0;

    f->attest.len = 0;
    f->signature.len = 0;
    forge_add(&f->attest, buffer_view(&s->quote));
    forge_add(&f->signature, buffer_view(&s->signature));
    rounds_judge(r, (struct bytes){ s->list.data + from, s->list.len - from }, delta);
    rounds_keep(r);
}

static bool same_progress(const struct list_progress *a, const struct list_progress *b)
{
    return a->entry == b->entry && a->offset == b->offset && a->seen == b->seen &&
            memcmp(a->tail, b->tail, sizeof(a->tail)) == 0 &&
            memcmp(&a->at.pcrs, &b->at.pcrs, sizeof(a->at.pcrs)) == 0 &&
            a->at.judged.files == b->at.judged.files &&
            a->at.judged.violations == b->at.judged.violations &&
            memcmp(a->last_record, b->last_record, sizeof(a->last_record)) == 0;
}

static void follow(const char *dir, const char *const *names, size_t count)
{
    struct rounds on;
    uint64_t before = 0;

    check_case = dir;
    begin(&on, dir);
    for (size_t i = 0; i < count; i++) {
        struct scene s CLEANUP(scene_clear) = { 0 };
        struct rounds fresh;

        read_scene(dir, names[i], &s);
        judge(&on, &s, i > 0);
        rounds_expect(&on, "", on.verdict.attested, on.verdict.attested + 2);
        CHECKF(on.verdict.attested > before, "%s", names[i]);
        before = on.verdict.attested;

        begin(&fresh, dir);
        judge(&fresh, &s, false);
        rounds_expect(&fresh, "", before, before + 2);
        CHECKF(same_progress(&on.held, &fresh.held), "%s", names[i]);
        CHECK_UINT(on.verdict.excluded, fresh.verdict.excluded);
        CHECK_UINT(on.verdict.violations, fresh.verdict.violations);
        rounds_end(&fresh);
    }
    rounds_end(&on);
    check_case = "";
}

static void kernel_61(void)
{
    static const char *const names[] = { "0base", "1known", "2unknown", "3modified", "4memfd-shm",
        "5script-root", "6script-user", "7script-user-direct", "8module", "9incremental" };

    follow("kernel-scen-61", names, ARRAY_LEN(names));
}

static void kernel_612(void)
{
    static const char *const names[] = { "0base", "1known", "2unknown", "3modified", "4memfd-shm",
        "5script-root", "6script-user", "7script-user-direct", "8module", "8module-xz",
        "9incremental" };

    follow("kernel-scen-612", names, ARRAY_LEN(names));
}

/* An earlier quote of the same boot: its clock is behind. */
static void old_quote(void)
{
    struct scene first CLEANUP(scene_clear) = { 0 };
    struct scene second CLEANUP(scene_clear) = { 0 };
    struct rounds r;
    char failed[512];

    begin(&r, "kernel-scen-61");
    read_scene("kernel-scen-61", "0base", &first);
    read_scene("kernel-scen-61", "1known", &second);
    judge(&r, &second, false);
    judge(&r, &first, false);
    CHECK_TEXT(bytes_of_text(attack_checks(&r.verdict, OUTCOME_FAIL, failed)), "clock");
    rounds_end(&r);
}

static const struct test tests[] = {
    { "ten rounds of a 6.1 kernel lead where each whole list leads", kernel_61 },
    { "so do eleven rounds of a 6.12 kernel", kernel_612 },
    { "a real quote that is older than the last one refuses", old_quote },
};

int main(void)
{
    const char *env = getenv("TALLY_CORPUS");
    struct stat st;

    (void)snprintf(captures, sizeof(captures), "%s/../captures",
            env != NULL ? env : TALLY_DEFAULT_CORPUS);
    if (stat(captures, &st) != 0) {
        printf("skipped: no captures at %s\n", captures);
        return 77;
    }
    attack_setup();
    int failed = run_tests("appraise_captures", tests, ARRAY_LEN(tests));

    attack_teardown();
    return failed;
}
