/* SPDX-License-Identifier: BSD-3-Clause */
#include <stdio.h>
#include <stdlib.h>

#include "eventlog/types.h"
#include "tests/check.h"
#include "tests/forge.h"
#include "verifier/replay.h"

/* Logs of a forged machine against its registers, as tally replay compares them. */

static struct forge_key no_key;
static struct forge_dir dir;

/** What is given on the command line, and what must come out. */
struct row {
    const char *name;
    uint32_t banks; /* of the machine; 0: SHA-1 and SHA-256 */
    uint32_t padded;
    void (*live)(struct forge *f);
    void (*change)(struct forge *f);
    bool no_boot_log;
    bool no_list;
    uint32_t asked;  /* --banks */
    uint32_t values; /* banks in --pcrs; 0: SHA-256 */
    uint32_t pcrs;   /* registers in --pcrs; 0: none given at all */
    bool mismatch;
    bool uncompared;
    int matches; /* registers compared and equal */
    int mismatches;
    int unexplained;
    int64_t attested; /* records; -1: no list */
};

static void write_logs(struct forge *f, char boot[512], char list[512])
{
    (void)snprintf(boot, 512, "%s", forge_dir_write(&dir, "boot", forge_view(&f->boot_log)));
    (void)snprintf(list, 512, "%s", forge_dir_write(&dir, "list", forge_view(&f->list)));
}

static void count(const struct replay_result *r, int *matches, int *mismatches)
{
    *matches = 0;
    *mismatches = 0;
    for (size_t i = 0; i < r->compared_count; i++) {
        *(r->compared[i].match ? matches : mismatches) += 1;
    }
}

static void run_row(const struct row *row, struct hasher *h, struct replay_result *r)
{
    struct forge f;
    struct pcr_file pcrs = { 0 };
    char boot[512];
    char list[512];
    struct error err = { 0 };
    int matches;
    int mismatches;

    check_case = row->name;
    forge_init(&f, row->banks != 0 ? row->banks : FORGE_SHA1 | FORGE_SHA256, &no_key);
    f.padded = row->padded;
    row->live != NULL ? row->live(&f) : forge_honest(&f);
    for (unsigned int alg = 0; alg < DIGEST_ALG_COUNT; alg++) {
        uint32_t values = row->values != 0 ? row->values : FORGE_SHA256;

        pcrs.pcrs.known[alg] = (values & 1u << alg) != 0 ? row->pcrs : 0;
        memcpy(pcrs.pcrs.value[alg], f.tpm.value[alg], sizeof(pcrs.pcrs.value[alg]));
    }
    if (row->change != NULL) {
        row->change(&f);
    }
    write_logs(&f, boot, list);
    struct replay_request request = {
        .boot_log = row->no_boot_log ? NULL : boot,
        .ima_log = row->no_list ? NULL : list,
        .pcrs = row->pcrs != 0 ? &pcrs : NULL,
        .banks = row->asked,
    };

    CHECKF(replay_run(&request, h, r, &err), "%s", err.text);
    count(r, &matches, &mismatches);
    CHECK_UINT(r->mismatch, row->mismatch);
    CHECK_UINT(r->uncompared_log, row->uncompared);
    CHECKF(matches == row->matches, "%d match, want %d", matches, row->matches);
    CHECKF(mismatches == row->mismatches, "%d differ, want %d", mismatches, row->mismatches);
    CHECK_UINT(r->unexplained_count, (uint64_t)row->unexplained);
    if (row->attested >= 0) {
        CHECK_UINT(r->walk.attested, (uint64_t)row->attested);
    }
    forge_clear(&f);
    check_case = "";
}

static void run_rows(const struct row *rows, size_t n)
{
    struct hasher h CLEANUP(hasher_clear) = { 0 };
    struct replay_result *r = malloc(sizeof(*r));
    struct error err = { 0 };

    CHECK(hasher_init(&h, &err));
    for (size_t i = 0; i < n && r != NULL; i++) {
        run_row(&rows[i], &h, r);
    }
    free(r);
}

static void doctor_pcr_4(struct forge *f)
{
    uint8_t *at = memmem(f->boot_log.data, f->boot_log.len, "firmware 4", 10);

    at[-5] ^= 1; /* last byte of the SHA-256 digest */
}

static void drop_last_record(struct forge *f)
{
    f->list.len = f->record_at[5];
}

static void wrong_digest(struct forge *f)
{
    f->list.data[f->record_at[2] + 4] ^= 1;
}

static void tail(struct forge *f)
{
    forge_file(f, FORGE_LOG, 10, "/later");
    forge_file(f, FORGE_LOG, 10, "/later still");
}

static void tail_in_11(struct forge *f)
{
    forge_file(f, FORGE_LOG, 11, "/later");
}

static void live_in_11(struct forge *f)
{
    forge_honest(f);
    forge_file(f, FORGE_BOTH, 11, "/in/11");
}

