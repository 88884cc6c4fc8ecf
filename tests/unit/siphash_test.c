/* SPDX-License-Identifier: BSD-3-Clause */
#include "tests/check.h"
#include "verifier/siphash.h"

/* Key 00 01 .. 0f, input 00 01 .. of each length; values of an independent implementation that was
 * checked with the vectors of the paper for SipHash-2-4. */
static void hashes_as_others_do(void)
{
    static const struct {
        size_t len;
        uint64_t want;
    } cases[] = {
        { 0, 0xabac0158050fc4dc },
        { 1, 0xc9f49bf37d57ca93 },
        { 7, 0xd3927d989bb11140 },
        { 8, 0x369095118d299a8e },
        { 15, 0xd320d86d2a519956 },
        { 63, 0x9d199062b7bbb3a8 },
    };
    static const uint64_t key[2] = { 0x0706050403020100, 0x0f0e0d0c0b0a0908 };
    uint8_t in[64];

    for (size_t i = 0; i < sizeof(in); i++) {
        in[i] = (uint8_t)i;
    }
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        CHECK_UINT(siphash13(key, (struct bytes){ in, cases[i].len }), cases[i].want);
    }
}

int main(void)
{
    static const struct test tests[] = { { "hashes as others do", hashes_as_others_do } };

    return run_tests("siphash", tests, ARRAY_LEN(tests));
}
