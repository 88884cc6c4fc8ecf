/* SPDX-License-Identifier: BSD-3-Clause */
#include "eventlog/replay.h"
#include "tests/check.h"
#include "tests/unit/eventlog_build.h"

static bool replay(struct log_builder *b, struct eventlog_replay *out)
{
    struct eventlog_replay_options options = { .banks = EVENTLOG_BANKS_ALL };
    struct error err = { 0 };

    return CHECKF(eventlog_replay(build_done(b), &options, &b->hasher, out, &err), "%s", err.text);
}

/* The note of that kind, or NULL. */
static const struct eventlog_note *find_note(const struct eventlog_replay *r,
        enum eventlog_note_kind kind)
{
    for (size_t i = 0; i < r->note_count; i++) {
        if (r->note[i].kind == kind) {
            return &r->note[i];
        }
    }
    return NULL;
}

/* SHA-256 register that starts as given, extended with the hash of each text. */
static bool holds(struct log_builder *b, const struct eventlog_replay *r, unsigned int pcr,
        uint8_t fill, uint8_t last, const char *const *texts, size_t count)
{
    uint8_t want[32];
    struct error err = { 0 };
    struct bytes got = { 0 };

    memset(want, fill, sizeof(want));
    want[31] = last;
    for (size_t i = 0; i < count; i++) {
        uint8_t digest[32];

        CHECK(hasher_digest(&b->hasher, DIGEST_SHA256, bytes_of_text(texts[i]), digest, &err));
        CHECK(pcr_extend(&b->hasher, DIGEST_SHA256, want, (struct bytes){ digest, 32 }, &err));
    }
    return pcr_values_get(&r->values, DIGEST_SHA256, pcr, &got) &&
            bytes_equal(got, (struct bytes){ want, sizeof(want) });
}

static void registers_are_extended_in_order_and_others_keep_their_reset_value(void)
{
    static const char *const texts[] = { "a", "b" };
    struct log_builder b CLEANUP(build_clear);
    struct eventlog_replay r;

    build_init(&b, SHA1_BANK | SHA256_BANK);
    build_spec(&b);
    build_text(&b, 2, EV_ACTION, "a");
    build_text(&b, 3, EV_ACTION, "c");
    build_text(&b, 2, EV_ACTION, "b");
    CHECK(replay(&b, &r));
    CHECK_UINT(r.events, 4);
    CHECK_UINT(r.banks, SHA1_BANK | SHA256_BANK);
    CHECK_UINT(r.log_banks, SHA1_BANK | SHA256_BANK);
    CHECK_UINT(r.extended[DIGEST_SHA256], 1u << 2 | 1u << 3);
    CHECK_UINT(r.extended[DIGEST_SHA1], 1u << 2 | 1u << 3);
    CHECK_UINT(r.extended[DIGEST_SHA384], 0);
    CHECK(holds(&b, &r, 2, 0, 0, texts, 2));
    CHECK(holds(&b, &r, 0, 0, 0, NULL, 0));
    CHECK(holds(&b, &r, 17, 0xff, 0xff, NULL, 0));
    CHECK_UINT(r.values.known[DIGEST_SHA256], PCR_ALL);
    CHECK_UINT(r.values.known[DIGEST_SHA384], 0);
}

