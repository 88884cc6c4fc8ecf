/* SPDX-License-Identifier: BSD-3-Clause */
#include <jansson.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/check.h"
#include "tests/forge.h"
#include "verifier/host_state.h"
#include "verifier/state_file.h"

static struct forge_dir dir;

static void fill_values(struct pcr_values *v, uint8_t first)
{
    for (unsigned int alg = 0; alg < DIGEST_ALG_COUNT; alg += 2) {
        for (unsigned int pcr = 0; pcr < PCR_COUNT; pcr += 3) {
            uint8_t value[DIGEST_SIZE_MAX];

            memset(value, first++, sizeof(value));
            pcr_values_set(v, (enum digest_alg)alg, pcr, value);
        }
    }
}

static void add_finding(struct host_state *s, enum severity severity, const char *kind, bool all)
{
    struct finding f = {
        .severity = severity,
        .check = CHECK_FILES,
        .kind = kind,
        .log = "ima",
        .has_entry = all,
        .entry = all ? 42 : 0,
    };
    struct error err = { 0 };

    CHECK(text_set(&f.text, &err, "a \\x0a \xc3\xa4 text"));
    if (all) {
        CHECK(text_set(&f.path, &err, "/p") && text_set(&f.digest, &err, "d") &&
                text_set(&f.rule, &err, "r") && text_set(&f.expected, &err, "e") &&
                text_set(&f.found, &err, "f"));
    }
    CHECK(findings_add(&s->open, &f, &err));
}

/* One with a value in every member. */
static struct host_state full(void)
{
    struct host_state s = {
        .verdict = VERDICT_REFUSED,
        .time = "2026-01-31T12:34:56Z",
        .ak_name = { "\x00\x0b name", 7 },
        .selection = { 2, { { DIGEST_SHA256, 0x47ff }, { DIGEST_SHA1, 0x400 } } },
        .clock = { 1, 2, 3 },
        .has_boot_log = true,
        .boot_log_size = 12345,
        .boot = { .events = 99, .log_banks = 3, .banks = 2, .extended = { 0x3ff, 0x4ff } },
        .has_list = true,
        .list = {
            .reset = 4,
            .restart = 5,
            .format = { DIGEST_SHA256, 32 },
            .entry = 6,
            .offset = 7,
            .seen = 8,
            .padded = 2,
            .kexec = true,
            .violations_behind = 9,
            .start.judged = { 10, 11, 12, { AGGREGATE_BAD, 13, DIGEST_SHA1, { 14 } } },
            .at.judged = { 15, 16, 17, { AGGREGATE_GOOD, 18, DIGEST_SHA256, { 19 } } },
        },
        .open.dropped = { 20, 21 },
        .open.dropped_kind = { "unknown-file", "kexec" },
        .open.dropped_kind_count = 2,
    };

    memset(s.policy_digest, 0x11, sizeof(s.policy_digest));
    memset(s.boot_log_id, 0x22, sizeof(s.boot_log_id));
    memset(s.list.last_record, 0x33, sizeof(s.list.last_record));
    memset(s.list.tail, 0x44, sizeof(s.list.tail));
    fill_values(&s.boot.values, 1);
    fill_values(&s.list.start.pcrs, 101);
    fill_values(&s.list.at.pcrs, 201);
    add_finding(&s, SEVERITY_REFUSE, "unknown-file", true);
    add_finding(&s, SEVERITY_WARN, "kexec", false);
    return s;
}

static struct buffer text_of(const struct host_state *s)
{
    struct buffer text = { 0 };
    struct error err = { 0 };

    CHECKF(host_state_encode(s, &text, &err), "%s", err.text);
    return text;
}