static void live_with_12(struct forge *f)
{
    forge_honest(f);
    forge_event(f, FORGE_BOTH, 12, EV_IPL, "cmdline");
}

static void live_with_extended_12(struct forge *f)
{
    live_with_12(f);
    forge_extend(f, DIGEST_SHA256, 12, bytes_of_text("user space"));
}

static void live_in_shared_10(struct forge *f)
{
    forge_event(f, FORGE_BOTH, 10, EV_IPL, "a boot loader that measures there");
    forge_honest(f);
}

static void no_records(struct forge *f)
{
    forge_boot(f);
}

static void registers_are_compared(void)
{
    static const struct row rows[] = {
        { .name = "nothing to compare with", .attested = 0 },
        { .name = "boot log and list", .pcrs = 0x47ff, .matches = 12, .attested = 6 },
        { .name = "and registers at their reset value",
                .pcrs = PCR_ALL,
                .matches = 12,
                .attested = 6 },
        { .name = "boot log", .no_list = true, .pcrs = 0x43ff, .matches = 11, .attested = -1 },
        { .name = "list", .no_boot_log = true, .pcrs = 1u << 10, .matches = 1, .attested = 6 },
        { .name = "two banks",
                .values = FORGE_SHA1 | FORGE_SHA256,
                .pcrs = 0x47ff,
                .matches = 24,
                .attested = 6 },
        { .name = "one of two banks",
                .values = FORGE_SHA1 | FORGE_SHA256,
                .asked = FORGE_SHA1,
                .pcrs = 0x47ff,
                .matches = 12,
                .attested = 6 },
        { .name = "doctored boot log",
                .change = doctor_pcr_4,
                .pcrs = 0x47ff,
                .mismatch = true,
                .matches = 11,
                .mismatches = 1,
                .attested = 6 },
        { .name = "doctored in a bank nobody asks for",
                .change = doctor_pcr_4,
                .values = FORGE_SHA1,
                .pcrs = 0x47ff,
                .matches = 12,
                .attested = 6 },
        { .name = "short list",
                .change = drop_last_record,
                .pcrs = 0x47ff,
                .mismatch = true,
                .matches = 11,
                .mismatches = 1,
                .attested = 0 },
        { .name = "list that ran ahead",
                .change = tail,
                .pcrs = 0x47ff,
                .matches = 12,
                .attested = 6 },
        { .name = "R84 a tail in another register",
                .change = tail_in_11,
                .pcrs = 0x4fff,
                .matches = 13,
                .attested = 6 },
        { .name = "a template digest that is not the data's",
                .change = wrong_digest,
                .mismatch = true,
                .attested = 0 },
        { .name = "the same with values",
                .change = wrong_digest,
                .pcrs = 0x47ff,
                .mismatch = true,
                .matches = 12,
                .attested = 6 },
        { .name = "records in two registers",
                .live = live_in_11,
                .pcrs = 0x4fff,
                .matches = 13,
                .attested = 7 },
        { .name = "records in two registers, ran ahead",
                .live = live_in_11,
                .change = tail,
                .pcrs = 0x4fff,
                .matches = 13,
                .attested = 7 },
        { .name = "records in two registers, only the other is known",
                .live = live_in_11,
                .change = tail_in_11,
                .no_boot_log = true,
                .pcrs = 1u << 11,
                .matches = 1,
                .attested = 7 },
        { .name = "a register both logs extend",
                .live = live_in_shared_10,
                .pcrs = 0x47ff,
                .matches = 12,
                .attested = 6 },
        { .name = "empty list", .live = no_records, .pcrs = 0x47ff, .matches = 12 },
        { .name = "PCR 12 by the boot log",
                .live = live_with_12,
                .pcrs = 0x57ff,
                .matches = 13,
                .attested = 6 },
        { .name = "PCR 12 extended by user space, too",
                .live = live_with_extended_12,
                .pcrs = 0x57ff,
                .matches = 12,
                .unexplained = 1,
                .attested = 6 },
        { .name = "no value of the list's register",
                .pcrs = 0x43ff,
                .uncompared = true,
                .matches = 11 },
        { .name = "no value of the boot log's registers",
                .pcrs = 1u << 10,
                .uncompared = true,
                .matches = 1,
                .attested = 6 },
        { .name = "only a value that no log covers", .pcrs = 1u << 16, .uncompared = true },
        { .name = "only an unexplained register",
                .live = live_with_extended_12,
                .no_list = true,
                .pcrs = 1u << 12,
                .uncompared = true,
                .unexplained = 1,
                .attested = -1 },
        { .name = "padded banks",
                .banks = 0xf,
                .padded = FORGE_SHA384 | FORGE_SHA512,
                .values = 0xf,
                .pcrs = 0x47ff,
                .matches = 48,
                .attested = 6 },
        { .name = "padded banks, ran ahead",
                .banks = 0xf,
                .padded = FORGE_SHA384 | FORGE_SHA512,
                .change = tail,
                .values = 0xf,
                .pcrs = 0x47ff,
                .matches = 48,
                .attested = 6 },
    };

    run_rows(rows, ARRAY_LEN(rows));
}

