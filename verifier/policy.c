/* SPDX-License-Identifier: BSD-3-Clause */
#include "verifier/policy.h"

#include <stdlib.h>
#include <string.h>

#include "host/file.h"
#include "verifier/pattern.h"
#include "verifier/policy_schema.h"

bool policy_parse(struct bytes text, const char *path, struct policy *out, struct error *err)
{
    struct policy p CLEANUP(policy_clear) = { .path = strdup(path) };

    if (p.path == NULL) {
        return error_set(err, ERROR_NOMEM, "%s", path);
    }
    if (!yaml_read(text, path, &p.document, err) || !policy_schema_read(&p, err)) {
        return false;
    }
    *out = p;
    p = (struct policy){ 0 };
    return true;
}

char *policy_beside(const char *policy, struct bytes name)
{
    const char *slash = strrchr(policy, '/');
    bool is_absolute = name.len > 0 && name.ptr[0] == '/';
    size_t folder = slash == NULL || is_absolute ? 0 : (size_t)(slash + 1 - policy);
    char *path = malloc(folder + name.len + 1);

    if (path != NULL) {
        memcpy(path, policy, folder);
        memcpy(path + folder, name.ptr, name.len);
        path[folder + name.len] = '\0';
    }
    return path;
}

bool policy_file_load(struct policy *p, struct policy_file *file, struct hasher *h,
        struct error *err)
{
    return allowlist_load(file->deny ? &p->deny : &p->allow, file->path, file->match, h,
            file->sha256, err);
}

static bool load_files(struct policy *p, struct hasher *h, struct error *err)
{
    for (size_t i = 0; i < p->file_count; i++) {
        const struct yaml_mark *mark = &p->files[i].mark;

        if (!policy_file_load(p, &p->files[i], h, err)) {
            return error_wrap(err, "%s:%zu:%zu", p->path, mark->line, mark->column);
        }
    }
    return allowlist_index(&p->allow, err) && allowlist_index(&p->deny, err);
}

bool policy_set_digest(struct policy *p, struct bytes text, struct hasher *h, struct error *err)
{
    if (!hasher_begin(h, DIGEST_SHA256, err) || !hasher_update(h, DIGEST_SHA256, text, err)) {
        return false;
    }
    for (size_t i = 0; i < p->file_count; i++) {
        struct bytes sha256 = { p->files[i].sha256, sizeof(p->files[i].sha256) };

        if (!hasher_update(h, DIGEST_SHA256, sha256, err)) {
            return false;
        }
    }
    return hasher_finish(h, DIGEST_SHA256, p->digest, err);
}

bool policy_load(const char *path, struct policy *out, struct error *err)
{
    struct policy p CLEANUP(policy_clear) = { 0 };
    struct buffer text CLEANUP(buffer_clear) = { 0 };
    struct hasher h CLEANUP(hasher_clear) = { 0 };

    if (!hasher_init(&h, err) || !file_read(path, YAML_TEXT_MAX, &text, err) ||
            !policy_parse(buffer_view(&text), path, &p, err) || !load_files(&p, &h, err) ||
            !policy_set_digest(&p, buffer_view(&text), &h, err)) {
        return false;
    }
    *out = p;
    p = (struct policy){ 0 };
    return true;
}

void policy_clear(struct policy *p)
{
    for (size_t i = 0; i < p->reference_count; i++) {
        free(p->references[i].allowed);
    }
    for (size_t i = 0; i < p->file_count; i++) {
        free(p->files[i].path);
    }
    free(p->path);
    free(p->references);
    free(p->files);
    free(p->ima.templates);
    free(p->ima.excludes);
    yaml_clear(&p->document);
    allowlist_clear(&p->allow);
    allowlist_clear(&p->deny);
    *p = (struct policy){ 0 };
}

const struct policy_reference *policy_reference_find(const struct policy *p, enum digest_alg bank,
        unsigned int pcr)
{
    for (size_t i = 0; i < p->reference_count; i++) {
        if (p->references[i].bank == bank && p->references[i].pcr == pcr) {
            return &p->references[i];
        }
    }
    return NULL;
}

bool policy_reference_allows(const struct policy_reference *ref, struct bytes value)
{
    for (size_t i = 0; i < ref->allowed_count; i++) {
        if (bytes_equal(value, (struct bytes){ ref->allowed[i], digest_size(ref->bank) })) {
            return true;
        }
    }
    return false;
}

bool policy_allows_template(const struct policy *p, struct bytes name)
{
    for (size_t i = 0; i < p->ima.template_count; i++) {
        if (bytes_equal(p->ima.templates[i].text, name)) {
            return true;
        }
    }
    return false;
}

const struct policy_text *policy_exclusion(const struct policy *p, struct bytes path)
{
    for (size_t i = 0; i < p->ima.exclude_count; i++) {
        if (pattern_matches(p->ima.excludes[i].text, path)) {
            return &p->ima.excludes[i];
        }
    }
    return NULL;
}
