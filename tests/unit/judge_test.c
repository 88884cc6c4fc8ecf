/* SPDX-License-Identifier: BSD-3-Clause */
#include <stdio.h>
#include <string.h>

#include "tests/attack.h"
#include "tests/check.h"
#include "verifier/judge.h"

#define AGGREGATE_ROW(what, at, ...)                                                     \
    {                                                                                    \
        .name = (what), .fails = "boot-aggregate", .kinds = "ima-replay", .entry = (at), \
        __VA_ARGS__                                                                      \
    }

static void files_after(struct forge *f)
{
    forge_file(f, FORGE_BOTH, 10, forge_files[0]);
    forge_file(f, FORGE_BOTH, 10, forge_files[1]);
}

static void no_aggregate(struct forge *f)
{
    forge_boot(f);
    files_after(f);
}

static void aggregate_second(struct forge *f)
{
    forge_boot(f);
    forge_file(f, FORGE_BOTH, 10, forge_files[0]);
    forge_aggregate(f, DIGEST_SHA256, 9);
    forge_file(f, FORGE_BOTH, 10, forge_files[1]);
}

static void aggregate_twice(struct forge *f)
{
    forge_honest(f);
    forge_aggregate(f, DIGEST_SHA256, 9);
    forge_file(f, FORGE_BOTH, 10, forge_files[0]);
}

static void file_of_that_name(struct forge *f)
{
    forge_honest(f);
    forge_file(f, FORGE_BOTH, 10, "boot_aggregate");
}

static void file_of_that_name_first(struct forge *f)
{
    forge_boot(f);
    forge_file(f, FORGE_BOTH, 10, "boot_aggregate");
    files_after(f);
}

static void aggregate_of_other_boot(struct forge *f)
{
    struct pcr_values before;

    forge_boot(f);
    before = f->tpm;
    forge_extend(f, DIGEST_SHA256, 4, bytes_of_text("another kernel"));
    forge_aggregate(f, DIGEST_SHA256, 9);
    memcpy(before.value[DIGEST_SHA256][10], f->tpm.value[DIGEST_SHA256][10], 32);
    f->tpm = before;
    files_after(f);
}

static void aggregate_0_7(struct forge *f)
{
    forge_boot(f);
    forge_aggregate(f, DIGEST_SHA256, 7);
    files_after(f);
}

static void aggregate_sha1(struct forge *f)
{
    forge_boot(f);
    forge_aggregate(f, DIGEST_SHA1, 7);
    files_after(f);
}

static void aggregate_sha1_0_9(struct forge *f)
{
    forge_boot(f);
    forge_aggregate(f, DIGEST_SHA1, 9);
    files_after(f);
}

static void aggregate_sha384(struct forge *f)
{
    forge_boot(f);
    forge_aggregate(f, DIGEST_SHA384, 9);
    files_after(f);
}

static void aggregate_zero(struct forge *f)
{
    static const uint8_t zeros[32];

    forge_boot(f);
    forge_file_digest(f, 10, "sha256:", (struct bytes){ zeros, sizeof(zeros) }, "boot_aggregate");
    files_after(f);
}

static void aggregate_as_violation(struct forge *f)
{
    uint8_t room[512];

    forge_boot(f);
    forge_violation(f, FORGE_BOTH, 10, "ima-ng",
            forge_file_data("boot_aggregate", room, sizeof(room)));
    files_after(f);
}

static void aggregate_as_buffer(struct forge *f)
{
    uint8_t room[80];
    uint8_t data[512];
    struct bytes values[] = { forge_digest_field("sha256:", bytes_of_text("x"), room),
        { (const uint8_t *)"boot_aggregate", sizeof("boot_aggregate") }, bytes_of_text("x") };

    forge_boot(f);
    forge_record(f, FORGE_BOTH, 10, "ima-buf", forge_fields(data, sizeof(data), values, 3));
    files_after(f);
}

static void kexec_other(struct forge *f)
{
    struct pcr_values before;

    forge_honest(f);
    before = f->tpm;
    forge_extend(f, DIGEST_SHA256, 4, bytes_of_text("another kernel"));
    forge_aggregate(f, DIGEST_SHA256, 9);
    memcpy(before.value[DIGEST_SHA256][10], f->tpm.value[DIGEST_SHA256][10], 32);
    f->tpm = before;
    files_after(f);
}

