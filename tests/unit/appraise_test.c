/* SPDX-License-Identifier: BSD-3-Clause */
#include <stdlib.h>

#include "tests/attack.h"
#include "tests/check.h"
#include "tpm/algorithm.h"
#include "tpm/public.h"
#include "verifier/appraise.h"

/* Every check of the quote, one thing wrong at a time; entries play no part: -1. */
#define QUOTE_ROW(what, change, failed)                                                     \
    {                                                                                       \
        .name = (what), .quote = (change), .fails = (failed), .kinds = "quote", .entry = -1 \
    }

static void honest_is_trusted(void)
{
    static const struct attack rows[] = {
        { .name = "without hints" },
        { .name = "with hints", .hints = true },
        { .name = "all banks", .banks = 0xf, .quoted_banks = 0xe },
        { .name = "more than the policy asks for", .quoted_pcrs = PCR_ALL },
        { .name = "more than the policy asks for, with hints",
                .quoted_pcrs = PCR_ALL,
                .hints = true },
    };

    attack_rows(rows, ARRAY_LEN(rows));
}

static void magic_zero(struct forge *f)
{
    f->quote.magic = 0;
}

static void magic_one_bit(struct forge *f)
{
    f->quote.magic ^= 1;
}

static void type_certify(struct forge *f)
{
    f->quote.type = TPM_ATTEST_CERTIFY;
}

static void type_time(struct forge *f)
{
    f->quote.type = TPM_ATTEST_TIME;
}

static void type_nv(struct forge *f)
{
    f->quote.type = TPM_ATTEST_NV;
}

static void type_nv_empty(struct forge *f)
{
    f->quote.type = TPM_ATTEST_NV;
    f->quote.digest_len = 0;
}

static void type_creation(struct forge *f)
{
    f->quote.type = TPM_ATTEST_CREATION;
}

static void type_session_audit(struct forge *f)
{
    f->quote.type = TPM_ATTEST_SESSION_AUDIT;
}

static void nonce_wrong(struct forge *f)
{
    f->quote.nonce[31] ^= 1;
}

static void nonce_short(struct forge *f)
{
    f->quote.nonce_len--;
}

static void nonce_long(struct forge *f)
{
    f->quote.nonce[f->quote.nonce_len++] = 0;
}

static void nonce_empty(struct forge *f)
{
    f->quote.nonce_len = 0;
}

static void nonce_first_half(struct forge *f)
{
    f->quote.nonce_len /= 2;
}

static void nonce_base64(struct forge *f)
{
    uint8_t text[65];

    f->quote.nonce_len = (size_t)EVP_EncodeBlock(text, f->nonce, sizeof(f->nonce));
    memcpy(f->quote.nonce, text, f->quote.nonce_len);
}

static void magic_and_type(void)
{
    static const struct attack rows[] = {
        QUOTE_ROW("R1 magic 0", magic_zero, "quote-magic"),
        QUOTE_ROW("R1 magic with one bit changed", magic_one_bit, "quote-magic"),
        QUOTE_ROW("R2, R67 certify", type_certify, "quote-type"),
        QUOTE_ROW("R2, R67 time", type_time, "quote-type"),
        QUOTE_ROW("R2, R67 nv", type_nv, "quote-type"),
        QUOTE_ROW("R67 nv with an empty digest", type_nv_empty, "quote-type"),
        QUOTE_ROW("R2 creation", type_creation, "quote-type"),
        QUOTE_ROW("R2 session audit", type_session_audit, "quote-type"),
    };

    attack_rows(rows, ARRAY_LEN(rows));
}

static void nonces(void)
{
    static const struct attack rows[] = {
        QUOTE_ROW("R3 wrong", nonce_wrong, "nonce"),
        QUOTE_ROW("R3 short", nonce_short, "nonce"),
        QUOTE_ROW("R3 long", nonce_long, "nonce"),
        QUOTE_ROW("R3 empty", nonce_empty, "nonce"),
        QUOTE_ROW("R3 prefix", nonce_first_half, "nonce"),
        QUOTE_ROW("R3 base64 of it", nonce_base64, "nonce"),
    };

    attack_rows(rows, ARRAY_LEN(rows));
}

