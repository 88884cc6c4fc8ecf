/* SPDX-License-Identifier: BSD-3-Clause */
#include "common/pcr.h"
#include "tests/check.h"

static struct hasher h;

static void registers_start_at_their_reset_value(void)
{
    for (unsigned int i = 0; i < PCR_COUNT; i++) {
        uint8_t value[33];

        memset(value, 0xa5, sizeof(value));
        pcr_reset_value(i, 32, value);
        CHECK_UINT(value[0], i >= 17 && i <= 22 ? 0xff : 0);
        CHECK_UINT(value[31], i >= 17 && i <= 22 ? 0xff : 0);
        CHECK_UINT(value[32], 0xa5);
    }
}

/* H(zeros || H(00000000)): PCR 3 and 6 of nearly every machine. */
static void a_separator_alone_gives_the_well_known_value(void)
{
    uint8_t value[DIGEST_SIZE_MAX] = { 0 };
    uint8_t digest[DIGEST_SIZE_MAX];
    char hex[2 * DIGEST_SIZE_MAX + 1];
    struct error err = { 0 };

    CHECK(hasher_digest(&h, DIGEST_SHA256, (struct bytes){ (const uint8_t *)"\0\0\0", 4 }, digest,
            &err));
    CHECK(pcr_extend(&h, DIGEST_SHA256, value, (struct bytes){ digest, 32 }, &err));
    CHECK_TEXT(bytes_of_text(bytes_hex(hex, sizeof(hex), (struct bytes){ value, 32 })),
            "3d458cfe55cc03ea1f443f1562beec8df51c75e14a9fcf9a7234a13f198e7969");
}

static void a_composite_needs_every_selected_value(void)
{
    struct pcr_selection s = { 2, { { DIGEST_SHA256, 1u << 3 | 1u << 1 }, { DIGEST_SHA1, 1 } } };
    struct pcr_values v = { 0 };
    uint8_t value[DIGEST_SIZE_MAX];
    uint8_t got[DIGEST_SIZE_MAX];
    uint8_t want[DIGEST_SIZE_MAX];
    uint8_t all[32 + 32 + 20];
    struct error err = { 0 };

    memset(value, 0xaa, sizeof(value));
    pcr_values_set(&v, DIGEST_SHA256, 1, value);
    memset(value, 0xbb, sizeof(value));
    pcr_values_set(&v, DIGEST_SHA256, 3, value);
    CHECK(!pcr_composite(&h, DIGEST_SHA256, &s, &v, got, &err));
    CHECK_UINT(err.code, ERROR_MALFORMED);
    memset(value, 0xcc, sizeof(value));
    pcr_values_set(&v, DIGEST_SHA1, 0, value);
    CHECKF(pcr_composite(&h, DIGEST_SHA256, &s, &v, got, &err), "%s", err.text);

    /* Ascending within a bank, banks in the order of the selection. */
    memset(all, 0xaa, 32);
    memset(all + 32, 0xbb, 32);
    memset(all + 64, 0xcc, 20);
    CHECK(hasher_digest(&h, DIGEST_SHA256, (struct bytes){ all, sizeof(all) }, want, &err));
    CHECK(memcmp(got, want, 32) == 0);
}

static void a_selection_covers_what_it_contains(void)
{
    struct pcr_selection have = { 1, { { DIGEST_SHA256, 0x4ff } } };
    struct pcr_selection less = { 1, { { DIGEST_SHA256, 0x4f0 } } };
    struct pcr_selection more = { 1, { { DIGEST_SHA256, 0x800 } } };
    struct pcr_selection other = { 1, { { DIGEST_SHA1, 0x001 } } };

    CHECK(pcr_selection_covers(&have, &have));
    CHECK(pcr_selection_covers(&have, &less));
    CHECK(!pcr_selection_covers(&have, &more));
    CHECK(!pcr_selection_covers(&have, &other));
    CHECK_UINT(pcr_selection_mask(&have, DIGEST_SHA1), 0);
}

static void a_selection_is_printed_as_ranges(void)
{
    struct pcr_selection s = { 2, { { DIGEST_SHA256, 0x0043ff }, { DIGEST_SHA1, 0xc00400 } } };
    char text[64];
    char little[8];

    CHECK_TEXT(bytes_of_text(pcr_selection_print(text, sizeof(text), &s)),
            "sha256:0-9,14+sha1:10,22,23");
    CHECK_TEXT(bytes_of_text(pcr_selection_print(little, sizeof(little), &s)), "sha256:");
    s.count = 0;
    CHECK_TEXT(bytes_of_text(pcr_selection_print(text, sizeof(text), &s)), "");
}

int main(void)
{
    static const struct test tests[] = {
        { "registers start at their reset value", registers_start_at_their_reset_value },
        { "a separator alone gives the well-known value",
                a_separator_alone_gives_the_well_known_value },
        { "a composite needs every selected value", a_composite_needs_every_selected_value },
        { "a selection covers what it contains", a_selection_covers_what_it_contains },
        { "a selection is printed as ranges", a_selection_is_printed_as_ranges },
    };
    struct error err = { 0 };

    if (!hasher_init(&h, &err)) {
        return 1;
    }
    int status = run_tests("pcr", tests, ARRAY_LEN(tests));

    hasher_clear(&h);
    return status;
}
