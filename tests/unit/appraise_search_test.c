/* SPDX-License-Identifier: BSD-3-Clause */
#include <string.h>

#include "eventlog/types.h"
#include "tests/attack.h"
#include "tests/check.h"
#include "verifier/appraise_logs.h"

static void doctor_both(struct forge *f)
{
    attack_doctor_boot_log(f);
    attack_drop_one(f);
}

static void boot_and_wrong_list_hint(struct forge *f)
{
    attack_doctor_boot_log(f);
    attack_wrong_list_hint(f);
}

static void boot_and_wrong_boot_hint(struct forge *f)
{
    attack_doctor_boot_log(f);
    attack_wrong_boot_hint(f);
}

static void list_and_wrong_list_hint(struct forge *f)
{
    attack_drop_one(f);
    attack_wrong_list_hint(f);
}

static void list_and_wrong_boot_hint(struct forge *f)
{
    attack_drop_one(f);
    attack_wrong_boot_hint(f);
}

static void both_and_wrong_list_hint(struct forge *f)
{
    doctor_both(f);
    attack_wrong_list_hint(f);
}

static void both_and_wrong_boot_hint(struct forge *f)
{
    doctor_both(f);
    attack_wrong_boot_hint(f);
}

static void hint_for_list_only(struct forge *f)
{
    memset(f->hints.known, 0, sizeof(f->hints.known));
    f->hints.known[DIGEST_SHA256] = 1u << 10;
}

static void list_and_hint_for_list_only(struct forge *f)
{
    attack_drop_one(f);
    hint_for_list_only(f);
}

static void hints_for_boot_only(struct forge *f)
{
    f->hints.known[DIGEST_SHA256] &= ~(1u << 10);
}

static void boot_and_hints_for_boot_only(struct forge *f)
{
    attack_doctor_boot_log(f);
    hints_for_boot_only(f);
}

static void the_guilty_log_is_named(void)
{
    static const struct attack rows[] = {
        { .name = "neither, good hints", .hints = true },
        { .name = "neither, wrong hint for the list",
                .hints = true,
                .send = attack_wrong_list_hint },
        { .name = "neither, wrong hint for the boot log",
                .hints = true,
                .send = attack_wrong_boot_hint },
        { .name = "neither, a hint for the list only", .hints = true, .send = hint_for_list_only },
        { .name = "neither, hints for boot only", .hints = true, .send = hints_for_boot_only },
        BOOT_ROW("boot, good hints", .hints = true, .send = attack_doctor_boot_log),
        BOTH_ROW("boot, no hints", .send = attack_doctor_boot_log),
        BOOT_ROW("boot, wrong hint for the list", .hints = true, .send = boot_and_wrong_list_hint),
        BOOT_ROW("boot, hints for boot only", .hints = true, .send = boot_and_hints_for_boot_only),
        BOTH_ROW("boot, wrong boot hint", .hints = true, .send = boot_and_wrong_boot_hint),
        LIST_ROW("list, good hints", .hints = true, .send = attack_drop_one),
        BOTH_ROW("list, no hints", .send = attack_drop_one),
        BOTH_ROW("list, wrong hint for the list", .hints = true, .send = list_and_wrong_list_hint),
        LIST_ROW("list, wrong boot hint", .hints = true, .send = list_and_wrong_boot_hint),
        LIST_ROW("list, a hint for it only", .hints = true, .send = list_and_hint_for_list_only),
        BOTH_ROW("both, good hints", .hints = true, .send = doctor_both),
        BOTH_ROW("both, no hints", .send = doctor_both),
        BOTH_ROW("both, wrong list hint", .hints = true, .send = both_and_wrong_list_hint),
        BOTH_ROW("both, wrong boot hint", .hints = true, .send = both_and_wrong_boot_hint),
    };

    attack_rows(rows, ARRAY_LEN(rows));
}

