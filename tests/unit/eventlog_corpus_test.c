/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Replays every boot, confidential-computing and DRTM log of the corpus and compares it with what
 * an independent implementation found (expected.json), and our own captures with the registers read
 * from the TPM. The corpus is no part of the project: without it the test says so and is skipped.
 */
#include <dirent.h>
#include <inttypes.h>
#include <jansson.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "eventlog/describe.h"
#include "eventlog/event.h"
#include "eventlog/proof.h"
#include "eventlog/replay.h"
#include "host/file.h"
#include "tests/check.h"

#define EXIT_SKIP 77
#define PATH_SIZE 4096

static const char *corpus_path(void)
{
    const char *path = getenv("TALLY_CORPUS");

    return path != NULL ? path : TALLY_DEFAULT_CORPUS;
}

static enum eventlog_registers registers_of(const char *name)
{
    return strncmp(name, "ccel/", 5) == 0 ? EVENTLOG_CC : EVENTLOG_PCR;
}

static bool is_boot_log(const char *name)
{
    return strncmp(name, "eventlog/", 9) == 0 || strncmp(name, "ccel/", 5) == 0 ||
            strncmp(name, "drtm/", 5) == 0;
}

static bool replay_file(const char *path, enum eventlog_registers registers,
        struct eventlog_replay *out, struct error *err)
{
    struct eventlog_replay_options options = { .registers = registers,
        .banks = EVENTLOG_BANKS_ALL };
    struct buffer log CLEANUP(buffer_clear) = { 0 };
    struct hasher h CLEANUP(hasher_clear) = { 0 };

    if (!file_read(path, EVENTLOG_SIZE_MAX, &log, err) || !hasher_init(&h, err)) {
        CHECKF(false, "%s: %s", path, err->text);
        return false;
    }
    return eventlog_replay(buffer_view(&log), &options, &h, out, err);
}

static void compare_register(const struct eventlog_replay *r, enum digest_alg alg, unsigned int pcr,
        const char *want)
{
    char hex[2 * DIGEST_SIZE_MAX + 1];
    struct bytes value;

    if (CHECK(pcr_values_get(&r->values, alg, pcr, &value))) {
        CHECK_TEXT(bytes_of_text(bytes_hex(hex, sizeof(hex), value)), want);
    }
}

/* Exactly the registers that the log extends, in one bank. */
static void compare_bank(const struct eventlog_replay *r, enum digest_alg alg, json_t *want)
{
    uint32_t mask = 0;
    const char *pcr;
    json_t *value;

    json_object_foreach(want, pcr, value)
    {
        unsigned int n = (unsigned int)strtoul(pcr, NULL, 10);

        mask |= 1u << n;
        compare_register(r, alg, n, json_string_value(value));
    }
    CHECK_UINT(r->extended[alg], mask);
}

static void compare_log(const struct eventlog_replay *r, json_t *want)
{
    uint32_t banks = 0;
    size_t vendor_info_outside = 0;
    size_t i;
    json_t *name;

    json_array_foreach(json_object_get(want, "banks"), i, name)
    {
        struct bytes text = bytes_of_text(json_string_value(name));
        enum digest_alg alg;

        if (CHECK(digest_from_name(text, &alg))) {
            banks |= 1u << alg;
            compare_bank(r, alg, json_object_get(json_object_get(want, "pcrs"), digest_name(alg)));
        }
    }
    CHECK_UINT(r->banks, banks);
    CHECK_UINT(r->log_banks, banks);
    CHECK_UINT(r->events, (uint64_t)json_integer_value(json_object_get(want, "events")));
    CHECK_UINT(r->start_locality,
            r->hcrtm ? 4 : (uint64_t)json_integer_value(json_object_get(want, "loc")));
    CHECK_UINT(r->hcrtm, json_is_true(json_object_get(want, "hcrtm")));
    /* The oracle takes vendor info behind the Spec ID event for trailing bytes. */
    for (i = 0; i < r->note_count; i++) {
        if (r->note[i].kind == EVENTLOG_NOTE_VENDOR_INFO_OUTSIDE) {
            vendor_info_outside = 4;
        }
    }
    CHECK_UINT(r->padding + vendor_info_outside,
            (uint64_t)json_integer_value(json_object_get(want, "trailing")));
}