static void R87_EV_NO_ACTION_is_never_extended_and_unknown_types_are(void)
{
    static const char *const texts[] = { "unknown", "unused" };
    struct log_builder b CLEANUP(build_clear);
    struct eventlog_replay r;

    build_init(&b, SHA256_BANK);
    build_spec(&b);
    build_text(&b, 5, EV_NO_ACTION, "");
    build_text(&b, 5, EV_NO_ACTION, "x");
    build_text(&b, 5, EV_NO_ACTION, "SP800-155 Event3 and more");
    build_text(&b, EVENT_PCR_NONE, EV_NO_ACTION, "counters");
    build_text(&b, 0x01c40200, EV_NO_ACTION, "NvIndexInstance");
    build_text(&b, 5, 0x8401, "unknown");
    build_text(&b, 5, EV_UNUSED, "unused");
    CHECK(replay(&b, &r));
    CHECK(holds(&b, &r, 5, 0, 0, texts, 2));
    CHECK_UINT(r.extended[DIGEST_SHA256], 1u << 5);
    const struct eventlog_note *n = find_note(&r, EVENTLOG_NOTE_UNKNOWN_TYPE);

    CHECK(n != NULL && n->value == 0x8401 && n->event == 6 && n->count == 1);
    CHECK(find_note(&r, EVENTLOG_NOTE_NO_ACTION_DIGEST) == NULL);
}

/* A digit is StartupLocality with that value, 'x' one of another PCR, 's' one that is too short,
 * 'h' an H-CRTM event, 'e' an event in PCR 0, 'o' one in PCR 1. */
static void R46_R71_startup_locality_counts_once_and_before_the_first_extend(void)
{
    static const struct {
        const char *name;
        const char *events;
        uint8_t want;
        bool hcrtm;
        int note; /* enum eventlog_note_kind, or -1 */
    } cases[] = {
        { "none", "e", 0, false, -1 },
        { "locality 0", "0e", 0, false, -1 },
        { "locality 3", "3e", 3, false, EVENTLOG_NOTE_START_LOCALITY },
        { "locality 4", "4e", 4, false, EVENTLOG_NOTE_START_LOCALITY },
        { "locality 3 and no event", "3", 3, false, EVENTLOG_NOTE_START_LOCALITY },
        { "locality 3 after an event of another PCR", "o3e", 3, false,
                EVENTLOG_NOTE_START_LOCALITY },
        { "locality 1", "1e", 0, false, EVENTLOG_NOTE_BAD_LOCALITY },
        { "locality 5", "5e", 0, false, EVENTLOG_NOTE_BAD_LOCALITY },
        { "in PCR 1", "xe", 0, false, EVENTLOG_NOTE_BAD_LOCALITY },
        { "without its value", "se", 0, false, EVENTLOG_NOTE_BAD_LOCALITY },
        { "late", "e3", 0, false, EVENTLOG_NOTE_LATE_LOCALITY },
        { "late, then an event", "e3e", 0, false, EVENTLOG_NOTE_LATE_LOCALITY },
        { "second", "34e", 3, false, EVENTLOG_NOTE_SECOND_LOCALITY },
        { "second after locality 0", "03e", 0, false, EVENTLOG_NOTE_SECOND_LOCALITY },
        { "H-CRTM", "he", 4, true, EVENTLOG_NOTE_HCRTM },
        { "H-CRTM after locality 3", "3he", 4, true, EVENTLOG_NOTE_HCRTM },
        { "locality 3 after H-CRTM", "h3e", 4, true, EVENTLOG_NOTE_LATE_LOCALITY },
        { "H-CRTM after an event", "eh", 0, false, EVENTLOG_NOTE_LATE_HCRTM },
    };

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        const char *texts[4];
        size_t count = 0;
        struct log_builder b CLEANUP(build_clear);
        struct eventlog_replay r;

        check_case = cases[i].name;
        build_init(&b, SHA256_BANK);
        build_spec(&b);
        for (const char *c = cases[i].events; *c != '\0'; c++) {
            if (*c >= '0' && *c <= '9') {
                build_locality(&b, 0, (uint8_t)(*c - '0'));
            } else if (*c == 'x') {
                build_locality(&b, 1, 3);
            } else if (*c == 's') {
                build_event(&b, 0, EV_NO_ACTION,
                        (struct bytes){ (const uint8_t *)"StartupLocality", 16 });
            } else if (*c == 'o') {
                build_text(&b, 1, EV_ACTION, "o");
            } else {
                texts[count++] = *c == 'h' ? "HCRTM" : "e";
                build_text(&b, 0, *c == 'h' ? EV_EFI_HCRTM_EVENT : EV_ACTION, texts[count - 1]);
            }
        }
        CHECK(replay(&b, &r));
        CHECK_UINT(r.start_locality, cases[i].want);
        CHECK_UINT(r.hcrtm, cases[i].hcrtm);
        CHECK(holds(&b, &r, 0, 0, cases[i].want, texts, count));
        if (cases[i].note >= 0) {
            CHECK(find_note(&r, (enum eventlog_note_kind)cases[i].note) != NULL);
        }
    }
    check_case = "";
}

