/* SPDX-License-Identifier: BSD-3-Clause */
#include <stdio.h>
#include <string.h>

#include "eventlog/types.h"
#include "tests/attack.h"
#include "tests/check.h"
#include "verifier/appraise_logs.h"

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
    forge_violation(f, FORGE_BOTH, 10, "ima-ng", forge_file_data("/var/log/x", room, sizeof(room)));
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

static void no_hints_at_all(struct forge *f)
{
    f->send_boot_log = false;
    f->send_hints = false;
}

static void absent_wrong_list_hint(struct forge *f)
{
    f->send_boot_log = false;
    attack_wrong_list_hint(f);
}

static void absent_wrong_boot_hint(struct forge *f)
{
    f->send_boot_log = false;
    attack_wrong_boot_hint(f);
}

static void absent_dropped(struct forge *f)
{
    f->send_boot_log = false;
    attack_drop_one(f);
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

/* What the TPM would hold after the list that is sent. */
static void absent_doctored_hint(struct forge *f)
{
    struct forge other;

    forge_init(&other, f->banks, &f->key);
    forge_boot(&other);
    forge_aggregate(&other, DIGEST_SHA256, 9);
    forge_file(&other, FORGE_BOTH, 10, forge_files[0]);
    f->list.len = 0;
    forge_add(&f->list, forge_view(&other.list));
    memcpy(f->hints.value[DIGEST_SHA256][10], other.tpm.value[DIGEST_SHA256][10], 32);
    attack_without_boot_log(f);
    forge_clear(&other);
}

static void absent_both_wrong(struct forge *f)
{
    absent_dropped(f);
    attack_wrong_boot_hint(f);
}

static void boot_absent(void)
{
#define POLICY_NO_BOOT POLICY_ABSENT POLICY_IMA
    static const struct attack rows[] = {
        { .name = "hints that are quoted",
                .policy = POLICY_NO_BOOT,
                .hints = true,
                .send = attack_without_boot_log },
        { .name = "a boot log does not matter", .policy = POLICY_NO_BOOT, .hints = true },
        { .name = "a doctored boot log does not matter",
                .policy = POLICY_NO_BOOT,
                .hints = true,
                .send = attack_doctor_boot_log },
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
        { .name = "a wrong hint for another PCR is not the list's fault",
                .policy = POLICY_NO_BOOT,
                .hints = true,
                .send = absent_wrong_boot_hint,
                .fails = "pcr-digest",
                .kinds = "quote",
                .entry = -1 },
        { .name = "a doctored list with a hint to go with it",
                .policy = POLICY_NO_BOOT,
                .hints = true,
                .send = absent_doctored_hint,
                .fails = "pcr-digest",
                .kinds = "quote",
                .entry = -1 },
        LIST_ROW("a doctored list, and a wrong hint for another PCR", .policy = POLICY_NO_BOOT,
                .hints = true, .send = absent_both_wrong),
        LIST_ROW("a doctored list", .policy = POLICY_NO_BOOT, .hints = true,
                .send = absent_dropped),
        { .name = "R38 boot_aggregate of other values",
                .policy = POLICY_NO_BOOT,
                .hints = true,
                .live = live_with_wrong_aggregate,
                .send = attack_without_boot_log,
                .fails = "boot-aggregate",
                .kinds = "ima-replay",
                .entry = 0 },
        { .name = "R38 boot_aggregate needs quoted boot PCRs",
                .policy = POLICY_ABSENT "quote: { pcrs: [10] }\n" POLICY_IMA,
                .quoted_pcrs = 1u << 10,
                .hints = true,
                .send = attack_without_boot_log,
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
                .send = attack_without_boot_log,
                .fails = "boot-aggregate",
                .kinds = "ima-replay",
                .entry = -1 },
        { .name = "R38 another boot log",
                .policy = POLICY_LIST_ONLY,
                .quoted_pcrs = 1u << 10,
                .send = attack_doctor_boot_log,
                .fails = "boot-aggregate",
                .kinds = "ima-replay",
                .entry = 0 },
        LIST_ROW("a doctored list", .policy = POLICY_LIST_ONLY, .quoted_pcrs = 1u << 10,
                .send = attack_drop_one),
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

static const struct test tests[] = {
    { "Secure Boot is what PCR 7 says", secure_boot_is_what_pcr_7_says },
    { "R94: banks of zero-padded SHA-1 refuse unless allowed", padded_banks },
    { "boot: absent takes the hints that are quoted", boot_absent },
    { "R38, R50: a quote over the list's registers only", quote_over_the_list_only },
};

int main(void)
{
    attack_setup();
    int status = run_tests("appraise_conclude", tests, ARRAY_LEN(tests));

    attack_teardown();
    return status;
}
