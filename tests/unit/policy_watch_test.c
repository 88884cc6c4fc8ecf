/* SPDX-License-Identifier: BSD-3-Clause */
#include <stdlib.h>
#include <unistd.h>

#include "tests/check.h"
#include "tests/forge.h"
#include "verifier/policy_watch.h"

#define TEXT "version: 1\nboot: unchecked\nima:\n  allow: [ { file: list } ]\n"

static struct forge_dir dir;

static const char *write_list(char digit)
{
    char line[80];

    memset(line, digit, 64);
    memcpy(line + 64, "  /x\n", 6);
    return forge_dir_write(&dir, "list", bytes_of_text(line));
}

static const char *write_policy(const char *text)
{
    static char path[512];

    (void)snprintf(path, sizeof(path), "%s",
            forge_dir_write(&dir, "policy.yaml", bytes_of_text(text)));
    return path;
}

/* Longer than the tick of a file system's clock. */
static void let_time_pass(void)
{
    (void)usleep(50000);
}

static void what_has_not_changed_is_not_loaded_again(void)
{
    struct policy_watch w CLEANUP(policy_watch_clear) = { 0 };
    struct error err = { 0 };

    (void)write_list('1');
    const char *path = write_policy(TEXT);

    let_time_pass();
    CHECKF(policy_watch_update(&w, path, &err), "%s", err.text);
    const char *loaded = w.policy.path; /* another load would have another copy of it */

    CHECKF(policy_watch_update(&w, path, &err), "%s", err.text);
    CHECK(w.policy.path == loaded);
}

/* The same size, within the same tick, time and again: none of it may be missed. */
static void every_change_of_a_list_is_seen(void)
{
    struct policy_watch w CLEANUP(policy_watch_clear) = { 0 };
    struct error err = { 0 };
    const char *path = write_policy(TEXT);
    uint8_t before[32] = { 0 };

    for (int i = 0; i < 200; i++) {
        (void)write_list((char)('1' + i % 2));
        CHECKF(policy_watch_update(&w, path, &err), "%s", err.text);
        CHECKF(memcmp(before, w.policy.digest, sizeof(before)) != 0, "change %d", i);
        memcpy(before, w.policy.digest, sizeof(before));
    }
}

static void a_policy_that_is_gone_judges_no_more(void)
{
    struct policy_watch w CLEANUP(policy_watch_clear) = { 0 };
    struct error err = { 0 };
    const char *path = write_policy(TEXT);
    const char *list = write_list('1');

    CHECKF(policy_watch_update(&w, path, &err), "%s", err.text);
    CHECK(unlink(list) == 0);
    CHECK(!policy_watch_update(&w, path, &err) && !w.loaded);
    (void)write_list('1');
    CHECKF(policy_watch_update(&w, path, &err) && w.loaded, "%s", err.text);
    (void)write_policy("nonsense");
    CHECK(!policy_watch_update(&w, path, &err) && !w.loaded);
    CHECK(unlink(path) == 0);
    CHECK(!policy_watch_update(&w, path, &err) && !w.loaded);
    CHECK_UINT(err.code, ERROR_IO);
}

static void a_file_that_took_anothers_place_is_seen(void)
{
    struct policy_watch w CLEANUP(policy_watch_clear) = { 0 };
    struct error err = { 0 };
    const char *path = write_policy(TEXT);
    char from[270];
    char to[256];

    (void)snprintf(to, sizeof(to), "%s", write_list('1'));
    (void)snprintf(from, sizeof(from), "%s.new", to);
    (void)write_list('2');
    CHECK(rename(to, from) == 0);
    (void)write_list('1');
    let_time_pass();
    CHECK(policy_watch_update(&w, path, &err));
    uint8_t before[32];

    memcpy(before, w.policy.digest, sizeof(before));
    CHECK(rename(from, to) == 0);
    CHECK(policy_watch_update(&w, path, &err));
    CHECK(memcmp(before, w.policy.digest, sizeof(before)) != 0);
}

int main(void)
{
    static const struct test tests[] = {
        { "what has not changed is not loaded again", what_has_not_changed_is_not_loaded_again },
        { "R98: every change of a list is seen", every_change_of_a_list_is_seen },
        { "a policy that is gone judges no more", a_policy_that_is_gone_judges_no_more },
        { "a file that took another's place is seen", a_file_that_took_anothers_place_is_seen },
    };

    forge_dir_make(&dir);
    int status = run_tests("policy watch", tests, ARRAY_LEN(tests));

    forge_dir_remove(&dir);
    return status;
}