/* The selection is changed before the TPM computes the digest: it is a genuine quote, only of
 * something else. */
static void select_less(struct forge *f)
{
    f->quote.bank[0].bits[0] = 0xfe;
    forge_quote_digest(f);
}

static void select_other_bit(struct forge *f)
{
    f->quote.bank[0].bits[1] = 0x43 | 0x08; /* 11 in place of 10 */
    forge_quote_digest(f);
}

static void select_other_bank(struct forge *f)
{
    f->quote.bank[0].alg = digest_tpm_id(DIGEST_SHA1);
    forge_quote_digest(f);
}

static void select_nothing(struct forge *f)
{
    f->quote.bank_count = 0;
    forge_quote_digest(f);
}

static void select_no_bits(struct forge *f)
{
    memset(f->quote.bank[0].bits, 0, sizeof(f->quote.bank[0].bits));
    forge_quote_digest(f);
}

static void select_twice(struct forge *f)
{
    f->quote.bank[1] = f->quote.bank[0];
    f->quote.bank_count = 2;
    forge_quote_digest(f);
}

static void select_half_twice(struct forge *f)
{
    f->quote.bank[1] = f->quote.bank[0];
    f->quote.bank_count = 2;
    f->quote.bank[0].bits[1] = 0;
    f->quote.bank[1].bits[0] = 0;
    forge_quote_digest(f);
}

static void select_two_bytes(struct forge *f)
{
    f->quote.bank[0].size = 2;
}

static void select_one_byte(struct forge *f)
{
    f->quote.bank[0].size = 1;
}

static void select_size_zero(struct forge *f)
{
    f->quote.bank[0].size = 0;
}

static void select_four_bytes(struct forge *f)
{
    f->quote.bank[0].size = 4;
}

static void select_pcr_24(struct forge *f)
{
    f->quote.bank[0].size = 4;
    f->quote.bank[0].bits[3] = 1;
}

static void select_unknown_bank(struct forge *f)
{
    f->quote.bank[1] = (struct forge_bank){ 0x0027, 3, { 1 } }; /* SHA3-256 */
    f->quote.bank_count = 2;
}

static void select_23(struct forge *f)
{
    f->quote.bank[0] = (struct forge_bank){ digest_tpm_id(DIGEST_SHA256), 3, { 0, 0, 0x80 } };
    forge_quote_digest(f);
}

static void select_16(struct forge *f)
{
    f->quote.bank[0] = (struct forge_bank){ digest_tpm_id(DIGEST_SHA256), 3, { 0, 0, 0x01 } };
    forge_quote_digest(f);
}

/* The honest digest under a selection that does not say so. */
static void label_without_10(struct forge *f)
{
    f->quote.bank[0].bits[1] = 0x43;
}

static void swap_banks(struct forge *f)
{
    struct forge_bank first = f->quote.bank[0];

    f->quote.bank[0] = f->quote.bank[1];
    f->quote.bank[1] = first;
}

static void swap_banks_and_digest(struct forge *f)
{
    swap_banks(f);
    forge_quote_digest(f);
}

