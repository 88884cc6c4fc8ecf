/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Lists of other people's machines and of ours, against an independent replay and against the TPM.
 * They are not part of this project: TALLY_CORPUS names the folder that has them, TALLY_CAPTURES
 * that of our machines. What is not there is named and skipped.
 */
#include <dirent.h>
#include <jansson.h>
#include <stdlib.h>

#include "host/file.h"
#include "ima/ascii.h"
#include "ima/walk.h"
#include "tests/check.h"
#include "tests/unit/ima_made.h"

#define SKIPPED   77
#define FILE_MAX  ((size_t)16 << 20)
#define KINDS_MAX 8
#define PATH_SIZE 1024
#define SHA_BANKS \
    (1u << DIGEST_SHA1 | 1u << DIGEST_SHA256 | 1u << DIGEST_SHA384 | 1u << DIGEST_SHA512)

static struct hasher h;
static const char *corpus;
static const char *captures;

static const char *folder(const char *variable, const char *otherwise)
{
    const char *value = getenv(variable);

    return value != NULL && *value != '\0' ? value : otherwise;
}

static bool exists(const char *path)
{
    DIR *dir = opendir(path);

    if (dir == NULL) {
        return false;
    }
    (void)closedir(dir);
    return true;
}

struct histogram {
    size_t kinds;
    struct {
        char name[80];
        uint64_t count;
        bool known;
    } at[KINDS_MAX];
};

static bool count_template(void *ctx, const struct ima_record *record, struct error *err)
{
    struct histogram *t = ctx;
    struct bytes name = record->entry->template_name;
    size_t i = 0;

    while (i < t->kinds && !bytes_equal_text(name, t->at[i].name)) {
        i++;
    }
    if (i == KINDS_MAX) {
        return error_set(err, ERROR_LIMIT, "more than %d templates", KINDS_MAX);
    }
    if (i == t->kinds) {
        t->kinds++;
        t->at[i].known = record->fields->known;
        (void)snprintf(t->at[i].name, sizeof(t->at[i].name), "%.*s", (int)name.len,
                (const char *)name.ptr);
    }
    t->at[i].count++;
    return true;
}

struct one_chunk {
    struct bytes all;
    bool done;
};

static bool next_chunk(void *ctx, struct bytes *out, struct error *err)
{
    struct one_chunk *c = ctx;

    (void)err;
    *out = c->done ? (struct bytes){ 0 } : c->all;
    c->done = true;
    return true;
}

/* Walk over a whole list, binary or text; what could be read stays in w after a failure, too. */
static bool walk_list(struct ima_walk *w, struct bytes list, struct ima_digest_format format,
        const struct ima_target *target, struct histogram *templates, struct error *err)
{
    struct one_chunk chunk = { list, false };
    struct source binary = { .next = next_chunk, .ctx = &chunk };
    struct ima_ascii_source text CLEANUP(ima_ascii_source_clear) = { 0 };

    ima_walk_init(w, &h, format, SHA_BANKS, true);
    w->target = target;
    w->whole = true;
    w->visit = templates != NULL ? count_template : NULL;
    w->ctx = templates;
    ima_ascii_source_init(&text, binary, format);
    struct source source = ima_ascii_detect(list) ? ima_ascii_source(&text) : binary;
    bool ok = ima_walk_run(w, &source, err);

    ima_walk_clear(w);
    return ok;
}

static struct ima_digest_format format_of_width(size_t size)
{
    return (struct ima_digest_format){
        .alg = size == 64    ? DIGEST_SHA512
                : size == 48 ? DIGEST_SHA384
                : size == 32 ? DIGEST_SHA256
                             : DIGEST_SHA1,
        .size = size,
    };
}

/* A text list shows the width of its digests; of a binary one the oracle's words say it. */
static struct ima_digest_format corpus_format(struct bytes list, const char *words)
{
    struct reader r = reader_init(list);
    struct bytes pcr;
    struct bytes digest;
    unsigned int width;
    const char *comma = strchr(words, ',');

