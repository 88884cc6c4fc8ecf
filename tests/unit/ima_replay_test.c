/* SPDX-License-Identifier: BSD-3-Clause */
#include "ima/replay.h"
#include "tests/check.h"
#include "tests/unit/ima_made.h"

#define SHA_BANKS \
    (1u << DIGEST_SHA1 | 1u << DIGEST_SHA256 | 1u << DIGEST_SHA384 | 1u << DIGEST_SHA512)

static struct hasher h;

/* The whole list into r; *last is what the last record was. */
static void replay_all(struct ima_replay *r, struct bytes list, struct ima_measured *last)
{
    struct reader in = reader_init(list);
    struct error err = { 0 };
    struct ima_entry e;

    while (!reader_done(&in)) {
        if (!CHECKF(ima_entry_read(&in, r->format, &e, &err), "%s", err.text) ||
                !CHECKF(ima_replay_add(r, &h, &e, last, &err), "%s", err.text)) {
            return;
        }
    }
}

static struct ima_replay replay(struct bytes list, struct ima_digest_format format)
{
    struct ima_replay r;
    struct ima_measured last;

    ima_replay_init(&r, format, SHA_BANKS, true);
    replay_all(&r, list, &last);
    return r;
}

static bool has(const struct ima_replay *r, enum digest_alg alg, enum ima_rule rule,
        unsigned int pcr, struct bytes want)
{
    return bytes_equal(ima_replay_value(r, alg, rule, pcr), want);
}

/* Not memcmp() of the whole: padding. */
static bool same(const struct ima_replay *a, const struct ima_replay *b)
{
    return a->entries == b->entries && a->violations == b->violations &&
            a->wrong_digests == b->wrong_digests && a->pcrs == b->pcrs &&
            memcmp(a->value, b->value, sizeof(a->value)) == 0;
}

/* H(old || digest), with libcrypto directly. */
static void extend(enum digest_alg alg, uint8_t *value, const uint8_t *digest)
{
    uint8_t both[2 * DIGEST_SIZE_MAX];
    size_t size = digest_size(alg);

    memcpy(both, value, size);
    memcpy(both + size, digest, size);
    CHECK(EVP_Q_digest(NULL, digest_name(alg), NULL, both, 2 * size, value, NULL) == 1);
}

static void digest_of(enum digest_alg alg, struct bytes data, uint8_t *out)
{
    CHECK(EVP_Q_digest(NULL, digest_name(alg), NULL, data.ptr, data.len, out, NULL) == 1);
}

/* Machines of ours: the values the TPM had just after the list was read. */
static void real_lists_give_the_values_of_their_tpm(void)
{
    static const struct {
        const char *list;
        const char *pcrs;
        struct ima_digest_format format;
        enum ima_rule sha384; /* and sha512: Debian 6.1 cannot load them at boot */
    } cases[] = {
        { "ima-sig", "ima-sig.pcrs", { DIGEST_SHA1, 20 }, IMA_RULE_PER_BANK },
        { "ima-sig_sha256", "ima-sig.pcrs", { DIGEST_SHA256, 32 }, IMA_RULE_PER_BANK },
        { "ima-sig_sha384", "ima-sig.pcrs", { DIGEST_SHA384, 48 }, IMA_RULE_PER_BANK },
        { "ima-sig_sha512", "ima-sig.pcrs", { DIGEST_SHA512, 64 }, IMA_RULE_PER_BANK },
        { "ima-violations", "ima-violations.pcrs", { DIGEST_SHA1, 20 }, IMA_RULE_PADDED },
        { "ima-legacy", "ima-legacy.pcrs", { DIGEST_SHA1, 20 }, IMA_RULE_PADDED },
        { "ima-mixed", "ima-mixed.pcrs", { DIGEST_SHA1, 20 }, IMA_RULE_PADDED },
        { "evm-sig", "evm-sig.pcrs", { DIGEST_SHA1, 20 }, IMA_RULE_PADDED },
    };

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct buffer list CLEANUP(buffer_clear) = fixture(cases[i].list);
        struct pcr_values want = fixture_pcrs(cases[i].pcrs);
        struct ima_replay r = replay(buffer_view(&list), cases[i].format);

        check_case = cases[i].list;
        CHECK_UINT(r.wrong_digests, 0);
        for (int alg = 0; alg <= DIGEST_SHA512; alg++) {
            enum ima_rule rule = alg >= DIGEST_SHA384 ? cases[i].sha384 : IMA_RULE_PER_BANK;
            enum ima_rule other = rule == IMA_RULE_PER_BANK ? IMA_RULE_PADDED : IMA_RULE_PER_BANK;
            struct bytes value;

            for (unsigned int pcr = 10; pcr <= 11; pcr++) {
                CHECK(pcr_values_get(&want, (enum digest_alg)alg, pcr, &value));
                CHECKF(has(&r, (enum digest_alg)alg, rule, pcr, value), "%s %u",
                        digest_name((enum digest_alg)alg), pcr);
            }
            CHECK(pcr_values_get(&want, (enum digest_alg)alg, 10, &value));
            CHECK(alg == DIGEST_SHA1 || !has(&r, (enum digest_alg)alg, other, 10, value));
        }
    }
    check_case = "";
}

