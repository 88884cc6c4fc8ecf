/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * bench-verifier: rounds, one after the other, and what they cost this side.
 *
 *   bench-verifier round URI AK POLICY COUNT    attest once, then COUNT times what is new
 *   bench-verifier ask URI BYTES COUNT          a question of so many bytes, COUNT times
 *
 * Prints a line of JSON about the COUNT.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "protocol/coap_client.h"
#include "verifier/round.h"

#define ANSWER_MAX ((size_t)1 << 24)

struct cost {
    double wall_us;
    double cpu_us;
};

struct result {
    struct cost cost;
    uint64_t entries;
    uint64_t sent;
    uint64_t received;
};

/* What a link's ctx is. */
struct way {
    struct coap_client *client;
    uint64_t sent;
};

static double clock_us(clockid_t id)
{
    struct timespec t;

    (void)clock_gettime(id, &t);
    return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

static struct cost cost_now(void)
{
    return (struct cost){ clock_us(CLOCK_MONOTONIC), clock_us(CLOCK_PROCESS_CPUTIME_ID) };
}

static struct cost cost_since(struct cost start)
{
    struct cost now = cost_now();

    return (struct cost){ now.wall_us - start.wall_us, now.cpu_us - start.cpu_us };
}

static bool ask(void *ctx, struct bytes request, size_t max, struct bytes *answer,
        struct error *err)
{
    struct way *way = ctx;

    way->sent += request.len;
    return coap_client_ask(way->client, request, max, answer, err);
}

static bool one_round(struct host *host, const struct policy *policy, struct result *r,
        struct error *err)
{
    struct round round CLEANUP(round_clear) = { 0 };

    if (!round_run(host, policy, &round, err)) {
        return false;
    }
    r->entries += round.new_entries;
    r->received += round.received;
    return verdict_result(&round.verdict) == VERDICT_TRUSTED ||
            error_set(err, ERROR_MALFORMED, "not trusted");
}

static bool rounds(struct coap_client *client, char *argv[], unsigned long count,
        struct result *out, struct error *err)
{
    struct way way = { client, 0 };
    struct link link = { ask, &way, coap_client_chunk(client) };
    struct hasher hasher CLEANUP(hasher_clear) = { 0 };
    struct identity who CLEANUP(identity_clear) = { 0 };
    struct policy policy CLEANUP(policy_clear) = { 0 };
    struct host_state state CLEANUP(host_state_clear) = { 0 };
    struct host host = { .link = &link,
        .hasher = &hasher,
        .who = &who,
        .identity_mode = "pinned",
        .state = &state };
    struct result first = { 0 };

    if (!hasher_init(&hasher, err) || !identity_read(argv[3], NULL, &hasher, &who, err) ||
            !policy_load(argv[4], &policy, err) || !one_round(&host, &policy, &first, err)) {
        return false;
    }
    struct cost start = cost_now();

    way.sent = 0;
    for (unsigned long i = 0; i < count; i++) {
        if (!one_round(&host, &policy, out, err)) {
            return error_wrap(err, "round %lu", i);
        }
    }
    out->cost = cost_since(start);
    out->sent = way.sent;
    return true;
}

static bool questions(struct coap_client *client, size_t len, unsigned long count,
        struct result *out, struct error *err)
{
    uint8_t request[1024] = { 0 };
    struct cost start = cost_now();

    for (unsigned long i = 0; i < count; i++) {
        struct bytes answer;

        if (!coap_client_ask(client, (struct bytes){ request, len }, ANSWER_MAX, &answer, err)) {
            return false;
        }
        out->received += answer.len;
    }
    out->cost = cost_since(start);
    return true;
}

int main(int argc, char *argv[])
{
    bool round = argc == 6 && strcmp(argv[1], "round") == 0;
    struct coap_client *client = NULL;
    struct result r = { 0 };
    struct error err = { 0 };
    struct coap_client_options options = { 0 };
    struct uri uri;

    if (!round && (argc != 5 || strcmp(argv[1], "ask") != 0)) {
        fprintf(stderr,
                "usage: bench-verifier round URI AK POLICY COUNT\n"
                "   or: bench-verifier ask URI BYTES COUNT\n");
        return EXIT_FAILURE;
    }
    unsigned long count = strtoul(argv[argc - 1], NULL, 10);
    bool ok = uri_read(bytes_of_text(argv[2]), &uri, &err) &&
            coap_client_new(&uri, &options, &client, &err) &&
            (round ? rounds(client, argv, count, &r, &err)
                   : questions(client, strtoul(argv[3], NULL, 10), count, &r, &err));

    coap_client_free(client);
    if (!ok) {
        fprintf(stderr, "bench-verifier: %s\n", err.text);
        return EXIT_FAILURE;
    }
    printf("{\"count\": %lu, \"wall_us\": %.0f, \"cpu_us\": %.0f, \"entries\": %" PRIu64
           ", \"sent\": %" PRIu64 ", \"received\": %" PRIu64 "}\n",
            count, r.cost.wall_us, r.cost.cpu_us, r.entries, r.sent, r.received);
    return EXIT_SUCCESS;
}
