/* SPDX-License-Identifier: BSD-3-Clause */
#include <stdlib.h>

#include "tests/unit/tpm_fixture.h"
#include "tpm/quote.h"

/* Where p256.quote has what. */
enum {
    AT_MAGIC = 0,
    AT_TYPE = 4,
    AT_SIGNER = 6,
    AT_EXTRA = 42,
    AT_SAFE = 92,
    AT_SELECT = 101,
    AT_BANK = 105,
    AT_SIZE = 107,
    AT_BITS = 108,
    AT_DIGEST = 111,
};

static void a_quote_is_read_field_by_field(void)
{
    struct buffer q CLEANUP(buffer_clear) = fixture("p256.quote");
    struct pcr_selection s;
    struct tpm_attest a;
    struct error err = { 0 };

    if (!CHECKF(tpm_attest_read(buffer_view(&q), &a, &err), "%s", err.text)) {
        return;
    }
    CHECK_UINT(a.magic, TPM_GENERATED);
    CHECK_UINT(a.type, TPM_ATTEST_QUOTE);
    CHECK_UINT(a.qualified_signer.len, 34);
    CHECK(tpm_check_nonce(&a, (struct bytes){ fixture_nonce, 32 }, &err));
    CHECK(a.clock.clock_ms > 0 && a.clock.safe);
    CHECK_UINT(a.selection.count, 1);
    CHECK_UINT(a.pcr_digest.len, 32);
    CHECK(tpm_check_magic(&a, &err) && tpm_check_type(&a, &err));
    CHECKF(tpm_selection_read(&a.selection, &s, &err), "%s", err.text);
    CHECK_UINT(s.count, 1);
    CHECK_UINT(pcr_selection_mask(&s, DIGEST_SHA256), 1u << 0 | 1u << 10 | 1u << 16);
}

static void banks_keep_the_order_they_were_hashed_in(void)
{
    struct buffer q CLEANUP(buffer_clear) = fixture("banks.quote");
    struct pcr_selection s = { 0 };
    struct tpm_attest a;
    struct error err = { 0 };
    char text[128];

    CHECKF(tpm_attest_read(buffer_view(&q), &a, &err) && tpm_selection_read(&a.selection, &s, &err),
            "%s", err.text);
    CHECK_TEXT(bytes_of_text(pcr_selection_print(text, sizeof(text), &s)),
            "sha1:10+sha256:0,10+sha384:10+sha512:10");
}

/* R1, R11, R68: one row, one lie. Read fails with `want`, or, where that is none, `check` fails. */
static void a_quote_with_a_wrong_value_is_refused(void)
{
    static const struct {
        const char *name;
        size_t at;
        const char *with;
        size_t len;
        enum error_code want;
    } cases[] = {
        { "R11 qualifiedSigner longer than a name", AT_SIGNER, "\0\x43", 2, ERROR_LIMIT },
        { "R11 qualifiedSigner longer than the rest", AT_SIGNER, "\0\x90", 2, ERROR_TRUNCATED },
        { "R11 extraData longer than a TPM2B_DATA", AT_EXTRA, "\0\x43", 2, ERROR_LIMIT },
        { "R11 extraData longer than the rest", AT_EXTRA, "\xff\xff", 2, ERROR_TRUNCATED },
        { "safe is neither 0 nor 1", AT_SAFE, "\2", 1, ERROR_MALFORMED },
        { "seventeen banks", AT_SELECT, "\0\0\0\x11", 4, ERROR_LIMIT },
        { "four thousand million banks", AT_SELECT, "\xff\xff\xff\xff", 4, ERROR_LIMIT },
        { "two banks where there is one", AT_SELECT, "\0\0\0\2", 4, ERROR_TRUNCATED },
        { "a selection longer than the rest", AT_SIZE, "\xff", 1, ERROR_TRUNCATED },
        { "pcrDigest longer than any digest", AT_DIGEST, "\0\x41", 2, ERROR_TRUNCATED },
        { "R68 pcrDigest shorter than its bytes", AT_DIGEST, "\0\x1f", 2, ERROR_MALFORMED },
        { "R68 pcrDigest empty, its bytes left over", AT_DIGEST, "\0\0", 2, ERROR_MALFORMED },
    };
    struct buffer q CLEANUP(buffer_clear) = fixture("p256.quote");

    for (size_t i = 0; q.len > 0 && i < ARRAY_LEN(cases); i++) {
        uint8_t copy[256];
        struct tpm_attest a;
        struct error err = { 0 };

        check_case = cases[i].name;
        memcpy(copy, q.data, q.len);
        memcpy(copy + cases[i].at, cases[i].with, cases[i].len);
        CHECK(!tpm_attest_read((struct bytes){ copy, q.len }, &a, &err));
        CHECKF(err.code == cases[i].want, "%s (%s)", err.text, error_code_name(err.code));
    }
    check_case = "";
}

