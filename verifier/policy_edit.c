/* SPDX-License-Identifier: BSD-3-Clause */
#include "verifier/policy_edit.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "verifier/policy.h"

/* Where something is inserted, and what. */
struct insertion {
    size_t offset;
    char *text; /* on the heap */
};

void policy_edit_clear(struct policy_edit *e)
{
    buffer_clear(&e->text);
    free(e->line);
    *e = (struct policy_edit){ 0 };
}

static void text_free(char **text)
{
    free(*text);
}

static bool is_plain_name(const char *name)
{
    for (const char *c = name; *c != '\0'; c++) {
        if (!isalnum((unsigned char)*c) && strchr("._-/", *c) == NULL) {
            return false;
        }
    }
    return *name != '\0' && *name != '-';
}

static const struct yaml_node *key_of(const struct yaml_node *mapping, const char *key)
{
    for (const struct yaml_node *k = mapping->first; k != NULL; k = k->next->next) {
        if (bytes_equal_text(k->text, key)) {
            return k;
        }
    }
    return NULL;
}

static size_t after_line(struct bytes text, size_t offset)
{
    const uint8_t *end = memchr(text.ptr + offset, '\n', text.len - offset);

    return end == NULL ? text.len : (size_t)(end + 1 - text.ptr);
}

/* Behind the bracket of a flow collection. */
static bool into_flow(const struct yaml_node *node, const char *item, struct insertion *out)
{
    out->offset = node->start.offset + 1;
    return asprintf(&out->text, " %s%s", item, node->first != NULL ? "," : " ") >= 0;
}

/* A line of its own below a key, with the indentation of what is there. */
static bool below(struct bytes text, const struct yaml_node *key, size_t column, const char *line,
        struct insertion *out)
{
    out->offset = after_line(text, key->start.offset);
    bool cut = out->offset > 0 && text.ptr[out->offset - 1] != '\n';

    return asprintf(&out->text, "%s%*s%s\n", cut ? "\n" : "", (int)column - 1, "", line) >= 0;
}

static bool plan(struct bytes text, const struct yaml_node *root, const char *list,
        struct insertion *out, struct error *err)
{
    const struct yaml_node *ima_key = key_of(root, "ima");
    char item[ALLOWLIST_PATH_MAX + 64];
    char line[sizeof(item) + 16];
    bool ok;

    if (ima_key == NULL) {
        return error_set(err, ERROR_CONFIG, "the policy has no `ima`: it judges no files");
    }
    const struct yaml_node *ima = ima_key->next;
    const struct yaml_node *allow_key = key_of(ima, "allow");

    (void)snprintf(item, sizeof(item), "{ file: %s, match: path }", list);
    if (allow_key != NULL && allow_key->next->flow) {
        ok = into_flow(allow_key->next, item, out);
    } else if (allow_key != NULL) {
        (void)snprintf(line, sizeof(line), "- %s", item);
        ok = below(text, allow_key, allow_key->next->start.column, line, out);
    } else {
        (void)snprintf(line, sizeof(line), "allow: [ %s ]", item);
        ok = ima->flow ? into_flow(ima, line, out)
                       : below(text, ima_key, ima->start.column, line, out);
    }
    if (!ok) {
        out->text = NULL;
        return error_set(err, ERROR_NOMEM, "no memory for the change");
    }
    return true;
}

static const struct policy_file *find_file(const struct policy *p, const char *path)
{
    for (size_t i = 0; i < p->file_count; i++) {
        if (!p->files[i].deny && strcmp(p->files[i].path, path) == 0) {
            return &p->files[i];
        }
    }
    return NULL;
}

static bool apply(struct bytes text, const struct insertion *in, struct policy_edit *out,
        struct error *err)
{
    size_t len = strlen(in->text);
    uint8_t *data = malloc(text.len + len);

    if (data == NULL) {
        return error_set(err, ERROR_NOMEM, "no memory for the change");
    }
    memcpy(data, text.ptr, in->offset);
    memcpy(data + in->offset, in->text, len);
    memcpy(data + in->offset + len, text.ptr + in->offset, text.len - in->offset);
    out->text = (struct buffer){ data, text.len + len };

    size_t start = in->offset;
    size_t end = in->offset + len;
    while (start > 0 && data[start - 1] != '\n') {
        start--;
    }
    while (start < end && data[start] == '\n') {
        start++;
    }
    while (end > start && data[end - 1] == '\n') {
        end--;
    }
    while (end < out->text.len && data[end] != '\n') {
        end++;
    }
    out->line = strndup((const char *)data + start, end - start);
    return out->line != NULL || error_set(err, ERROR_NOMEM, "no memory for the change");
}

/* The new text means the old one and the list. */
static bool prove(const struct policy *before, const struct policy_edit *edit, const char *list,
        struct error *err)
{
    struct policy after CLEANUP(policy_clear) = { 0 };

    if (!policy_parse(buffer_view(&edit->text), before->path, &after, err) ||
            after.file_count != before->file_count + 1 || find_file(&after, list) == NULL) {
        return error_set(err, ERROR_CONFIG,
                "%s: cannot be changed safely; add { file: NAME, match: path } to ima.allow yourself",
                before->path);
    }
    return true;
}

bool policy_edit_add_list(struct bytes text, const char *path, const char *list,
        struct policy_edit *out, struct error *err)
{
    struct policy p CLEANUP(policy_clear) = { 0 };
    struct policy_edit edit CLEANUP(policy_edit_clear) = { 0 };
    struct insertion in = { 0 };
    char *list_path CLEANUP(text_free) = policy_beside(path, bytes_of_text(list));

    if (!is_plain_name(list) || strlen(list) > ALLOWLIST_PATH_MAX) {
        return error_set(err, ERROR_CONFIG,
                "a list's name has letters, digits, `.`, `_`, `-` and `/` only");
    }
    if (list_path == NULL) {
        return error_set(err, ERROR_NOMEM, "%s", list);
    }
    if (!policy_parse(text, path, &p, err)) {
        return false;
    }
    if (find_file(&p, list_path) != NULL) {
        *out = edit;
        return true;
    }
    if (!plan(text, p.document.nodes, list, &in, err)) {
        return false;
    }
    edit.changed = true;
    bool ok = apply(text, &in, &edit, err) && prove(&p, &edit, list_path, err);

    free(in.text);
    if (ok) {
        *out = edit;
        edit = (struct policy_edit){ 0 };
    }
    return ok;
}
