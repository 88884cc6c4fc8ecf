/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * bench-run COMMAND ARG...: run a command, print what it cost as JSON on standard error.
 *
 * A program of its own, since a child's peak memory starts with its parent's: Linux keeps the mark
 * of the memory that execve() replaces.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static double seconds(struct timeval t)
{
    return (double)t.tv_sec + (double)t.tv_usec / 1e6;
}

static double now(void)
{
    struct timespec t;

    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

int main(int argc, char *argv[])
{
    struct rusage usage;
    int status;
    double start = now();

    if (argc < 2) {
        fprintf(stderr, "usage: bench-run COMMAND ARG...\n");
        return EXIT_FAILURE;
    }
    pid_t pid = fork();

    if (pid == 0) {
        (void)execvp(argv[1], argv + 1);
        fprintf(stderr, "bench-run: %s: %s\n", argv[1], strerror(errno));
        _exit(127);
    }
    if (pid < 0 || wait4(pid, &status, 0, &usage) != pid) {
        fprintf(stderr, "bench-run: %s\n", strerror(errno));
        return EXIT_FAILURE;
    }
    fprintf(stderr, "{\"status\": %d, \"cpu_s\": %.6f, \"wall_s\": %.6f, \"rss_kib\": %ld}\n",
            WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status),
            seconds(usage.ru_utime) + seconds(usage.ru_stime), now() - start, usage.ru_maxrss);
    return EXIT_SUCCESS;
}
