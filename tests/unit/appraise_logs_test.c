/* SPDX-License-Identifier: BSD-3-Clause */
#include <string.h>

#include "eventlog/types.h"
#include "tests/attack.h"
#include "tests/check.h"
#include "verifier/appraise_logs.h"

#define MALFORMED_ROW(what, ...)                                                                   \
    {                                                                                              \
        .name = (what), .fails = "evidence-format", .kinds = "malformed", .entry = -1, __VA_ARGS__ \
    }

static void without_list(struct forge *f)
{
    f->send_list = false;
}

static void without_both(struct forge *f)
{
    f->send_boot_log = false;
    f->send_list = false;
}

static void empty_list(struct forge *f)
{
    f->list.len = 0;
}

static void empty_boot_log(struct forge *f)
{
    f->boot_log.len = 0;
}

static void garbage_boot_log(struct forge *f)
{
    memset(f->boot_log.data, 0x41, f->boot_log.len);
}

static void cut_boot_log(struct forge *f)
{
    f->boot_log.len -= 1;
}

static void missing_logs_refuse(void)
{
    static const struct attack rows[] = {
        BOOT_ROW("no boot log, good hints", .hints = true, .send = attack_without_boot_log),
        { .name = "no boot log, no hints",
                .send = attack_without_boot_log,
                .fails = "boot-replay",
                .kinds = "boot-replay",
                .entry = -1 },
        LIST_ROW("no list, good hints", .hints = true, .send = without_list),
        BOTH_ROW("no list, no hints", .send = without_list),
        BOTH_ROW("neither", .send = without_both),
        LIST_ROW("an empty list, good hints", .hints = true, .send = empty_list),
        BOTH_ROW("an empty list, no hints", .send = empty_list),
        MALFORMED_ROW("R47 an empty boot log", .send = empty_boot_log),
        MALFORMED_ROW("R47 a boot log of garbage", .send = garbage_boot_log),
        MALFORMED_ROW("R47 a boot log that is cut", .send = cut_boot_log),
        MALFORMED_ROW("an unread boot log must parse, too", .policy = POLICY_ABSENT POLICY_IMA,
                .hints = true, .send = garbage_boot_log),
    };

    attack_rows(rows, ARRAY_LEN(rows));
}

static void live_without_list(struct forge *f)
{
    forge_boot(f);
}

static void garbage_list(struct forge *f)
{
    memset(f->list.data, 0x41, f->list.len);
}

static void boot_chain_only(void)
{
    static const struct attack rows[] = {
        { .name = "no list", .policy = POLICY_UNCHECKED, .live = live_without_list },
        { .name = "a list nobody asked for", .policy = POLICY_UNCHECKED },
        { .name = "PCR 10 quoted all the same, with hints",
                .policy = POLICY_UNCHECKED,
                .hints = true },
        BOOT_ROW("doctored boot log, good hints", .policy = POLICY_UNCHECKED, .quoted_pcrs = 0x43ff,
                .hints = true, .send = attack_doctor_boot_log),
        BOOT_ROW("doctored boot log", .policy = POLICY_UNCHECKED, .quoted_pcrs = 0x43ff,
                .send = attack_doctor_boot_log),
        { .name = "a list nobody asked for must parse, too",
                .policy = POLICY_UNCHECKED,
                .quoted_pcrs = 0x43ff,
                .send = garbage_list,
                .fails = "evidence-format",
                .kinds = "malformed",
                .entry = 0 },
    };
    struct attack quoted = rows[1];

    quoted.quoted_pcrs = 0x43ff;
    attack_rows(rows, 1);
    attack_rows(&quoted, 1);
    attack_rows(rows + 2, ARRAY_LEN(rows) - 2);
}

static void swap_type(struct forge *f, const char *data, uint32_t type)
{
    /* type, digest count, two digests with their algorithms, size, data */
    uint8_t *at = attack_find(&f->boot_log, data) - 4 - (2 + 20 + 2 + 32) - 4 - 4;

    at[0] = (uint8_t)type;
    at[3] = (uint8_t)(type >> 24);
}

