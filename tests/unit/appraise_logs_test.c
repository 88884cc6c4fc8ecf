/* SPDX-License-Identifier: BSD-3-Clause */
#include <stdlib.h>

#include "eventlog/types.h"
#include "tests/attack.h"
#include "tests/check.h"
#include "verifier/appraise_logs.h"

#define NEW_FILE "/usr/bin/newcomer"

/* The row fails in the list, or in the boot log, or in both; no entry is accused. */
#define LIST_ROW(what, ...)                                                                    \
    {                                                                                          \
        .name = (what), .fails = "ima-replay", .kinds = "ima-replay", .entry = -1, __VA_ARGS__ \
    }
#define BOOT_ROW(what, ...)                                                                      \
    {                                                                                            \
        .name = (what), .fails = "boot-replay", .kinds = "boot-replay", .entry = -1, __VA_ARGS__ \
    }
#define BOTH_ROW(what, ...)                                                                   \
    {                                                                                         \
        .name = (what), .fails = "boot-replay ima-replay", .kinds = "boot-replay ima-replay", \
        .entry = -1, __VA_ARGS__                                                              \
    }
#define MALFORMED_ROW(what, ...)                                                                   \
    {                                                                                              \
        .name = (what), .fails = "evidence-format", .kinds = "malformed", .entry = -1, __VA_ARGS__ \
    }

static void cut(struct forge_bytes *b, size_t at, size_t len)
{
    memmove(b->data + at, b->data + at + len, b->len - at - len);
    b->len -= len;
}

static size_t record_end(const struct forge *f, size_t i)
{
    return i + 1 < f->records ? f->record_at[i + 1] : f->list.len;
}

static void drop_record(struct forge *f, size_t i)
{
    cut(&f->list, f->record_at[i], record_end(f, i) - f->record_at[i]);
}

static void drop_one(struct forge *f)
{
    drop_record(f, 3);
}

static uint8_t *find(struct forge_bytes *b, const char *text)
{
    uint8_t *at = memmem(b->data, b->len, text, strlen(text));

    CHECKF(at != NULL, "no \"%s\"", text);
    return at != NULL ? at : b->data;
}

/* A digest of the event of PCR 4; the data stays. */
static void doctor_boot_log(struct forge *f)
{
    find(&f->boot_log, "firmware 4")[-5] ^= 1;
}

static void doctor_both(struct forge *f)
{
    doctor_boot_log(f);
    drop_one(f);
}

static void wrong_list_hint(struct forge *f)
{
    f->hints.value[DIGEST_SHA256][10][0] ^= 1;
}

static void wrong_boot_hint(struct forge *f)
{
    f->hints.value[DIGEST_SHA256][0][0] ^= 1;
}

static void boot_and_wrong_list_hint(struct forge *f)
{
    doctor_boot_log(f);
    wrong_list_hint(f);
}

static void boot_and_wrong_boot_hint(struct forge *f)
{
    doctor_boot_log(f);
    wrong_boot_hint(f);
}

static void list_and_wrong_list_hint(struct forge *f)
{
    drop_one(f);
    wrong_list_hint(f);
}

static void list_and_wrong_boot_hint(struct forge *f)
{
    drop_one(f);
    wrong_boot_hint(f);
}

static void both_and_wrong_list_hint(struct forge *f)
{
    doctor_both(f);
    wrong_list_hint(f);
}

static void both_and_wrong_boot_hint(struct forge *f)
{
    doctor_both(f);
    wrong_boot_hint(f);
}

static void hint_for_list_only(struct forge *f)
{
    memset(f->hints.known, 0, sizeof(f->hints.known));
    f->hints.known[DIGEST_SHA256] = 1u << 10;
}

static void list_and_hint_for_list_only(struct forge *f)
{
    drop_one(f);
    hint_for_list_only(f);
}

static void hints_for_boot_only(struct forge *f)
{
    f->hints.known[DIGEST_SHA256] &= ~(1u << 10);
}

static void boot_and_hints_for_boot_only(struct forge *f)
{
    doctor_boot_log(f);
    hints_for_boot_only(f);
}

