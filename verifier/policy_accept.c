/* SPDX-License-Identifier: BSD-3-Clause */
#include "verifier/policy_accept.h"

#include <inttypes.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "host/file.h"
#include "host/file_writer.h"
#include "verifier/allowlist_line.h"
#include "verifier/policy.h"
#include "verifier/policy_edit.h"

/* A thousand findings with the longest paths, each byte escaped, in three fields. */
#define VERDICT_MAX ((size_t)64 * 1024 * 1024)
#define LIST_MAX    ((size_t)4 * 1024 * 1024 * 1024)

/* A file that a finding is about. */
struct accepted_file {
    struct allowlist_line line; /* its name is not used */
    struct buffer path;
};

/* Everything that is held on the way. */
struct work {
    struct policy_accept *request;
    json_t *verdict;
    char *policy_path;
    char *list_path;
    struct buffer policy_text;
    struct policy policy;
    struct policy_edit edit;
    struct buffer list; /* as it is on the disk; empty when it is not there */
    char *lines;        /* what is appended to it */
    size_t lines_len;
    uint64_t appended; /* rows in lines */
    FILE *out;         /* into lines */
};

static void work_clear(struct work *w)
{
    json_decref(w->verdict);
    free(w->policy_path);
    free(w->list_path);
    buffer_clear(&w->policy_text);
    policy_clear(&w->policy);
    policy_edit_clear(&w->edit);
    buffer_clear(&w->list);
    if (w->out != NULL) {
        (void)fclose(w->out);
    }
    free(w->lines);
}

static void text_free(char **text)
{
    free(*text);
}

/* Undo bytes_escape(). */
static bool unescape(const char *text, struct buffer *out, struct error *err)
{
    size_t len = strlen(text);
    size_t n = 0;
    uint8_t *data = malloc(len + 1);

    if (data == NULL) {
        return error_set(err, ERROR_NOMEM, "no memory for a path");
    }
    *out = (struct buffer){ data, 0 };
    for (size_t i = 0; i < len; i++) {
        size_t one = 0;

        if (text[i] != '\\') {
            data[n++] = (uint8_t)text[i];
            continue;
        }
        if (len - i < 4 || text[i + 1] != 'x' ||
                !bytes_from_hex((struct bytes){ (const uint8_t *)text + i + 2, 2 }, data + n, 1,
                        &one)) {
            return error_set(err, ERROR_MALFORMED, "a backslash that is not of \\xHH");
        }
        n++;
        i += 3;
    }
    data[n] = '\0';
    out->len = n;
    return true;
}

static const char *text_of(const json_t *object, const char *key)
{
    return json_string_value(json_object_get(object, key));
}

static bool read_verdict(struct work *w, struct error *err)
{
    struct buffer text CLEANUP(buffer_clear) = { 0 };
    json_error_t why;

    if (!file_read(w->request->verdict, VERDICT_MAX, &text, err)) {
        return false;
    }
    w->verdict = json_loadb((const char *)text.data, text.len, JSON_REJECT_DUPLICATES, &why);
    if (w->verdict == NULL || !json_is_array(json_object_get(w->verdict, "findings"))) {
        return error_set(err, ERROR_MALFORMED, "%s: not a verdict in JSON", w->request->verdict);
    }
    return true;
}

static bool choose_paths(struct work *w, struct error *err)
{
    const char *named = text_of(json_object_get(w->verdict, "policy"), "file");
    struct buffer path CLEANUP(buffer_clear) = { 0 };

    if (w->request->policy != NULL) {
        w->policy_path = strdup(w->request->policy);
    } else if (named == NULL) {
        return error_set(err, ERROR_CONFIG, "%s names no policy: give --policy",
                w->request->verdict);
    } else {
        if (!unescape(named, &path, err)) {
            return error_wrap(err, "%s: policy", w->request->verdict);
        }
        w->policy_path = strndup((const char *)path.data, path.len);
    }
    if (w->policy_path == NULL) {
        return error_set(err, ERROR_NOMEM, "no memory for a path");
    }
    w->list_path = policy_beside(w->policy_path, bytes_of_text(w->request->list));
    return w->list_path != NULL || error_set(err, ERROR_NOMEM, "no memory for a path");
}