    if (ima_ascii_detect(list) && reader_take_until(&r, ' ', &pcr) &&
            reader_take_until(&r, ' ', &digest)) {
        return format_of_width(digest.len / 2);
    }
    return format_of_width(comma != NULL && sscanf(comma, ", %u-byte", &width) == 1 ? width : 20);
}

/* Lists that do not read to their end, and how far they do. */
static const struct {
    const char *name;
    const char *error;
    uint64_t entries; /* 0: as many as the oracle read */
} broken[] = {
    { "ima/tss-sml-ima-ng-sha1.bin", "the list ends inside entry 6 at offset 558", 6 },
    { "ima/tss-sml-ima-sha1.bin", "the list ends inside entry 12 at offset 916", 12 },
    { "ima/kl-inline-test_ima_ast.ascii", "line 7: field d-ng", 6 },
    { "ima/kl-inline-test_create_runtime_policy.ascii", "line 3: field d is not 20 bytes", 2 },
};

static void check_error(const char *name, bool ok, const struct error *err)
{
    const char *want = "";

    for (size_t i = 0; i < ARRAY_LEN(broken); i++) {
        if (strcmp(broken[i].name, name) == 0) {
            want = broken[i].error;
        }
    }
    CHECKF(ok == (*want == '\0'), "%s", err->text);
    CHECKF(strncmp(err->text, want, strlen(want)) == 0, "%s", err->text);
}

/* Lists made by hand for somebody's tests, with one record whose digest is not that of its data. */
static uint64_t wrong_digests(const char *name)
{
    static const char *const names[] = {
        "ima/kl-ima-log-sm3_256",
        "ima/kl-ima-log-unknown",
        "ima/kl-inline-test_ima_verification.ascii",
    };

    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        if (strcmp(name, names[i]) == 0) {
            return 1;
        }
    }
    return 0;
}

static void check_histogram(const struct histogram *got, const json_t *want)
{
    CHECK_UINT(got->kinds, json_object_size(want));
    for (size_t i = 0; i < got->kinds; i++) {
        CHECKF(got->at[i].known, "%s", got->at[i].name);
        CHECK_UINT(got->at[i].count,
                (uint64_t)json_integer_value(json_object_get(want, got->at[i].name)));
    }
}

static bool has_hex(struct bytes value, const json_t *want)
{
    char hex[2 * DIGEST_SIZE_MAX + 1];

    return json_is_string(want) &&
            strcmp(bytes_hex(hex, sizeof(hex), value), json_string_value(want)) == 0;
}

/* The oracle goes by the logged digest where it has the bank's width, and pads it elsewhere; we go
 * by the data. The same, unless the digest is wrong or, padded, not SHA-1. For violations it
 * extends 0xff over the whole bank. */
static size_t check_values(const struct ima_replay *r, const json_t *pcr10)
{
    size_t compared = 0;

    for (int i = 0; i <= DIGEST_SHA512; i++) {
        enum digest_alg alg = (enum digest_alg)i;
        const json_t *bank = json_object_get(pcr10, digest_name(alg));
        const json_t *pad = json_object_get(bank, "pad");

        if (r->wrong_digests == 0 || alg != r->format.alg) {
            CHECKF(has_hex(ima_replay_value(r, alg, IMA_RULE_PER_BANK, 10),
                           json_object_get(bank, "rehash")),
                    "%s", digest_name(alg));
            compared++;
        }
        if (alg != DIGEST_SHA1 && r->format.size == 20 && r->wrong_digests == 0) {
            CHECKF(has_hex(ima_replay_value(r, alg, IMA_RULE_PADDED, 10), pad), "%s padded",
                    digest_name(alg));
            CHECKF(r->violations == 0 ||
                            !has_hex(ima_replay_value(r, alg, IMA_RULE_PADDED_20, 10), pad),
                    "%s padded, 20", digest_name(alg));
            compared++;
        }
    }
    return compared;
}

