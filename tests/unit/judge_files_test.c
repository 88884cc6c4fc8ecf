/* SPDX-License-Identifier: BSD-3-Clause */
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "tests/attack.h"
#include "tests/check.h"
#include "verifier/judge.h"

#define FILES_ROW(what, at, ...)                                                              \
    {                                                                                         \
        .name = (what), .fails = "files", .kinds = "unknown-file", .entry = (at), __VA_ARGS__ \
    }

/* One more record after an honest start: entry 6. */
static void more(struct forge *f, const char *path)
{
    forge_honest(f);
    forge_file(f, FORGE_BOTH, 10, path);
}

static void with_content(struct forge *f, const char *prefix, enum digest_alg alg,
        const char *content, const char *path)
{
    uint8_t digest[DIGEST_SIZE_MAX];

    forge_digest(alg, bytes_of_text(content), digest);
    forge_honest(f);
    forge_file_digest(f, 10, prefix, (struct bytes){ digest, digest_size(alg) }, path);
}

static void changed(struct forge *f)
{
    with_content(f, "sha256:", DIGEST_SHA256, "something else", "/usr/bin/bash");
}

static void moved(struct forge *f)
{
    with_content(f, "sha256:", DIGEST_SHA256, "/usr/bin/bash", "/home/bash");
}

static void zero_digest(struct forge *f)
{
    static const uint8_t zeros[32];

    forge_honest(f);
    forge_file_digest(f, 10, "sha256:", (struct bytes){ zeros, sizeof(zeros) }, "/usr/bin/bash");
}

static void sha1_digest(struct forge *f)
{
    with_content(f, "sha1:", DIGEST_SHA1, "/usr/bin/bash", "/usr/bin/bash");
}

static void md5_digest(struct forge *f)
{
    uint8_t digest[16] = { 1 };

    forge_honest(f);
    forge_file_digest(f, 10, "md5:", (struct bytes){ digest, sizeof(digest) }, "/usr/bin/bash");
}

/* SHA-256 of the content under a name of the same length. */
static void mislabelled_sha3(struct forge *f)
{
    with_content(f, "sha3-256:", DIGEST_SHA256, "/usr/bin/bash", "/usr/bin/bash");
}

static void mislabelled_sha384(struct forge *f)
{
    with_content(f, "sha384:", DIGEST_SHA256, "/usr/bin/bash", "/usr/bin/bash");
}

static void unknown_algorithm(struct forge *f)
{
    with_content(f, "whirled:", DIGEST_SHA256, "/usr/bin/bash", "/usr/bin/bash");
}

static void short_digest(struct forge *f)
{
    uint8_t digest[32];

    forge_digest(DIGEST_SHA256, bytes_of_text("/usr/bin/bash"), digest);
    forge_honest(f);
    forge_file_digest(f, 10, "sha256:", (struct bytes){ digest, 20 }, "/usr/bin/bash");
}

static void path_and_digest(void)
{
    static const struct attack rows[] = {
        FILES_ROW("a file in no list", 6, .live = attack_newcomer),
        FILES_ROW("a known path with other content", 6, .live = changed),
        FILES_ROW("a known content at another path", 6, .live = moved),
        { .name = "a known content at another path, anywhere",
                .policy = POLICY_UNCHECKED
                "ima:\n  allow: [ { file: allow.sha256, match: anywhere } ]\n",
                .live = moved },
        FILES_ROW("R86 a digest of zeros", 6, .live = zero_digest),
        FILES_ROW("R86 a digest of zeros, a list with zeros", 6, .live = zero_digest,
                .policy = POLICY_UNCHECKED
                "ima:\n  allow: [ { file: allow.sha256 }, { file: zeros.sha256, match: anywhere } ]\n"),
        FILES_ROW("R36 SHA-1", 6, .live = sha1_digest),
        FILES_ROW("R36 SHA-1 that is listed", 6, .live = sha1_digest,
                .policy = POLICY_UNCHECKED
                "ima:\n  allow: [ { file: allow.sha256 }, { file: bash.sha1 } ]\n"),
        { .name = "R36 SHA-1 that is listed, allowed",
                .live = sha1_digest,
                .policy = POLICY_UNCHECKED
                "ima:\n  weak-digests: allow\n"
                "  allow: [ { file: allow.sha256 }, { file: bash.sha1 } ]\n" },
        FILES_ROW("R36 SHA-1 allowed, but not listed", 6, .live = sha1_digest,
                .policy = WITH("  weak-digests: allow\n")),
        FILES_ROW("R36 MD5", 6, .live = md5_digest),
        FILES_ROW("R35 another algorithm of the same length", 6, .live = mislabelled_sha3),
        FILES_ROW("R35 an algorithm of another length", 6, .live = mislabelled_sha384),
        FILES_ROW("R35 an algorithm nobody has", 6, .live = unknown_algorithm),
        FILES_ROW("R35 a digest that is too short", 6, .live = short_digest),
    };

    attack_rows(rows, ARRAY_LEN(rows));
}