static void boot_aggregates(void)
{
#define LEGACY WITH("  boot-aggregate: legacy\n")
#define KEXEC  WITH("  kexec: allow\n")
#define FIRST(what, ...)                                                                      \
    {                                                                                         \
        .name = (what), .fails = "ima-replay", .kinds = "ima-replay", .entry = 0, __VA_ARGS__ \
    }
    static const struct attack rows[] = {
        FIRST("R37 missing", .live = no_aggregate),
        { .name = "R37 not first",
                .live = aggregate_second,
                .fails = "ima-replay boot-aggregate",
                .kinds = "ima-replay",
                .entry = 0 },
        AGGREGATE_ROW("R37 twice", 6, .live = aggregate_twice),
        { .name = "R37 twice, kexec allowed, and it recomputes",
                .policy = KEXEC,
                .live = aggregate_twice },
        AGGREGATE_ROW("R37 twice, kexec allowed, of other PCRs", 6, .policy = KEXEC,
                .live = kexec_other),
        AGGREGATE_ROW("R37 a file of that name", 6, .live = file_of_that_name),
        AGGREGATE_ROW("R37 a file of that name, kexec allowed", 6, .policy = KEXEC,
                .live = file_of_that_name),
        AGGREGATE_ROW("R37 a file of that name, first", 0, .live = file_of_that_name_first),
        FIRST("R37 a violation of that name, first", .live = aggregate_as_violation,
                .policy = WITH("  violations: warn\n")),
        { .name = "R37 a buffer of that name, first",
                .live = aggregate_as_buffer,
                .policy = WITH("  templates: [ima-ng, ima-buf]\n"),
                .fails = "ima-replay files",
                .kinds = "ima-replay unknown-file",
                .entry = 0 },
        AGGREGATE_ROW("R38 of another boot", 0, .live = aggregate_of_other_boot),
        AGGREGATE_ROW("R38 of another boot, hints", 0, .live = aggregate_of_other_boot,
                .hints = true),
        AGGREGATE_ROW("over PCRs 0-7, strict", 0, .live = aggregate_0_7),
        { .name = "over PCRs 0-7, legacy", .policy = LEGACY, .live = aggregate_0_7 },
        { .name = "over PCRs 0-9, legacy", .policy = LEGACY },
        AGGREGATE_ROW("SHA-1, strict", 0, .live = aggregate_sha1),
        { .name = "SHA-1, legacy", .policy = LEGACY, .live = aggregate_sha1 },
        { .name = "SHA-1 over 0-9, legacy", .policy = LEGACY, .live = aggregate_sha1_0_9 },
        AGGREGATE_ROW("R38 of another boot, legacy", 0, .policy = LEGACY,
                .live = aggregate_of_other_boot),
        { .name = "in a bank that is not quoted", .banks = 0xf, .live = aggregate_sha384 },
        AGGREGATE_ROW("of zeros", 0, .live = aggregate_zero),
        AGGREGATE_ROW("of zeros, legacy", 0, .policy = LEGACY, .live = aggregate_zero),
    };

    attack_rows(rows, ARRAY_LEN(rows));
}

static void violations_of(struct forge *f, size_t count)
{
    uint8_t room[512];

    forge_honest(f);
    for (size_t i = 0; i < count; i++) {
        forge_violation(f, FORGE_BOTH, 10, "ima-ng",
                forge_file_data("/usr/bin/bash", room, sizeof(room)));
    }
}

static void one_violation(struct forge *f)
{
    violations_of(f, 1);
}

static void five_violations(struct forge *f)
{
    violations_of(f, 5);
}

static void six_violations(struct forge *f)
{
    violations_of(f, 6);
}

/* A name that is allowed, excluded or denied is never used for a decision. */
static void violation_of_denied(struct forge *f)
{
    uint8_t room[512];

    forge_honest(f);
    forge_violation(f, FORGE_BOTH, 10, "ima-ng",
            forge_file_data("/var/log/messages", room, sizeof(room)));
}

static void violation_of_nothing(struct forge *f)
{
    forge_honest(f);
    forge_violation(f, FORGE_BOTH, 10, "what", bytes_of_text("no fields"));
}

