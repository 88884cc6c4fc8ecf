/* SPDX-License-Identifier: BSD-3-Clause */
#include <dirent.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "host/file.h"
#include "host/file_writer.h"
#include "tests/check.h"

static char dir[] = "/tmp/tally_file_writer_test.XXXXXX";

static const char *path_of(const char *name)
{
    static char path[sizeof(dir) + 64];

    (void)snprintf(path, sizeof(path), "%s/%s", dir, name);
    return path;
}

static size_t files_in_dir(void)
{
    DIR *d = opendir(dir);
    size_t n = 0;

    while (d != NULL && readdir(d) != NULL) {
        n++;
    }
    if (d != NULL) {
        (void)closedir(d);
    }
    return n - 2;
}

static void check_content(const char *path, const char *want)
{
    struct buffer got CLEANUP(buffer_clear) = { 0 };
    struct error err = { 0 };

    CHECKF(file_read(path, 1000, &got, &err), "%s", err.text);
    CHECK_TEXT(buffer_view(&got), want);
}

static void a_file_appears_whole_and_only_for_its_owner(void)
{
    const char *path = path_of("new");
    struct file_writer w CLEANUP(file_writer_clear) = { 0 };
    mode_t before = umask(0);
    struct error err = { 0 };
    struct stat st;

    if (CHECKF(file_writer_open(&w, path, FILE_REPLACE, &err), "%s", err.text)) {
        CHECK(file_writer_add(&w, bytes_of_text("one "), &err));
        CHECK(stat(path, &st) != 0);
        CHECK(file_writer_add(&w, bytes_of_text("two"), &err));
        CHECKF(file_writer_commit(&w, &err), "%s", err.text);
    }
    (void)umask(before);
    CHECK(stat(path, &st) == 0 && (st.st_mode & 07777) == 0600);
    check_content(path, "one two");
    CHECK(file_write(path, FILE_REPLACE, bytes_of_text("three"), &err));
    check_content(path, "three");
    CHECK_UINT(files_in_dir(), 1);
    (void)unlink(path);
}

static void what_is_given_up_leaves_nothing_behind(void)
{
    struct error err = { 0 };

    {
        struct file_writer w CLEANUP(file_writer_clear) = { 0 };

        CHECK(file_writer_open(&w, path_of("gone"), FILE_REPLACE, &err));
        CHECK(file_writer_add(&w, bytes_of_text("x"), &err));
        CHECK_UINT(files_in_dir(), 1);
    }
    CHECK_UINT(files_in_dir(), 0);
}

static void a_file_that_is_there_is_left_alone_where_that_is_wanted(void)
{
    const char *path = path_of("there");
    struct file_writer w CLEANUP(file_writer_clear) = { 0 };
    struct error err = { 0 };

    CHECK(file_write(path, FILE_REFUSE, bytes_of_text("first"), &err));
    CHECK(!file_write(path, FILE_REFUSE, bytes_of_text("second"), &err));
    CHECKF(strstr(err.text, "there already") != NULL, "%s", err.text);
    check_content(path, "first");
    (void)unlink(path);

    /* It comes while the new one is being written. */
    CHECK(file_writer_open(&w, path, FILE_REFUSE, &err));
    CHECK(file_write(path, FILE_REPLACE, bytes_of_text("other"), &err));
    CHECK(!file_writer_commit(&w, &err));
    check_content(path, "other");
    (void)unlink(path);
}

static void links_and_devices_are_not_replaced(void)
{
    const char *path = path_of("link");
    struct error err = { 0 };
    struct stat st;

    CHECK(symlink("/dev/null", path) == 0);
    CHECK(!file_write(path, FILE_REPLACE, bytes_of_text("x"), &err));
    CHECKF(strstr(err.text, "not an ordinary file") != NULL, "%s", err.text);
    CHECK(!file_write("/dev/null", FILE_REPLACE, bytes_of_text("x"), &err));
    CHECK(stat("/dev/null", &st) == 0 && S_ISCHR(st.st_mode));
    (void)unlink(path);
    CHECK(!file_write("/nonexistent/file", FILE_REPLACE, bytes_of_text("x"), &err));
    CHECK_UINT(err.code, ERROR_IO);
}

static void an_update_keeps_the_mode_and_the_link(void)
{
    const char *path = path_of("target");
    char link[sizeof(dir) + 64];
    struct error err = { 0 };
    struct stat st;
    mode_t before = umask(027);

    CHECKF(file_write(path, FILE_UPDATE, bytes_of_text("new"), &err), "%s", err.text);
    (void)umask(before);
    CHECK(stat(path, &st) == 0 && (st.st_mode & 07777) == 0640);
    CHECK(chmod(path, 0604) == 0);
    (void)snprintf(link, sizeof(link), "%s/link", dir);
    CHECK(symlink("target", link) == 0);
    CHECKF(file_write(link, FILE_UPDATE, bytes_of_text("by link"), &err), "%s", err.text);
    CHECK(lstat(link, &st) == 0 && S_ISLNK(st.st_mode));
    CHECK(lstat(path, &st) == 0 && (st.st_mode & 07777) == 0604);
    check_content(path, "by link");
    CHECK_UINT(files_in_dir(), 2);

    /* Where a link leads nowhere, nothing is made. */
    (void)unlink(path);
    CHECK(!file_write(link, FILE_UPDATE, bytes_of_text("x"), &err));
    CHECK_UINT(err.code, ERROR_IO);
    CHECK(!file_write("/dev/null", FILE_UPDATE, bytes_of_text("x"), &err));
    CHECK_UINT(files_in_dir(), 1);
    (void)unlink(link);
}

int main(void)
{
    static const struct test tests[] = {
        { "a file appears whole, and only for its owner",
                a_file_appears_whole_and_only_for_its_owner },
        { "what is given up leaves nothing behind", what_is_given_up_leaves_nothing_behind },
        { "a file that is there is left alone where that is wanted",
                a_file_that_is_there_is_left_alone_where_that_is_wanted },
        { "an update keeps the mode and the link", an_update_keeps_the_mode_and_the_link },
        { "links and devices are not replaced", links_and_devices_are_not_replaced },
    };

    if (mkdtemp(dir) == NULL) {
        return EXIT_FAILURE;
    }
    int status = run_tests("file_writer", tests, ARRAY_LEN(tests));

    (void)rmdir(dir);
    return status;
}
