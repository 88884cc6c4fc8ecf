/* SPDX-License-Identifier: BSD-3-Clause */
/* Runs a fuzz target over files, so that the corpus is an ordinary test under any compiler. */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>

#include "host/file.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int main(int argc, char *argv[])
{
    size_t ran = 0;
    DIR *dir = argc == 2 ? opendir(argv[1]) : NULL;

    if (dir == NULL) {
        fprintf(stderr, "usage: %s CORPUS-DIRECTORY\n", argv[0]);
        return EXIT_FAILURE;
    }
    for (struct dirent *d; (d = readdir(dir)) != NULL;) {
        struct buffer input CLEANUP(buffer_clear) = { 0 };
        struct error err = { 0 };
        char path[4096];

        if (d->d_name[0] == '.') {
            continue;
        }
        (void)snprintf(path, sizeof(path), "%s/%s", argv[1], d->d_name);
        if (!file_read(path, (size_t)1 << 24, &input, &err)) {
            fprintf(stderr, "%s\n", err.text);
            return EXIT_FAILURE;
        }
        (void)LLVMFuzzerTestOneInput(input.data, input.len);
        ran++;
    }
    (void)closedir(dir);
    printf("%zu inputs\n", ran);
    return ran > 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