static void PRINTF(3, 4) refuse(struct work *w, const json_t *finding, const char *fmt, ...)
{
    json_t *entry = json_object_get(finding, "entry");
    char why[256];
    char kind[64];
    const char *text = text_of(finding, "kind");
    va_list args;

    va_start(args, fmt);
    (void)vsnprintf(why, sizeof(why), fmt, args);
    va_end(args);
    w->request->refused++;
    fprintf(stderr, "not accepted: %s",
            bytes_escape(kind, sizeof(kind), bytes_of_text(text != NULL ? text : "finding")));
    if (json_is_integer(entry)) {
        fprintf(stderr, ", entry %" JSON_INTEGER_FORMAT, json_integer_value(entry));
    }
    fprintf(stderr, ": %s\n", why);
}

/* The file of a finding, as the record in the list has it; false when the finding has none. */
static bool file_of(struct work *w, const json_t *finding, struct accepted_file *out)
{
    const char *kind = text_of(finding, "kind");
    const char *path = text_of(finding, "path");
    const char *digest = text_of(finding, "digest");
    struct error err = { 0 };

    if (kind != NULL && strcmp(kind, "denied-file") == 0) {
        refuse(w, finding, "the policy denies this digest; take it out of that list first");
        return false;
    }
    /* Without "found" the record itself is wrong, and no list could allow it. */
    if (kind == NULL || strcmp(kind, "unknown-file") != 0 || path == NULL || digest == NULL ||
            text_of(finding, "found") == NULL) {
        refuse(w, finding, "not a file that a list could allow");
        return false;
    }
    if (!unescape(path, &out->path, &err) ||
            !allowlist_line_read(bytes_of_text(digest), &out->line, &err)) {
        refuse(w, finding, "%s", err.text);
        return false;
    }
    if (out->path.len == 0 || out->path.len > ALLOWLIST_PATH_MAX || out->line.name.len > 0 ||
            out->line.escaped || memchr(out->path.data, '\0', out->path.len) != NULL) {
        refuse(w, finding, "its path or digest cannot stand in a list");
        return false;
    }
    return true;
}

/* line starts with the newline of the line above. */
static bool is_in(const void *text, size_t size, const char *line, size_t len)
{
    return size > 0 &&
            (memmem(text, size, line, len) != NULL ||
                    (size >= len - 1 && memcmp(text, line + 1, len - 1) == 0));
}

/* Append the file unless the policy, or a line above, allows it already. */
static bool add_file(struct work *w, const json_t *finding, const struct accepted_file *file,
        struct error *err)
{
    struct bytes digest = { file->line.digest, file->line.algorithm->size };
    struct allowlist_key key = { file->line.algorithm, file->line.verity, digest,
        buffer_view(&file->path) };
    char *line CLEANUP(text_free) = NULL;
    size_t len = 0;

    if (allowlist_find(&w->policy.deny, &key, NULL)) {
        refuse(w, finding, "the policy denies this digest by now");
        return true;
    }
    if (bytes_are_zero(digest) || (key.algorithm->weak && !w->policy.ima.weak_digests)) {
        refuse(w, finding, "a digest of zeros, or of a weak algorithm");
        return true;
    }
    if (allowlist_find_at_path(&w->policy.allow, &key, NULL)) {
        w->request->known++;
        return true;
    }
    FILE *to = open_memstream(&line, &len);
    if (to == NULL) {
        return error_set(err, ERROR_NOMEM, "no memory for a line");
    }
    (void)fputc('\n', to);
    allowlist_line_print(to, key.algorithm, key.verity, key.digest, key.path);
    if (fclose(to) != 0) {
        return error_set(err, ERROR_NOMEM, "no memory for a line");
    }
    if (is_in(w->lines, w->lines_len, line, len)) {
        return true;
    }
    w->request->accepted++;
    /* A list that the policy does not name yet: an earlier run did not come to that. */
    if (is_in(w->list.data, w->list.len, line, len)) {
        return true;
    }
    w->appended++;
    (void)fwrite(line + 1, 1, len - 1, w->out);
    return fflush(w->out) == 0 || error_set(err, ERROR_NOMEM, "no memory for a line");
}

static bool is_selected(const struct work *w, const json_t *finding)
{
    const json_t *entry = json_object_get(finding, "entry");
    const char *log = text_of(finding, "log");
    const char *check = text_of(finding, "check");

    if (w->request->one_entry) {
        return json_is_integer(entry) && log != NULL && strcmp(log, "ima") == 0 &&
                (uint64_t)json_integer_value(entry) == w->request->entry;
    }
    return check != NULL && strcmp(check, "files") == 0;
}