static void violation_of_aggregate(struct forge *f)
{
    uint8_t room[512];

    forge_honest(f);
    forge_violation(f, FORGE_BOTH, 10, "ima-ng",
            forge_file_data("boot_aggregate", room, sizeof(room)));
}

static void violations(void)
{
#define REFUSED_BY_VIOLATIONS(what, at, ...)                                                    \
    {                                                                                           \
        .name = (what), .fails = "violations", .kinds = "violation", .entry = (at), __VA_ARGS__ \
    }
    static const struct attack rows[] = {
        REFUSED_BY_VIOLATIONS("R30 fail is the default", 6, .live = one_violation),
        REFUSED_BY_VIOLATIONS("R30 fail", 6, .live = one_violation,
                .policy = WITH("  violations: fail\n")),
        { .name = "R30 warn", .live = six_violations, .policy = WITH("  violations: warn\n") },
        { .name = "R30 limit, as many",
                .live = five_violations,
                .policy = WITH("  violations: { limit: 5 }\n") },
        REFUSED_BY_VIOLATIONS("R30 limit, one more", -1, .live = six_violations,
                .policy = WITH("  violations: { limit: 5 }\n")),
        REFUSED_BY_VIOLATIONS("R30 limit 0", -1, .live = one_violation,
                .policy = WITH("  violations: { limit: 0 }\n")),
        REFUSED_BY_VIOLATIONS("R29 an excluded name excuses nothing", 6,
                .live = violation_of_denied, .policy = WITH("  exclude: [ \"/var/log/**\" ]\n")),
        { .name = "R29 a denied name accuses nobody",
                .live = violation_of_denied,
                .policy = WITH("  violations: warn\n  deny: [ { file: log.deny } ]\n") },
        { .name = "R85 a template nobody knows",
                .live = violation_of_nothing,
                .policy = WITH("  violations: warn\n") },
        { .name = "R85 the name boot_aggregate",
                .live = violation_of_aggregate,
                .policy = WITH("  violations: warn\n") },
    };
    struct forge f;
    struct verdict v;

    attack_rows(rows, ARRAY_LEN(rows));
    attack_prepare(&rows[2], &f);
    attack_judge(&f, rows[2].policy, &v);
    CHECK_UINT(v.violations, 6);
    CHECK_UINT(v.findings.kept[SEVERITY_WARN], 6);
    CHECK(v.findings.count > 0 && strstr(v.findings.at[0].text, "not authenticated") != NULL);
    verdict_clear(&v);
    forge_clear(&f);
}

/* Everything behind the zero digest, but for lengths, is free for the attacker. */
static void bytes_of_a_violation_decide_nothing(void)
{
    static const struct {
        const char *template;
        const char *policy;
    } cases[] = {
        { "ima-ng", WITH("  violations: warn\n") },
        { "ima-ng",
                WITH("  violations: warn\n  exclude: [ \"/var/log/**\" ]\n"
                     "  deny: [ { file: log.deny } ]\n") },
        { "ima-sig", WITH("  violations: { limit: 1 }\n") },
        { "novel", WITH("  violations: warn\n") },
    };

    for (size_t c = 0; c < ARRAY_LEN(cases); c++) {
        struct forge f;
        uint8_t room[512];

        forge_init(&f, FORGE_SHA256, attack_key());
        forge_honest(&f);
        forge_violation(&f, FORGE_BOTH, 10, cases[c].template,
                forge_file_data("/var/log/messages", room, sizeof(room)));
        forge_file(&f, FORGE_BOTH, 10, forge_files[0]);
        forge_ask(&f, FORGE_SHA256, FORGE_PCRS);
        forge_sign(&f);
        size_t name_at = f.record_at[6] + 4 + 20 + 4;
        size_t data_len_at = name_at + strlen(cases[c].template);

        for (size_t i = name_at; i < f.record_at[7]; i++) {
            for (unsigned int flip = 0; flip < 9; flip++) {
                struct verdict v;
                uint8_t old = f.list.data[i];

                if (i >= data_len_at && i < data_len_at + 4) {
                    continue; /* the length of the data is framing */
                }
                f.list.data[i] = (uint8_t)(flip == 8 ? 0 : old ^ 1u << flip);
                attack_judge(&f, cases[c].policy, &v);
                CHECKF(verdict_result(&v) == VERDICT_TRUSTED, "case %zu, byte %zu, flip %u", c,
                        i - name_at, flip);
                CHECK_UINT(v.attested, 8);
                CHECK_UINT(v.violations, 1);
                CHECK_UINT(v.excluded, 0);
                verdict_clear(&v);
                f.list.data[i] = old;
            }
        }
        forge_clear(&f);
    }
}

