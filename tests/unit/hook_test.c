/* SPDX-License-Identifier: BSD-3-Clause */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "host/file.h"
#include "tests/check.h"
#include "tests/forge.h"
#include "verifier/hook.h"

static struct forge_dir dir;
static char script[256];

/* The script writes its arguments and its input into the folder. */
static void setup(void)
{
    char text[512];

    forge_dir_make(&dir);
    (void)snprintf(text, sizeof(text),
            "#!/bin/sh\nfor a in \"$@\"; do printf '<%%s>' \"$a\"; done > %s/args\ncat > %s/input\n",
            dir.path, dir.path);
    (void)snprintf(script, sizeof(script), "%s",
            forge_dir_write(&dir, "hook.sh", bytes_of_text(text)));
    (void)chmod(script, 0700);
}

static bool run(const char *command, const char *input, struct error *err)
{
    *err = (struct error){ 0 };
    return hook_run(command, bytes_of_text(input), err);
}

static void check_file(const char *name, const char *want)
{
    struct buffer b CLEANUP(buffer_clear) = { 0 };
    struct error err = { 0 };
    char path[512];

    (void)snprintf(path, sizeof(path), "%s/%s", dir.path, name);
    CHECKF(file_read(path, 1 << 24, &b, &err), "%s", err.text);
    CHECK_TEXT(buffer_view(&b), want);
}

static void words_are_split_without_a_shell(void)
{
    static const struct {
        const char *arguments;
        const char *want;
    } cases[] = {
        { "", "" },
        { " a b", "<a><b>" },
        { "  a \t b  ", "<a><b>" },
        { " 'a b' c", "<a b><c>" },
        { " \"a b\" c", "<a b><c>" },
        { " 'a \"b'", "<a \"b>" },
        { " \"it's\"", "<it's>" },
        { " a'b c'd", "<ab cd>" },
        { " ''", "<>" },
        { " '' \"\"", "<><>" },
        { " $HOME `id` $(id) * ; true & | > x", "<$HOME><`id`><$(id)><*><;><true><&><|><>><x>" },
        { " a\\ b", "<a\\><b>" },
    };

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        char command[512];
        struct error err;

        check_case = cases[i].arguments;
        (void)snprintf(command, sizeof(command), "%s%s", script, cases[i].arguments);
        CHECKF(run(command, "in", &err), "%s", err.text);
        check_file("args", cases[i].want);
        check_file("input", "in");
    }
    check_case = "";
}

static void bad_commands_are_named(void)
{
    static const struct {
        const char *command;
        enum error_code code;
        const char *text;
    } cases[] = {
        { "", ERROR_CONFIG, "without a word" },
        { " \t ", ERROR_CONFIG, "without a word" },
        { "true 'open", ERROR_CONFIG, "open quote" },
        { "true \"open", ERROR_CONFIG, "open quote" },
        { "/nowhere/at/all", ERROR_IO, "could not be started" },
        { "false", ERROR_IO, "exit status 1" },
        { "sh -c 'exit 42'", ERROR_IO, "exit status 42" },
        { "sh -c 'kill -9 $$'", ERROR_IO, "signal 9" },
    };

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct error err;

        check_case = cases[i].command;
        CHECK(!run(cases[i].command, "in", &err));
        CHECK_UINT(err.code, cases[i].code);
        CHECKF(strstr(err.text, cases[i].text) != NULL, "%s", err.text);
    }
    check_case = "";
}

static void too_many_words_are_refused(void)
{
    char command[2 * (HOOK_WORDS_MAX + 1) + 8] = "";
    struct error err;

    for (int i = 0; i < HOOK_WORDS_MAX; i++) {
        strcat(command, i == 0 ? "true" : " a");
    }
    CHECKF(run(command, "in", &err), "%s", err.text);
    strcat(command, " a");
    CHECK(!run(command, "in", &err));
    CHECK_UINT(err.code, ERROR_CONFIG);
}

/* More than a pipe holds, to a hook that reads all, nothing, or half. */
static void input_of_any_length_reaches_who_reads_it(void)
{
    static char big[1 << 20];
    struct error err;

    memset(big, 'x', sizeof(big) - 1);
    CHECKF(run(script, big, &err), "%s", err.text);
    check_file("input", big);
    CHECKF(run("true", big, &err), "%s", err.text);
    CHECKF(run("sh -c 'head -c 1000 > /dev/null'", big, &err), "%s", err.text);
    CHECKF(run(script, "", &err), "%s", err.text);
    check_file("input", "");
}

static void sigpipe_is_as_it_was_before(void)
{
    struct sigaction action;
    struct error err;

    CHECK(run("true", "in", &err));
    CHECK(sigaction(SIGPIPE, NULL, &action) == 0);
    CHECK(action.sa_handler == SIG_DFL);
}

/* As inherited from a service that does not want to know of its children. */
static void a_failure_is_seen_where_children_are_ignored(void)
{
    struct sigaction ignore = { .sa_handler = SIG_IGN };
    struct sigaction action;
    struct error err;

    CHECK(sigaction(SIGCHLD, &ignore, NULL) == 0);
    CHECK(!run("sh -c 'exit 42'", "in", &err));
    CHECKF(strstr(err.text, "exit status 42") != NULL, "%s", err.text);
    CHECK(sigaction(SIGCHLD, NULL, &action) == 0);
    CHECK(action.sa_handler == SIG_IGN);
    (void)signal(SIGCHLD, SIG_DFL);
}

static void a_process_the_hook_leaves_behind_does_not_hold_us_up(void)
{
    struct timespec start;
    struct timespec end;
    struct error err;

    (void)clock_gettime(CLOCK_MONOTONIC, &start);
    CHECKF(run("sh -c 'sleep 20 > /dev/null 2>&1 &'", "in", &err), "%s", err.text);
    (void)clock_gettime(CLOCK_MONOTONIC, &end);
    CHECK(end.tv_sec - start.tv_sec < 15);
}

static const struct test tests[] = {
    { "words are split without a shell", words_are_split_without_a_shell },
    { "bad commands are named", bad_commands_are_named },
    { "too many words are refused", too_many_words_are_refused },
    { "input of any length reaches who reads it", input_of_any_length_reaches_who_reads_it },
    { "SIGPIPE is as it was before", sigpipe_is_as_it_was_before },
    { "a failure is seen where children are ignored",
            a_failure_is_seen_where_children_are_ignored },
    { "a process the hook leaves behind does not hold us up",
            a_process_the_hook_leaves_behind_does_not_hold_us_up },
};

int main(void)
{
    setup();
    int status = run_tests("hook", tests, ARRAY_LEN(tests));

    forge_dir_remove(&dir);
    return status;
}