static void log_file(struct forge *f)
{
    more(f, "/var/log/messages");
}

static void logs_dir_itself(struct forge *f)
{
    more(f, "/var/log");
}

static void log_lookalike(struct forge *f)
{
    more(f, "/var/logs/messages");
}

static void dotdot(struct forge *f)
{
    more(f, "/var/log/../../usr/bin/evil");
}

static void dot(struct forge *f)
{
    more(f, "/var/log/./evil");
}

static void empty_component(struct forge *f)
{
    more(f, "/var/log//evil");
}

static void bare_name(struct forge *f)
{
    more(f, "messages");
}

static void zero_digest_excluded(struct forge *f)
{
    static const uint8_t zeros[32];

    forge_honest(f);
    forge_file_digest(f, 10, "sha256:", (struct bytes){ zeros, sizeof(zeros) }, "/var/log/a");
}

static void exclusions(void)
{
#define EXCLUDE WITH("  exclude: [ \"/var/log/**\" ]\n")
    static const struct attack rows[] = {
        { .name = "an excluded file", .policy = EXCLUDE, .live = log_file },
        { .name = "an excluded file with a digest of zeros",
                .policy = EXCLUDE,
                .live = zero_digest_excluded },
        FILES_ROW("R33 the folder itself", 6, .policy = EXCLUDE, .live = logs_dir_itself),
        FILES_ROW("R33 a name that starts alike", 6, .policy = EXCLUDE, .live = log_lookalike),
        FILES_ROW("R33 a dot-dot component", 6, .policy = EXCLUDE, .live = dotdot),
        FILES_ROW("R33 a dot component", 6, .policy = EXCLUDE, .live = dot),
        FILES_ROW("R33 an empty component", 6, .policy = EXCLUDE, .live = empty_component),
        FILES_ROW("R33 a name without a slash", 6, .policy = EXCLUDE, .live = bare_name),
        { .name = "denied wins over excluded",
                .live = log_file,
                .fails = "files",
                .kinds = "denied-file",
                .entry = 6,
                .policy =
                        WITH("  exclude: [ \"/var/log/**\" ]\n  deny: [ { file: log.deny } ]\n") },
        { .name = "denied wins over allowed",
                .live = NULL,
                .fails = "files",
                .kinds = "denied-file",
                .entry = 3,
                .policy = WITH("  deny: [ { file: bash.deny } ]\n") },
        { .name = "denied wins anywhere",
                .live = moved,
                .fails = "files",
                .kinds = "denied-file",
                .entry = 3,
                .policy = WITH("  deny: [ { file: bash.deny } ]\n  exclude: [ \"/home/**\" ]\n") },
    };
    struct forge f;
    struct verdict v;

    attack_rows(rows, ARRAY_LEN(rows));
    attack_prepare(&rows[0], &f);
    forge_file(&f, FORGE_LOG, 10, "/var/log/in_the_tail");
    attack_judge(&f, EXCLUDE, &v);
    CHECK_UINT(v.excluded, 1);
    CHECK_UINT(v.attested, 7);
    CHECK_UINT(v.entries, 8);
    verdict_clear(&v);
    forge_clear(&f);
}

static void underscore(struct forge *f)
{
    more(f, "/opt/a_b");
}

static void space(struct forge *f)
{
    with_content(f, "sha256:", DIGEST_SHA256, "/opt/a_b", "/opt/a b");
}

static void spaces_are_underscores(void)
{
    static const struct attack rows[] = {
        { .name = "R32 a listed space, as the kernel logs it",
                .policy = POLICY_UNCHECKED
                "ima:\n  allow: [ { file: allow.sha256 }, { file: space.sha256 } ]\n",
                .live = underscore },
        { .name = "R32 a space in the record, which no kernel writes, is the same path",
                .policy = POLICY_UNCHECKED
                "ima:\n  allow: [ { file: allow.sha256 }, { file: space.sha256 } ]\n",
                .live = space },
    };

    attack_rows(rows, ARRAY_LEN(rows));
}

/* A record of any template after an honest start. */
static void template_record(struct forge *f, const char *template, const struct bytes *values,
        size_t count)
{
    uint8_t room[4096];

    forge_honest(f);
    forge_record(f, FORGE_BOTH, 10, template, forge_fields(room, sizeof(room), values, count));
}