static void when_only_the_boot_log_is_wrong_the_list_is_judged(void)
{
    static const struct attack a = { .name = "",
        .live = attack_newcomer,
        .hints = true,
        .send = boot_and_wrong_list_hint };
    struct forge f;
    struct verdict v;
    char text[512];

    attack_prepare(&a, &f);
    attack_judge(&f, NULL, &v);
    CHECK_TEXT(bytes_of_text(attack_checks(&v, OUTCOME_FAIL, text)), "boot-replay files");
    CHECK_TEXT(bytes_of_text(attack_checks(&v, OUTCOME_NOT_RUN, text)),
            "pcr-digest boot-aggregate");
    CHECK_TEXT(bytes_of_text(attack_kinds(&v, text)), "boot-replay unknown-file");
    CHECK_UINT(v.attested, 7);
    verdict_clear(&v);
    forge_clear(&f);
}

static void a_list_that_does_not_replay_accuses_no_file(void)
{
    for (int hints = 0; hints <= 1; hints++) {
        const struct attack a = { .name = "",
            .live = attack_newcomer,
            .hints = hints == 1,
            .send = attack_drop_one };
        struct forge f;
        struct verdict v;
        char text[512];

        attack_prepare(&a, &f);
        attack_judge(&f, NULL, &v);
        CHECK_TEXT(bytes_of_text(attack_kinds(&v, text)),
                hints ? "ima-replay" : "boot-replay ima-replay");
        CHECK_TEXT(bytes_of_text(attack_checks(&v, OUTCOME_NOT_RUN, text)),
                "pcr-digest boot-aggregate violations files");
        CHECK_UINT(v.attested, 0);
        CHECK_UINT(v.entries, 6);
        CHECK_UINT(v.excluded, 0);
        verdict_clear(&v);
        forge_clear(&f);
    }
}

static void any_flipped_byte_of_an_attested_record_is_refused(void)
{
    for (int hints = 0; hints <= 1; hints++) {
        const struct attack a = { .name = "", .hints = hints == 1 };
        struct forge f;

        attack_prepare(&a, &f);
        for (size_t i = 0; i < f.list.len; i++) {
            struct verdict v;

            f.list.data[i] ^= (uint8_t)(1u << i % 8);
            attack_judge(&f, NULL, &v);
            CHECKF(verdict_result(&v) == VERDICT_REFUSED, "byte %zu", i);
            verdict_clear(&v);
            f.list.data[i] ^= (uint8_t)(1u << i % 8);
        }
        forge_clear(&f);
    }
}

static void swap_records(struct forge *f)
{
    struct forge_bytes last = { 0 };
    size_t at = f->record_at[4];
    size_t len = f->record_at[5] - at;

    forge_add(&last, (struct bytes){ f->list.data + at, len });
    attack_drop_record(f, 4);
    forge_add(&f->list, forge_view(&last));
    forge_bytes_clear(&last);
}

static void drop_first(struct forge *f)
{
    attack_drop_record(f, 0);
}

static void drop_last(struct forge *f)
{
    attack_drop_record(f, 5);
}

static void repeat_record(struct forge *f)
{
    struct forge_bytes rest = { 0 };
    size_t at = f->record_at[3];

    forge_add(&rest, (struct bytes){ f->list.data + at, f->list.len - at });
    f->list.len = f->record_at[4];
    forge_add(&f->list, forge_view(&rest));
    forge_bytes_clear(&rest);
}

static void insert_record(struct forge *f)
{
    struct forge_bytes rest = { 0 };
    size_t at = f->record_at[3];

    forge_add(&rest, (struct bytes){ f->list.data + at, f->list.len - at });
    f->list.len = at;
    forge_file(f, FORGE_LOG, 10, forge_files[0]);
    forge_add(&f->list, forge_view(&rest));
    forge_bytes_clear(&rest);
}

static void cut_record(struct forge *f)
{
    f->list.len -= 1;
}

static void pcr_24(struct forge *f)
{
    f->list.data[f->record_at[2]] = 24;
}