static void R46_R88_R91_every_log_of_the_corpus_replays_as_expected(void)
{
    char path[PATH_SIZE];
    size_t compared = 0;
    size_t refused = 0;
    const char *name;
    json_t *want;

    (void)snprintf(path, sizeof(path), "%s/expected.json", corpus_path());
    json_t *expected = json_load_file(path, 0, NULL);

    if (!CHECKF(expected != NULL, "%s", path)) {
        return;
    }
    json_object_foreach(expected, name, want)
    {
        bool fails = !json_is_null(json_object_get(want, "err"));
        struct eventlog_replay r = { 0 };
        struct error err = { 0 };

        if (!is_boot_log(name)) {
            continue;
        }
        check_case = name;
        (void)snprintf(path, sizeof(path), "%s/%s", corpus_path(), name);
        bool ok = replay_file(path, registers_of(name), &r, &err);

        CHECKF(ok == !fails, "%s", ok ? "replays" : err.text);
        if (ok && !fails) {
            compare_log(&r, want);
            compared++;
        } else if (fails) {
            printf("  %s is refused: %s\n", name, err.text);
            refused++;
        }
    }
    check_case = "";
    json_decref(expected);
    printf("  %zu logs compared, %zu refused as expected\n", compared, refused);
    CHECK(compared >= 80 && refused >= 2);
}

/** Events of a file by what event_proof_check() says. */
struct tally {
    size_t proven;
    size_t disproved;
    size_t malformed;
};

static void look_at_events(const char *path, enum eventlog_registers registers, struct tally *out)
{
    struct buffer file CLEANUP(buffer_clear) = { 0 };
    struct hasher h CLEANUP(hasher_clear) = { 0 };
    static char line[1 << 20];
    struct error err = { 0 };
    struct eventlog log;
    struct event e;
    bool end = false;

    CHECK(file_read(path, EVENTLOG_SIZE_MAX, &file, &err) && hasher_init(&h, &err));
    if (!eventlog_open(buffer_view(&file), registers, &log, &err)) {
        return;
    }
    while (eventlog_next(&log, &e, &end, &err) && !end) {
        struct describe_text state;
        struct describe_sink sink = describe_text_sink(&state, line, sizeof(line));
        struct event_proof proof = { 0 };

        CHECK(event_proof_check(&h, &e, EVENTLOG_BANKS_ALL, &proof, &err));
        out->proven += proof.state == EVENT_PROVEN;
        out->disproved += proof.state == EVENT_DISPROVED;
        event_describe(&e, &sink);
        CHECK(!state.text.cut && state.depth == 0);
        if (strstr(line, "malformed=") != NULL) {
            printf("  %s event %zu: %s\n", path, e.index, line);
            out->malformed++;
        }
    }
}

static void R44_R48_every_event_of_the_corpus_is_described_and_most_are_proven(void)
{
    static const char *const folders[] = { "eventlog", "ccel", "drtm" };
    struct tally total = { 0 };

    for (size_t i = 0; i < ARRAY_LEN(folders); i++) {
        char path[2 * PATH_SIZE];

        (void)snprintf(path, sizeof(path), "%s/%s", corpus_path(), folders[i]);
        DIR *dir = opendir(path);

        for (struct dirent *d; dir != NULL && (d = readdir(dir)) != NULL;) {
            if (d->d_name[0] == '.') {
                continue;
            }
            (void)snprintf(path, sizeof(path), "%s/%s/%s", corpus_path(), folders[i], d->d_name);
            look_at_events(path, strcmp(folders[i], "ccel") == 0 ? EVENTLOG_CC : EVENTLOG_PCR,
                    &total);
        }
        if (CHECKF(dir != NULL, "%s", folders[i])) {
            (void)closedir(dir);
        }
    }
    printf("  %zu events proven, %zu disproved\n", total.proven, total.disproved);
    CHECK_UINT(total.malformed, 0);
    CHECK(total.proven >= 3300);
    /* Dell's S_CRTM_VERSION in four logs, and the boot order that HIRS changed in one. */
    CHECK_UINT(total.disproved, 5);
}

