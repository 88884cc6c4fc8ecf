/* SPDX-License-Identifier: BSD-3-Clause */
#include "common/digest.h"
#include "tests/check.h"

static void digests_of_abc_are_those_of_the_standards(void)
{
    static const struct {
        enum digest_alg alg;
        const char *want; /* FIPS 180-4 examples; SM3: GB/T 32905 */
    } cases[] = {
        { DIGEST_SHA1, "a9993e364706816aba3e25717850c26c9cd0d89d" },
        { DIGEST_SHA256, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad" },
        { DIGEST_SHA384,
                "cb00753f45a35e8bb5a03d699ac65007272c32ab0eded1631a8b605a43ff5bed"
                "8086072ba1e7cc2358baeca134c825a7" },
        { DIGEST_SHA512,
                "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a"
                "2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f" },
        { DIGEST_SM3_256, "66c7f0f462eeedd9d1f2d46bdc10e4e24167c4875cf2f7a2297da02b8f4ba8e0" },
    };
    struct hasher h CLEANUP(hasher_clear) = { 0 };
    struct error err = { 0 };

    CHECKF(hasher_init(&h, &err), "%s", err.text);
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        uint8_t out[DIGEST_SIZE_MAX] = { 0 };
        char hex[2 * DIGEST_SIZE_MAX + 1];
        struct bytes view = { out, digest_size(cases[i].alg) };

        check_case = digest_name(cases[i].alg);
        if (!hasher_has(&h, cases[i].alg)) {
            CHECK(cases[i].alg == DIGEST_SM3_256);
            continue;
        }
        for (int again = 0; again < 2; again++) { /* the context is reused */
            CHECK(hasher_digest(&h, cases[i].alg, bytes_of_text("abc"), out, &err));
            CHECK_TEXT(bytes_of_text(bytes_hex(hex, sizeof(hex), view)), cases[i].want);
        }
        CHECK(hasher_digest2(&h, cases[i].alg, bytes_of_text("a"), bytes_of_text("bc"), out, &err));
        CHECK_TEXT(bytes_of_text(bytes_hex(hex, sizeof(hex), view)), cases[i].want);
    }
    check_case = "";
}

static void names_and_identifiers_go_both_ways(void)
{
    enum digest_alg got = DIGEST_SHA512;

    for (int i = 0; i < DIGEST_ALG_COUNT; i++) {
        enum digest_alg alg = (enum digest_alg)i;

        CHECK(digest_from_tpm_id(digest_tpm_id(alg), &got) && got == alg);
        CHECK(digest_from_name(bytes_of_text(digest_name(alg)), &got) && got == alg);
        CHECK(digest_size(alg) <= DIGEST_SIZE_MAX);
        CHECK(strlen(digest_name(alg)) < DIGEST_NAME_MAX);
    }
    CHECK(digest_from_name(bytes_of_text("sm3"), &got) && got == DIGEST_SM3_256);
    got = DIGEST_SHA512;
    CHECK(!digest_from_tpm_id(0x0010, &got));
    CHECK(!digest_from_name(bytes_of_text("SHA256"), &got));
    CHECK(!digest_from_name(bytes_of_text(""), &got));
    CHECK(got == DIGEST_SHA512);
}

static void input_may_come_in_pieces_and_output_may_overlap_it(void)
{
    struct hasher h CLEANUP(hasher_clear) = { 0 };
    struct error err = { 0 };
    uint8_t want[DIGEST_SIZE_MAX];
    uint8_t got[DIGEST_SIZE_MAX];

    CHECKF(hasher_init(&h, &err), "%s", err.text);
    CHECK(hasher_digest(&h, DIGEST_SHA256, bytes_of_text("abc"), want, &err));
    CHECK(hasher_begin(&h, DIGEST_SHA256, &err));
    CHECK(hasher_update(&h, DIGEST_SHA256, bytes_of_text("thrown away"), &err));
    CHECK(hasher_begin(&h, DIGEST_SHA256, &err));
    CHECK(hasher_update(&h, DIGEST_SHA256, bytes_of_text("ab"), &err));
    CHECK(hasher_update(&h, DIGEST_SHA256, (struct bytes){ 0 }, &err));
    CHECK(hasher_update(&h, DIGEST_SHA256, bytes_of_text("c"), &err));
    CHECK(hasher_finish(&h, DIGEST_SHA256, got, &err));
    CHECK(memcmp(got, want, 32) == 0);
    memcpy(got, "abc", 3);
    CHECK(hasher_digest(&h, DIGEST_SHA256, (struct bytes){ got, 3 }, got, &err));
    CHECK(memcmp(got, want, 32) == 0);
}

static void an_empty_hasher_computes_nothing(void)
{
    struct hasher none = { 0 };
    struct error err = { 0 };
    uint8_t out[DIGEST_SIZE_MAX];

    for (int alg = 0; alg < DIGEST_ALG_COUNT; alg++) {
        CHECK(!hasher_has(&none, (enum digest_alg)alg));
        CHECK(!hasher_digest(&none, (enum digest_alg)alg, bytes_of_text("a"), out, &err));
        CHECK_UINT(err.code, ERROR_CRYPTO);
    }
    hasher_clear(&none);
}

int main(void)
{
    static const struct test tests[] = {
        { "digests of abc are those of the standards", digests_of_abc_are_those_of_the_standards },
        { "names and identifiers go both ways", names_and_identifiers_go_both_ways },
        { "input may come in pieces and output may overlap it",
                input_may_come_in_pieces_and_output_may_overlap_it },
        { "an empty hasher computes nothing", an_empty_hasher_computes_nothing },
    };

    return run_tests("digest", tests, ARRAY_LEN(tests));
}