static void dynamic_launch_registers_start_at_zeros_once_they_have_an_event(void)
{
    static const char *const texts[] = { "mle" };
    struct log_builder b CLEANUP(build_clear);
    struct eventlog_replay r;

    build_init(&b, SHA256_BANK);
    build_spec(&b);
    build_text(&b, 17, EV_TXT_MLE_HASH, "mle");
    CHECK(replay(&b, &r));
    CHECK(holds(&b, &r, 17, 0, 0, texts, 1));
    CHECK(holds(&b, &r, 18, 0xff, 0xff, NULL, 0));
    const struct eventlog_note *n = find_note(&r, EVENTLOG_NOTE_DRTM);

    CHECK(n != NULL && n->pcr == 17);
}

static void R45_R89_separators_are_counted_and_doubtful_ones_noted(void)
{
    static const struct {
        const char *name;
        uint32_t pcr;
        uint32_t type;
        const char *data;     /* four bytes */
        const char *measured; /* four bytes */
        size_t times;
        size_t count;
        size_t first;
        int note;
    } cases[] = {
        { "one", 7, EV_SEPARATOR, "\0\0\0\0", "\0\0\0\0", 1, 1, 1, -1 },
        { "two", 7, EV_SEPARATOR, "\0\0\0\0", "\0\0\0\0", 2, 2, 1,
                EVENTLOG_NOTE_DUPLICATE_SEPARATOR },
        { "error ffffffff", 7, EV_SEPARATOR, "\xff\xff\xff\xff", "\xff\xff\xff\xff", 1, 1, 1,
                EVENTLOG_NOTE_ERROR_SEPARATOR },
        { "error 1", 7, EV_SEPARATOR, "\1\0\0\0", "\1\0\0\0", 1, 1, 1,
                EVENTLOG_NOTE_ERROR_SEPARATOR },
        { "another digest", 7, EV_SEPARATOR, "\0\0\0\0", "abcd", 1, 1, 1,
                EVENTLOG_NOTE_UNPROVEN_SEPARATOR },
        { "an error shown as none", 7, EV_SEPARATOR, "\0\0\0\0", "\xff\xff\xff\xff", 1, 1, 1,
                EVENTLOG_NOTE_UNPROVEN_SEPARATOR },
        { "WBCL in PCR 7", 7, EV_SEPARATOR, "WBCL", "WBCL", 1, 1, 1,
                EVENTLOG_NOTE_UNPROVEN_SEPARATOR },
        { "WBCL in PCR 12", 12, EV_SEPARATOR, "WBCL", "WBCL", 1, 1, 1, -1 },
        { "hidden under another type", 7, EV_EFI_ACTION, "\0\0\0\0", "\0\0\0\0", 1, 0, 1,
                EVENTLOG_NOTE_UNLABELLED_SEPARATOR },
        { "none", 7, EV_EFI_ACTION, "abcd", "abcd", 1, 0, SIZE_MAX,
                EVENTLOG_NOTE_MISSING_SEPARATOR },
    };
    static const enum eventlog_note_kind doubtful[] = {
        EVENTLOG_NOTE_DUPLICATE_SEPARATOR,
        EVENTLOG_NOTE_ERROR_SEPARATOR,
        EVENTLOG_NOTE_UNPROVEN_SEPARATOR,
        EVENTLOG_NOTE_UNLABELLED_SEPARATOR,
    };

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct log_builder b CLEANUP(build_clear);
        struct eventlog_replay r;

        check_case = cases[i].name;
        build_init(&b, SHA1_BANK | SHA256_BANK);
        build_spec(&b);
        for (size_t n = 0; n < cases[i].times; n++) {
            build_event_of(&b, b.banks, cases[i].pcr, cases[i].type,
                    (struct bytes){ (const uint8_t *)cases[i].data, 4 },
                    (struct bytes){ (const uint8_t *)cases[i].measured, 4 });
        }
        CHECK(replay(&b, &r));
        CHECK_UINT(r.separator[cases[i].pcr].count, cases[i].count);
        CHECK_UINT(r.separator[cases[i].pcr].first, cases[i].first);
        CHECK(cases[i].note < 0 || find_note(&r, (enum eventlog_note_kind)cases[i].note) != NULL);
        for (size_t k = 0; k < ARRAY_LEN(doubtful); k++) {
            CHECK(cases[i].note == (int)doubtful[k] || find_note(&r, doubtful[k]) == NULL);
        }
    }
    check_case = "";
}