static void r11_bytes_after_the_quote_are_refused(void)
{
    struct buffer q CLEANUP(buffer_clear) = fixture("p256.quote");
    uint8_t copy[256] = { 0 };
    struct tpm_attest a;
    struct error err = { 0 };

    memcpy(copy, q.data, q.len);
    CHECK(!tpm_attest_read((struct bytes){ copy, q.len + 1 }, &a, &err));
    CHECK_UINT(err.code, ERROR_MALFORMED);
}

/* A TPM2B_ATTEST is not a TPMS_ATTEST: its size stands where the magic belongs. */
static void r1_a_wrong_magic_is_a_failed_check_and_nothing_after_it_is_believed(void)
{
    static const char *const magics[] = { "\xff\x54\x43\x46", "\x47\x43\x54\xff", "\0\0\0\0",
        "\0\x91\xff\x54" };
    struct buffer q CLEANUP(buffer_clear) = fixture("p256.quote");

    for (size_t i = 0; q.len > 0 && i < ARRAY_LEN(magics); i++) {
        struct tpm_attest a;
        struct error err = { 0 };

        memcpy(q.data + AT_MAGIC, magics[i], 4);
        CHECKF(tpm_attest_read(buffer_view(&q), &a, &err), "%s", err.text);
        CHECK(!tpm_check_magic(&a, &err));
        CHECKF(strstr(err.text, "want 0xff544347") != NULL, "%s", err.text);
        CHECK(!tpm_check_type(&a, &err));
        CHECK_UINT(a.extra_data.len + a.qualified_signer.len + a.pcr_digest.len, 0);
    }
}

/* Genuine attestations by the same key over the same nonce. */
static void r2_r67_other_attestations_are_refused_by_the_name_of_their_type(void)
{
    static const struct {
        const char *file;
        const char *says;
    } cases[] = {
        { "time.attest", "type is time (0x8019), want quote (0x8018)" },
        { "certify.attest", "type is certify (0x8017), want quote (0x8018)" },
        { "creation.attest", "type is creation (0x801a), want quote (0x8018)" },
        { "nv.attest", "type is nv (0x8014), want quote (0x8018)" },
    };

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct buffer in CLEANUP(buffer_clear) = fixture(cases[i].file);
        struct pcr_selection s;
        struct tpm_attest a;
        struct error err = { 0 };

        check_case = cases[i].file;
        CHECKF(tpm_attest_read(buffer_view(&in), &a, &err), "%s", err.text);
        CHECK(tpm_check_magic(&a, &err));
        CHECK_UINT(a.qualified_signer.len, 34);
        CHECK(a.clock.clock_ms > 0);
        CHECK(!tpm_check_type(&a, &err));
        CHECK_TEXT(bytes_of_text(err.text), cases[i].says);
        CHECK(!tpm_selection_read(&a.selection, &s, &err));
        CHECK(!tpm_check_pcr_digest(&a, (struct bytes){ 0 }, &err));
    }
    check_case = "";
}

/* A quote whose type was changed has a signature that no longer fits; its bytes are read all the
 * same, so that the type can be named. */
static void r2_a_quote_that_claims_another_type_is_refused(void)
{
    struct buffer q CLEANUP(buffer_clear) = fixture("p256.quote");
    struct tpm_attest a;
    struct error err = { 0 };

    memcpy(q.data + AT_TYPE, "\x12\x34", 2);
    CHECK(tpm_attest_read(buffer_view(&q), &a, &err));
    CHECK(!tpm_check_type(&a, &err));
    CHECK_TEXT(bytes_of_text(err.text), "type is unknown (0x1234), want quote (0x8018)");
}

