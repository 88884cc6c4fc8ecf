/* SPDX-License-Identifier: BSD-3-Clause */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "tests/attack.h"
#include "tests/check.h"
#include "tests/rounds.h"

#define EXCLUDED "  exclude: [ \"/opt/**\" ]\n"

/* So many records of files that the policy excludes. */
static void grow(struct rounds *r, size_t count)
{
    static unsigned int number;

    for (size_t i = 0; i < count; i++) {
        char path[64];

        (void)snprintf(path, sizeof(path), "/opt/program_%u", number++);
        forge_file(&r->machine, FORGE_BOTH, 10, path);
    }
}

static void delta_by_size(void)
{
    static const struct {
        const char *name;
        uint32_t banks; /* of the machine, all quoted */
        uint32_t padded;
        bool ones20;
        const char *policy;
    } machines[] = {
        { "SHA-256", FORGE_SHA256, 0, false, WITH(EXCLUDED) },
        { "three banks", FORGE_SHA1 | FORGE_SHA256 | FORGE_SHA512, 0, false, WITH(EXCLUDED) },
        { "padded SHA-512", FORGE_SHA256 | FORGE_SHA512, FORGE_SHA512, false,
                WITH(EXCLUDED "  weak-digests: allow\n") },
        { "all padded, short violations", FORGE_SHA1 | FORGE_SHA256 | FORGE_SHA384,
                FORGE_SHA256 | FORGE_SHA384, true, WITH(EXCLUDED "  weak-digests: allow\n") },
    };
    static const size_t growth[] = { 0, 1, 20, 5000, 0, 2 };

    for (size_t i = 0; i < ARRAY_LEN(machines); i++) {
        struct rounds r;
        uint64_t count = 6;

        check_case = machines[i].name;
        rounds_begin(&r, machines[i].policy, machines[i].banks);
        r.machine.padded = machines[i].padded;
        r.machine.ones20 = machines[i].ones20;
        r.banks = machines[i].banks;
        r.hints = i % 2 == 0;
        forge_honest(&r.machine);
        rounds_whole(&r);
        rounds_expect(&r, "", 6, 6);
        CHECK(!r.out.continued);
        for (size_t k = 0; k < ARRAY_LEN(growth); k++) {
            grow(&r, growth[k]);
            count += growth[k];
            rounds_delta(&r);
            rounds_expect(&r, "", count, count);
            CHECK(r.out.has_progress && r.out.continued && !r.out.needs_whole_list);
            CHECK_UINT(r.verdict.excluded, count - 6);
            CHECK_UINT(r.held.entry, count);
            CHECK_UINT(r.held.seen, count);
            CHECK_UINT(r.held.offset, r.machine.list.len);
            CHECK_UINT(r.held.at.judged.files, count - 1);
            CHECK_UINT(r.held.padded, machines[i].padded);
        }
        rounds_end(&r);
    }
    check_case = "";
}

/* Six records are attested; four more, 6 to 9, are in the list and extended. */
static void begin(struct rounds *r)
{
    rounds_begin(r, WITH(EXCLUDED), FORGE_SHA1 | FORGE_SHA256);
    forge_honest(&r->machine);
    rounds_whole(r);
    rounds_expect(r, "", 6, 6);
    grow(r, 4);
}

/* A copy of records first to last, without the end. */
static void add_records(const struct rounds *r, struct forge_bytes *out, size_t first, size_t last)
{
    const struct forge *f = &r->machine;
    size_t end = last < f->records ? f->record_at[last] : f->list.len;

    forge_add(out, (struct bytes){ f->list.data + f->record_at[first], end - f->record_at[first] });
}

static void send_all(struct rounds *r, struct forge_bytes *out)
{
    add_records(r, out, 6, 10);
}

static void send_dropped(struct rounds *r, struct forge_bytes *out)
{
    add_records(r, out, 6, 7);
    add_records(r, out, 8, 10);
}

static void send_without_last(struct rounds *r, struct forge_bytes *out)
{
    add_records(r, out, 6, 9);
}