static void what_is_written_is_read(void)
{
    struct host_state s CLEANUP(host_state_clear) = full();
    struct host_state back CLEANUP(host_state_clear) = { 0 };
    struct buffer text CLEANUP(buffer_clear) = text_of(&s);
    struct error err = { 0 };

    CHECKF(host_state_decode(buffer_view(&text), &back, &err), "%s", err.text);
    CHECK(memcmp(&s.list, &back.list, sizeof(s.list)) == 0);
    CHECK(memcmp(&s.boot, &back.boot, sizeof(s.boot)) == 0);
    CHECK(memcmp(&s.selection, &back.selection, sizeof(s.selection)) == 0);
    CHECK(memcmp(&s.clock, &back.clock, sizeof(s.clock)) == 0);
    CHECK(memcmp(s.policy_digest, back.policy_digest, sizeof(s.policy_digest)) == 0);
    CHECK(memcmp(s.boot_log_id, back.boot_log_id, sizeof(s.boot_log_id)) == 0);
    CHECK(bytes_equal(tpm_name_view(&s.ak_name), tpm_name_view(&back.ak_name)));
    CHECK_UINT(back.verdict, VERDICT_REFUSED);
    CHECK_TEXT(bytes_of_text(back.time), s.time);
    CHECK_UINT(back.boot_log_size, 12345);
    CHECK_UINT(back.open.count, 2);
    CHECK_UINT(back.open.dropped[SEVERITY_REFUSE], 20);
    CHECK_UINT(back.open.dropped[SEVERITY_WARN], 21);
    CHECK_UINT(back.open.dropped_kind_count, 2);
    CHECK_TEXT(bytes_of_text(back.open.at[0].path), "/p");
    CHECK_TEXT(bytes_of_text(back.open.at[0].found), "f");
    CHECK_UINT(back.open.at[0].entry, 42);
    CHECK(back.open.at[1].path == NULL && !back.open.at[1].has_entry);
    CHECK_TEXT(bytes_of_text(back.open.at[1].text), "a \\x0a \xc3\xa4 text");
    struct buffer again CLEANUP(buffer_clear) = text_of(&back);

    CHECK(bytes_equal(buffer_view(&text), buffer_view(&again)));
}

static void a_state_of_nothing_is_written_and_read(void)
{
    struct host_state s = { .verdict = VERDICT_UNKNOWN, .time = "2026-01-31T12:34:56Z" };
    struct host_state back CLEANUP(host_state_clear) = { .verdict = VERDICT_TRUSTED };
    struct buffer text CLEANUP(buffer_clear) = text_of(&s);
    struct error err = { 0 };

    CHECKF(host_state_decode(buffer_view(&text), &back, &err), "%s", err.text);
    CHECK_UINT(back.verdict, VERDICT_UNKNOWN);
    CHECK_UINT(back.ak_name.len, 0);
}

/* A copy with a part of its text replaced. */
static struct forge_bytes changed(struct bytes text, const char *from, const char *to)
{
    struct forge_bytes out = { 0 };
    const uint8_t *at = memmem(text.ptr, text.len, from, strlen(from));

    if (!CHECKF(at != NULL, "no \"%s\"", from)) {
        at = text.ptr;
    }
    size_t before = (size_t)(at - text.ptr);

    forge_add(&out, (struct bytes){ text.ptr, before });
    forge_add(&out, bytes_of_text(to));
    forge_add(&out, (struct bytes){ at + strlen(from), text.len - before - strlen(from) });
    return out;
}

/* The same with a checksum that is right: only the strict reading is left to refuse it. */
static void mend_checksum(struct forge_bytes *text)
{
    json_t *file = json_loadb((const char *)text->data, text->len, 0, NULL);
    char *content = json_dumps(json_object_get(file, "content"), JSON_COMPACT | JSON_SORT_KEYS);
    uint8_t sum[32];
    char hex[65];

    if (CHECK(content != NULL)) {
        forge_digest(DIGEST_SHA256, bytes_of_text(content), sum);
        (void)json_object_set_new(file, "sha256",
                json_string(bytes_hex(hex, sizeof(hex), (struct bytes){ sum, sizeof(sum) })));
        char *all = json_dumps(file, 0);

        text->len = 0;
        forge_add(text, bytes_of_text(all));
        free(all);
    }
    free(content);
    json_decref(file);
}