#define PATH(text) ((struct bytes){ (const uint8_t *)(text), sizeof(text) })

static void sig_record(struct forge *f)
{
    uint8_t room[80];
    struct bytes values[] = { forge_digest_field("sha256:", bytes_of_text("/usr/bin/bash"), room),
        PATH("/usr/bin/bash"), { 0 } };

    template_record(f, "ima-sig", values, 3);
}

static void ngv2_record(struct forge *f)
{
    uint8_t room[80];
    struct bytes values[] = { forge_digest_field("ima:sha256:", bytes_of_text("/usr/bin/bash"),
                                      room),
        PATH("/usr/bin/bash") };

    template_record(f, "ima-ngv2", values, 2);
}

static void verity_record(struct forge *f)
{
    uint8_t room[80];
    struct bytes values[] = { forge_digest_field("verity:sha256:", bytes_of_text("/usr/bin/bash"),
                                      room),
        PATH("/usr/bin/bash") };

    template_record(f, "ima-ngv2", values, 2);
}

static void opaque_record(struct forge *f)
{
    forge_honest(f);
    forge_record(f, FORGE_BOTH, 10, "novel", bytes_of_text("opaque"));
}

static void nameless_record(struct forge *f)
{
    uint8_t room[80];
    struct bytes values[] = { forge_digest_field("sha256:", bytes_of_text("/usr/bin/bash"), room) };

    template_record(f, "d-ng", values, 1);
}

static void ima_record(struct forge *f)
{
    uint8_t data[24 + 13] = { 0 };

    forge_honest(f);
    forge_digest(DIGEST_SHA1, bytes_of_text("/usr/bin/bash"), data);
    data[20] = 13;
    memcpy(data + 24, "/usr/bin/bash", 13);
    forge_record(f, FORGE_BOTH, 10, "ima", (struct bytes){ data, sizeof(data) });
}

/* The name says ima-ng, which is allowed; the data is that of ima-sig: fields must fill it. */
static void renamed_record(struct forge *f)
{
    sig_record(f);
    memcpy(f->list.data + f->record_at[6] + 28, "ima-ngx", 7);
}

static void templates(void)
{
    static const struct attack rows[] = {
        { .name = "ima-sig by default", .live = sig_record },
        FILES_ROW("R34 a template the policy does not name", 6, .live = ngv2_record),
        { .name = "a template the policy names",
                .policy = WITH("  templates: [ima-ng, ima-ngv2]\n"),
                .live = ngv2_record },
        FILES_ROW("ima-sig left out by the policy", 6,
                .policy = WITH("  templates: [ima-ng, ima-ngv2]\n"), .live = sig_record),
        FILES_ROW("R35 an fs-verity digest is not that of the content", 6,
                .policy = WITH("  templates: [ima-ng, ima-ngv2]\n"), .live = verity_record),
        { .name = "R35 an fs-verity digest that is listed as one",
                .policy = POLICY_UNCHECKED
                "ima:\n  templates: [ima-ng, ima-ngv2]\n"
                "  allow: [ { file: allow.sha256 }, { file: verity.list } ]\n",
                .live = verity_record },
        FILES_ROW("R34 a template nobody knows", 6, .live = opaque_record),
        FILES_ROW("R34 a template nobody knows, named by the policy", 6,
                .policy = WITH("  templates: [ima-ng, novel]\n"), .live = opaque_record),
        FILES_ROW("R34 a template without a name", 6, .live = nameless_record,
                .policy = WITH("  templates: [ima-ng, d-ng]\n")),
        FILES_ROW("R36 the old template holds SHA-1", 6, .live = ima_record,
                .policy = WITH("  templates: [ima-ng, ima]\n")),
        { .name = "the old template, allowed and listed",
                .live = ima_record,
                .policy = POLICY_UNCHECKED
                "ima:\n  templates: [ima-ng, ima]\n  weak-digests: allow\n"
                "  allow: [ { file: allow.sha256 }, { file: bash.sha1 } ]\n" },
        FILES_ROW("R25 a renamed record", 6, .send = NULL, .live = renamed_record),
    };

    attack_rows(rows, ARRAY_LEN(rows));
}

static void buffer_of(struct forge *f, const char *name, const char *content, const char *hashed)
{
    uint8_t room[80];
    struct bytes values[] = { forge_digest_field("sha256:", bytes_of_text(hashed), room),
        { (const uint8_t *)name, strlen(name) + 1 }, bytes_of_text(content) };

    template_record(f, "ima-buf", values, 3);
}

