/* SPDX-License-Identifier: BSD-3-Clause */
/* bench-micro: what is too short to be timed as a process. Prints one JSON object a line. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "tests/bench/sample.h"

#define ROUNDS_MAX 101

static double cpu_ns(void)
{
    struct timespec t;

    (void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

static bool sample(sample_work *work, void *ctx, size_t count, double *out, struct error *err)
{
    double start = cpu_ns();

    if (!work(ctx, count, err)) {
        return false;
    }
    *out = (cpu_ns() - start) / (double)count;
    return true;
}

static void print_samples(const char *key, const double *ns, size_t count)
{
    printf(", \"%s\": [", key);
    for (size_t i = 0; i < count; i++) {
        printf("%s%.1f", i > 0 ? ", " : "", ns[i]);
    }
    printf("]");
}

bool sample_compare(const struct sample_pair *pair, size_t rounds, struct error *err)
{
    double ours[ROUNDS_MAX];
    double peer[ROUNDS_MAX];

    rounds = rounds < ROUNDS_MAX ? rounds : ROUNDS_MAX;
    for (size_t i = 0; i < rounds; i++) {
        if (!sample(pair->ours, pair->ctx, pair->count, &ours[i], err) ||
                !sample(pair->peer, pair->ctx, pair->count, &peer[i], err)) {
            return error_wrap(err, "%s", pair->name);
        }
    }
    printf("{\"name\": \"%s\"", pair->name);
    print_samples("ours_ns", ours, rounds);
    print_samples("peer_ns", peer, rounds);
    printf("}\n");
    return true;
}

int main(int argc, char *argv[])
{
    static const struct {
        const char *name;
        int args;
        bool (*run)(size_t rounds, char *const args[], struct error *err);
        const char *usage;
    } kinds[] = {
        { "boot", 1, micro_boot, "LOG" },
        { "quote", 1, micro_quote, "PREFIX" },
        { "allowlist", 1, micro_allowlist, "FILE" },
        { "message", 0, micro_message, "" },
    };
    struct error err = { 0 };

    for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
        if (argc == 3 + kinds[i].args && strcmp(argv[1], kinds[i].name) == 0) {
            if (kinds[i].run(strtoul(argv[2], NULL, 10), argv + 3, &err)) {
                return EXIT_SUCCESS;
            }
            fprintf(stderr, "bench-micro: %s\n", err.text);
            return EXIT_FAILURE;
        }
    }
    for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
        fprintf(stderr, "usage: bench-micro %s ROUNDS %s\n", kinds[i].name, kinds[i].usage);
    }
    return EXIT_FAILURE;
}