/* pcrs.txt: "sha256 10 HEX" in a line. Registers that only the kernel or user space extends are not
 * in the boot log. */
static void compare_capture(const struct eventlog_replay *r, FILE *pcrs)
{
    char bank[16];
    char hex[2 * DIGEST_SIZE_MAX + 1];
    unsigned int pcr;
    size_t compared = 0;

    while (fscanf(pcrs, "%15s %u %128s", bank, &pcr, hex) == 3) {
        enum digest_alg alg;

        for (char *c = hex; *c != '\0'; c++) {
            *c = (char)(*c >= 'A' && *c <= 'F' ? *c - 'A' + 'a' : *c);
        }
        if (!CHECK(digest_from_name(bytes_of_text(bank), &alg))) {
            return;
        }
        if ((r->banks >> alg & 1) != 0 && (pcr < 10 || pcr == 14 || pcr >= 17)) {
            compare_register(r, alg, pcr, hex);
            compared++;
        }
    }
    CHECKF(compared >= 17, "%zu registers", compared);
}

static void our_captures_replay_to_the_registers_of_their_TPM(void)
{
    static const char *const names[] = { "pcrs.txt", "pcrs.0base.txt" };
    char base[PATH_SIZE];
    size_t compared = 0;

    (void)snprintf(base, sizeof(base), "%s/../captures", corpus_path());
    DIR *dir = opendir(base);

    if (dir == NULL) {
        printf("  skipped: no captures at %s\n", base);
        return;
    }
    for (struct dirent *d; (d = readdir(dir)) != NULL;) {
        char path[2 * PATH_SIZE];
        struct eventlog_replay r = { 0 };
        struct error err = { 0 };
        FILE *pcrs = NULL;
        struct stat st;

        (void)snprintf(path, sizeof(path), "%s/%s/binary_bios_measurements", base, d->d_name);
        if (d->d_name[0] == '.' || stat(path, &st) != 0) {
            continue;
        }
        check_case = d->d_name;
        if (!CHECKF(replay_file(path, EVENTLOG_PCR, &r, &err), "%s", err.text)) {
            continue;
        }
        for (size_t i = 0; pcrs == NULL && i < ARRAY_LEN(names); i++) {
            (void)snprintf(path, sizeof(path), "%s/%s/%s", base, d->d_name, names[i]);
            pcrs = fopen(path, "re");
        }
        if (pcrs == NULL) {
            printf("  %s has no pcrs.txt\n", d->d_name);
            continue;
        }
        compare_capture(&r, pcrs);
        (void)fclose(pcrs);
        compared++;
    }
    (void)closedir(dir);
    check_case = "";
    printf("  %zu captures compared\n", compared);
    CHECK(compared > 0);
}

int main(void)
{
    static const struct test tests[] = {
        { "R46, R88, R91: every log of the corpus replays as expected",
                R46_R88_R91_every_log_of_the_corpus_replays_as_expected },
        { "R44, R48: every event of the corpus is described, and most are proven",
                R44_R48_every_event_of_the_corpus_is_described_and_most_are_proven },
        { "our captures replay to the registers of their TPM",
                our_captures_replay_to_the_registers_of_their_TPM },
    };
    struct stat st;

    if (stat(corpus_path(), &st) != 0) {
        printf("skipped: no corpus at %s (set TALLY_CORPUS)\n", corpus_path());
        return EXIT_SKIP;
    }
    return run_tests("eventlog corpus", tests, ARRAY_LEN(tests));
}