static void pcr_minus_one(struct forge *f)
{
    memset(f->list.data + f->record_at[2], 0xff, 4);
}

static void huge_name(struct forge *f)
{
    memset(f->list.data + f->record_at[2] + 24, 0xff, 4);
}

static void huge_data(struct forge *f)
{
    memset(f->list.data + f->record_at[2] + 34, 0xff, 4);
}

static void zero_logged_digest(struct forge *f)
{
    memset(f->list.data + f->record_at[2] + 4, 0, 20);
}

static void lists_that_were_doctored(void)
{
    static const struct attack rows[] = {
        LIST_ROW("R26 removed", .hints = true, .send = attack_drop_one),
        LIST_ROW("R26 the first removed", .hints = true, .send = drop_first),
        LIST_ROW("R26 the last removed", .hints = true, .send = drop_last),
        LIST_ROW("R26 reordered", .hints = true, .send = swap_records),
        LIST_ROW("R26 duplicated", .hints = true, .send = repeat_record),
        LIST_ROW("R26 inserted", .hints = true, .send = insert_record),
        LIST_ROW("R25 a record made look like a violation", .hints = true,
                .send = zero_logged_digest),
        { .name = "R26 cut",
                .hints = true,
                .send = cut_record,
                .fails = "evidence-format",
                .kinds = "malformed",
                .entry = 5 },
        { .name = "R90 PCR 24",
                .hints = true,
                .send = pcr_24,
                .fails = "evidence-format",
                .kinds = "malformed",
                .entry = 2 },
        { .name = "R90 PCR 0xffffffff",
                .send = pcr_minus_one,
                .fails = "evidence-format",
                .kinds = "malformed",
                .entry = 2 },
        { .name = "R75 a name of 4 GiB",
                .send = huge_name,
                .fails = "evidence-format",
                .kinds = "malformed",
                .entry = 2 },
        { .name = "R75 data of 4 GiB",
                .send = huge_data,
                .fails = "evidence-format",
                .kinds = "malformed",
                .entry = 2 },
    };

    attack_rows(rows, ARRAY_LEN(rows));
}

static void more_files(struct forge *f)
{
    uint8_t room[512];

    forge_file(f, FORGE_LOG, 10, "/tmp/unknown");
    forge_violation(f, FORGE_LOG, 10, "ima-ng", forge_file_data("/x", room, sizeof(room)));
    forge_file(f, FORGE_LOG, 11, "/tmp/in another PCR");
    forge_record(f, FORGE_LOG, 10, "a-template-nobody-allows", bytes_of_text("opaque"));
}

static void wrong_digest_in_tail(struct forge *f)
{
    forge_file(f, FORGE_LOG, 10, "/tmp/unknown");
    f->list.data[f->record_at[6] + 4] ^= 1;
}

static void garbage_in_tail(struct forge *f)
{
    more_files(f);
    f->list.data[f->record_at[7]] = 0xee;
}

static void cut_tail(struct forge *f)
{
    more_files(f);
    f->list.len -= 1;
}

static void bad_fields_in_tail(struct forge *f)
{
    forge_record(f, FORGE_LOG, 10, "ima-ng", bytes_of_text("no fields at all"));
}

static void the_tail_is_not_judged_but_must_parse(void)
{
    static const struct attack rows[] = {
        { .name = "R27, R84 more records", .send = more_files },
        { .name = "R27, R84 more records, hints", .hints = true, .send = more_files },
        { .name = "R27 a wrong template digest", .send = wrong_digest_in_tail },
        { .name = "R27 garbage",
                .send = garbage_in_tail,
                .fails = "evidence-format",
                .kinds = "malformed",
                .entry = 7 },
        { .name = "R27 garbage, hints",
                .hints = true,
                .send = garbage_in_tail,
                .fails = "evidence-format",
                .kinds = "malformed",
                .entry = 7 },
        { .name = "R27 a cut record",
                .send = cut_tail,
                .fails = "evidence-format",
                .kinds = "malformed",
                .entry = 9 },
        { .name = "R27 fields that do not parse",
                .send = bad_fields_in_tail,
                .fails = "evidence-format",
                .kinds = "malformed",
                .entry = 6 },
    };
    struct forge f;
    struct verdict v;

    attack_rows(rows, ARRAY_LEN(rows));
    attack_prepare(&rows[0], &f);
    attack_judge(&f, NULL, &v);
    CHECK_UINT(v.attested, 6);
    CHECK_UINT(v.entries, 10);
    CHECK_UINT(v.violations, 0);
    verdict_clear(&v);
    forge_clear(&f);
}