static void send_edited(struct rounds *r, struct forge_bytes *out)
{
    send_all(r, out);
    *attack_find(out, "/opt/program") = '_';
}

static void send_reordered(struct rounds *r, struct forge_bytes *out)
{
    add_records(r, out, 6, 7);
    add_records(r, out, 8, 9);
    add_records(r, out, 7, 8);
    add_records(r, out, 9, 10);
}

static void send_inserted(struct rounds *r, struct forge_bytes *out)
{
    add_records(r, out, 6, 8);
    add_records(r, out, 2, 3);
    add_records(r, out, 8, 10);
}

static void send_twice(struct rounds *r, struct forge_bytes *out)
{
    add_records(r, out, 6, 8);
    add_records(r, out, 7, 10);
}

static void send_late(struct rounds *r, struct forge_bytes *out)
{
    add_records(r, out, 7, 10);
}

static void send_early(struct rounds *r, struct forge_bytes *out)
{
    add_records(r, out, 5, 10);
}

static void send_whole(struct rounds *r, struct forge_bytes *out)
{
    add_records(r, out, 0, 10);
}

static void send_nothing(struct rounds *r, struct forge_bytes *out)
{
    (void)r;
    (void)out;
}

static void hold_other_bank(struct rounds *r, struct forge_bytes *out)
{
    r->banks = FORGE_SHA1 | FORGE_SHA256;
    send_all(r, out);
}

static void hold_other_value(struct rounds *r, struct forge_bytes *out)
{
    r->held.at.pcrs.value[DIGEST_SHA256][10][7] ^= 1;
    send_all(r, out);
}

static void hold_other_bank_value(struct rounds *r, struct forge_bytes *out)
{
    memcpy(r->held.at.pcrs.value[DIGEST_SHA256][10], r->machine.tpm.value[DIGEST_SHA1][10], 20);
    send_all(r, out);
}

static void hold_other_format(struct rounds *r, struct forge_bytes *out)
{
    r->held.format = (struct ima_digest_format){ DIGEST_SHA256, 32 };
    send_all(r, out);
}

static void hold_nothing(struct rounds *r, struct forge_bytes *out)
{
    r->is_held = false;
    send_all(r, out);
}

/* A delta of nothing, over registers that hold zeros, proves nothing. */
static void hold_no_record(struct rounds *r, struct forge_bytes *out)
{
    (void)out;
    r->held.entry = 0;
    r->held.seen = 0;
    memset(&r->held.at.pcrs.value, 0, sizeof(r->held.at.pcrs.value));
    memset(r->machine.tpm.value[DIGEST_SHA256][10], 0, 32);
}

static void reboot(struct rounds *r, struct forge_bytes *out)
{
    r->clock.reset++;
    send_all(r, out);
}

static void send_cut(struct rounds *r, struct forge_bytes *out)
{
    send_all(r, out);
    out->len -= 3;
}

static void send_garbage(struct rounds *r, struct forge_bytes *out)
{
    send_all(r, out);
    memset(out->data, 0xff, 4);
}