static void type_no_action(struct forge *f)
{
    swap_type(f, "firmware 4", EV_NO_ACTION);
}

static void type_unused(struct forge *f)
{
    swap_type(f, "firmware 4", 2);
}

static void type_blob(struct forge *f)
{
    swap_type(f, "firmware 7", 0x80000008);
}

static void invent_event(struct forge *f)
{
    forge_event(f, FORGE_LOG, 5, EV_IPL, "never happened");
}

static void invent_no_action(struct forge *f)
{
    forge_event(f, FORGE_LOG, 5, EV_NO_ACTION, "says nothing");
}

static void hide_event(struct forge *f)
{
    forge_honest(f);
    forge_event(f, FORGE_EXTEND, 4, EV_EFI_ACTION, "evil loader");
}

static void other_data(struct forge *f)
{
    memcpy(attack_find(&f->boot_log, "firmware 4"), "FIRMWARE", 8);
}

static void late_locality(struct forge *f)
{
    forge_locality(f, 3);
}

static void live_at_locality(struct forge *f, uint8_t locality)
{
    f->tpm.value[DIGEST_SHA1][0][19] = locality;
    f->tpm.value[DIGEST_SHA256][0][31] = locality;
    forge_locality(f, locality);
    forge_honest(f);
}

static void live_at_locality_3(struct forge *f)
{
    live_at_locality(f, 3);
}

static void live_at_locality_4(struct forge *f)
{
    live_at_locality(f, 4);
}

static void live_at_locality_0(struct forge *f)
{
    live_at_locality(f, 0);
}

static void pretend_locality_3(struct forge *f)
{
    forge_locality(f, 3);
    forge_honest(f);
}

static void hide_locality_3(struct forge *f)
{
    f->tpm.value[DIGEST_SHA1][0][19] = 3;
    f->tpm.value[DIGEST_SHA256][0][31] = 3;
    forge_honest(f);
}

static void two_localities(struct forge *f)
{
    f->tpm.value[DIGEST_SHA1][0][19] = 3;
    f->tpm.value[DIGEST_SHA256][0][31] = 3;
    forge_locality(f, 3);
    forge_locality(f, 4);
    forge_honest(f);
}

static void live_without_separators(struct forge *f)
{
    for (uint32_t pcr = 0; pcr < 8; pcr++) {
        forge_event(f, FORGE_BOTH, pcr, EV_POST_CODE, "x");
    }
    forge_aggregate(f, DIGEST_SHA256, 9);
    forge_file(f, FORGE_BOTH, 10, forge_files[0]);
}

static void zero_padding(struct forge *f)
{
    static const uint8_t zeros[100];

    forge_add(&f->boot_log, (struct bytes){ zeros, sizeof(zeros) });
}

static void other_padding(struct forge *f)
{
    zero_padding(f);
    f->boot_log.data[f->boot_log.len - 1] = 1;
}

static void the_boot_log_explains_its_registers(void)
{
    static const struct attack rows[] = {
        BOOT_ROW("R43 an event that was extended as EV_NO_ACTION", .hints = true,
                .send = type_no_action),
        { .name = "R43 a type is not measured and says nothing: EV_UNUSED", .send = type_unused },
        { .name = "R43 a type is not measured and says nothing: firmware blob", .send = type_blob },
        BOOT_ROW("an invented event", .hints = true, .send = invent_event),
        { .name = "R87 an invented EV_NO_ACTION extends nothing", .send = invent_no_action },
        BOOT_ROW("a hidden event", .hints = true, .live = hide_event),
        { .name = "R44 data that is not that of the digest does not refuse by itself",
                .send = other_data },
        { .name = "R45 missing separators do not refuse by themselves",
                .live = live_without_separators },
        { .name = "R46 locality 3", .live = live_at_locality_3 },
        { .name = "R46 locality 4", .live = live_at_locality_4 },
        { .name = "R46 locality 0", .live = live_at_locality_0 },
        BOOT_ROW("R46, R71 a locality that was not", .hints = true, .live = pretend_locality_3),
        BOOT_ROW("R46, R71 a locality that was, left out", .hints = true, .live = hide_locality_3),
        { .name = "R71 a second locality changes nothing", .live = two_localities },
        { .name = "R71 a late locality changes nothing", .send = late_locality },
        { .name = "R88 zeros after the last event", .send = zero_padding },
        MALFORMED_ROW("R88 other bytes after the last event", .send = other_padding),
    };

    attack_rows(rows, ARRAY_LEN(rows));
}

