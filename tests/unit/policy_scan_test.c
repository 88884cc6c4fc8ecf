/* SPDX-License-Identifier: BSD-3-Clause */
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/check.h"
#include "verifier/policy_scan.h"

/* SHA-256 of "#!/bin/sh\n", by sha256sum. */
#define SCRIPT_SHA256 "a8076d3d28d21e02012b20eaf7dbf75409a6277134439025f282e368e3305abf"

/* A file tree that goes away. */
struct tree {
    char path[64];
};

static const struct {
    const char *name;
    const char *text;
    mode_t mode;
    bool listed;
} files[] = {
    { "script", "#!/bin/sh\n", 0644, true },
    { "program", "data", 0755, true },
    { "library.so", "\177ELF...", 0644, true },
    { "module.ko", "x", 0644, true },
    { "module.ko.xz", "x", 0644, true },
    { "new\nline\\", "#!", 0644, true },
    { "text", "hello", 0644, false },
    { "empty", "", 0644, false },
    { "short", "#", 0644, false },
    { ".ko", "x", 0644, false },
    { "list.kox", "x", 0644, false },
};

static void make_tree(struct tree *t)
{
    char path[160];

    (void)snprintf(t->path, sizeof(t->path), "/tmp/tally-scan-XXXXXX");
    CHECK(mkdtemp(t->path) != NULL);
    (void)snprintf(path, sizeof(path), "%s/sub", t->path);
    CHECK(mkdir(path, 0700) == 0);
    for (size_t i = 0; i < ARRAY_LEN(files); i++) {
        (void)snprintf(path, sizeof(path), "%s/sub/%s", t->path, files[i].name);
        FILE *f = fopen(path, "w");
        CHECK(f != NULL && fputs(files[i].text, f) >= 0 && fclose(f) == 0 &&
                chmod(path, files[i].mode) == 0);
    }
    (void)snprintf(path, sizeof(path), "%s/sub/link", t->path);
    CHECK(symlink("program", path) == 0);
    (void)snprintf(path, sizeof(path), "%s/sub/pipe", t->path);
    CHECK(mkfifo(path, 0755) == 0);
    (void)snprintf(path, sizeof(path), "%s/up", t->path);
    CHECK(symlink(".", path) == 0);
}

static void remove_tree(struct tree *t)
{
    static const char *const others[] = { "sub/link", "sub/pipe", "up", "sub", "" };
    char path[160];

    for (size_t i = 0; i < ARRAY_LEN(files); i++) {
        (void)snprintf(path, sizeof(path), "%s/sub/%s", t->path, files[i].name);
        (void)remove(path);
    }
    for (size_t i = 0; i < ARRAY_LEN(others); i++) {
        (void)snprintf(path, sizeof(path), "%s/%s", t->path, others[i]);
        (void)remove(path);
    }
}

static bool scan(const char *root, struct policy_scan *s, char **list, struct error *err)
{
    struct hasher h CLEANUP(hasher_clear) = { 0 };
    size_t len = 0;
    FILE *rows = open_memstream(list, &len);

    s->root = root;
    s->rows = rows;
    s->alg = DIGEST_SHA256;
    bool ok = hasher_init(&h, err) && policy_scan_run(s, &h, err);

    CHECK(fclose(rows) == 0);
    return ok;
}

static void what_ima_measures_is_listed(void)
{
    struct tree t CLEANUP(remove_tree);
    struct policy_scan s = { 0 };
    struct error err = { 0 };
    char *list = NULL;
    size_t listed = 0;

    make_tree(&t);
    CHECKF(scan(t.path, &s, &list, &err), "%s", err.text);
    for (size_t i = 0; i < ARRAY_LEN(files); i++) {
        char line[64];

        (void)snprintf(line, sizeof(line), "  /sub/%s\n", files[i].name);
        if (strchr(files[i].name, '\\') != NULL) {
            (void)snprintf(line, sizeof(line), "  /sub/new\\nline\\\\\n");
        }
        listed += files[i].listed ? 1 : 0;
        CHECKF((strstr(list, line) != NULL) == files[i].listed, "%s", files[i].name);
    }
    CHECK(strstr(list, SCRIPT_SHA256 "  /sub/script\n") != NULL);
    CHECK_UINT(s.files, listed);
    CHECK_UINT(s.failed, 0);
    free(list);
}

static void slashes_behind_the_root_make_no_difference(void)
{
    struct tree t CLEANUP(remove_tree);
    char root[80];
    char *list = NULL;
    struct policy_scan s = { 0 };
    struct error err = { 0 };

    make_tree(&t);
    (void)snprintf(root, sizeof(root), "%s///", t.path);
    CHECKF(scan(root, &s, &list, &err), "%s", err.text);
    CHECK(strstr(list, SCRIPT_SHA256 "  /sub/script\n") != NULL);
    free(list);
}

static void no_folder_is_an_error(void)
{
    struct policy_scan s = { 0 };
    struct error err = { 0 };
    char *list = NULL;

    CHECK(!scan("/nonexistent", &s, &list, &err));
    CHECK_UINT(err.code, ERROR_IO);
    free(list);
    CHECK(!scan("/dev/null", &s, &list, &err));
    CHECK_UINT(err.code, ERROR_IO);
    free(list);
}

int main(void)
{
    static const struct test tests[] = {
        { "what IMA measures is listed", what_ima_measures_is_listed },
        { "slashes behind the root make no difference",
                slashes_behind_the_root_make_no_difference },
        { "no folder is an error", no_folder_is_an_error },
    };

    return run_tests("policy_scan", tests, ARRAY_LEN(tests));
}
