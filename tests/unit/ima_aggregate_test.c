/* SPDX-License-Identifier: BSD-3-Clause */
#include <openssl/evp.h>

#include "ima/aggregate.h"
#include "tests/check.h"

/* Registers of this bank up to last; every byte of PCR n is n + 1. */
static struct pcr_values registers(enum digest_alg alg, unsigned int last)
{
    struct pcr_values v = { 0 };

    for (unsigned int pcr = 0; pcr <= last; pcr++) {
        uint8_t value[DIGEST_SIZE_MAX];

        memset(value, (int)pcr + 1, sizeof(value));
        pcr_values_set(&v, alg, pcr, value);
    }
    return v;
}

static void it_is_the_banks_hash_over_its_first_registers(void)
{
    static const struct {
        const char *name;
        enum digest_alg alg;
        unsigned int last;
    } cases[] = {
        { "SHA1", DIGEST_SHA1, IMA_AGGREGATE_LEGACY_LAST },
        { "SHA256", DIGEST_SHA256, IMA_AGGREGATE_LEGACY_LAST },
        { "SHA256", DIGEST_SHA256, IMA_AGGREGATE_LAST },
        { "SHA512", DIGEST_SHA512, IMA_AGGREGATE_LAST },
    };
    struct hasher h CLEANUP(hasher_clear) = { 0 };
    struct error err = { 0 };

    CHECK(hasher_init(&h, &err));
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        size_t size = digest_size(cases[i].alg);
        struct pcr_values v = registers(cases[i].alg, PCR_COUNT - 1);
        uint8_t all[(IMA_AGGREGATE_LAST + 1) * DIGEST_SIZE_MAX];
        uint8_t want[EVP_MAX_MD_SIZE];
        uint8_t got[DIGEST_SIZE_MAX];
        bool known = false;

        check_case = cases[i].name;
        for (unsigned int pcr = 0; pcr <= cases[i].last; pcr++) {
            memset(all + pcr * size, (int)pcr + 1, size);
        }
        CHECK(EVP_Q_digest(NULL, cases[i].name, NULL, all, (cases[i].last + 1) * size, want,
                      NULL) == 1);
        CHECK(ima_boot_aggregate(&h, &v, cases[i].alg, cases[i].last, got, &known, &err));
        CHECK(known && memcmp(got, want, size) == 0);
    }
    check_case = "";
}

static void it_is_not_known_when_a_register_is_missing(void)
{
    struct hasher h CLEANUP(hasher_clear) = { 0 };
    struct error err = { 0 };
    uint8_t got[DIGEST_SIZE_MAX];
    bool known = true;

    CHECK(hasher_init(&h, &err));
    for (unsigned int missing = 0; missing <= IMA_AGGREGATE_LAST; missing++) {
        struct pcr_values v = registers(DIGEST_SHA256, IMA_AGGREGATE_LAST);

        v.known[DIGEST_SHA256] &= ~(1u << missing);
        CHECK(ima_boot_aggregate(&h, &v, DIGEST_SHA256, IMA_AGGREGATE_LAST, got, &known, &err));
        CHECKF(!known, "PCR %u", missing);
    }
    struct pcr_values other = registers(DIGEST_SHA1, IMA_AGGREGATE_LAST);

    CHECK(ima_boot_aggregate(&h, &other, DIGEST_SHA256, IMA_AGGREGATE_LAST, got, &known, &err));
    CHECK(!known);
}

int main(void)
{
    static const struct test tests[] = {
        { "it is the bank's hash over its first registers",
                it_is_the_banks_hash_over_its_first_registers },
        { "it is not known when a register is missing",
                it_is_not_known_when_a_register_is_missing },
    };

    return run_tests("ima_aggregate", tests, ARRAY_LEN(tests));
}