static void selections(void)
{
    static const struct attack rows[] = {
        QUOTE_ROW("R6 a PCR less", select_less, "pcr-selection"),
        QUOTE_ROW("R6 another PCR", select_other_bit, "pcr-selection"),
        QUOTE_ROW("R6 another bank", select_other_bank, "pcr-selection"),
        QUOTE_ROW("R6 bank twice", select_twice, "pcr-selection"),
        QUOTE_ROW("R6 bank twice, half each", select_half_twice, "pcr-selection"),
        QUOTE_ROW("R6 sizeofSelect 1", select_one_byte, "pcr-selection"),
        QUOTE_ROW("R6 sizeofSelect 0", select_size_zero, "pcr-selection"),
        QUOTE_ROW("R6 PCR 24", select_pcr_24, "pcr-selection"),
        QUOTE_ROW("R6 a bank nobody knows", select_unknown_bank, "pcr-selection"),
        QUOTE_ROW("R70 no bank", select_nothing, "pcr-selection"),
        QUOTE_ROW("R70 a bank without bits", select_no_bits, "pcr-selection"),
        QUOTE_ROW("R8, R69 PCR 23", select_23, "pcr-selection"),
        QUOTE_ROW("R8, R69 PCR 16", select_16, "pcr-selection"),
        QUOTE_ROW("R8 a selection that hides PCR 10", label_without_10, "pcr-selection"),
        { .name = "R6 a bank less",
                .policy = POLICY_DEFAULT "quote: { banks: [sha1, sha256] }\n",
                .fails = "pcr-selection",
                .kinds = "quote",
                .entry = -1 },
        { .name = "R6 a PCR less where weak banks are allowed",
                .policy = POLICY_DEFAULT "  weak-digests: allow\n",
                .quoted_pcrs = FORGE_PCRS & ~1u,
                .fails = "pcr-selection",
                .kinds = "quote",
                .entry = -1 },
        { .name = "two bytes of bits say the same", .quote = select_two_bytes },
        { .name = "four bytes of bits say the same", .quote = select_four_bytes },
        { .name = "banks in another order than ours, as the TPM hashed them",
                .quoted_banks = FORGE_SHA1 | FORGE_SHA256,
                .quote = swap_banks_and_digest },
        { .name = "R6 banks in another order than they were hashed in",
                .quoted_banks = FORGE_SHA1 | FORGE_SHA256,
                .quote = swap_banks,
                .fails = "boot-replay ima-replay",
                .kinds = "boot-replay ima-replay",
                .entry = -1 },
    };

    attack_rows(rows, ARRAY_LEN(rows));
}

static void digest_wrong(struct forge *f)
{
    f->quote.digest[0] ^= 1;
}

static void digest_short(struct forge *f)
{
    f->quote.digest_len = 20;
}

static void digest_empty(struct forge *f)
{
    f->quote.digest_len = 0;
}

static void digest_of_nothing(struct forge *f)
{
    forge_digest(DIGEST_SHA256, (struct bytes){ 0 }, f->quote.digest);
}

static void hint_of_unselected_pcr(struct forge *f)
{
    memset(f->hints.value[DIGEST_SHA256][16], 0xee, 32);
    memset(f->hints.value[DIGEST_SHA256][23], 0xee, 32);
    memset(f->hints.value[DIGEST_SHA1], 0xee, sizeof(f->hints.value[DIGEST_SHA1]));
}

static void digests(void)
{
    static const struct attack rows[] = {
        { .name = "R9 a bit of it",
                .quote = digest_wrong,
                .fails = "boot-replay ima-replay",
                .kinds = "boot-replay ima-replay",
                .entry = -1 },
        { .name = "R9 a bit of it, with hints",
                .quote = digest_wrong,
                .hints = true,
                .fails = "boot-replay ima-replay",
                .kinds = "boot-replay ima-replay",
                .entry = -1 },
        { .name = "R9 that of no PCR at all",
                .quote = digest_of_nothing,
                .hints = true,
                .fails = "boot-replay ima-replay",
                .kinds = "boot-replay ima-replay",
                .entry = -1 },
        QUOTE_ROW("R68 short", digest_short, "pcr-digest"),
        QUOTE_ROW("R68 empty", digest_empty, "pcr-digest"),
        { .name = "R7 hints for PCRs that are not selected are ignored",
                .send = hint_of_unselected_pcr,
                .hints = true },
    };

    attack_rows(rows, ARRAY_LEN(rows));
}

static void other_bytes_signed(struct forge *f)
{
    f->quote.break_signature = true;
}

static void claims_sha1(struct forge *f)
{
    f->quote.signature_hash = digest_tpm_id(DIGEST_SHA1);
}

static void claims_sha384(struct forge *f)
{
    f->quote.signature_hash = digest_tpm_id(DIGEST_SHA384);
}

static void claims_ecdaa(struct forge *f)
{
    f->quote.signature_alg = TPM_ALG_ECDAA;
}

static void claims_sm2(struct forge *f)
{
    f->quote.signature_alg = TPM_ALG_SM2;
}