static void r3_any_other_nonce_is_refused(void)
{
    static const char base64[] = "ABEiM0RVZneImaq7zN3u/wARIjNEVWZ3iJmqu8zd7v8=";
    struct buffer q CLEANUP(buffer_clear) = fixture("p256.quote");
    uint8_t other[33] = { 0 };
    struct tpm_attest a;
    struct error err = { 0 };

    memcpy(other, fixture_nonce, 32);
    other[31] ^= 1;
    if (!CHECK(tpm_attest_read(buffer_view(&q), &a, &err))) {
        return;
    }
    CHECK(tpm_check_nonce(&a, (struct bytes){ fixture_nonce, 32 }, &err));
    CHECK(!tpm_check_nonce(&a, (struct bytes){ other, 32 }, &err));             /* wrong */
    CHECK(!tpm_check_nonce(&a, (struct bytes){ fixture_nonce, 31 }, &err));     /* a prefix */
    CHECK(!tpm_check_nonce(&a, (struct bytes){ fixture_nonce + 1, 31 }, &err)); /* short */
    other[31] ^= 1;
    CHECK(!tpm_check_nonce(&a, (struct bytes){ other, 33 }, &err)); /* long */
    CHECK(!tpm_check_nonce(&a, (struct bytes){ 0 }, &err));         /* empty */
    CHECK(!tpm_check_nonce(&a, bytes_of_text(base64), &err));
    CHECKF(strstr(err.text, "extraData is 00112233") != NULL, "%s", err.text);
    a.extra_data = (struct bytes){ 0 };
    CHECK(!tpm_check_nonce(&a, (struct bytes){ 0 }, &err)); /* empty on both sides */
    CHECK(!tpm_check_nonce(&a, (struct bytes){ fixture_nonce, 32 }, &err));
}

static bool read_bits(uint16_t alg, const char *bits, size_t len, struct pcr_selection *out,
        struct error *err)
{
    struct tpm_selection s = { .count = 1 };

    s.bank[0].alg = alg;
    s.bank[0].bits = (struct bytes){ (const uint8_t *)bits, len };
    return tpm_selection_read(&s, out, err);
}

static void r6_selections_that_cannot_be_are_refused_by_name(void)
{
    static const struct {
        const char *name;
        size_t count;
        struct {
            uint16_t alg;
            const char *bits;
            size_t len;
        } bank[3];
        enum error_code want;
        const char *says;
    } cases[] = {
        { "a bank twice", 2, { { 0x0b, "\1\0\0", 3 }, { 0x0b, "\2\0\0", 3 } }, ERROR_MALFORMED,
                "sha256 is selected twice" },
        { "a bank twice, once empty", 3,
                { { 0x0b, "\1\0\0", 3 }, { 0x04, "\1\0\0", 3 }, { 0x0b, "\0\0\0", 3 } },
                ERROR_MALFORMED, "sha256 is selected twice" },
        { "SHA3-256", 1, { { 0x27, "\1\0\0", 3 } }, ERROR_UNSUPPORTED, "bank sha3_256 (0x0027)" },
        { "no algorithm", 1, { { 0x00, "\1\0\0", 3 } }, ERROR_UNSUPPORTED, "unknown (0x0000)" },
        { "PCR 24", 1, { { 0x0b, "\1\0\0\1", 4 } }, ERROR_MALFORMED, "PCR of 24 or more" },
        { "PCR 39", 1, { { 0x0b, "\1\0\0\0\x80", 5 } }, ERROR_MALFORMED, "PCR of 24 or more" },
        { "no bank", 0, { { 0 } }, ERROR_MALFORMED, "no PCR is selected" },
        { "R70 a bank without PCRs", 1, { { 0x0b, "\0\0\0", 3 } }, ERROR_MALFORMED,
                "no PCR is selected" },
        { "R70 a bank of no bytes", 1, { { 0x0b, "", 0 } }, ERROR_MALFORMED, "no PCR is selected" },
    };

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct tpm_selection in = { .count = cases[i].count };
        struct pcr_selection out;
        struct error err = { 0 };

        check_case = cases[i].name;
        for (size_t k = 0; k < in.count; k++) {
            in.bank[k].alg = cases[i].bank[k].alg;
            in.bank[k].bits =
                    (struct bytes){ (const uint8_t *)cases[i].bank[k].bits, cases[i].bank[k].len };
        }
        CHECK(!tpm_selection_read(&in, &out, &err));
        CHECK_UINT(err.code, cases[i].want);
        CHECKF(strstr(err.text, cases[i].says) != NULL, "%s", err.text);
    }
    check_case = "";
}