static void the_guilty_log_is_named(void)
{
    static const struct attack rows[] = {
        { .name = "neither, good hints", .hints = true },
        { .name = "neither, wrong hint for the list", .hints = true, .send = wrong_list_hint },
        { .name = "neither, wrong hint for the boot log", .hints = true, .send = wrong_boot_hint },
        { .name = "neither, a hint for the list only", .hints = true, .send = hint_for_list_only },
        { .name = "neither, hints for boot only", .hints = true, .send = hints_for_boot_only },
        BOOT_ROW("boot, good hints", .hints = true, .send = doctor_boot_log),
        BOTH_ROW("boot, no hints", .send = doctor_boot_log),
        BOOT_ROW("boot, wrong hint for the list", .hints = true, .send = boot_and_wrong_list_hint),
        BOOT_ROW("boot, hints for boot only", .hints = true, .send = boot_and_hints_for_boot_only),
        BOTH_ROW("boot, wrong boot hint", .hints = true, .send = boot_and_wrong_boot_hint),
        LIST_ROW("list, good hints", .hints = true, .send = drop_one),
        BOTH_ROW("list, no hints", .send = drop_one),
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

static void live_with_newcomer(struct forge *f)
{
    forge_honest(f);
    forge_file(f, FORGE_BOTH, 10, NEW_FILE);
}

static void when_only_the_boot_log_is_wrong_the_list_is_judged(void)
{
    static const struct attack a = { .name = "",
        .live = live_with_newcomer,
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
            .live = live_with_newcomer,
            .hints = hints == 1,
            .send = drop_one };
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

static void without_boot_log(struct forge *f)
{
    f->send_boot_log = false;
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
        BOOT_ROW("no boot log, good hints", .hints = true, .send = without_boot_log),
        { .name = "no boot log, no hints",
                .send = without_boot_log,
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
                .hints = true, .send = doctor_boot_log),
        BOOT_ROW("doctored boot log", .policy = POLICY_UNCHECKED, .quoted_pcrs = 0x43ff,
                .send = doctor_boot_log),
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
    uint8_t *at = find(&f->boot_log, data) - 4 - (2 + 20 + 2 + 32) - 4 - 4;

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
    memcpy(find(&f->boot_log, "firmware 4"), "FIRMWARE", 8);
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

/* Template data of a file's record. */
static struct bytes file_data(const char *path, uint8_t *room, size_t size)
{
    uint8_t digest[32];

    forge_digest(DIGEST_SHA256, bytes_of_text(path), digest);
    return forge_ng(room, size, "sha256:", (struct bytes){ digest, sizeof(digest) },
            bytes_of_text(path));
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
    forge_add(&aggregate, (struct bytes){ f->list.data + 34, f->list.len - 34 });
    forge_file(f, FORGE_BOTH, 10, forge_files[0]);
    clean = f->list.len;
    forge_file(f, FORGE_EXTEND, 10, "/tmp/intruder");
    forge_event_in(f, f->banks, FORGE_LOG, 10, EV_IPL, forge_view(&aggregate));
    forge_event_in(f, f->banks, FORGE_LOG, 10, EV_IPL,
            file_data(forge_files[0], room, sizeof(room)));
    forge_event_in(f, f->banks, FORGE_LOG, 10, EV_IPL,
            file_data("/tmp/intruder", room, sizeof(room)));
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
    drop_record(f, 4);
    drop_record(f, 2);
}

static void tail_in_both(struct forge *f)
{
    forge_file(f, FORGE_LOG, 11, NEW_FILE);
    forge_file(f, FORGE_LOG, 10, NEW_FILE);
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

static void pad_384_and_512(struct forge *f)
{
    f->padded = FORGE_SHA384 | FORGE_SHA512;
    forge_honest(f);
}

static void pad_256(struct forge *f)
{
    f->padded = FORGE_SHA256;
    forge_honest(f);
}

static void pad_with_violation(struct forge *f)
{
    uint8_t room[512];

    f->padded = FORGE_SHA384;
    forge_honest(f);
    forge_violation(f, FORGE_BOTH, 10, "ima-ng", file_data("/var/log/x", room, sizeof(room)));
    forge_file(f, FORGE_BOTH, 10, forge_files[0]);
}

static void pad_with_short_violation(struct forge *f)
{
    f->ones20 = true;
    pad_with_violation(f);
}

static void padded_banks(void)
{
#define POLICY_WEAK POLICY_DEFAULT "  weak-digests: allow\n"
    static const struct attack rows[] = {
        LIST_ROW("R94 sha384 and sha512", .banks = 0xf, .quoted_banks = 0xf,
                .live = pad_384_and_512),
        LIST_ROW("R94 sha384 and sha512, hints", .banks = 0xf, .quoted_banks = 0xf,
                .live = pad_384_and_512, .hints = true),
        LIST_ROW("R94 the only bank", .live = pad_256),
        LIST_ROW("R94 the only bank, hints", .live = pad_256, .hints = true),
        { .name = "sha384 and sha512 not quoted", .banks = 0xf, .live = pad_384_and_512 },
        { .name = "sha384 and sha512, allowed",
                .policy = POLICY_WEAK,
                .banks = 0xf,
                .quoted_banks = 0xf,
                .live = pad_384_and_512 },
        { .name = "sha384 and sha512, allowed, hints",
                .policy = POLICY_WEAK,
                .banks = 0xf,
                .quoted_banks = 0xf,
                .live = pad_384_and_512,
                .hints = true },
        { .name = "violations of 0xff all over",
                .policy = POLICY_WEAK "  violations: warn\n",
                .banks = 0xf,
                .quoted_banks = 0xf,
                .live = pad_with_violation },
        { .name = "violations of 20 bytes of 0xff",
                .policy = POLICY_WEAK "  violations: warn\n",
                .banks = 0xf,
                .quoted_banks = 0xf,
                .live = pad_with_short_violation },
        { .name = "violations of 20 bytes of 0xff, hints",
                .policy = POLICY_WEAK "  violations: warn\n",
                .banks = 0xf,
                .quoted_banks = 0xf,
                .live = pad_with_short_violation,
                .hints = true },
    };

    attack_rows(rows, ARRAY_LEN(rows));
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
    cut(&f->list, at, len);
    forge_add(&f->list, forge_view(&last));
    forge_bytes_clear(&last);
}

static void drop_first(struct forge *f)
{
    drop_record(f, 0);
}

static void drop_last(struct forge *f)
{
    drop_record(f, 5);
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
        LIST_ROW("R26 removed", .hints = true, .send = drop_one),
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
    forge_violation(f, FORGE_LOG, 10, "ima-ng", file_data("/x", room, sizeof(room)));
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

static void no_hints_at_all(struct forge *f)
{
    f->send_boot_log = false;
    f->send_hints = false;
}

static void absent_wrong_list_hint(struct forge *f)
{
    f->send_boot_log = false;
    wrong_list_hint(f);
}

static void absent_wrong_boot_hint(struct forge *f)
{
    f->send_boot_log = false;
    wrong_boot_hint(f);
}

static void absent_dropped(struct forge *f)
{
    f->send_boot_log = false;
    drop_one(f);
}

static void live_with_wrong_aggregate(struct forge *f)
{
    forge_boot(f);
    forge_event(f, FORGE_LOG, 12, EV_IPL, "");
    forge_extend(f, DIGEST_SHA256, 9, bytes_of_text("for the aggregate only"));
    struct pcr_values after = f->tpm;

    forge_aggregate(f, DIGEST_SHA256, 9);
    memcpy(after.value[DIGEST_SHA256][10], f->tpm.value[DIGEST_SHA256][10], 32);
    f->tpm = after;
    forge_extend(f, DIGEST_SHA256, 9, bytes_of_text("after it"));
    forge_file(f, FORGE_BOTH, 10, forge_files[0]);
}

static void boot_absent(void)
{
#define POLICY_NO_BOOT POLICY_ABSENT POLICY_IMA
    static const struct attack rows[] = {
        { .name = "hints that are quoted",
                .policy = POLICY_NO_BOOT,
                .hints = true,
                .send = without_boot_log },
        { .name = "a boot log does not matter", .policy = POLICY_NO_BOOT, .hints = true },
        { .name = "a doctored boot log does not matter",
                .policy = POLICY_NO_BOOT,
                .hints = true,
                .send = doctor_boot_log },
        { .name = "wrong hint for the list",
                .policy = POLICY_NO_BOOT,
                .hints = true,
                .send = absent_wrong_list_hint },
        { .name = "no hints",
                .policy = POLICY_NO_BOOT,
                .send = no_hints_at_all,
                .fails = "pcr-digest",
                .kinds = "quote",
                .entry = -1 },
        LIST_ROW("a wrong hint", .policy = POLICY_NO_BOOT, .hints = true,
                .send = absent_wrong_boot_hint),
        LIST_ROW("a doctored list", .policy = POLICY_NO_BOOT, .hints = true,
                .send = absent_dropped),
        { .name = "R38 boot_aggregate of other values",
                .policy = POLICY_NO_BOOT,
                .hints = true,
                .live = live_with_wrong_aggregate,
                .send = without_boot_log,
                .fails = "boot-aggregate",
                .kinds = "ima-replay",
                .entry = 0 },
        { .name = "R38 boot_aggregate needs quoted boot PCRs",
                .policy = POLICY_ABSENT "quote: { pcrs: [10] }\n" POLICY_IMA,
                .quoted_pcrs = 1u << 10,
                .hints = true,
                .send = without_boot_log,
                .fails = "boot-aggregate",
                .kinds = "ima-replay",
                .entry = 0 },
    };

    attack_rows(rows, ARRAY_LEN(rows));
}

static void quote_over_the_list_only(void)
{
#define POLICY_LIST_ONLY POLICY_UNCHECKED "quote: { pcrs: [10] }\n" POLICY_IMA
    static const struct attack rows[] = {
        { .name = "R50 boot log given", .policy = POLICY_LIST_ONLY, .quoted_pcrs = 1u << 10 },
        { .name = "R50 boot log given, hints",
                .policy = POLICY_LIST_ONLY,
                .quoted_pcrs = 1u << 10,
                .hints = true },
        { .name = "R38 no boot log",
                .policy = POLICY_LIST_ONLY,
                .quoted_pcrs = 1u << 10,
                .send = without_boot_log,
                .fails = "boot-aggregate",
                .kinds = "ima-replay",
                .entry = -1 },
        { .name = "R38 another boot log",
                .policy = POLICY_LIST_ONLY,
                .quoted_pcrs = 1u << 10,
                .send = doctor_boot_log,
                .fails = "boot-aggregate",
                .kinds = "ima-replay",
                .entry = 0 },
        LIST_ROW("a doctored list", .policy = POLICY_LIST_ONLY, .quoted_pcrs = 1u << 10,
                .send = drop_one),
        { .name = "R50 refused where the policy has references",
                .policy = POLICY_HEAD "boot: { pcrs: { sha256: { 7: "
                                      "00000000000000000000000000000000000000000000000000000000"
                                      "00000000 } } }\n" POLICY_IMA,
                .quoted_pcrs = 1u << 10,
                .fails = "pcr-selection",
                .kinds = "quote",
                .entry = -1 },
    };
    struct forge f;
    struct verdict v;

    attack_rows(rows, ARRAY_LEN(rows));
    attack_prepare(&rows[0], &f);
    attack_judge(&f, POLICY_LIST_ONLY, &v);
    CHECK_UINT(v.checks[CHECK_BOOT_REPLAY].outcome, OUTCOME_NOT_APPLICABLE);
    CHECK_TEXT(bytes_of_text(v.ima), "unanchored");
    verdict_clear(&v);
    forge_clear(&f);
}

/* PCR 7 with the SecureBoot variable so many times before and after its separator. */
static void secure_boot(struct forge *f, unsigned int before, unsigned int after)
{
    for (uint32_t pcr = 0; pcr < 8; pcr++) {
        for (unsigned int i = 0; pcr == 7 && i < before; i++) {
            forge_event(f, FORGE_BOTH, pcr, EV_EFI_VARIABLE_DRIVER_CONFIG, "SecureBoot=1");
        }
        forge_event(f, FORGE_BOTH, pcr, EV_POST_CODE, "x");
        forge_separator(f, FORGE_BOTH, pcr);
        for (unsigned int i = 0; pcr == 7 && i < after; i++) {
            forge_event(f, FORGE_BOTH, pcr, EV_EFI_VARIABLE_DRIVER_CONFIG, "SecureBoot=1");
        }
    }
    forge_aggregate(f, DIGEST_SHA256, 9);
    forge_file(f, FORGE_BOTH, 10, forge_files[0]);
}

/* R49: no event is believed to say that Secure Boot is on; a policy that wants it refers to the
 * value of PCR 7, and the variable absent, twice or behind the separator leads to another one. */
static void secure_boot_is_what_pcr_7_says(void)
{
    static const struct {
        const char *name;
        unsigned int before;
        unsigned int after;
        enum outcome want;
    } rows[] = {
        { "R49 once, before the separator", 1, 0, OUTCOME_PASS },
        { "R49 absent", 0, 0, OUTCOME_FAIL },
        { "R49 twice", 2, 0, OUTCOME_FAIL },
        { "R49 after the separator", 0, 1, OUTCOME_FAIL },
        { "R49 before and after", 1, 1, OUTCOME_FAIL },
    };
    char policy[512] = "";

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct forge f;
        struct verdict v;

        check_case = rows[i].name;
        forge_init(&f, FORGE_SHA256, attack_key());
        secure_boot(&f, rows[i].before, rows[i].after);
        if (i == 0) {
            char hex[2 * DIGEST_SIZE_MAX + 1];
            struct bytes pcr_7 = { f.tpm.value[DIGEST_SHA256][7], 32 };

            (void)snprintf(policy, sizeof(policy), "%sboot: { pcrs: { sha256: { 7: %s } } }\n%s",
                    POLICY_HEAD, bytes_hex(hex, sizeof(hex), pcr_7), POLICY_IMA);
        }
        forge_ask(&f, FORGE_SHA256, FORGE_PCRS);
        forge_sign(&f);
        attack_judge(&f, policy, &v);
        CHECK_UINT(v.checks[CHECK_BOOT_POLICY].outcome, rows[i].want);
        CHECK_UINT(v.checks[CHECK_BOOT_REPLAY].outcome, OUTCOME_PASS);
        CHECK_UINT(verdict_result(&v),
                rows[i].want == OUTCOME_PASS ? VERDICT_TRUSTED : VERDICT_REFUSED);
        verdict_clear(&v);
        forge_clear(&f);
    }
    check_case = "";
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

static void inspect(void)
{
    static const struct {
        struct attack attack;
        bool genuine;
    } cases[] = {
        { { .name = "honest" }, true },
        { { .name = "honest, hints", .hints = true }, true },
        { { .name = "unknown files", .live = live_with_newcomer }, true },
        { { .name = "SHA-1 only", .quoted_banks = FORGE_SHA1 }, true },
        { { .name = "no boot log, hints", .hints = true, .send = without_boot_log }, true },
        { { .name = "no list", .hints = true, .send = without_list }, true },
        { { .name = "doctored list", .hints = true, .send = drop_one }, false },
        { { .name = "doctored boot log", .hints = true, .send = doctor_boot_log }, false },
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
    { "Secure Boot is what PCR 7 says", secure_boot_is_what_pcr_7_says },
    { "the guilty log is named as far as hints allow", the_guilty_log_is_named },
    { "when only the boot log is wrong the list is judged",
            when_only_the_boot_log_is_wrong_the_list_is_judged },
    { "R96: a list that does not replay accuses no file",
            a_list_that_does_not_replay_accuses_no_file },
    { "missing and unreadable logs refuse", missing_logs_refuse },
    { "a policy without ima judges the boot chain only", boot_chain_only },
    { "R43-R46, R71, R87, R88: the boot log explains its registers",
            the_boot_log_explains_its_registers },
    { "R95: registers and banks that firmware never extended refuse",
            registers_and_banks_that_firmware_never_extended },
    { "R92: boot events cannot stand in for records", boot_events_cannot_stand_in_for_records },
    { "R93: the list alone explains its registers", registers_of_the_list },
    { "R94: banks of zero-padded SHA-1 refuse unless allowed", padded_banks },
    { "R25: any flipped byte of an attested record is refused",
            any_flipped_byte_of_an_attested_record_is_refused },
    { "R26, R75, R90: doctored lists are refused", lists_that_were_doctored },
    { "R27, R84: the tail is not judged but must parse", the_tail_is_not_judged_but_must_parse },
    { "the shortest prefix is attested", the_shortest_prefix_is_attested },
    { "boot: absent takes the hints that are quoted", boot_absent },
    { "R38, R50: a quote over the list's registers only", quote_over_the_list_only },
    { "registers that user space extends, too", unexplained_registers },
    { "inspect says what is proven, and never TRUSTED", inspect },
};

int main(void)
{
    attack_setup();
    int status = run_tests("appraise_logs", tests, ARRAY_LEN(tests));

    attack_teardown();
    return status;
}