static void each_rule_extends_what_its_kernels_do(void)
{
    struct made m = { 0 };
    uint8_t per_bank[DIGEST_SIZE_MAX] = { 0 };
    uint8_t padded[DIGEST_SIZE_MAX] = { 0 };
    uint8_t padded20[DIGEST_SIZE_MAX] = { 0 };
    uint8_t digest[DIGEST_SIZE_MAX] = { 0 };
    uint8_t sha1[DIGEST_SIZE_MAX] = { 0 };
    struct bytes data;

    made_file(&m, MADE_SHA1, 10, "/a");
    made_violation(&m, MADE_SHA1, 10, "/b");
    struct ima_replay r = replay(made_bytes(&m), MADE_SHA1);

    data = (struct bytes){ m.data + 38, m.at[1] - 38 };
    digest_of(DIGEST_SHA256, data, digest);
    digest_of(DIGEST_SHA1, data, sha1);
    extend(DIGEST_SHA256, per_bank, digest);
    extend(DIGEST_SHA256, padded, sha1);
    extend(DIGEST_SHA256, padded20, sha1);
    memset(digest, 0xff, sizeof(digest));
    extend(DIGEST_SHA256, per_bank, digest);
    extend(DIGEST_SHA256, padded, digest);
    memset(digest + 20, 0, sizeof(digest) - 20);
    extend(DIGEST_SHA256, padded20, digest);
    CHECK(has(&r, DIGEST_SHA256, IMA_RULE_PER_BANK, 10, (struct bytes){ per_bank, 32 }));
    CHECK(has(&r, DIGEST_SHA256, IMA_RULE_PADDED, 10, (struct bytes){ padded, 32 }));
    CHECK(has(&r, DIGEST_SHA256, IMA_RULE_PADDED_20, 10, (struct bytes){ padded20, 32 }));
    CHECK_UINT(r.entries, 2);
    CHECK_UINT(r.violations, 1);
}

static void rules_that_cannot_differ_are_not_tried(void)
{
    struct made m = { 0 };
    struct ima_replay r;

    made_file(&m, MADE_SHA1, 10, "/a");
    r = replay(made_bytes(&m), MADE_SHA1);
    CHECK_UINT(ima_replay_rules(&r, DIGEST_SHA1), 1);
    CHECK_UINT(ima_replay_rules(&r, DIGEST_SHA256), 2);
    made_violation(&m, MADE_SHA1, 10, "/b");
    r = replay(made_bytes(&m), MADE_SHA1);
    CHECK_UINT(ima_replay_rules(&r, DIGEST_SHA1), 1);
    CHECK_UINT(ima_replay_rules(&r, DIGEST_SHA256), 3);
    ima_replay_init(&r, MADE_SHA1, SHA_BANKS, false);
    CHECK_UINT(ima_replay_rules(&r, DIGEST_SHA256), 1);
}

static void the_padded_rules_are_followed_only_when_asked_for(void)
{
    struct made m = { 0 };
    struct ima_replay r;
    struct ima_measured last;
    static const uint8_t zeros[DIGEST_SIZE_MAX];

    made_file(&m, MADE_SHA1, 10, "/a");
    made_violation(&m, MADE_SHA1, 10, "/b");
    ima_replay_init(&r, MADE_SHA1, 1u << DIGEST_SHA256, false);
    replay_all(&r, made_bytes(&m), &last);
    CHECK(has(&r, DIGEST_SHA256, IMA_RULE_PADDED, 10, (struct bytes){ zeros, 32 }));
    CHECK(!has(&r, DIGEST_SHA256, IMA_RULE_PER_BANK, 10, (struct bytes){ zeros, 32 }));
    CHECK(has(&r, DIGEST_SHA384, IMA_RULE_PER_BANK, 10, (struct bytes){ zeros, 48 }));
}