static void r6_only_the_bits_count_not_how_many_bytes_carry_them(void)
{
    struct pcr_selection three;
    struct pcr_selection two;
    struct pcr_selection nine;
    struct error err = { 0 };

    CHECK(read_bits(0x0b, "\x01\x04\0", 3, &three, &err));
    CHECK(read_bits(0x0b, "\x01\x04", 2, &two, &err));
    CHECK(read_bits(0x0b, "\x01\x04\0\0\0\0\0\0\0", 9, &nine, &err));
    CHECK(tpm_check_selection(&two, &three, &err));
    CHECK(tpm_check_selection(&nine, &three, &err));
}

/* R6, R8, R69: what the TPM signed is compared, never what the sender says it covers. */
static void r6_r8_r69_a_selection_that_is_not_the_request_is_refused(void)
{
    static const struct pcr_selection want = { 2,
        { { DIGEST_SHA256, 1u << 10 | 1 }, { DIGEST_SHA1, 1u << 10 } } };
    static const struct {
        const char *name;
        struct pcr_selection got;
    } cases[] = {
        { "another bank", { 2, { { DIGEST_SHA384, 1u << 10 | 1 }, { DIGEST_SHA1, 1u << 10 } } } },
        { "a bit less", { 2, { { DIGEST_SHA256, 1u << 10 }, { DIGEST_SHA1, 1u << 10 } } } },
        { "a bit more", { 2, { { DIGEST_SHA256, 1u << 10 | 3 }, { DIGEST_SHA1, 1u << 10 } } } },
        { "a bank less", { 1, { { DIGEST_SHA256, 1u << 10 | 1 } } } },
        { "a bank more",
                { 3,
                        { { DIGEST_SHA256, 1u << 10 | 1 }, { DIGEST_SHA1, 1u << 10 },
                                { DIGEST_SHA512, 1u << 10 } } } },
        { "another order", { 2, { { DIGEST_SHA1, 1u << 10 }, { DIGEST_SHA256, 1u << 10 | 1 } } } },
        { "R8 PCR 23 for 10",
                { 2, { { DIGEST_SHA256, 1u << 23 | 1 }, { DIGEST_SHA1, 1u << 23 } } } },
    };
    struct buffer q CLEANUP(buffer_clear) = fixture("resettable.quote");
    struct pcr_selection pcr10 = { 1, { { DIGEST_SHA256, 1u << 10 } } };
    struct pcr_selection got = { 0 };
    struct tpm_attest a;
    struct error err = { 0 };

    CHECK(tpm_check_selection(&want, &want, &err));
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        check_case = cases[i].name;
        CHECK(!tpm_check_selection(&cases[i].got, &want, &err));
    }
    check_case = "";
    CHECK(tpm_attest_read(buffer_view(&q), &a, &err) &&
            tpm_selection_read(&a.selection, &got, &err));
    CHECK(!tpm_check_selection(&got, &pcr10, &err));
    CHECK_TEXT(bytes_of_text(err.text), "the quote covers sha256:16,23, want sha256:10");
}