/* When, why, and from whom, in front of the lines. */
static void print_reason(struct work *w)
{
    char when[32];
    char target[512];
    const char *text = text_of(w->verdict, "target");
    time_t now = time(NULL);
    struct tm utc;

    (void)gmtime_r(&now, &utc);
    (void)strftime(when, sizeof(when), "%Y-%m-%dT%H:%M:%SZ", &utc);
    fprintf(w->out, "# %s %s (%s)\n", when, w->request->reason,
            bytes_escape(target, sizeof(target), bytes_of_text(text != NULL ? text : "")));
}

static bool collect_files(struct work *w, struct error *err)
{
    const json_t *findings = json_object_get(w->verdict, "findings");
    size_t selected = 0;

    w->out = open_memstream(&w->lines, &w->lines_len);
    if (w->out == NULL) {
        return error_set(err, ERROR_NOMEM, "no memory for the lines");
    }
    print_reason(w);
    if (fflush(w->out) != 0) {
        return error_set(err, ERROR_NOMEM, "no memory for the lines");
    }
    for (size_t i = 0; i < json_array_size(findings); i++) {
        const json_t *finding = json_array_get(findings, i);
        struct accepted_file file = { 0 };

        if (!is_selected(w, finding)) {
            continue;
        }
        selected++;
        bool ok = !file_of(w, finding, &file) || add_file(w, finding, &file, err);

        buffer_clear(&file.path);
        if (!ok) {
            return false;
        }
    }
    if (selected == 0 && w->request->one_entry) {
        return error_set(err, ERROR_CONFIG, "%s: no finding about entry %" PRIu64,
                w->request->verdict, w->request->entry);
    }
    if (selected == 0) {
        return error_set(err, ERROR_CONFIG, "%s: no finding about a file", w->request->verdict);
    }
    return true;
}

static bool read_list(struct work *w, struct error *err)
{
    if (access(w->list_path, F_OK) == 0 && !file_read(w->list_path, LIST_MAX, &w->list, err)) {
        return false;
    }
    if (w->list.len > 0 && w->list.data[w->list.len - 1] != '\n') {
        return error_set(err, ERROR_CONFIG, "%s: its last line does not end in a newline",
                w->list_path);
    }
    return true;
}

static bool extend_list(struct work *w, struct error *err)
{
    struct file_writer to CLEANUP(file_writer_clear) = { 0 };
    struct bytes added = { (const uint8_t *)w->lines, w->lines_len };

    return file_writer_open(&to, w->list_path, FILE_UPDATE, err) &&
            file_writer_add(&to, buffer_view(&w->list), err) && file_writer_add(&to, added, err) &&
            file_writer_commit(&to, err);
}

/* The list first: a policy must not name one that is not there. */
static bool write_changes(struct work *w, struct error *err)
{
    if (w->appended > 0 && !extend_list(w, err)) {
        return false;
    }
    return !w->edit.changed ||
            file_write(w->policy_path, FILE_UPDATE, buffer_view(&w->edit.text), err);
}

static void print_lines(const struct work *w, FILE *to)
{
    char shown[512];
    const char *line = w->lines;

    fprintf(to, "%s\n", bytes_escape(shown, sizeof(shown), bytes_of_text(w->list_path)));
    while (*line != '\0') {
        size_t len = strcspn(line, "\n");
        size_t size = 4 * len + 1;
        char *text = malloc(size);

        if (text != NULL) {
            /* A list is raw bytes; a terminal gets them escaped. */
            fprintf(to, "+%s\n",
                    bytes_escape(text, size, (struct bytes){ (const uint8_t *)line, len }));
        }
        free(text);
        line += len + (line[len] == '\n' ? 1 : 0);
    }
}

static void print_difference(const struct work *w, FILE *to)
{
    char shown[512];

    if (w->appended > 0) {
        print_lines(w, to);
    }
    if (w->edit.changed) {
        fprintf(to, "%s\n+%s\n", bytes_escape(shown, sizeof(shown), bytes_of_text(w->policy_path)),
                w->edit.line);
    }
}

bool policy_accept_run(struct policy_accept *a, FILE *to, struct error *err)
{
    struct work w CLEANUP(work_clear) = { .request = a };

    if (!read_verdict(&w, err) || !choose_paths(&w, err) ||
            !file_read(w.policy_path, YAML_TEXT_MAX, &w.policy_text, err) ||
            !policy_edit_add_list(buffer_view(&w.policy_text), w.policy_path, a->list, &w.edit,
                    err) ||
            !policy_load(w.policy_path, &w.policy, err) || !read_list(&w, err) ||
            !collect_files(&w, err)) {
        return false;
    }
    if (a->accepted == 0) {
        return true;
    }
    if (!write_changes(&w, err)) {
        return false;
    }
    print_difference(&w, to);
    return true;
}