static void registers_are_independent_and_start_at_their_reset_value(void)
{
    struct made both = { 0 };
    struct made ten = { 0 };
    struct made eleven = { 0 };
    uint8_t reset[DIGEST_SIZE_MAX];

    made_file(&both, MADE_SHA1, 10, "/a");
    made_file(&both, MADE_SHA1, 11, "/b");
    made_file(&both, MADE_SHA1, 10, "/c");
    made_file(&both, MADE_SHA1, 17, "/d");
    made_file(&ten, MADE_SHA1, 10, "/a");
    made_file(&ten, MADE_SHA1, 10, "/c");
    made_file(&eleven, MADE_SHA1, 11, "/b");
    struct ima_replay all = replay(made_bytes(&both), MADE_SHA1);
    struct ima_replay a = replay(made_bytes(&ten), MADE_SHA1);
    struct ima_replay b = replay(made_bytes(&eleven), MADE_SHA1);

    CHECK_UINT(all.pcrs, 1u << 10 | 1u << 11 | 1u << 17);
    CHECK(has(&all, DIGEST_SHA256, IMA_RULE_PER_BANK, 10,
            ima_replay_value(&a, DIGEST_SHA256, IMA_RULE_PER_BANK, 10)));
    CHECK(has(&all, DIGEST_SHA256, IMA_RULE_PER_BANK, 11,
            ima_replay_value(&b, DIGEST_SHA256, IMA_RULE_PER_BANK, 11)));
    for (unsigned int pcr = 0; pcr < PCR_COUNT; pcr++) {
        pcr_reset_value(pcr, 32, reset);
        CHECKF(has(&b, DIGEST_SHA256, IMA_RULE_PER_BANK, pcr, (struct bytes){ reset, 32 }) ==
                        (pcr != 11),
                "%u", pcr);
    }
}

static void template_digests_of_every_width_are_checked(void)
{
    static const struct {
        const char *name;
        struct ima_digest_format made;
        struct ima_digest_format read;
        bool ok;
    } cases[] = {
        { "sha1", { DIGEST_SHA1, 20 }, { DIGEST_SHA1, 20 }, true },
        { "sha256", { DIGEST_SHA256, 32 }, { DIGEST_SHA256, 32 }, true },
        { "sha384", { DIGEST_SHA384, 48 }, { DIGEST_SHA384, 48 }, true },
        { "sha512", { DIGEST_SHA512, 64 }, { DIGEST_SHA512, 64 }, true },
        { "sha256 in a wider field", { DIGEST_SHA256, 48 }, { DIGEST_SHA256, 48 }, true },
        { "padded sha1 in a sha256 list", { DIGEST_SHA1, 32 }, { DIGEST_SHA256, 32 }, true },
        { "padded sha1 in a sha512 list", { DIGEST_SHA1, 64 }, { DIGEST_SHA512, 64 }, true },
        { "sha256 in a sha512 list", { DIGEST_SHA256, 64 }, { DIGEST_SHA512, 64 }, false },
    };

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        uint8_t legacy[24 + 4] = { 1, [20] = 4, [24] = 'n', 'a', 'm', 'e' };
        struct made m = { 0 };

        check_case = cases[i].name;
        made_file(&m, cases[i].made, 10, "/a");
        made_record(&m, cases[i].made, 10, "ima", (struct bytes){ legacy, sizeof(legacy) });
        made_violation(&m, cases[i].made, 10, "/b");
        struct ima_replay r = replay(made_bytes(&m), cases[i].read);

        CHECK_UINT(r.wrong_digests, cases[i].ok ? 0 : 2);
        CHECK_UINT(r.violations, 1);
        /* What is extended is computed from the data, whatever is logged. */
        struct made plain = { 0 };

        made_file(&plain, MADE_SHA1, 10, "/a");
        made_record(&plain, MADE_SHA1, 10, "ima", (struct bytes){ legacy, sizeof(legacy) });
        made_violation(&plain, MADE_SHA1, 10, "/b");
        struct ima_replay want = replay(made_bytes(&plain), MADE_SHA1);

        CHECK(has(&r, DIGEST_SHA256, IMA_RULE_PER_BANK, 10,
                ima_replay_value(&want, DIGEST_SHA256, IMA_RULE_PER_BANK, 10)));
    }
    check_case = "";
}

/* R25: each bit of a logged digest counts, and of the zeros behind it. */
static void a_wrong_template_digest_is_counted(void)
{
    static const struct ima_digest_format formats[] = {
        { DIGEST_SHA1, 20 },
        { DIGEST_SHA256, 32 },
        { DIGEST_SHA1, 32 },
    };

    for (size_t i = 0; i < ARRAY_LEN(formats); i++) {
        for (size_t bit = 0; bit < 8 * formats[i].size; bit++) {
            struct made m = { 0 };
            struct ima_measured last;
            struct ima_replay r;

            made_file(&m, formats[i], 10, "/a");
            m.data[4 + bit / 8] ^= (uint8_t)(1u << bit % 8);
            ima_replay_init(&r, formats[i], 1u << DIGEST_SHA1, false);
            replay_all(&r, made_bytes(&m), &last);
            CHECKF(!last.digest_ok && !last.violation && r.wrong_digests == 1, "bit %zu", bit);
        }
    }
}