/* [source, bank, value, "rehash after entry N/M" or null]: the PCR of the machine. */
static void check_known_values(struct bytes list, struct ima_digest_format format,
        const json_t *known)
{
    size_t i;
    const json_t *row;

    json_array_foreach(known, i, row)
    {
        const char *hex = json_string_value(json_array_get(row, 2));
        const char *note = json_string_value(json_array_get(row, 3));
        struct ima_target t = { .by_value = true, .pcrs = 1u << 10 };
        uint8_t value[DIGEST_SIZE_MAX];
        struct error err = { 0 };
        static struct ima_walk w;
        enum digest_alg alg;
        unsigned int after = 0;
        size_t len;

        CHECK(digest_from_name(bytes_of_text(json_string_value(json_array_get(row, 1))), &alg) &&
                bytes_from_hex(bytes_of_text(hex), value, sizeof(value), &len));
        pcr_values_set(&t.values, alg, 10, value);
        CHECKF(walk_list(&w, list, format, &t, NULL, &err), "%s", err.text);
        CHECK(w.met == (note != NULL));
        if (note != NULL) {
            CHECK(sscanf(note, "rehash after entry %u/", &after) == 1);
            CHECKF(w.attested == after || (w.replay.pcrs != 1u << 10 && w.attested > after), "%ju",
                    (uintmax_t)w.attested);
            CHECK_UINT(w.rules.rule[alg], IMA_RULE_PER_BANK);
        }
    }
}

static void check_list(const char *name, const json_t *want, size_t *values)
{
    struct buffer list CLEANUP(buffer_clear) = { 0 };
    struct histogram templates = { 0 };
    struct error err = { 0 };
    static struct ima_walk w;
    char path[PATH_SIZE];

    check_case = name;
    (void)snprintf(path, sizeof(path), "%s/%s", corpus, name);
    if (!CHECKF(file_read(path, FILE_MAX, &list, &err), "%s", err.text)) {
        return;
    }
    struct ima_digest_format format =
            corpus_format(buffer_view(&list), json_string_value(json_object_get(want, "format")));
    bool ok = walk_list(&w, buffer_view(&list), format, NULL, &templates, &err);

    check_error(name, ok, &err);
    if (w.replay.entries == (uint64_t)json_integer_value(json_object_get(want, "events"))) {
        CHECK_UINT(w.replay.wrong_digests, wrong_digests(name));
        check_histogram(&templates, json_object_get(want, "templates"));
        *values += check_values(&w.replay, json_object_get(want, "pcr10"));
        check_known_values(buffer_view(&list), format, json_object_get(want, "known"));
        return;
    }
    /* The one list of which we read less than the oracle does. */
    CHECK_TEXT(bytes_of_text(name), "ima/kl-inline-test_create_runtime_policy.ascii");
    CHECK_UINT(w.replay.entries, 2);
}

static void lists_of_other_machines_agree_with_an_independent_replay(void)
{
    char path[PATH_SIZE];
    json_error_t where;
    const char *name;
    json_t *want;
    size_t lists = 0;
    size_t values = 0;

    (void)snprintf(path, sizeof(path), "%s/expected.json", corpus);
    json_t *all = json_load_file(path, JSON_REJECT_DUPLICATES, &where);

    if (all == NULL) {
        printf("skipped: %s: %s\n", path, where.text);
        return;
    }
    json_object_foreach(all, name, want)
    {
        if (strncmp(name, "ima/", 4) == 0) {
            check_list(name, want, &values);
            lists++;
        }
    }
    check_case = "";
    CHECK(lists > 0);
    printf("%zu lists, %zu PCR values compared ... ", lists, values);
    json_decref(all);
}

/* A single record without its last byte: the oracle read nothing of it, and nor do we. */
static void a_list_cut_in_its_only_record_has_none(void)
{
    struct buffer list CLEANUP(buffer_clear) = { 0 };
    struct error err = { 0 };
    static struct ima_walk w;
    char path[PATH_SIZE];

    (void)snprintf(path, sizeof(path), "%s/ima/tss-sml-ima-ng-sha1-invalidated.bin", corpus);
    if (!file_read(path, FILE_MAX, &list, &err)) {
        printf("skipped: %s\n", err.text);
        return;
    }
    CHECK(!walk_list(&w, buffer_view(&list), MADE_SHA1, NULL, NULL, &err));
    CHECK_UINT(err.code, ERROR_TRUNCATED);
    CHECK_UINT(w.replay.entries, 0);
}

