/* SPDX-License-Identifier: BSD-3-Clause */
#include <dirent.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agent/ima_setup.h"
#include "agent/machine.h"

/* Deeper and more than any distribution's /usr/lib. */
#define DEPTH_MAX 12
#define FILES_MAX 2000000u

struct count {
    size_t files; /* looked at */
    size_t programs;
};

static bool is_program(const struct stat *st, const char *name)
{
    return S_ISREG(st->st_mode) && ((st->st_mode & S_IXUSR) != 0 || strstr(name, ".so") != NULL);
}

/* Takes over fd. Links are not followed: what they lead to is counted where it is. */
static void count_directory(struct count *c, int fd, unsigned int depth)
{
    DIR *dir = fdopendir(fd);
    const struct dirent *d;

    if (dir == NULL) {
        (void)close(fd);
        return;
    }
    while ((d = readdir(dir)) != NULL && c->files < FILES_MAX) {
        struct stat st;

        if (strcmp(d->d_name, ".") == 0 || strcmp(d->d_name, "..") == 0 ||
                fstatat(fd, d->d_name, &st, AT_SYMLINK_NOFOLLOW) != 0) {
            continue;
        }
        c->files++;
        c->programs += is_program(&st, d->d_name);
        if (S_ISDIR(st.st_mode) && depth < DEPTH_MAX) {
            int sub = openat(fd, d->d_name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

            if (sub >= 0) {
                count_directory(c, sub, depth + 1);
            }
        }
    }
    (void)closedir(dir);
}

size_t ima_setup_count_programs(const char *root)
{
    static const char *const places[] = { "/usr/bin", "/usr/sbin", "/usr/lib", "/usr/lib64",
        "/usr/libexec", "/usr/local", "/opt" };
    struct count count = { 0 };

    for (size_t i = 0; i < ARRAY_LEN(places); i++) {
        char path[PATH_MAX];
        int fd = machine_path(root, places[i], path)
                ? open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
                : -1;

        if (fd >= 0) {
            count_directory(&count, fd, 0);
        }
    }
    return count.programs;
}