static void check_refused(struct bytes text, enum error_code want)
{
    struct host_state out;
    struct host_state untouched;
    struct error err = { 0 };

    memset(&out, 0xa5, sizeof(out));
    untouched = out;
    CHECKF(!host_state_decode(text, &out, &err), "accepted");
    CHECKF(err.code == want, "%s (%s)", err.text, error_code_name(err.code));
    CHECK(memcmp(&out, &untouched, sizeof(out)) == 0);
}

static void wrong_states_are_refused(void)
{
    static const struct {
        const char *name;
        const char *from;
        const char *to;
        enum error_code want;
    } cases[] = {
        { "another version", "\"tally_state\": 1", "\"tally_state\": 2", ERROR_UNSUPPORTED },
        { "unknown key outside", "\"tally_state\": 1", "\"tally_state\": 1, \"x\": 1",
                ERROR_MALFORMED },
        { "unknown key in a list", "\"kexec\": true", "\"kexec\": true, \"x\": 1",
                ERROR_MALFORMED },
        { "key missing", "\"kexec\": true,", "", ERROR_MALFORMED },
        { "number for a truth", "\"kexec\": true", "\"kexec\": 1", ERROR_MALFORMED },
        { "text for a number", "\"seen\": 8", "\"seen\": \"8\"", ERROR_MALFORMED },
        { "real for a number", "\"seen\": 8", "\"seen\": 8.0", ERROR_MALFORMED },
        { "negative number", "\"seen\": 8", "\"seen\": -8", ERROR_MALFORMED },
        { "number beyond 32 bits", "\"reset\": 4", "\"reset\": 4294967296", ERROR_MALFORMED },
        { "null", "\"seen\": 8", "\"seen\": null", ERROR_MALFORMED },
        { "unknown verdict", "\"REFUSED\"", "\"MAYBE\"", ERROR_MALFORMED },
        { "unknown kind", "\"kind\": \"unknown-file\"", "\"kind\": \"nothing\"", ERROR_MALFORMED },
        { "unknown check", "\"check\": \"files\"", "\"check\": \"nothing\"", ERROR_MALFORMED },
        { "unknown bank", "\"bank\": \"sha256\"", "\"bank\": \"md5\"", ERROR_MALFORMED },
        { "alias of a bank", "\"bank\": \"sha256\"", "\"bank\": \"sm3\"", ERROR_MALFORMED },
        { "digest too short", "\"policy\": \"11", "\"policy\": \"", ERROR_MALFORMED },
        { "digest too long", "\"policy\": \"11", "\"policy\": \"1111", ERROR_MALFORMED },
        { "digest of other letters", "\"policy\": \"11", "\"policy\": \"1g", ERROR_MALFORMED },
        { "empty Name", "\"ak_name\": \"000b206e616d65\"", "\"ak_name\": \"\"", ERROR_MALFORMED },
        { "object for a list", "\"kept\": [", "\"kept\": {}, \"y\": [", ERROR_MALFORMED },
        { "time too long", "12:34:56Z", "12:34:56.789Z", ERROR_MALFORMED },
    };
    struct host_state s CLEANUP(host_state_clear) = full();
    struct buffer text CLEANUP(buffer_clear) = text_of(&s);

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        check_case = cases[i].name;
        struct forge_bytes wrong = changed(buffer_view(&text), cases[i].from, cases[i].to);

        mend_checksum(&wrong);
        check_refused(forge_view(&wrong), cases[i].want);
        forge_bytes_clear(&wrong);
    }
    check_case = "";
}