static void buffer(struct forge *f)
{
    buffer_of(f, "kexec-cmdline", "quiet", "quiet");
}

static void buffer_with_other_digest(struct forge *f)
{
    buffer_of(f, "kexec-cmdline", "quiet init=/bin/sh", "quiet");
}

static void buffer_named_like_a_file(struct forge *f)
{
    buffer_of(f, "no-such-name", "quiet", "quiet");
}

static void empty_buffer(struct forge *f)
{
    buffer_of(f, "/usr/bin/bash", "", "/usr/bin/bash");
}

static void buffers(void)
{
#define BUFFERS(match)                                        \
    POLICY_UNCHECKED "ima:\n  templates: [ima-ng, ima-buf]\n" \
                     "  allow: [ { file: allow.sha256 }, { file: buffers.sha256" match " } ]\n"
    static const struct attack rows[] = {
        { .name = "a listed buffer", .policy = BUFFERS(""), .live = buffer },
        FILES_ROW("a list that matches anywhere is not for buffers", 6,
                .policy = BUFFERS(", match: anywhere"), .live = buffer),
        FILES_ROW("a buffer is never matched anywhere", 6, .policy = BUFFERS(", match: anywhere"),
                .live = buffer_named_like_a_file),
        FILES_ROW("a buffer whose digest is not its own", 6, .policy = BUFFERS(""),
                .live = buffer_with_other_digest),
        { .name = "an empty buffer is a file", .policy = BUFFERS(""), .live = empty_buffer },
    };

    attack_rows(rows, ARRAY_LEN(rows));
}

static void strange_paths_are_escaped_and_decide_nothing_else(void)
{
    static const struct {
        const char *path;
        const char *shown;
    } cases[] = {
        { "/tmp/new\nline", "/tmp/new\\x0aline" },
        { "/tmp/tab\t\x01\x1f\x7f", "/tmp/tab\\x09\\x01\\x1f\\x7f" },
        { "/tmp/\xff\xfe", "/tmp/\\xff\\xfe" },
        { "/tmp/back\\x41", "/tmp/back\\x5cx41" },
        { "/tmp/\033[31mred", "/tmp/\\x1b[31mred" },
        { "/tmp/\xc3\xa4\xe2\x82\xac", "/tmp/\xc3\xa4\xe2\x82\xac" },
        { "../../etc/passwd", "../../etc/passwd" },
        { "/tmp/\"quoted\"", "/tmp/\"quoted\"" },
    };

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct forge f;
        struct verdict v;

        check_case = cases[i].shown;
        forge_init(&f, FORGE_SHA256, attack_key());
        forge_honest(&f);
        forge_file(&f, FORGE_BOTH, 10, cases[i].path);
        forge_ask(&f, FORGE_SHA256, FORGE_PCRS);
        forge_sign(&f);
        attack_judge(&f, WITH("  exclude: [ \"/var/log/**\" ]\n"), &v);
        CHECK_UINT(verdict_result(&v), VERDICT_REFUSED);
        if (CHECK_UINT(v.findings.count, 1)) {
            CHECK_TEXT(bytes_of_text(v.findings.at[0].path), cases[i].shown);
            CHECK(strstr(v.findings.at[0].text, cases[i].shown) != NULL);
        }
        verdict_clear(&v);
        forge_clear(&f);
    }
    check_case = "";
}

static void a_path_of_4096_bytes_is_kept_whole(void)
{
    char path[4097];
    struct forge f;
    struct verdict v;

    memset(path, '\x01', sizeof(path) - 1);
    path[0] = '/';
    path[sizeof(path) - 1] = '\0';
    forge_init(&f, FORGE_SHA256, attack_key());
    forge_honest(&f);
    forge_file(&f, FORGE_BOTH, 10, path);
    forge_ask(&f, FORGE_SHA256, FORGE_PCRS);
    forge_sign(&f);
    attack_judge(&f, NULL, &v);
    CHECK_UINT(verdict_result(&v), VERDICT_REFUSED);
    if (CHECK_UINT(v.findings.count, 1)) {
        CHECK_UINT(strlen(v.findings.at[0].path), 1 + 4095 * 4);
    }
    verdict_clear(&v);
    forge_clear(&f);
}