/* "binary_runtime_measurements[_ALG][.MOMENT]" of the kernel, or its text form. */
struct capture {
    char path[PATH_SIZE];
    char moment[64]; /* ".before", or empty */
    struct ima_digest_format format;
};

static bool parse_name(const char *dir, const char *name, const char *stem, struct capture *out)
{
    size_t n = strlen(stem);
    const char *dot = strchr(name, '.');
    size_t alg_len = dot != NULL ? (size_t)(dot - name) : strlen(name);
    enum digest_alg alg = DIGEST_SHA1;

    if (strncmp(name, stem, n) != 0) {
        return false;
    }
    if (alg_len > n &&
            (name[n] != '_' ||
                    !digest_from_name(
                            (struct bytes){ (const uint8_t *)name + n + 1, alg_len - n - 1 },
                            &alg))) {
        return false;
    }
    (void)snprintf(out->path, sizeof(out->path), "%s/%s", dir, name);
    (void)snprintf(out->moment, sizeof(out->moment), "%s", dot != NULL ? dot : "");
    out->format = (struct ima_digest_format){ alg, digest_size(alg) };
    return true;
}

static size_t compared_with_tpm;

static void compare_with_tpm(const char *dir, const char *name)
{
    struct buffer list CLEANUP(buffer_clear) = { 0 };
    struct buffer text CLEANUP(buffer_clear) = { 0 };
    struct ima_target t = { .by_value = true, .pcrs = 1u << 10, .follow = true };
    struct histogram templates = { 0 };
    struct error err = { 0 };
    static struct ima_walk w;
    struct capture c;
    char pcrs[PATH_SIZE + 80];

    if (!parse_name(dir, name, "binary_runtime_measurements", &c)) {
        return;
    }
    check_case = c.path;
    (void)snprintf(pcrs, sizeof(pcrs), "%s/pcrs%s.txt", dir, c.moment);
    CHECKF(file_read(c.path, FILE_MAX, &list, &err), "%s", err.text);
    bool has_tpm = file_read(pcrs, FILE_MAX, &text, &err);

    CHECK(has_tpm || strstr(dir, "notpm") != NULL);
    CHECK(pcrs_from_text(buffer_view(&text), &t.values));
    CHECKF(walk_list(&w, buffer_view(&list), c.format, &t, &templates, &err), "%s", err.text);
    CHECK_UINT(w.replay.wrong_digests, 0);
    for (size_t i = 0; i < templates.kinds; i++) {
        CHECKF(templates.at[i].known, "%s", templates.at[i].name);
    }
    CHECK(w.met == has_tpm);
    CHECK(!has_tpm || w.attested == w.replay.entries);
    CHECK_UINT(w.rules.rule[DIGEST_SHA1], IMA_RULE_PER_BANK);
    CHECK_UINT(w.rules.rule[DIGEST_SHA256], IMA_RULE_PER_BANK);
    compared_with_tpm++;
}

static size_t converted;
static size_t converted_in_part;

/* Up to the record in front of the first path with a newline. */
static size_t plain_prefix(struct bytes list, bool *whole)
{
    struct reader r = reader_init(list);
    struct error err = { 0 };
    struct ima_entry e;
    size_t before = 0;

    while (!reader_done(&r) && CHECK(ima_entry_read(&r, MADE_SHA1, &e, &err))) {
        struct ima_fields f;
        struct ima_file file;

        CHECKF(ima_fields_read(&e, &f, &err) && ima_fields_file(&f, &file), "%s", err.text);
        if (memchr(file.path.ptr, '\n', file.path.len) != NULL) {
            *whole = false;
            return before;
        }
        before = reader_offset(&r);
    }
    *whole = true;
    return before;
}