static void signatures(void)
{
    static const struct attack rows[] = {
        QUOTE_ROW("over other bytes", other_bytes_signed, "quote-signature"),
        QUOTE_ROW("R10 says SHA-1", claims_sha1, "quote-algorithm"),
        QUOTE_ROW("R10 says SHA-384", claims_sha384, "quote-algorithm"),
        QUOTE_ROW("R10 says ECDAA", claims_ecdaa, "quote-algorithm"),
        QUOTE_ROW("R10 says SM2", claims_sm2, "quote-algorithm"),
    };

    attack_rows(rows, ARRAY_LEN(rows));
}

/* A failed check of the quote leaves every log check undone: nothing of it may be reported. */
static void no_log_check_after_a_failed_quote(void)
{
    struct attack a = { .name = "", .quote = nonce_wrong };
    struct verdict v;
    struct forge f;
    char text[512];

    attack_prepare(&a, &f);
    f.list.len -= 1; /* does not even parse */
    attack_judge(&f, NULL, &v);
    CHECK_TEXT(bytes_of_text(attack_checks(&v, OUTCOME_NOT_RUN, text)),
            "boot-replay ima-replay pcr-digest boot-aggregate boot-policy violations files");
    CHECK_TEXT(bytes_of_text(attack_checks(&v, OUTCOME_FAIL, text)), "nonce");
    CHECK_UINT(v.findings.count, 1);
    CHECK_UINT(f.passes, 0);
    verdict_clear(&v);
    forge_clear(&f);
}

/* Every bit of what the signature covers, and every bit of the signature. */
static void any_flipped_bit_of_quote_or_signature_is_refused(void)
{
    struct attack a = { .name = "" };
    struct forge f;

    attack_prepare(&a, &f);
    struct forge_bytes *const both[] = { &f.attest, &f.signature };

    for (size_t b = 0; b < 2; b++) {
        for (size_t i = 0; i < both[b]->len; i++) {
            struct verdict v;

            both[b]->data[i] ^= (uint8_t)(1u << i % 8);
            attack_judge(&f, NULL, &v);
            CHECKF(verdict_result(&v) == VERDICT_REFUSED, "%s byte %zu",
                    b == 0 ? "attest" : "signature", i);
            both[b]->data[i] ^= (uint8_t)(1u << i % 8);
            verdict_clear(&v);
        }
    }
    forge_clear(&f);
}

static void cut_or_longer_quote_and_signature_are_malformed(void)
{
    struct attack a = { .name = "" };
    struct forge f;
    char text[512];

    attack_prepare(&a, &f);
    struct forge_bytes *const both[] = { &f.attest, &f.signature };

    for (size_t b = 0; b < 2; b++) {
        struct forge_bytes whole = *both[b];

        for (size_t len = 0; len <= whole.len + 1; len++) {
            struct verdict v;
            uint8_t *copy = calloc(1, len + 1); /* on the heap, so that ASan guards its end */

            memcpy(copy, whole.data, len < whole.len ? len : whole.len);
            *both[b] = (struct forge_bytes){ copy, len, len };
            if (len != whole.len) {
                attack_judge(&f, NULL, &v);
                CHECKF(verdict_result(&v) == VERDICT_REFUSED, "%zu at %zu", b, len);
                CHECK_TEXT(bytes_of_text(attack_kinds(&v, text)), "malformed");
                CHECK_TEXT(bytes_of_text(attack_checks(&v, OUTCOME_FAIL, text)), "evidence-format");
                verdict_clear(&v);
            }
            free(copy);
        }
        *both[b] = whole;
    }
    forge_clear(&f);
}

static void keys_of_every_kind_work_and_no_other_key_does(void)
{
    static const enum forge_key_kind kinds[] = { FORGE_P256, FORGE_P384, FORGE_RSASSA,
        FORGE_RSAPSS };

    for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
        struct forge_key key;
        struct forge_key other;
        struct forge f;
        struct verdict v;
        char text[512];

        forge_key_make(&key, kinds[i], FORGE_AK_ATTRIBUTES);
        forge_key_make(&other, kinds[i], FORGE_AK_ATTRIBUTES);
        forge_init(&f, FORGE_SHA256, &key);
        forge_honest(&f);
        forge_ask(&f, FORGE_SHA256, FORGE_PCRS);
        forge_sign(&f);
        attack_judge(&f, NULL, &v);
        CHECKF(verdict_result(&v) == VERDICT_TRUSTED, "kind %zu", i);
        verdict_clear(&v);
        attack_judge_key(&f, NULL, forge_key_public(&other), NULL, &v);
        CHECK_TEXT(bytes_of_text(attack_checks(&v, OUTCOME_FAIL, text)), "quote-signature");
        verdict_clear(&v);
        forge_clear(&f);
        forge_key_clear(&key);
        forge_key_clear(&other);
    }
}