/* Firmware that leaves PCR 5 alone, and logs nothing there. */
static void live_without_pcr_5(struct forge *f)
{
    for (uint32_t pcr = 0; pcr < 8; pcr++) {
        if (pcr != 5) {
            forge_event(f, FORGE_BOTH, pcr, EV_POST_CODE, "x");
            forge_separator(f, FORGE_BOTH, pcr);
        }
    }
    forge_aggregate(f, DIGEST_SHA256, 9);
    forge_file(f, FORGE_BOTH, 10, forge_files[0]);
}

static void live_without_pcr_5_but_logged(struct forge *f)
{
    live_without_pcr_5(f);
    forge_event(f, FORGE_LOG, 5, EV_POST_CODE, "x");
}

/* A bank that the TPM has, firmware never extended and the log does not know. */
static void live_with_idle_bank(struct forge *f)
{
    f->banks = FORGE_SHA1 | FORGE_SHA256;
    forge_clear(f);
    const struct forge_key *key = attack_key();

    forge_init(f, FORGE_SHA1 | FORGE_SHA256, key);
    forge_boot(f);
    f->banks |= FORGE_SHA384;
    for (unsigned int pcr = 0; pcr < PCR_COUNT; pcr++) {
        static const uint8_t zeros[DIGEST_SIZE_MAX];

        pcr_values_set(&f->tpm, DIGEST_SHA384, pcr, zeros);
    }
    forge_aggregate(f, DIGEST_SHA256, 9);
    forge_file(f, FORGE_BOTH, 10, forge_files[0]);
}

/* The log lists the bank, and every event has a digest of it, but only in the log. */
static void live_with_idle_bank_logged(struct forge *f)
{
    static const uint8_t zeros[DIGEST_SIZE_MAX];

    forge_boot(f);
    for (unsigned int pcr = 0; pcr < PCR_COUNT; pcr++) {
        pcr_values_set(&f->tpm, DIGEST_SHA384, pcr, zeros);
    }
    forge_aggregate(f, DIGEST_SHA256, 9);
    forge_file(f, FORGE_BOTH, 10, forge_files[0]);
}

static void registers_and_banks_that_firmware_never_extended(void)
{
    static const struct attack rows[] = {
        BOOT_ROW("R95 a register without any event", .hints = true, .live = live_without_pcr_5),
        BOOT_ROW("R95 a register without any event, no hints", .live = live_without_pcr_5),
        BOOT_ROW("R95 a register with an event made up", .hints = true,
                .live = live_without_pcr_5_but_logged),
        BOOT_ROW("R95 a bank the log does not have", .hints = true,
                .quoted_banks = FORGE_SHA256 | FORGE_SHA384, .live = live_with_idle_bank),
        BOOT_ROW("R95 a bank with events made up", .hints = true,
                .banks = FORGE_SHA256 | FORGE_SHA384, .quoted_banks = FORGE_SHA256 | FORGE_SHA384,
                .live = live_with_idle_bank_logged),
    };

    attack_rows(rows, ARRAY_LEN(rows));
}

/* The intruder ran and is in PCR 10. Root extends the clean records once more, explains the first
 * round by made-up boot events, and sends the clean list. */