/* A register that returns to an earlier value cannot be made; but a list whose tail repeats what
 * was attested must stop at the first match. */
static void the_shortest_prefix_is_attested(void)
{
    struct attack a = { .name = "" };
    struct forge_bytes again = { 0 };
    struct forge f;
    struct verdict v;

    attack_prepare(&a, &f);
    forge_add(&again, (struct bytes){ f.list.data, f.record_at[5] });
    forge_add(&f.list, forge_view(&again));
    attack_judge(&f, NULL, &v);
    CHECK_UINT(verdict_result(&v), VERDICT_TRUSTED);
    CHECK_UINT(v.attested, 6);
    CHECK_UINT(v.entries, 11);
    verdict_clear(&v);
    forge_bytes_clear(&again);
    forge_clear(&f);
}

static void live_with_pcr_11(struct forge *f)
{
    forge_event(f, FORGE_BOTH, 11, EV_IPL, ".linux");
    forge_honest(f);
}

static void live_with_extended_pcr_11(struct forge *f)
{
    live_with_pcr_11(f);
    forge_extend(f, DIGEST_SHA256, 11, bytes_of_text("enter-initrd"));
}

static void wrong_hint_for_11(struct forge *f)
{
    f->hints.value[DIGEST_SHA256][11][0] ^= 1;
}

static void unexplained_registers(void)
{
    static const struct attack rows[] = {
        { .name = "explained by the boot log", .quoted_pcrs = 0x4fff, .live = live_with_pcr_11 },
        { .name = "explained by the boot log, hints",
                .quoted_pcrs = 0x4fff,
                .hints = true,
                .live = live_with_pcr_11 },
        { .name = "explained by the boot log, the hint is wrong",
                .quoted_pcrs = 0x4fff,
                .hints = true,
                .live = live_with_pcr_11,
                .send = wrong_hint_for_11 },
        { .name = "extended by user space, too: by its hint",
                .quoted_pcrs = 0x4fff,
                .hints = true,
                .live = live_with_extended_pcr_11 },
        BOTH_ROW("extended by user space, too, no hint", .quoted_pcrs = 0x4fff,
                .live = live_with_extended_pcr_11),
        BOTH_ROW("extended by user space, too, a wrong hint", .quoted_pcrs = 0x4fff, .hints = true,
                .live = live_with_extended_pcr_11, .send = wrong_hint_for_11),
    };

    attack_rows(rows, ARRAY_LEN(rows));
}

static const struct test tests[] = {
    { "the guilty log is named as far as hints allow", the_guilty_log_is_named },
    { "when only the boot log is wrong the list is judged",
            when_only_the_boot_log_is_wrong_the_list_is_judged },
    { "R96: a list that does not replay accuses no file",
            a_list_that_does_not_replay_accuses_no_file },
    { "R25: any flipped byte of an attested record is refused",
            any_flipped_byte_of_an_attested_record_is_refused },
    { "R26, R75, R90: doctored lists are refused", lists_that_were_doctored },
    { "R27, R84: the tail is not judged but must parse", the_tail_is_not_judged_but_must_parse },
    { "the shortest prefix is attested", the_shortest_prefix_is_attested },
    { "registers that user space extends, too", unexplained_registers },
};

int main(void)
{
    attack_setup();
    int status = run_tests("appraise_search", tests, ARRAY_LEN(tests));

    attack_teardown();
    return status;
}
