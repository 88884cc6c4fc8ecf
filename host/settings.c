/* SPDX-License-Identifier: BSD-3-Clause */
#include "host/settings.h"

#include <assert.h>
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <ini.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "common/bytes.h"

/* One file on its way through libinih, which goes on after an error: the first one is kept. */
struct parse {
    FILE *file;
    const char *path;
    int line; /* being read, from 1 */
    const struct setting *table;
    size_t count;
    void *ctx;
    bool seen[SETTINGS_MAX];
    bool failed;
    struct error *err;
};

static void close_file(FILE **f)
{
    if (*f != NULL) {
        (void)fclose(*f);
    }
}

static bool fail(struct parse *p, const char *what, const char *text)
{
    char shown[80];

    if (!p->failed) {
        p->failed = true;
        (void)error_set(p->err, ERROR_CONFIG, "%s:%d: %s%s%s%s", p->path, p->line, what,
                text != NULL ? " \"" : "",
                text != NULL ? bytes_print(shown, sizeof(shown), bytes_of_text(text)) : "",
                text != NULL ? "\"" : "");
    }
    return false;
}

/* A line that starts a section holds nothing else, unless a comment. */
static bool section_is_whole(const char *line)
{
    size_t len = strlen(line);

    while (len > 0 && isspace((unsigned char)line[len - 1])) {
        len--;
    }
    return *line != '[' || line[len - 1] == ']' || strstr(line, " ;") != NULL;
}

/*
 * fgets() for libinih, which would cut a line that is longer than its buffer and take the rest for
 * another line, end a line at a NUL, take an indented line for more of the value before it, and
 * pass over what follows a section: the first two stop us, it gets no indented line, and for the
 * last see section_is_whole().
 */
static char *read_line(char *dst, int size, void *stream)
{
    struct parse *p = stream;
    int len = 0;
    int c = '\0';

    if (p->failed) {
        return NULL;
    }
    p->line++;
    while (c != '\n' && (c = getc(p->file)) != EOF) {
        if (c == '\0' || len + 1 >= size) {
            (void)fail(p, c == '\0' ? "a NUL byte" : "line too long", NULL);
            return NULL;
        }
        if (len > 0 || (c != ' ' && c != '\t')) {
            dst[len++] = (char)c;
        }
    }
    dst[len] = '\0';
    if (!section_is_whole(dst)) {
        (void)fail(p, "text after the section, or no ]", NULL);
        return NULL;
    }
    return len > 0 || c != EOF ? dst : NULL;
}

static bool has_section(const struct parse *p, const char *section)
{
    for (size_t i = 0; i < p->count; i++) {
        if (strcmp(p->table[i].section, section) == 0) {
            return true;
        }
    }
    return false;
}

static int handle(void *ctx, const char *section, const char *key, const char *value)
{
    struct parse *p = ctx;

    for (size_t i = 0; i < p->count; i++) {
        const struct setting *s = &p->table[i];

        if (strcmp(s->section, section) != 0 || strcmp(s->key, key) != 0) {
            continue;
        }
        if (p->seen[i]) {
            return fail(p, "repeated key", key);
        }
        p->seen[i] = true;
        if (!p->failed && !s->set(p->ctx, value, p->err)) {
            p->failed = true;
            p->err->code = ERROR_CONFIG;
            return error_wrap(p->err, "%s:%d: %s", p->path, p->line, key);
        }
        return 1;
    }
    if (*section == '\0') {
        return fail(p, "key outside a section", key);
    }
    return has_section(p, section) ? fail(p, "unknown key", key)
                                   : fail(p, "key in an unknown section,", section);
}

static bool read_file(const char *path, bool optional, const struct setting *table, size_t count,
        void *ctx, struct error *err)
{
    FILE *file CLEANUP(close_file) = fopen(path, "re");
    struct parse p = { file, path, 0, table, count, ctx, { 0 }, false, err };

    if (file == NULL) {
        return (optional && errno == ENOENT) ||
                error_set(err, ERROR_IO, "%s: %s", path, strerror(errno));
    }
    int rc = ini_parse_stream(read_line, &p, handle, &p);

    if (ferror(file) != 0) {
        return error_set(err, ERROR_IO, "%s: cannot be read", path);
    }
    if (rc < 0) {
        return error_set(err, ERROR_NOMEM, "%s", path);
    }
    if (rc > 0 && (!p.failed || rc < p.line)) {
        return error_set(err, ERROR_CONFIG, "%s:%d: neither [section] nor key = value", path, rc);
    }
    return !p.failed;
}

static int is_conf(const struct dirent *d)
{
    size_t len = strlen(d->d_name);

    return d->d_name[0] != '.' && len > strlen(".conf") &&
            strcmp(d->d_name + len - strlen(".conf"), ".conf") == 0;
}

/* Byte order: the same files in the same order whatever the locale. */
static int by_name(const struct dirent **a, const struct dirent **b)
{
    return strcmp((*a)->d_name, (*b)->d_name);
}

bool settings_read(const char *path, bool optional, const struct setting *table, size_t count,
        void *ctx, struct error *err)
{
    struct dirent **names = NULL;
    char dir[PATH_MAX];
    bool ok = true;

    assert(count <= SETTINGS_MAX);
    if (snprintf(dir, sizeof(dir), "%s.d", path) >= (int)sizeof(dir)) {
        return error_set(err, ERROR_CONFIG, "a path too long for its settings file");
    }
    if (!read_file(path, optional, table, count, ctx, err)) {
        return false;
    }
    int n = scandir(dir, &names, is_conf, by_name);

    if (n < 0) {
        return errno == ENOENT || error_set(err, ERROR_IO, "%s: %s", dir, strerror(errno));
    }
    for (int i = 0; i < n; i++) {
        char file[PATH_MAX + NAME_MAX + 2];

        (void)snprintf(file, sizeof(file), "%s/%s", dir, names[i]->d_name);
        ok = ok && read_file(file, false, table, count, ctx, err);
        free(names[i]);
    }
    free(names);
    return ok;
}

void settings_print(FILE *out, const struct setting *table, size_t count)
{
    const char *section = "";

    for (size_t i = 0; i < count; i++) {
        if (strcmp(section, table[i].section) != 0) {
            section = table[i].section;
            (void)fprintf(out, "  [%s]\n", section);
        }
        (void)fprintf(out, "  %s = %s\n      %s\n", table[i].key, table[i].fallback, table[i].help);
    }
}