static void many_files(struct forge *f, size_t count, size_t denied_at)
{
    forge_honest(f);
    for (size_t i = 0; i < count; i++) {
        char path[64];

        (void)snprintf(path, sizeof(path), "/srv/unknown/%zu", i);
        forge_file(f, FORGE_BOTH, 10, i == denied_at ? "/var/log/messages" : path);
    }
}

static void a_thousand_findings_are_kept(void)
{
    struct forge f;
    struct verdict v;
    char text[512];

    forge_init(&f, FORGE_SHA256, attack_key());
    many_files(&f, 1500, SIZE_MAX);
    forge_ask(&f, FORGE_SHA256, FORGE_PCRS);
    forge_sign(&f);
    attack_judge(&f, NULL, &v);
    CHECK_UINT(verdict_result(&v), VERDICT_REFUSED);
    CHECK_UINT(v.findings.count, FINDINGS_MAX + 1);
    CHECK_UINT(v.findings.dropped[SEVERITY_REFUSE], 500);
    CHECK_TEXT(bytes_of_text(attack_kinds(&v, text)), "unknown-file too-many");
    CHECK(strstr(v.findings.at[FINDINGS_MAX].text, "500 more") != NULL);
    CHECK(v.findings.at[0].entry == 6 && v.findings.at[FINDINGS_MAX - 1].entry == 1005);
    verdict_clear(&v);
    forge_clear(&f);
}

static void a_thousand_warnings_leave_it_trusted(void)
{
    struct forge f;
    struct verdict v;

    forge_init(&f, FORGE_SHA256, attack_key());
    violations_of(&f, 1500);
    forge_ask(&f, FORGE_SHA256, FORGE_PCRS);
    forge_sign(&f);
    attack_judge(&f, WITH("  violations: warn\n"), &v);
    CHECK_UINT(verdict_result(&v), VERDICT_TRUSTED);
    CHECK_UINT(v.violations, 1500);
    CHECK_UINT(v.findings.count, FINDINGS_MAX + 1);
    verdict_clear(&v);
    forge_clear(&f);
}

/* A flood of unknown files must not hide a denied one from who is alerted. */
static void kinds_of_dropped_findings_are_remembered(void)
{
    struct forge f;
    struct verdict v;

    forge_init(&f, FORGE_SHA256, attack_key());
    many_files(&f, 1200, 1100);
    forge_ask(&f, FORGE_SHA256, FORGE_PCRS);
    forge_sign(&f);
    attack_judge(&f, WITH("  deny: [ { file: log.deny } ]\n"), &v);
    CHECK_UINT(verdict_result(&v), VERDICT_REFUSED);
    CHECK(verdict_has_kind(&v, "unknown-file"));
    CHECK(verdict_has_kind(&v, "denied-file"));
    CHECK(!verdict_has_kind(&v, "violation"));
    verdict_clear(&v);
    forge_clear(&f);
}

static const struct test tests[] = {
    { "R37, R38: boot_aggregate is first, once, and recomputes", boot_aggregates },
    { "R29, R30: violations fail, warn or have a limit", violations },
    { "R29, R85: bytes of a violation decide nothing", bytes_of_a_violation_decide_nothing },
    { "a thousand findings are kept, then one says how many more", a_thousand_findings_are_kept },
    { "a thousand warnings leave it trusted", a_thousand_warnings_leave_it_trusted },
    { "kinds of dropped findings are remembered", kinds_of_dropped_findings_are_remembered },
};

int main(void)
{
    attack_setup();
    attack_write_list("log.deny", "", DIGEST_SHA256, "/var/log/messages", "whatever");
    int status = run_tests("judge", tests, ARRAY_LEN(tests));

    attack_teardown();
    return status;
}