/* R26, R39: the delta fails, what is held stays, and the whole list makes it good. */
static void bad_deltas(void)
{
    static const struct {
        const char *name;
        void (*send)(struct rounds *r, struct forge_bytes *out);
        const char *fails;
        const char *says; /* part of a finding; NULL: anything */
        bool resync_fails;
    } rows[] = {
        { "a record is left out", send_dropped, "ima-replay", NULL, false },
        { "the last record is left out", send_without_last, "ima-replay", NULL, false },
        { "all records are left out", send_nothing, "ima-replay", NULL, false },
        { "a record is edited", send_edited, "ima-replay", NULL, false },
        { "two records change places", send_reordered, "ima-replay", NULL, false },
        { "an old record comes again in between", send_inserted, "ima-replay", NULL, false },
        { "a new record comes twice", send_twice, "ima-replay", NULL, false },
        { "a gap: it starts a record too late", send_late, "ima-replay", NULL, false },
        { "an overlap: it starts a record too early", send_early, "ima-replay", NULL, false },
        { "the whole list comes instead", send_whole, "ima-replay", NULL, false },
        { "cut inside a record", send_cut, "evidence-format", NULL, false },
        { "garbage", send_garbage, "evidence-format", NULL, false },
        { "a bank is quoted that is not held", hold_other_bank, "ima-replay",
                "covers registers that the last one did not", false },
        { "another value is held", hold_other_value, "ima-replay", NULL, false },
        { "the value of another bank is held", hold_other_bank_value, "ima-replay", NULL, false },
        { "a list of other template digests is held", hold_other_format, "ima-replay",
                "of another kind", false },
        { "nothing is held", hold_nothing, "ima-replay", "nothing of this boot is held", false },
        { "no record is held, and the register is empty", hold_no_record, "ima-replay", NULL,
                true },
        { "a delta of another boot", reboot, "ima-replay", "nothing of this boot is held", false },
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        for (int hints = 0; hints <= 1; hints++) {
            struct rounds r;
            struct forge_bytes delta = { 0 };
            char failed[512];

            check_case = rows[i].name;
            begin(&r);
            r.hints = hints == 1;
            rows[i].send(&r, &delta);
            struct list_progress before = r.held;

            rounds_quote(&r);
            rounds_judge(&r, forge_view(&delta), true);
            if (hints == 1) { /* without them the boot log is suspected, too */
                CHECK_TEXT(bytes_of_text(attack_checks(&r.verdict, OUTCOME_FAIL, failed)),
                        rows[i].fails);
            }
            CHECK(rows[i].says == NULL || rounds_says(&r, rows[i].says));
            CHECK(verdict_result(&r.verdict) == VERDICT_REFUSED);
            CHECK(r.out.needs_whole_list && !r.out.has_progress);
            CHECK_UINT(r.verdict.attested, 0);
            rounds_keep(&r);
            CHECK(memcmp(&before, &r.held, sizeof(before)) == 0);
            rounds_judge(&r, forge_view(&r.machine.list), false);
            CHECK(!r.out.needs_whole_list);
            if (!rows[i].resync_fails) {
                rounds_expect(&r, "", 10, 10);
            }
            forge_bytes_clear(&delta);
            rounds_end(&r);
        }
    }
    check_case = "";
}

/* R25: no byte of it can be another one, and it cannot end anywhere else. */
static void every_byte(void)
{
    struct rounds r;
    struct forge_bytes delta = { 0 };

    begin(&r);
    r.hints = true;
    send_all(&r, &delta);
    rounds_quote(&r);
    for (size_t i = 0; i < delta.len; i++) {
        char name[32];

        (void)snprintf(name, sizeof(name), "byte %zu", i);
        check_case = name;
        delta.data[i] ^= (uint8_t)(1u << i % 8);
        rounds_judge(&r, forge_view(&delta), true);
        CHECK(verdict_result(&r.verdict) == VERDICT_REFUSED);
        delta.data[i] ^= (uint8_t)(1u << i % 8);
        rounds_judge(&r, (struct bytes){ delta.data, i }, true);
        CHECK(verdict_result(&r.verdict) == VERDICT_REFUSED && r.out.needs_whole_list);
    }
    check_case = "";
    rounds_judge(&r, forge_view(&delta), true);
    rounds_expect(&r, "", 10, 10);
    forge_bytes_clear(&delta);
    rounds_end(&r);
}