static void explain_list_by_boot_events(struct forge *f)
{
    struct forge_bytes aggregate = { 0 };
    uint8_t room[512];
    size_t clean;

    forge_boot(f);
    forge_aggregate(f, DIGEST_SHA256, 9);
    forge_add(&aggregate, (struct bytes){ f->list.data + 38, f->list.len - 38 });
    forge_file(f, FORGE_BOTH, 10, forge_files[0]);
    clean = f->list.len;
    forge_file(f, FORGE_EXTEND, 10, "/tmp/intruder");
    forge_event_in(f, f->banks, FORGE_LOG, 10, EV_IPL, forge_view(&aggregate));
    forge_event_in(f, f->banks, FORGE_LOG, 10, EV_IPL,
            forge_file_data(forge_files[0], room, sizeof(room)));
    forge_event_in(f, f->banks, FORGE_LOG, 10, EV_IPL,
            forge_file_data("/tmp/intruder", room, sizeof(room)));
    forge_record(f, FORGE_EXTEND, 10, "ima-ng", forge_view(&aggregate));
    forge_file(f, FORGE_EXTEND, 10, forge_files[0]);
    CHECK_UINT(f->list.len, clean);
    forge_bytes_clear(&aggregate);
}

static void event_in_list_pcr(struct forge *f)
{
    forge_event(f, FORGE_LOG, 10, EV_IPL, "not extended at all");
}

static void event_in_list_pcr_of_unquoted_bank(struct forge *f)
{
    forge_event_in(f, FORGE_SHA1, FORGE_LOG, 10, EV_IPL, bytes_of_text("SHA-1 only"));
}

static void boot_events_cannot_stand_in_for_records(void)
{
    static const struct attack rows[] = {
        BOTH_ROW("R92", .live = explain_list_by_boot_events),
        BOTH_ROW("R92 with hints", .hints = true, .live = explain_list_by_boot_events),
        BOOT_ROW("an event in PCR 10 that was not extended", .send = event_in_list_pcr),
        BOOT_ROW("an event in PCR 10, in a bank that is not quoted",
                .send = event_in_list_pcr_of_unquoted_bank),
        BOOT_ROW("an event in PCR 10, and only PCR 10 is quoted",
                .policy = POLICY_UNCHECKED "quote: { pcrs: [10] }\n" POLICY_IMA,
                .quoted_pcrs = 1u << 10, .send = event_in_list_pcr),
    };

    attack_rows(rows, ARRAY_LEN(rows));
}

#define POLICY_TWO_PCRS                                                                         \
    POLICY_UNCHECKED "quote: { pcrs: [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 14] }\n" POLICY_IMA \
                     "  pcrs: [10, 11]\n"

static void live_in_two_pcrs(struct forge *f)
{
    forge_boot(f);
    forge_aggregate(f, DIGEST_SHA256, 9);
    forge_file(f, FORGE_BOTH, 10, forge_files[0]);
    forge_file(f, FORGE_BOTH, 11, forge_files[1]);
    forge_file(f, FORGE_BOTH, 10, forge_files[2]);
    forge_file(f, FORGE_BOTH, 11, forge_files[3]);
}

static void drop_records_of_11(struct forge *f)
{
    attack_drop_record(f, 4);
    attack_drop_record(f, 2);
}

static void tail_in_both(struct forge *f)
{
    forge_file(f, FORGE_LOG, 11, "/usr/bin/newcomer");
    forge_file(f, FORGE_LOG, 10, "/usr/bin/newcomer");
}

static void swap_registers(struct forge *f)
{
    f->list.data[f->record_at[2]] = 10;
    f->list.data[f->record_at[3]] = 11;
}