static void attributes_of_the_key_are_checked(void)
{
    static const struct {
        const char *name;
        uint32_t attributes;
    } cases[] = {
        { "not restricted", FORGE_AK_ATTRIBUTES & ~TPM_OBJECT_RESTRICTED },
        { "does not sign", FORGE_AK_ATTRIBUTES & ~TPM_OBJECT_SIGN },
        { "not fixed to the TPM", FORGE_AK_ATTRIBUTES & ~TPM_OBJECT_FIXED_TPM },
        { "not fixed to its parent", FORGE_AK_ATTRIBUTES & ~TPM_OBJECT_FIXED_PARENT },
        { "came from outside", FORGE_AK_ATTRIBUTES & ~TPM_OBJECT_SENSITIVE_DATA_ORIGIN },
        { "decrypts", FORGE_AK_ATTRIBUTES | TPM_OBJECT_DECRYPT },
    };

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct forge_key key;
        struct forge f;
        struct verdict v;
        char text[512];

        check_case = cases[i].name;
        forge_key_make(&key, FORGE_P256, cases[i].attributes);
        forge_init(&f, FORGE_SHA256, &key);
        forge_honest(&f);
        forge_ask(&f, FORGE_SHA256, FORGE_PCRS);
        forge_sign(&f);
        attack_judge(&f, NULL, &v);
        CHECK_TEXT(bytes_of_text(attack_checks(&v, OUTCOME_FAIL, text)), "ak-attributes");
        CHECK_TEXT(bytes_of_text(attack_kinds(&v, text)), "identity");
        verdict_clear(&v);
        forge_clear(&f);
        forge_key_clear(&key);
    }
    check_case = "";
}

static void a_pem_key_states_no_attributes(void)
{
    struct attack a = { .name = "" };
    struct forge_bytes pem = { 0 };
    struct forge f;
    struct verdict v;

    attack_prepare(&a, &f);
    forge_key_pem(&f.key, &pem);
    attack_judge_key(&f, NULL, forge_view(&pem), NULL, &v);
    CHECK_UINT(verdict_result(&v), VERDICT_TRUSTED);
    CHECK_UINT(v.checks[CHECK_AK_ATTRIBUTES].outcome, OUTCOME_NOT_APPLICABLE);
    verdict_clear(&v);
    forge_bytes_clear(&pem);
    forge_clear(&f);
}

static void the_signer_is_compared_where_the_ek_is_known(void)
{
    struct attack a = { .name = "" };
    struct tpm_name name = { .data = { 0, 0x0b }, .len = 34 };
    struct forge f;
    struct verdict v;
    char text[512];

    attack_prepare(&a, &f);
    attack_judge_key(&f, NULL, forge_key_public(&f.key), &name, &v);
    CHECK_UINT(verdict_result(&v), VERDICT_TRUSTED);
    CHECK_UINT(v.checks[CHECK_QUALIFIED_SIGNER].outcome, OUTCOME_PASS);
    verdict_clear(&v);
    name.data[33] = 1;
    attack_judge_key(&f, NULL, forge_key_public(&f.key), &name, &v);
    CHECK_TEXT(bytes_of_text(attack_checks(&v, OUTCOME_FAIL, text)), "qualified-signer");
    CHECK_TEXT(bytes_of_text(attack_kinds(&v, text)), "identity");
    verdict_clear(&v);
    attack_judge(&f, NULL, &v);
    CHECK_UINT(v.checks[CHECK_QUALIFIED_SIGNER].outcome, OUTCOME_NOT_APPLICABLE);
    verdict_clear(&v);
    forge_clear(&f);
}

static void clock_unsafe(struct forge *f)
{
    f->quote.clock.safe = false;
}