static void a_state_that_was_changed_is_refused(void)
{
    struct host_state s CLEANUP(host_state_clear) = full();
    struct buffer text CLEANUP(buffer_clear) = text_of(&s);
    struct forge_bytes wrong = changed(buffer_view(&text), "\"seen\": 8", "\"seen\": 9");
    struct forge_bytes twice =
            changed(buffer_view(&text), "\"seen\": 8", "\"seen\": 8, \"seen\": 8");
    struct forge_bytes behind = changed(buffer_view(&text), "{", "{");

    check_refused(forge_view(&wrong), ERROR_MALFORMED);
    check_refused(forge_view(&twice), ERROR_MALFORMED);
    forge_add(&behind, bytes_of_text("{}"));
    check_refused(forge_view(&behind), ERROR_MALFORMED);
    check_refused(bytes_of_text(""), ERROR_MALFORMED);
    check_refused(bytes_of_text("[]"), ERROR_MALFORMED);
    forge_bytes_clear(&wrong);
    forge_bytes_clear(&twice);
    forge_bytes_clear(&behind);
}

static void a_state_cut_or_changed_anywhere_is_refused(void)
{
    struct host_state s CLEANUP(host_state_clear) = full();
    struct buffer text CLEANUP(buffer_clear) = text_of(&s);

    for (size_t cut = 0; cut + 1 < text.len; cut += 37) {
        check_refused((struct bytes){ text.data, cut }, ERROR_MALFORMED);
    }
    for (size_t at = 0; at < text.len; at += 3) {
        struct host_state out = { 0 };
        struct error err = { 0 };

        text.data[at] ^= 0x15;
        if (host_state_decode(buffer_view(&text), &out, &err)) {
            /* White space, or another way to write the same. */
            struct buffer again CLEANUP(buffer_clear) = text_of(&out);
            struct buffer want CLEANUP(buffer_clear) = text_of(&s);

            CHECKF(bytes_equal(buffer_view(&again), buffer_view(&want)), "at %zu", at);
            host_state_clear(&out);
        }
        text.data[at] ^= 0x15;
    }
}

static void a_number_that_json_cannot_hold_is_not_written(void)
{
    struct host_state s CLEANUP(host_state_clear) = full();
    struct buffer text = { 0 };
    struct error err = { 0 };

    s.clock.clock_ms = UINT64_MAX;
    CHECK(!host_state_encode(&s, &text, &err));
    CHECK_UINT(err.code, ERROR_LIMIT);
}

static const char *path_of(const char *name)
{
    static char path[256];

    (void)snprintf(path, sizeof(path), "%s/%s", dir.path, name);
    return path;
}

static bool open_file(const char *name, struct host_state *out, struct error *err)
{
    struct state_file f CLEANUP(state_file_close) = { 0 };

    return state_file_open(&f, path_of(name), out, err);
}

static void a_file_is_private_whatever_the_umask(void)
{
    struct state_file f CLEANUP(state_file_close) = { 0 };
    struct host_state s CLEANUP(host_state_clear) = full();
    struct host_state none = { 0 };
    struct error err = { 0 };
    mode_t before = umask(0);
    struct stat st;

    CHECKF(state_file_open(&f, path_of("new"), &none, &err), "%s", err.text);
    CHECK_UINT(none.ak_name.len, 0);
    CHECKF(state_file_save(&f, &s, &err), "%s", err.text);
    CHECK(stat(path_of("new"), &st) == 0 && (st.st_mode & 07777) == 0600);
    CHECK(stat(path_of("new.lock"), &st) == 0 && (st.st_mode & 07777) == 0600);
    (void)umask(before);
}