static void R91_a_bank_without_a_digest_is_not_extended_and_noted_once(void)
{
    struct log_builder b CLEANUP(build_clear);
    struct eventlog_replay r;

    build_init(&b, SHA1_BANK | SHA256_BANK);
    build_spec(&b);
    build_event_of(&b, SHA256_BANK, 1, EV_ACTION, bytes_of_text("a"), bytes_of_text("a"));
    build_event_of(&b, SHA256_BANK, 2, EV_ACTION, bytes_of_text("b"), bytes_of_text("b"));
    CHECK(replay(&b, &r));
    CHECK_UINT(r.extended[DIGEST_SHA256], 1u << 1 | 1u << 2);
    CHECK_UINT(r.extended[DIGEST_SHA1], 0);
    const struct eventlog_note *n = find_note(&r, EVENTLOG_NOTE_MISSING_DIGEST);

    CHECK(n != NULL && n->alg == DIGEST_SHA1 && n->event == 1 && n->count == 2);
}

static void only_banks_that_are_asked_for_are_replayed(void)
{
    struct eventlog_replay_options options = { .banks = SHA256_BANK | 1u << DIGEST_SHA384 };
    struct log_builder b CLEANUP(build_clear);
    struct eventlog_replay r;
    struct error err = { 0 };

    build_init(&b, SHA1_BANK | SHA256_BANK);
    build_spec(&b);
    build_text(&b, 1, EV_ACTION, "a");
    CHECK(eventlog_replay(build_done(&b), &options, &b.hasher, &r, &err));
    CHECK_UINT(r.banks, SHA256_BANK);
    CHECK_UINT(r.log_banks, SHA1_BANK | SHA256_BANK);
    CHECK_UINT(r.values.known[DIGEST_SHA1], 0);
    CHECK_UINT(r.extended[DIGEST_SHA1], 0);
}

static void R46_start_values_do_not_depend_on_the_banks_asked_for(void)
{
    struct eventlog_replay_options options = { .banks = SHA256_BANK };
    static const char *const texts[] = { "b" };
    struct log_builder b CLEANUP(build_clear);
    struct eventlog_replay r;
    struct error err = { 0 };

    build_init(&b, SHA1_BANK | SHA256_BANK);
    build_spec(&b);
    build_event_of(&b, SHA1_BANK, 0, EV_ACTION, bytes_of_text("a"), bytes_of_text("a"));
    build_locality(&b, 0, 3);
    build_text(&b, 0, EV_ACTION, "b");
    CHECK(eventlog_replay(build_done(&b), &options, &b.hasher, &r, &err));
    CHECK(holds(&b, &r, 0, 0, 0, texts, 1));
    CHECK(find_note(&r, EVENTLOG_NOTE_LATE_LOCALITY) != NULL);
}