static void rules_and_reasons_are_named(void)
{
    static const struct row padded = { .name = "rules",
        .banks = FORGE_SHA256 | FORGE_SHA384,
        .padded = FORGE_SHA384,
        .values = FORGE_SHA1 | FORGE_SHA256 | FORGE_SHA384,
        .pcrs = 0x14601,
        .matches = 8,
        .attested = 6 };
    struct hasher h CLEANUP(hasher_clear) = { 0 };
    struct replay_result *r = malloc(sizeof(*r));
    struct error err = { 0 };

    CHECK(hasher_init(&h, &err));
    if (r == NULL) {
        return;
    }
    struct row with_sha1 = padded;

    with_sha1.values = FORGE_SHA256 | FORGE_SHA384;
    run_row(&with_sha1, &h, r);
    for (size_t i = 0; i < r->compared_count; i++) {
        const struct comparison *c = &r->compared[i];
        const char *want = c->pcr != 10    ? "boot-log"
                : c->bank == DIGEST_SHA384 ? "padded-sha1"
                                           : "per-bank";

        CHECK_TEXT(bytes_of_text(c->rule), want);
    }
    bool no_log = false;
    bool no_value = false;

    for (size_t i = 0; i < r->not_compared_count; i++) {
        const struct omission *o = &r->not_compared[i];

        no_log = no_log || (o->pcr == 16 && strcmp(o->reason, "no given log covers it") == 0);
        no_value = no_value || (o->pcr == 1 && strcmp(o->reason, "no value was given") == 0);
    }
    CHECK(no_log && no_value);
    free(r);
}

static void what_cannot_be_read_hides_no_mismatch(void)
{
    struct hasher h CLEANUP(hasher_clear) = { 0 };
    struct replay_result *r = malloc(sizeof(*r));
    struct error err = { 0 };
    struct pcr_file pcrs = { 0 };
    struct forge f;
    char boot[512];
    char list[512];

    CHECK(hasher_init(&h, &err));
    forge_init(&f, FORGE_SHA256, &no_key);
    forge_honest(&f);
    pcrs.pcrs = f.tpm;
    doctor_pcr_4(&f);
    write_logs(&f, boot, list);
    struct replay_request request = { .boot_log = boot, .ima_log = "/nowhere", .pcrs = &pcrs };

    if (r != NULL) {
        CHECK(!replay_run(&request, &h, r, &err));
        CHECK_UINT(err.code, ERROR_IO);
        CHECK(r->mismatch);
        request = (struct replay_request){ .boot_log = "/nowhere", .ima_log = list, .pcrs = &pcrs };
        CHECK(!replay_run(&request, &h, r, &err));
        CHECK(!r->mismatch);
        CHECK_UINT(r->walk.attested, 6);
    }
    free(r);
    forge_clear(&f);
}

/* An attacker can invent any number of names: the first are counted by name, the rest together. */
static void templates_beyond_those_named_are_counted_together(void)
{
    struct hasher h CLEANUP(hasher_clear) = { 0 };
    struct replay_result *r = malloc(sizeof(*r));
    struct error err = { 0 };
    struct forge f;
    char boot[512];
    char list[512];

    CHECK(hasher_init(&h, &err));
    forge_init(&f, FORGE_SHA256, &no_key);
    for (int i = 0; i < REPLAY_TEMPLATES_MAX + 10; i++) {
        char name[32];

        (void)snprintf(name, sizeof(name), "invented-%d", i);
        forge_record(&f, FORGE_BOTH, 10, name, bytes_of_text("data"));
    }
    write_logs(&f, boot, list);
    struct replay_request request = { .ima_log = list };

    if (r != NULL) {
        CHECKF(replay_run(&request, &h, r, &err), "%s", err.text);
        CHECK_UINT(r->template_count, REPLAY_TEMPLATES_MAX + 1);
        CHECK_TEXT(bytes_of_text(r->templates[0].name), "invented-0");
        CHECK_UINT(r->templates[REPLAY_TEMPLATES_MAX - 1].count, 1);
        CHECK_TEXT(bytes_of_text(r->templates[REPLAY_TEMPLATES_MAX].name), "(others)");
        CHECK_UINT(r->templates[REPLAY_TEMPLATES_MAX].count, 10);
        CHECK_UINT(r->wrong_count, 0);
    }
    free(r);
    forge_clear(&f);
}

static const struct test tests[] = {
    { "registers are compared", registers_are_compared },
    { "rules and reasons are named", rules_and_reasons_are_named },
    { "what cannot be read hides no mismatch", what_cannot_be_read_hides_no_mismatch },
    { "templates beyond those named are counted together",
            templates_beyond_those_named_are_counted_together },
};

int main(void)
{
    forge_dir_make(&dir);
    int status = run_tests("replay", tests, ARRAY_LEN(tests));

    forge_dir_remove(&dir);
    return status;
}