static void r9_r68_another_digest_is_refused(void)
{
    struct buffer q CLEANUP(buffer_clear) = fixture("p256.quote");
    uint8_t digest[32];
    struct tpm_attest a;
    struct error err = { 0 };

    if (!CHECK(tpm_attest_read(buffer_view(&q), &a, &err) && a.pcr_digest.len == 32)) {
        return;
    }
    memcpy(digest, a.pcr_digest.ptr, 32);
    CHECK(tpm_check_pcr_digest(&a, (struct bytes){ digest, 32 }, &err));
    digest[0] ^= 0x80;
    CHECK(!tpm_check_pcr_digest(&a, (struct bytes){ digest, 32 }, &err));
    CHECKF(strstr(err.text, "pcrDigest is ") != NULL, "%s", err.text);
    digest[0] ^= 0x80;
    a.pcr_digest.len = 31;
    CHECK(!tpm_check_pcr_digest(&a, (struct bytes){ digest, 32 }, &err));
    a.pcr_digest.len = 0;
    CHECK(!tpm_check_pcr_digest(&a, (struct bytes){ digest, 32 }, &err));
    CHECK(!tpm_check_pcr_digest(&a, (struct bytes){ digest, 0 }, &err));
}

static void every_prefix_is_refused_as_truncated(void)
{
    static const char *const files[] = { "p256.quote", "banks.quote" };

    for (size_t i = 0; i < ARRAY_LEN(files); i++) {
        struct buffer q CLEANUP(buffer_clear) = fixture(files[i]);

        for (size_t cut = 0; cut < q.len; cut++) {
            uint8_t *copy = malloc(cut + 1); /* on the heap, so that ASan guards its end */
            struct tpm_attest a;
            struct tpm_attest untouched;
            struct error err = { 0 };

            memset(&a, 0xa5, sizeof(a));
            memset(&untouched, 0xa5, sizeof(untouched));
            memcpy(copy, q.data, cut);
            CHECKF(!tpm_attest_read((struct bytes){ copy, cut }, &a, &err), "cut at %zu", cut);
            CHECKF(err.code == ERROR_TRUNCATED, "cut at %zu: %s", cut, err.text);
            CHECKF(memcmp(&a, &untouched, sizeof(a)) == 0, "cut at %zu", cut);
            free(copy);
        }
    }
}

static void a_flipped_bit_never_crashes(void)
{
    struct buffer q CLEANUP(buffer_clear) = fixture("banks.quote");

    for (size_t bit = 0; bit < q.len * 8; bit++) {
        struct pcr_selection s;
        struct tpm_attest a;
        struct error err = { 0 };

        q.data[bit / 8] ^= (uint8_t)(1u << bit % 8);
        if (tpm_attest_read(buffer_view(&q), &a, &err)) {
            (void)!tpm_selection_read(&a.selection, &s, &err);
            (void)!tpm_check_nonce(&a, (struct bytes){ fixture_nonce, 32 }, &err);
        }
        q.data[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
}

int main(void)
{
    static const struct test tests[] = {
        { "a quote is read field by field", a_quote_is_read_field_by_field },
        { "banks keep the order they were hashed in", banks_keep_the_order_they_were_hashed_in },
        { "R11 R68 a quote with a wrong value is refused", a_quote_with_a_wrong_value_is_refused },
        { "R11 bytes after the quote are refused", r11_bytes_after_the_quote_are_refused },
        { "R1 a wrong magic is a failed check and nothing after it is believed",
                r1_a_wrong_magic_is_a_failed_check_and_nothing_after_it_is_believed },
        { "R2 R67 other attestations are refused by the name of their type",
                r2_r67_other_attestations_are_refused_by_the_name_of_their_type },
        { "R2 a quote that claims another type is refused",
                r2_a_quote_that_claims_another_type_is_refused },
        { "R3 any other nonce is refused", r3_any_other_nonce_is_refused },
        { "R6 R70 selections that cannot be are refused by name",
                r6_selections_that_cannot_be_are_refused_by_name },
        { "R6 only the bits count, not how many bytes carry them",
                r6_only_the_bits_count_not_how_many_bytes_carry_them },
        { "R6 R8 R69 a selection that is not the request is refused",
                r6_r8_r69_a_selection_that_is_not_the_request_is_refused },
        { "R9 R68 another digest is refused", r9_r68_another_digest_is_refused },
        { "every prefix is refused as truncated", every_prefix_is_refused_as_truncated },
        { "a flipped bit never crashes", a_flipped_bit_never_crashes },
    };

    return run_tests("tpm_quote", tests, ARRAY_LEN(tests));
}