/* R29, R85: a violation extends ones; what its record says changes no register. */
static void the_bytes_of_a_violation_change_nothing(void)
{
    struct made a = { 0 };
    struct made b = { 0 };

    made_violation(&a, MADE_SHA1, 10, "/etc/shadow");
    made_violation(&b, MADE_SHA1, 10, "/tmp/other");
    struct ima_replay ra = replay(made_bytes(&a), MADE_SHA1);
    struct ima_replay rb = replay(made_bytes(&b), MADE_SHA1);

    CHECK(same(&ra, &rb));
}

/* A record whose digest was blanked is extended as ones, which is not what the kernel extended. */
static void a_blanked_digest_is_not_skipped(void)
{
    struct made m = { 0 };
    struct ima_replay good;
    struct ima_replay blanked;

    made_file(&m, MADE_SHA1, 10, "/a");
    good = replay(made_bytes(&m), MADE_SHA1);
    memset(m.data + 4, 0, 20);
    blanked = replay(made_bytes(&m), MADE_SHA1);
    CHECK_UINT(blanked.violations, 1);
    for (int rule = 0; rule < IMA_RULE_COUNT; rule++) {
        CHECK(!has(&good, DIGEST_SHA256, (enum ima_rule)rule, 10,
                ima_replay_value(&blanked, DIGEST_SHA256, (enum ima_rule)rule, 10)));
    }
}

static void what_a_record_measured_is_told(void)
{
    struct made m = { 0 };
    struct ima_measured last;
    struct ima_replay r;
    uint8_t want[DIGEST_SIZE_MAX];

    made_file(&m, MADE_SHA1, 10, "/a");
    ima_replay_init(&r, MADE_SHA1, 1u << DIGEST_SHA256, false);
    replay_all(&r, made_bytes(&m), &last);
    CHECK(last.digest_ok && !last.violation);
    CHECK_UINT(last.computed, 1u << DIGEST_SHA256 | 1u << DIGEST_SHA1);
    digest_of(DIGEST_SHA256, (struct bytes){ m.data + 38, m.len - 38 }, want);
    CHECK(memcmp(last.digest[DIGEST_SHA256], want, 32) == 0);
    made_violation(&m, MADE_SHA1, 10, "/b");
    replay_all(&r, (struct bytes){ m.data + m.at[1], m.len - m.at[1] }, &last);
    CHECK(last.violation && last.digest_ok);
    CHECK_UINT(last.computed, 0);
}

/* Halves replayed one after the other, from a copy or from saved values, end where the whole does.
 */
static void replay_goes_on_from_a_copy_or_from_values(void)
{
    struct made m = { 0 };
    struct ima_measured last;

    made_file(&m, MADE_SHA1, 10, "/a");
    made_violation(&m, MADE_SHA1, 10, "/b");
    made_file(&m, MADE_SHA1, 11, "/c");
    made_file(&m, MADE_SHA1, 10, "/d");
    struct ima_replay whole = replay(made_bytes(&m), MADE_SHA1);

    for (size_t at = 0; at <= m.count; at++) {
        struct bytes rest = { m.data + m.at[at], m.len - m.at[at] };
        struct ima_replay half = replay((struct bytes){ m.data, m.at[at] }, MADE_SHA1);
        struct ima_replay copy = half;
        struct pcr_values saved = { 0 };
        struct ima_replay started;

        replay_all(&copy, rest, &last);
        CHECKF(same(&copy, &whole), "from record %zu", at);
        for (unsigned int pcr = 0; pcr < PCR_COUNT; pcr++) {
            pcr_values_set(&saved, DIGEST_SHA256, pcr,
                    ima_replay_value(&half, DIGEST_SHA256, IMA_RULE_PER_BANK, pcr).ptr);
        }
        ima_replay_init(&started, MADE_SHA1, 1u << DIGEST_SHA256, false);
        ima_replay_start(&started, &saved);
        replay_all(&started, rest, &last);
        for (unsigned int pcr = 0; pcr < PCR_COUNT; pcr++) {
            CHECKF(has(&started, DIGEST_SHA256, IMA_RULE_PER_BANK, pcr,
                           ima_replay_value(&whole, DIGEST_SHA256, IMA_RULE_PER_BANK, pcr)),
                    "PCR %u from record %zu", pcr, at);
        }
    }
}

