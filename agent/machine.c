/* SPDX-License-Identifier: BSD-3-Clause */
#include "agent/machine.h"

#include <ctype.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "host/file.h"

/* Debian's are below 300 KiB. */
#define KERNEL_CONFIG_MAX ((size_t)2 << 20)

bool machine_path(const char *root, const char *path, char out[PATH_MAX])
{
    return snprintf(out, PATH_MAX, "%s%s", root, path) < PATH_MAX;
}

bool machine_exists(const char *root, const char *path)
{
    char full[PATH_MAX];
    struct stat st;

    return machine_path(root, path, full) && stat(full, &st) == 0;
}

bool machine_read_text(const char *root, const char *path, char *dst, size_t size)
{
    char full[PATH_MAX];
    size_t len = 0;
    ssize_t n;
    int fd;

    dst[0] = '\0';
    /* O_NONBLOCK: what stands there may be a pipe. */
    if (!machine_path(root, path, full) ||
            (fd = open(full, O_RDONLY | O_CLOEXEC | O_NONBLOCK)) < 0) {
        return false;
    }
    while (len < size - 1 && (n = read(fd, dst + len, size - 1 - len)) > 0) {
        len += (size_t)n;
    }
    (void)close(fd);
    len = strnlen(dst, len);
    while (len > 0 && isspace((unsigned char)dst[len - 1])) {
        len--;
    }
    dst[len] = '\0';
    return true;
}

const char *machine_release(const char *root, char *dst, size_t size)
{
    char text[128];

    if (!machine_read_text(root, "/proc/sys/kernel/osrelease", text, sizeof(text)) ||
            *text == '\0' || strchr(text, '/') != NULL) {
        (void)strcpy(text, "?");
    }
    return bytes_print(dst, size, bytes_of_text(text));
}

void machine_kernel_config(const char *root, const char *release, struct buffer *out)
{
    static const struct {
        const char *before;
        const char *after;
    } places[] = { { "/boot/config-", "" }, { "/usr/lib/modules/", "/config" } };

    for (size_t i = 0; i < ARRAY_LEN(places); i++) {
        char path[256];
        char full[PATH_MAX];
        struct error ignored;

        (void)snprintf(path, sizeof(path), "%s%s%s", places[i].before, release, places[i].after);
        if (machine_path(root, path, full) && file_read(full, KERNEL_CONFIG_MAX, out, &ignored)) {
            return;
        }
    }
}

enum machine_option machine_kernel_option(struct bytes config, const char *name)
{
    char yes[64];
    int len = snprintf(yes, sizeof(yes), "\n%s=y\n", name);

    if (config.len == 0) {
        return OPTION_UNKNOWN;
    }
    return memmem(config.ptr, config.len, yes, (size_t)len) != NULL ? OPTION_ON : OPTION_OFF;
}