static void an_unsafe_clock_warns_or_refuses_as_the_policy_says(void)
{
    static const struct attack rows[] = {
        { .name = "warns by default", .quote = clock_unsafe },
        { .name = "refuses",
                .policy = POLICY_DEFAULT "quote: { unsafe-clock: refuse }\n",
                .quote = clock_unsafe,
                .fails = "clock",
                .kinds = "quote",
                .entry = -1 },
        { .name = "a safe one passes",
                .policy = POLICY_DEFAULT "quote: { unsafe-clock: refuse }\n" },
    };
    struct forge f;
    struct verdict v;

    attack_rows(rows, ARRAY_LEN(rows));
    attack_prepare(&rows[0], &f);
    attack_judge(&f, NULL, &v);
    CHECK_UINT(v.findings.kept[SEVERITY_WARN], 1);
    CHECK(!v.clock_safe && v.reset_count == 7 && v.restart_count == 3 && v.clock_ms == 123456);
    verdict_clear(&v);
    forge_clear(&f);
}

/* The strong bank must prove what the policy asks for, not just be there. */
static void quote_sha256_of_pcr_0_only(struct forge *f)
{
    f->quote.bank[1].bits[0] = 1;
    f->quote.bank[1].bits[1] = 0;
    forge_quote_digest(f);
}

static void weak_banks(void)
{
#define POLICY_SHA1 POLICY_UNCHECKED "quote: { banks: [sha1] }\n"
    static const struct attack rows[] = {
        { .name = "R94 only SHA-1",
                .policy = POLICY_SHA1 POLICY_IMA,
                .quoted_banks = FORGE_SHA1,
                .fails = "pcr-selection",
                .kinds = "quote",
                .entry = -1 },
        { .name = "R94 only SHA-1, without ima",
                .policy = POLICY_SHA1,
                .quoted_banks = FORGE_SHA1,
                .fails = "pcr-selection",
                .kinds = "quote",
                .entry = -1 },
        { .name = "R94 the list in SHA-1, a strong bank for something else",
                .policy = POLICY_SHA1 POLICY_IMA,
                .quoted_banks = FORGE_SHA1 | FORGE_SHA256,
                .quote = quote_sha256_of_pcr_0_only,
                .fails = "pcr-selection",
                .kinds = "quote",
                .entry = -1 },
        { .name = "only SHA-1, allowed",
                .policy = POLICY_SHA1 POLICY_IMA "  weak-digests: allow\n",
                .quoted_banks = FORGE_SHA1 },
        { .name = "SHA-1 asked for, SHA-256 there, too",
                .policy = POLICY_SHA1 POLICY_IMA,
                .quoted_banks = FORGE_SHA1 | FORGE_SHA256 },
    };

    attack_rows(rows, ARRAY_LEN(rows));
}

static const struct test tests[] = {
    { "honest evidence is trusted", honest_is_trusted },
    { "R1, R2, R67: magic and type are those of a quote", magic_and_type },
    { "R3: the nonce is exactly the one asked with", nonces },
    { "R6, R8, R69, R70: the selection is the one asked for", selections },
    { "R7, R9, R68: the digest is that of the replayed PCRs", digests },
    { "R10: the algorithm is the key's, and a strong one", signatures },
    { "after a failed quote no log is looked at", no_log_check_after_a_failed_quote },
    { "R11: any flipped bit of quote or signature is refused",
            any_flipped_bit_of_quote_or_signature_is_refused },
    { "R11: a cut or longer quote or signature is malformed",
            cut_or_longer_quote_and_signature_are_malformed },
    { "keys of every kind work, and no other key does",
            keys_of_every_kind_work_and_no_other_key_does },
    { "attributes of the key are checked", attributes_of_the_key_are_checked },
    { "a PEM key states no attributes", a_pem_key_states_no_attributes },
    { "R12: the signer is compared where the EK is known",
            the_signer_is_compared_where_the_ek_is_known },
    { "an unsafe clock warns or refuses as the policy says",
            an_unsafe_clock_warns_or_refuses_as_the_policy_says },
    { "R94: a quote needs a strong bank for all that is asked", weak_banks },
};

int main(void)
{
    attack_setup();
    int status = run_tests("appraise", tests, ARRAY_LEN(tests));

    attack_teardown();
    return status;
}