static void a_finding_says_what_was_expected(void)
{
    static const struct attack a = { .name = "", .live = changed };
    struct forge f;
    struct verdict v;
    uint8_t digest[32];
    char expected[80];
    char hex[65];

    attack_prepare(&a, &f);
    attack_judge(&f, NULL, &v);
    forge_digest(DIGEST_SHA256, bytes_of_text("/usr/bin/bash"), digest);
    (void)snprintf(expected, sizeof(expected), "sha256:%s",
            bytes_hex(hex, sizeof(hex), (struct bytes){ digest, sizeof(digest) }));
    if (CHECK_UINT(v.findings.count, 1)) {
        const struct finding *found = &v.findings.at[0];

        CHECK_TEXT(bytes_of_text(found->log), "ima");
        CHECK_TEXT(bytes_of_text(found->path), "/usr/bin/bash");
        CHECK_TEXT(bytes_of_text(found->expected), expected);
        CHECK(found->found != NULL && strcmp(found->found, found->digest) == 0);
        CHECK(found->rule != NULL && strstr(found->rule, "allow.sha256 line 3") != NULL);
    }
    verdict_clear(&v);
    forge_clear(&f);
}

/* Every file is unknown, every path is listed with another content: the dearest case. Time is
 * measured in processor time of this thread, and only a factor far from linear fails. */
static double seconds_for(size_t count)
{
    struct forge_bytes list = { 0 };
    struct forge f;
    struct verdict v;
    struct timespec start;
    struct timespec end;

    forge_init(&f, FORGE_SHA256, attack_key());
    forge_boot(&f);
    forge_aggregate(&f, DIGEST_SHA256, 9);
    for (size_t i = 0; i < count; i++) {
        char path[64];
        char line[160];

        (void)snprintf(path, sizeof(path), "/srv/files/%zu", i);
        forge_file(&f, FORGE_BOTH, 10, path);
        (void)snprintf(line, sizeof(line), "%064zx  %s\n", i + 1, path);
        forge_add(&list, bytes_of_text(line));
    }
    forge_dir_write(attack_dir(), "many.sha256", forge_view(&list));
    forge_ask(&f, FORGE_SHA256, FORGE_PCRS);
    forge_sign(&f);
    (void)clock_gettime(CLOCK_THREAD_CPUTIME_ID, &start);
    attack_judge(&f, POLICY_UNCHECKED "ima:\n  allow: [ { file: many.sha256 } ]\n", &v);
    (void)clock_gettime(CLOCK_THREAD_CPUTIME_ID, &end);
    CHECK_UINT(v.attested, count + 1);
    CHECK_UINT(v.findings.dropped[SEVERITY_REFUSE], count - FINDINGS_MAX);
    CHECK_UINT(f.passes, 1);
    verdict_clear(&v);
    forge_clear(&f);
    forge_bytes_clear(&list);
    return (double)(end.tv_sec - start.tv_sec) + (double)(end.tv_nsec - start.tv_nsec) / 1e9;
}

static void time_is_linear_in_entries_and_rules(void)
{
    double small = seconds_for(2000);
    double large = seconds_for(16000);

    /* 8 times the work; quadratic would be 64 times */
    CHECKF(large < 30 * small, "%.3f s for 2000, %.3f s for 16000", small, large);
}

static void write_lists(void)
{
    attack_write_list("bash.deny", "", DIGEST_SHA256, "/usr/bin/bash", "whatever");
    attack_write_list("log.deny", "", DIGEST_SHA256, "/var/log/messages", "whatever");
    attack_write_list("bash.sha1", "", DIGEST_SHA1, "/usr/bin/bash", "/usr/bin/bash");
    attack_write_list("space.sha256", "", DIGEST_SHA256, "/opt/a_b", "/opt/a b");
    attack_write_list("verity.list", "verity:sha256:", DIGEST_SHA256, "/usr/bin/bash",
            "/usr/bin/bash");
    attack_write_list("buffers.sha256", "", DIGEST_SHA256, "quiet", "kexec-cmdline");
    forge_dir_write(attack_dir(), "zeros.sha256",
            bytes_of_text("0000000000000000000000000000000000000000000000000000000000000000"
                          "  /usr/bin/bash\n"));
}

static const struct test tests[] = {
    { "R35, R36, R86: path and digest decide", path_and_digest },
    { "R33: exclusions go by components, and deny wins", exclusions },
    { "R32: spaces are underscores", spaces_are_underscores },
    { "R34: only templates that the policy names", templates },
    { "buffers are matched by their names", buffers },
    { "R31: strange paths are escaped", strange_paths_are_escaped_and_decide_nothing_else },
    { "R31: a path of 4096 bytes is kept whole", a_path_of_4096_bytes_is_kept_whole },
    { "a finding says what was expected", a_finding_says_what_was_expected },
    { "R74: time is linear in entries and rules", time_is_linear_in_entries_and_rules },
};

int main(void)
{
    attack_setup();
    write_lists();
    int status = run_tests("judge_files", tests, ARRAY_LEN(tests));

    attack_teardown();
    return status;
}