/* R73: a delta once more, or the whole list after it, changes nothing that is attested. */
static void once_more(void)
{
    struct rounds r;
    struct bytes delta;
    struct list_progress before;

    begin(&r);
    delta = rounds_rest(&r);
    rounds_delta(&r);
    rounds_expect(&r, "", 10, 10);
    before = r.held;
    rounds_whole(&r);
    rounds_expect(&r, "", 10, 10);
    CHECK(memcmp(&before, &r.held, sizeof(before)) == 0);

    rounds_quote(&r);
    rounds_judge(&r, delta, true);
    rounds_expect(&r, "", 10, 14); /* the copies are a tail that nothing attests ... */
    CHECK_UINT(r.out.progress.entry, before.entry);
    CHECK_UINT(r.out.progress.offset, before.offset);
    CHECK(memcmp(&before.at.pcrs, &r.out.progress.at.pcrs, sizeof(before.at.pcrs)) == 0);
    rounds_keep(&r);
    grow(&r, 4);
    rounds_quote(&r);
    rounds_judge(&r,
            (struct bytes){ r.machine.list.data + r.machine.record_at[10],
                    r.machine.list.len - r.machine.record_at[10] },
            true);
    rounds_expect(&r, "ima-replay", 14, 14); /* ... nor can other records stand for them */
    rounds_end(&r);
}

static void bad_files(void)
{
    struct rounds r;

    begin(&r);
    forge_file(&r.machine, FORGE_BOTH, 10, "/usr/bin/newcomer");
    rounds_delta(&r);
    rounds_expect(&r, "files", 11, 11);
    CHECK(attack_entry(&r.verdict) == 10);
    CHECK(r.out.has_progress && !r.out.needs_whole_list);
    grow(&r, 1);
    rounds_delta(&r); /* found once: that it stays a finding is the caller's to remember */
    rounds_expect(&r, "", 12, 12);
    forge_file(&r.machine, FORGE_BOTH, 12, forge_files[0]);
    grow(&r, 1);
    rounds_delta(&r);
    rounds_expect(&r, "ima-replay", 14, 14);
    CHECK(attack_entry(&r.verdict) == 12);
    CHECK(r.out.has_progress && !r.out.needs_whole_list);
    rounds_end(&r);
}

/* Over the whole boot; the finding is made once. */
static void violation_limit(void)
{
    struct rounds r;
    uint8_t room[512];

    rounds_begin(&r, WITH(EXCLUDED "  violations: { limit: 2 }\n"), FORGE_SHA256);
    forge_honest(&r.machine);
    rounds_whole(&r);
    for (uint64_t count = 1; count <= 5; count++) {
        forge_violation(&r.machine, FORGE_BOTH, 10, "ima-ng",
                forge_file_data("/var/log/busy", room, sizeof(room)));
        rounds_delta(&r);
        rounds_expect(&r, count <= 2 ? "" : "violations", 6 + count, 6 + count);
        CHECK_UINT(r.verdict.violations, count);
        CHECK(rounds_says(&r, "the policy accepts 2") == (count == 3));
    }
    rounds_whole(&r);
    rounds_expect(&r, "violations", 11, 11);
    CHECK(rounds_says(&r, "5 violations, the policy accepts 2"));
    rounds_end(&r);
}

/* A later good boot_aggregate does not mend a bad one. */
static void bad_aggregate_stays(void)
{
    struct rounds r;

    rounds_begin(&r, WITH(EXCLUDED "  kexec: allow\n"), FORGE_SHA256);
    forge_boot(&r.machine);
    forge_file(&r.machine, FORGE_BOTH, 10, "boot_aggregate");
    rounds_whole(&r);
    rounds_expect(&r, "boot-aggregate", 1, 1);
    forge_aggregate(&r.machine, DIGEST_SHA256, 9);
    rounds_delta(&r);
    rounds_expect(&r, "boot-aggregate", 2, 2);
    rounds_delta(&r);
    rounds_expect(&r, "boot-aggregate", 2, 2);
    rounds_whole(&r);
    rounds_expect(&r, "boot-aggregate", 2, 2);
    rounds_end(&r);
}

static void tail_begin(struct rounds *r, size_t tail)
{
    rounds_begin(r, WITH(EXCLUDED), FORGE_SHA256);
    forge_honest(&r->machine);
    rounds_mark(r);
    grow(r, tail);
    rounds_mark(r);
    rounds_quote_moment(r, 0);
    rounds_judge(r, forge_view(&r->machine.list), false);
    rounds_keep(r);
    rounds_expect(r, "", 6, 6 + tail);
}