static void a_bank_of_an_unknown_algorithm_is_skipped_and_noted(void)
{
    struct log_builder b CLEANUP(build_clear);
    struct eventlog_replay r;

    build_init(&b, SHA1_BANK | SHA256_BANK);
    build_spec(&b);
    build_text(&b, 1, EV_ACTION, "a");
    /* SHA3-256, of the same size. */
    b.data[64] = 0x27;
    b.data[69 + 12 + 22] = 0x27;
    CHECK(replay(&b, &r));
    CHECK_UINT(r.banks, SHA1_BANK);
    const struct eventlog_note *n = find_note(&r, EVENTLOG_NOTE_UNKNOWN_BANK);

    CHECK(n != NULL && n->value == 0x0027);
}

static void a_log_can_continue_given_values(void)
{
    static const char *const texts[] = { "a" };
    struct pcr_values start = { 0 };
    struct eventlog_replay_options options = { .banks = EVENTLOG_BANKS_ALL, .start = &start };
    struct log_builder b CLEANUP(build_clear);
    struct eventlog_replay r;
    struct error err = { 0 };
    uint8_t value[32];

    memset(value, 0x11, sizeof(value));
    pcr_values_set(&start, DIGEST_SHA256, 0, value);
    pcr_values_set(&start, DIGEST_SHA256, 17, value);
    build_init(&b, SHA256_BANK);
    build_spec(&b);
    build_locality(&b, 0, 3);
    build_text(&b, 0, EV_ACTION, "a");
    build_text(&b, 17, EV_ACTION, "a");
    build_text(&b, 1, EV_ACTION, "a");
    CHECK(eventlog_replay(build_done(&b), &options, &b.hasher, &r, &err));
    CHECK(holds(&b, &r, 0, 0x11, 0x11, texts, 1));
    CHECK(holds(&b, &r, 17, 0x11, 0x11, texts, 1));
    CHECK(holds(&b, &r, 1, 0, 0, texts, 1));
}

static void confidential_computing_registers_start_at_zeros_whatever_the_locality(void)
{
    static const char *const texts[] = { "HCRTM", "a" };
    struct eventlog_replay_options options = { .registers = EVENTLOG_CC,
        .banks = EVENTLOG_BANKS_ALL };
    struct log_builder b CLEANUP(build_clear);
    struct eventlog_replay r;
    struct error err = { 0 };

    build_init(&b, SHA256_BANK);
    build_spec(&b);
    build_locality(&b, 0, 3);
    build_text(&b, 0, EV_EFI_HCRTM_EVENT, "HCRTM");
    build_text(&b, 0, EV_ACTION, "a");
    build_text(&b, 4, EV_ACTION, "a");
    build_separator(&b, 1);
    build_separator(&b, 1);
    CHECK(eventlog_replay(build_done(&b), &options, &b.hasher, &r, &err));
    CHECK(holds(&b, &r, 0, 0, 0, texts, 2));
    CHECK(holds(&b, &r, 4, 0, 0, texts + 1, 1));
    CHECK(find_note(&r, EVENTLOG_NOTE_DUPLICATE_SEPARATOR) == NULL);
    CHECK_UINT(r.separator[1].count, 2);
    CHECK_UINT(r.values.known[DIGEST_SHA256], 0x1f);
    CHECK(r.start_locality == 0 && !r.hcrtm);
}

static void failure_leaves_the_result_alone(void)
{
    struct eventlog_replay_options options = { .banks = EVENTLOG_BANKS_ALL };
    struct log_builder b CLEANUP(build_clear);
    struct eventlog_replay r;
    struct eventlog_replay untouched;
    struct error err = { 0 };

    build_init(&b, SHA256_BANK);
    build_spec(&b);
    build_text(&b, 1, EV_ACTION, "a");
    build_text(&b, 30, EV_ACTION, "a");
    memset(&r, 0xa5, sizeof(r));
    memset(&untouched, 0xa5, sizeof(untouched));
    CHECK(!eventlog_replay(build_done(&b), &options, &b.hasher, &r, &err));
    CHECKF(strstr(err.text, "event 2 at offset") != NULL, "%s", err.text);
    CHECK(memcmp(&r, &untouched, sizeof(r)) == 0);
}