static void convert_to_binary(const char *dir, const char *name)
{
    struct buffer list CLEANUP(buffer_clear) = { 0 };
    struct buffer want CLEANUP(buffer_clear) = { 0 };
    struct error err = { 0 };
    struct capture c;
    char binary[PATH_SIZE + 80];
    size_t at = 0;
    bool whole;

    if (!parse_name(dir, name, "ascii_runtime_measurements", &c)) {
        return;
    }
    check_case = c.path;
    (void)snprintf(binary, sizeof(binary), "%s/binary_runtime_measurements%s", dir, c.moment);
    if (!CHECKF(file_read(c.path, FILE_MAX, &list, &err), "%s", err.text) ||
            !CHECKF(file_read(binary, FILE_MAX, &want, &err), "%s", err.text)) {
        return;
    }
    struct one_chunk chunk = { buffer_view(&list), false };
    struct ima_ascii_source s CLEANUP(ima_ascii_source_clear) = { 0 };

    ima_ascii_source_init(&s, (struct source){ .next = next_chunk, .ctx = &chunk }, c.format);
    struct source source = ima_ascii_source(&s);
    size_t same = plain_prefix(buffer_view(&want), &whole);

    while (at < same) {
        struct bytes record;

        if (!CHECKF(source.next(source.ctx, &record, &err), "%s", err.text) ||
                !CHECK(record.len > 0 && record.len <= want.len - at) ||
                !CHECKF(memcmp(want.data + at, record.ptr, record.len) == 0, "offset %zu", at)) {
            return;
        }
        at += record.len;
    }
    CHECK_UINT(at, same);
    CHECK(!whole || at == want.len);
    converted += whole ? 1 : 0;
    converted_in_part += whole ? 0 : 1;
}

static void for_every_capture(void (*run)(const char *dir, const char *name))
{
    DIR *top = opendir(captures);

    if (top == NULL) {
        printf("skipped: %s: not there\n", captures);
        return;
    }
    for (const struct dirent *d; (d = readdir(top)) != NULL;) {
        char path[PATH_SIZE - 300];
        DIR *dir;

        (void)snprintf(path, sizeof(path), "%s/%s", captures, d->d_name);
        dir = d->d_name[0] != '.' ? opendir(path) : NULL;
        for (const struct dirent *f; dir != NULL && (f = readdir(dir)) != NULL;) {
            run(path, f->d_name);
        }
        if (dir != NULL) {
            (void)closedir(dir);
        }
    }
    (void)closedir(top);
    check_case = "";
}

static void lists_of_our_machines_meet_their_tpm_at_every_moment(void)
{
    for_every_capture(compare_with_tpm);
    printf("%zu lists ... ", compared_with_tpm);
}

static void text_lists_of_our_machines_convert_to_their_binary_form(void)
{
    for_every_capture(convert_to_binary);
    printf("%zu lists whole, %zu up to a newline in a path ... ", converted, converted_in_part);
}

int main(void)
{
    static const struct test tests[] = {
        { "lists of other machines agree with an independent replay",
                lists_of_other_machines_agree_with_an_independent_replay },
        { "a list cut in its only record has none", a_list_cut_in_its_only_record_has_none },
        { "lists of our machines meet their TPM at every moment",
                lists_of_our_machines_meet_their_tpm_at_every_moment },
        { "text lists of our machines convert to their binary form",
                text_lists_of_our_machines_convert_to_their_binary_form },
    };
    char beside[PATH_SIZE - 300];
    struct error err = { 0 };

    corpus = folder("TALLY_CORPUS", TALLY_DEFAULT_CORPUS);
    (void)snprintf(beside, sizeof(beside), "%s/../captures", corpus);
    captures = folder("TALLY_CAPTURES", beside);
    if (!exists(corpus) && !exists(captures)) {
        printf("skipped: neither %s nor %s is there\n", corpus, captures);
        return SKIPPED;
    }
    if (!hasher_init(&h, &err)) {
        return EXIT_FAILURE;
    }
    int status = run_tests("ima corpus", tests, ARRAY_LEN(tests));

    hasher_clear(&h);
    return status;
}