/* R28: what the list had in one round is attested in the next. */
static void tails(void)
{
    for (int delta = 0; delta <= 1; delta++) {
        for (int change = 0; change <= 4; change++) {
            static const char *const names[] = { "kept", "stays behind", "stays behind, one more",
                "dropped", "changed" };
            struct rounds r;
            struct forge_bytes list = { 0 };

            check_case = names[change];
            tail_begin(&r, 2);
            switch (change) {
            case 0:
                grow(&r, 1);
                add_records(&r, &list, delta == 1 ? 6 : 0, 9);
                break;
            case 1:
                r.machine.tpm = r.moment[0].tpm;
                add_records(&r, &list, delta == 1 ? 6 : 0, 8);
                break;
            case 2: /* the first of the tail was extended */
                r.machine.tpm = r.moment[0].tpm;
                r.machine.list.len = r.moment[0].list_len;
                r.machine.records = 6;
                grow(&r, 1);
                add_records(&r, &list, delta == 1 ? 6 : 0, 7);
                break;
            case 3: /* kept away from the TPM, and from the list, too */
                r.machine.tpm = r.moment[0].tpm;
                add_records(&r, &list, delta == 1 ? 6 : 0, 6);
                break;
            case 4:
                r.machine.tpm = r.moment[0].tpm;
                r.machine.list.len = r.moment[0].list_len;
                r.machine.records = 6;
                grow(&r, 3);
                add_records(&r, &list, delta == 1 ? 6 : 0, 9);
                break;
            }
            struct list_progress before = r.held;

            rounds_quote(&r);
            rounds_judge(&r, forge_view(&list), delta == 1);
            rounds_keep(&r);
            if (change == 0) {
                rounds_expect(&r, "", 9, 9);
            } else {
                char failed[512];

                CHECK_TEXT(bytes_of_text(attack_checks(&r.verdict, OUTCOME_FAIL, failed)),
                        "ima-replay");
                CHECK(rounds_says(&r,
                        change == 4 ? "other records are attested" : "stays behind the list"));
                CHECK(r.out.needs_whole_list == (delta == 1));
                CHECK(memcmp(&before, &r.held, sizeof(before)) == 0);
            }
            forge_bytes_clear(&list);
            rounds_end(&r);
        }
    }
    check_case = "";
}

/* R85: the bytes of a violation say nothing, in the tail neither. */
static void tail_violation(void)
{
    struct rounds r;
    uint8_t room[512];

    rounds_begin(&r, WITH(EXCLUDED "  violations: warn\n"), FORGE_SHA256);
    forge_honest(&r.machine);
    rounds_mark(&r);
    forge_violation(&r.machine, FORGE_BOTH, 10, "ima-ng",
            forge_file_data("/var/log/busy", room, sizeof(room)));
    grow(&r, 1);
    rounds_quote_moment(&r, 0);
    rounds_judge(&r, forge_view(&r.machine.list), false);
    rounds_keep(&r);
    *attack_find(&r.machine.list, "/var/log/busy") = '_';
    rounds_delta(&r);
    rounds_expect(&r, "", 8, 8);
    rounds_end(&r);
}

static const struct test tests[] = {
    { "a delta that is not what was asked for fails, and changes nothing", bad_deltas },
    { "every byte of a delta counts", every_byte },
    { "a delta applied twice, or the whole list after it, changes nothing", once_more },
    { "a record that the policy refuses ends no chain", bad_files },
    { "a limit for violations counts over the boot", violation_limit },
    { "a bad boot_aggregate stays bad", bad_aggregate_stays },
    { "the tail of one round is attested in the next", tails },
    { "what a violation in the tail is called does not matter", tail_violation },
    { "a round goes on from the last one, however much is new", delta_by_size },
};

int main(void)
{
    attack_setup();
    int failed = run_tests("appraise_delta", tests, ARRAY_LEN(tests));

    attack_teardown();
    return failed;
}