static void a_start_value_is_the_same_for_every_rule(void)
{
    struct pcr_values from = { 0 };
    uint8_t value[DIGEST_SIZE_MAX];
    static const uint8_t zeros[DIGEST_SIZE_MAX];
    struct ima_replay r;

    memset(value, 0x31, sizeof(value));
    pcr_values_set(&from, DIGEST_SHA256, 10, value);
    ima_replay_init(&r, MADE_SHA1, SHA_BANKS, true);
    ima_replay_start(&r, &from);
    for (int rule = 0; rule < IMA_RULE_COUNT; rule++) {
        CHECK(has(&r, DIGEST_SHA256, (enum ima_rule)rule, 10, (struct bytes){ value, 32 }));
        CHECK(has(&r, DIGEST_SHA256, (enum ima_rule)rule, 11, (struct bytes){ zeros, 32 }));
        CHECK(has(&r, DIGEST_SHA1, (enum ima_rule)rule, 10, (struct bytes){ zeros, 20 }));
    }
}

/* Never a value that was not computed: a hash that is not there is an error. */
static void a_hash_that_cannot_be_computed_is_an_error(void)
{
    static const struct {
        const char *name;
        bool violation;
        struct ima_digest_format format;
        uint32_t banks;
    } cases[] = {
        { "of the list", false, { DIGEST_SHA1, 20 }, 0 },
        { "of a padded list", false, { DIGEST_SHA256, 32 }, 0 },
        { "of a bank", false, { DIGEST_SHA1, 20 }, 1u << DIGEST_SHA256 },
        { "of a violation", true, { DIGEST_SHA1, 20 }, 1u << DIGEST_SHA256 },
    };

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct hasher none = { 0 };
        struct made m = { 0 };
        struct ima_measured out;
        struct ima_replay r;
        struct ima_entry e;
        struct error err = { 0 };

        check_case = cases[i].name;
        if (cases[i].violation) {
            made_violation(&m, cases[i].format, 10, "/a");
        } else {
            made_file(&m, cases[i].format, 10, "/a");
        }
        struct reader in = reader_init(made_bytes(&m));

        ima_replay_init(&r, cases[i].format, cases[i].banks, true);
        CHECK(ima_entry_read(&in, cases[i].format, &e, &err));
        CHECK(!ima_replay_add(&r, &none, &e, &out, &err));
        CHECK_UINT(err.code, ERROR_CRYPTO);
        CHECK_UINT(r.entries, 0);
    }
    check_case = "";
}

static void rules_are_named_as_in_the_report(void)
{
    CHECK_TEXT(bytes_of_text(ima_rule_name(IMA_RULE_PER_BANK)), "per-bank");
    CHECK_TEXT(bytes_of_text(ima_rule_name(IMA_RULE_PADDED)), "padded-sha1");
    CHECK_TEXT(bytes_of_text(ima_rule_name(IMA_RULE_PADDED_20)), "padded-sha1");
}

int main(void)
{
    static const struct test tests[] = {
        { "real lists give the values of their TPM", real_lists_give_the_values_of_their_tpm },
        { "each rule extends what its kernels do", each_rule_extends_what_its_kernels_do },
        { "rules that cannot differ are not tried", rules_that_cannot_differ_are_not_tried },
        { "the padded rules are followed only when asked for",
                the_padded_rules_are_followed_only_when_asked_for },
        { "registers are independent and start at their reset value",
                registers_are_independent_and_start_at_their_reset_value },
        { "template digests of every width are checked",
                template_digests_of_every_width_are_checked },
        { "R25: a wrong template digest is counted", a_wrong_template_digest_is_counted },
        { "R29, R85: the bytes of a violation change nothing",
                the_bytes_of_a_violation_change_nothing },
        { "a blanked digest is not skipped", a_blanked_digest_is_not_skipped },
        { "what a record measured is told", what_a_record_measured_is_told },
        { "replay goes on from a copy or from values", replay_goes_on_from_a_copy_or_from_values },
        { "a start value is the same for every rule", a_start_value_is_the_same_for_every_rule },
        { "a hash that cannot be computed is an error",
                a_hash_that_cannot_be_computed_is_an_error },
        { "rules are named as in the report", rules_are_named_as_in_the_report },
    };
    struct error err = { 0 };

    if (!hasher_init(&h, &err)) {
        return 1;
    }
    int status = run_tests("ima replay", tests, ARRAY_LEN(tests));

    hasher_clear(&h);
    return status;
}