static void notes_are_bounded_and_the_rest_counted(void)
{
    struct log_builder b CLEANUP(build_clear);
    struct eventlog_replay r;

    build_init(&b, SHA1_BANK);
    build_spec(&b);
    for (uint32_t i = 0; i < EVENTLOG_NOTES_MAX + 10; i++) {
        build_text(&b, 9, 0x8401 + i, "a");
    }
    CHECK(replay(&b, &r));
    CHECK_UINT(r.note_count, EVENTLOG_NOTES_MAX);
    CHECK_UINT(r.notes_omitted, 10);
}

static void every_note_is_a_sentence(void)
{
    for (unsigned int kind = 0; kind < EVENTLOG_NOTE_KIND_COUNT; kind++) {
        struct eventlog_note n = { .kind = (enum eventlog_note_kind)kind,
            .pcr = UINT32_MAX,
            .event = SIZE_MAX,
            .count = SIZE_MAX,
            .value = UINT32_MAX,
            .alg = DIGEST_SM3_256 };
        char text[EVENTLOG_NOTE_TEXT_MAX];

        memset(text, 0xa5, sizeof(text));
        (void)eventlog_note_text(&n, text, sizeof(text));
        CHECKF(strlen(text) > 10 && strlen(text) < sizeof(text) - 1, "%u: %s", kind, text);
    }
    struct eventlog_note n = { .kind = EVENTLOG_NOTE_DUPLICATE_SEPARATOR,
        .pcr = 4,
        .event = 12,
        .count = 2 };
    char text[EVENTLOG_NOTE_TEXT_MAX];

    CHECK_TEXT(bytes_of_text(eventlog_note_text(&n, text, sizeof(text))),
            "event 12: another separator, PCR 4 (2 events)");
}

int main(void)
{
    static const struct test tests[] = {
        { "registers are extended in order, and others keep their reset value",
                registers_are_extended_in_order_and_others_keep_their_reset_value },
        { "R87: EV_NO_ACTION is never extended, and unknown types are",
                R87_EV_NO_ACTION_is_never_extended_and_unknown_types_are },
        { "R46, R71: startup locality counts once and before the first extend",
                R46_R71_startup_locality_counts_once_and_before_the_first_extend },
        { "dynamic launch registers start at zeros once they have an event",
                dynamic_launch_registers_start_at_zeros_once_they_have_an_event },
        { "R45, R89: separators are counted and doubtful ones noted",
                R45_R89_separators_are_counted_and_doubtful_ones_noted },
        { "R91: a bank without a digest is not extended, and noted once",
                R91_a_bank_without_a_digest_is_not_extended_and_noted_once },
        { "only banks that are asked for are replayed",
                only_banks_that_are_asked_for_are_replayed },
        { "R46: start values do not depend on the banks asked for",
                R46_start_values_do_not_depend_on_the_banks_asked_for },
        { "a bank of an unknown algorithm is skipped and noted",
                a_bank_of_an_unknown_algorithm_is_skipped_and_noted },
        { "a log can continue given values", a_log_can_continue_given_values },
        { "confidential-computing registers start at zeros whatever the locality",
                confidential_computing_registers_start_at_zeros_whatever_the_locality },
        { "failure leaves the result alone", failure_leaves_the_result_alone },
        { "notes are bounded and the rest counted", notes_are_bounded_and_the_rest_counted },
        { "every note is a sentence", every_note_is_a_sentence },
    };

    return run_tests("event log replay", tests, ARRAY_LEN(tests));
}