static void registers_of_the_list(void)
{
    static const struct attack rows[] = {
        { .name = "records in 10 and 11",
                .policy = POLICY_TWO_PCRS,
                .quoted_pcrs = 0x4fff,
                .live = live_in_two_pcrs },
        { .name = "records in 10 and 11, hints",
                .policy = POLICY_TWO_PCRS,
                .quoted_pcrs = 0x4fff,
                .live = live_in_two_pcrs,
                .hints = true },
        { .name = "a tail in both",
                .policy = POLICY_TWO_PCRS,
                .quoted_pcrs = 0x4fff,
                .live = live_in_two_pcrs,
                .send = tail_in_both },
        { .name = "a tail in both, hints",
                .policy = POLICY_TWO_PCRS,
                .quoted_pcrs = 0x4fff,
                .live = live_in_two_pcrs,
                .send = tail_in_both,
                .hints = true },
        { .name = "no record in 11", .policy = POLICY_TWO_PCRS, .quoted_pcrs = 0x4fff },
        LIST_ROW("R93 records of 11 left out, explained by a hint", .policy = POLICY_TWO_PCRS,
                .quoted_pcrs = 0x4fff, .live = live_in_two_pcrs, .hints = true,
                .send = drop_records_of_11),
        BOTH_ROW("R93 records of 11 left out", .policy = POLICY_TWO_PCRS, .quoted_pcrs = 0x4fff,
                .live = live_in_two_pcrs, .send = drop_records_of_11),
        LIST_ROW("records moved between 10 and 11", .policy = POLICY_TWO_PCRS,
                .quoted_pcrs = 0x4fff, .live = live_in_two_pcrs, .hints = true,
                .send = swap_registers),
        { .name = "R93 a record in a register that is not the list's",
                .live = live_in_two_pcrs,
                .quoted_pcrs = 0x4fff,
                .hints = true,
                .fails = "ima-replay",
                .kinds = "ima-replay",
                .entry = 2 },
        { .name = "R93 a record in a register that is not quoted",
                .live = live_in_two_pcrs,
                .fails = "ima-replay",
                .kinds = "ima-replay",
                .entry = 2 },
    };

    attack_rows(rows, ARRAY_LEN(rows));
}

static void inspect(void)
{
    static const struct {
        struct attack attack;
        bool genuine;
    } cases[] = {
        { { .name = "honest" }, true },
        { { .name = "honest, hints", .hints = true }, true },
        { { .name = "unknown files", .live = attack_newcomer }, true },
        { { .name = "SHA-1 only", .quoted_banks = FORGE_SHA1 }, true },
        { { .name = "no boot log, hints", .hints = true, .send = attack_without_boot_log }, true },
        { { .name = "no list", .hints = true, .send = without_list }, true },
        { { .name = "doctored list", .hints = true, .send = attack_drop_one }, false },
        { { .name = "doctored boot log", .hints = true, .send = attack_doctor_boot_log }, false },
        { { .name = "records in two registers", .quoted_pcrs = 0x4fff, .live = live_in_two_pcrs },
                true },
        { { .name = "records in a register that is not quoted", .live = live_in_two_pcrs }, false },
        { { .name = "R92", .live = explain_list_by_boot_events }, false },
        { { .name = "no register of the list is quoted", .quoted_pcrs = 0x3ff }, false },
    };

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct forge f;
        struct verdict v;

        check_case = cases[i].attack.name;
        attack_prepare(&cases[i].attack, &f);
        attack_inspect(&f, &v);
        CHECK_UINT(verdict_is_genuine(&v), cases[i].genuine);
        CHECK(verdict_result(&v) != VERDICT_TRUSTED);
        CHECKF((strstr(v.checks[CHECK_IMA_REPLAY].detail, "no PCR of the IMA list") != NULL) ==
                        (cases[i].attack.quoted_pcrs == 0x3ff),
                "%s", v.checks[CHECK_IMA_REPLAY].detail);
        verdict_clear(&v);
        forge_clear(&f);
    }
    check_case = "";
}

static const struct test tests[] = {
    { "missing and unreadable logs refuse", missing_logs_refuse },
    { "a policy without ima judges the boot chain only", boot_chain_only },
    { "R43-R46, R71, R87, R88: the boot log explains its registers",
            the_boot_log_explains_its_registers },
    { "R95: registers and banks that firmware never extended refuse",
            registers_and_banks_that_firmware_never_extended },
    { "R92: boot events cannot stand in for records", boot_events_cannot_stand_in_for_records },
    { "R93: the list alone explains its registers", registers_of_the_list },
    { "inspect says what is proven, and never TRUSTED", inspect },
};

int main(void)
{
    attack_setup();
    int status = run_tests("appraise_logs", tests, ARRAY_LEN(tests));

    attack_teardown();
    return status;
}