static void one_program_at_a_time_uses_a_file(void)
{
    struct state_file f CLEANUP(state_file_close) = { 0 };
    struct host_state s = { 0 };
    struct error err = { 0 };

    CHECK(state_file_open(&f, path_of("locked"), &s, &err));
    CHECK(!open_file("locked", &s, &err));
    CHECKF(err.code == ERROR_CONFIG && strstr(err.text, "in use") != NULL, "%s", err.text);
    CHECKF(state_file_save(&f, &s, &err), "%s", err.text);
    CHECK(!open_file("locked", &s, &err)); /* still, though the file is another one now */
    state_file_close(&f);
    CHECKF(open_file("locked", &s, &err), "%s", err.text);
}

static void a_file_that_others_may_use_is_refused(void)
{
    static const mode_t modes[] = { 0640, 0604, 0620, 0602, 0660, 0644, 0610 };
    struct host_state s CLEANUP(host_state_clear) = full();
    struct host_state back CLEANUP(host_state_clear) = { 0 };
    struct buffer text CLEANUP(buffer_clear) = text_of(&s);
    struct error err = { 0 };

    (void)forge_dir_write(&dir, "modes", buffer_view(&text));
    for (size_t i = 0; i < ARRAY_LEN(modes); i++) {
        CHECK(chmod(path_of("modes"), modes[i]) == 0);
        CHECK(!open_file("modes", &back, &err));
        CHECKF(err.code == ERROR_CONFIG && strstr(err.text, "mode") != NULL, "%s", err.text);
    }
    CHECK(chmod(path_of("modes"), 0600) == 0);
    CHECKF(open_file("modes", &back, &err), "%s", err.text);
}

static void what_is_no_file_of_ours_is_refused(void)
{
    struct host_state s = { 0 };
    struct error err = { 0 };
    char target[256];

    (void)snprintf(target, sizeof(target), "%s", path_of("target"));
    (void)forge_dir_write(&dir, "target", bytes_of_text("{}"));
    CHECK(symlink(target, path_of("link")) == 0);
    CHECK(!open_file("link", &s, &err));
    CHECK(mkfifo(path_of("fifo"), 0600) == 0);
    CHECK(!open_file("fifo", &s, &err));
    CHECK(!open_file("no/such/folder", &s, &err));
    CHECK_UINT(err.code, ERROR_IO);
    (void)forge_dir_write(&dir, "garbage", bytes_of_text("garbage"));
    CHECK(chmod(path_of("garbage"), 0600) == 0);
    CHECK(!open_file("garbage", &s, &err));
    CHECKF(err.code == ERROR_MALFORMED && strstr(err.text, "garbage") != NULL, "%s", err.text);
    (void)forge_dir_write(&dir, "empty", bytes_of_text(""));
    CHECK(chmod(path_of("empty"), 0600) == 0);
    CHECK(!open_file("empty", &s, &err)); /* no fresh start */
    if (geteuid() == 0) {
        CHECK(chown(path_of("garbage"), 1, 1) == 0);
        CHECK(!open_file("garbage", &s, &err));
        CHECKF(strstr(err.text, "another user") != NULL, "%s", err.text);
    }
}

int main(void)
{
    static const struct test tests[] = {
        { "what is written is read", what_is_written_is_read },
        { "a state of nothing is written and read", a_state_of_nothing_is_written_and_read },
        { "wrong states are refused", wrong_states_are_refused },
        { "a state that was changed is refused", a_state_that_was_changed_is_refused },
        { "a state cut or changed anywhere is refused",
                a_state_cut_or_changed_anywhere_is_refused },
        { "a number that JSON cannot hold is not written",
                a_number_that_json_cannot_hold_is_not_written },
        { "R60: a file is private, whatever the umask", a_file_is_private_whatever_the_umask },
        { "one program at a time uses a file", one_program_at_a_time_uses_a_file },
        { "R60: a file that others may use is refused", a_file_that_others_may_use_is_refused },
        { "what is no file of ours is refused", what_is_no_file_of_ours_is_refused },
    };

    forge_dir_make(&dir);
    int status = run_tests("host state", tests, ARRAY_LEN(tests));

    forge_dir_remove(&dir);
    return status;
}
