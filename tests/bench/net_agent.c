/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * bench-agent: the agent's network side and logs, over a software key.
 *
 *   bench-agent URI rsa|ecdsa FEED START GROW LIST AK
 *       serves LIST, to which it writes START records of FEED, and GROW more before each quote;
 *       writes the key's TPM2B_PUBLIC to AK
 *   bench-agent URI answer BYTES
 *       answers every request with so many bytes
 *
 * Prints its port when it is ready and, at SIGTERM, a line of JSON: what it cost.
 */
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <time.h>
#include <unistd.h>

#include "agent/serve.h"
#include "host/file_writer.h"
#include "protocol/coap_server.h"
#include "tests/bench/software_attester.h"

#define QUEUE_MAX    64
#define SESSIONS_MAX 64

/* Answers that are all the same, to see what the transport costs. */
struct plain {
    size_t len;
};

static void plain_request(void *ctx, struct coap_exchange *x, struct bytes payload,
        const char *peer)
{
    const struct plain *p = ctx;
    struct buffer body = { calloc(1, p->len), p->len };

    (void)payload;
    (void)peer;
    coap_exchange_answer(x, &body);
}

static void plain_gone(void *ctx, struct coap_exchange *x)
{
    (void)ctx;
    (void)x;
}

static int end_signal(void)
{
    sigset_t set;

    (void)sigemptyset(&set);
    (void)sigaddset(&set, SIGTERM);
    (void)sigprocmask(SIG_BLOCK, &set, NULL);
    return signalfd(-1, &set, SFD_CLOEXEC);
}

static bool listen_at(struct coap_server *server, const char *text, struct error *err)
{
    struct uri uri;

    if (!uri_read(bytes_of_text(text), &uri, err) || !coap_server_listen(server, &uri, err)) {
        return false;
    }
    printf("%u\n", coap_server_port(server, 0));
    (void)fflush(stdout);
    return true;
}

/* serve may be NULL. */
static bool run(struct coap_server *server, struct serve *serve, int end, struct error *err)
{
    struct pollfd fds[] = {
        { .fd = end, .events = POLLIN },
        { .fd = coap_server_fd(server), .events = POLLIN },
        { .fd = serve != NULL ? serve_fd(serve) : -1, .events = POLLIN },
    };

    while (fds[0].revents == 0) {
        if (!coap_server_process(server, err)) {
            return false;
        }
        (void)poll(fds, ARRAY_LEN(fds), -1);
        if (fds[2].revents != 0) {
            serve_process(serve);
        }
    }
    return true;
}

static bool serve_at(const char *text, struct coap_server_options *options, struct serve *serve,
        int end, struct error *err)
{
    struct coap_server *server;

    options->sessions_max = SESSIONS_MAX;
    options->request_max = MESSAGE_REQUEST_MAX;
    if (!coap_server_new(options, &server, err)) {
        return false;
    }
    bool ok = listen_at(server, text, err) && run(server, serve, end, err);

    coap_server_free(server);
    return ok;
}

static int64_t cpu_us(void)
{
    struct timespec t;

    (void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

/* @param since  cpu_us() when it became ready: a key takes long to make */
static void print_cost(const struct software_attester *s, int64_t since)
{
    struct rusage usage;

    (void)getrusage(RUSAGE_SELF, &usage);
    printf("{\"cpu_us\": %" PRId64 ", \"attester_cpu_us\": %" PRIu64 ", \"quotes\": %" PRIu64
           ", \"rss_kib\": %ld}\n",
            cpu_us() - since, s->cpu_ns / 1000, s->quotes, usage.ru_maxrss);
}

static bool run_machine(char *argv[], int end, struct software_attester *s, struct error *err)
{
    enum forge_key_kind kind = strcmp(argv[2], "rsa") == 0 ? FORGE_RSASSA : FORGE_P256;
    struct logs logs CLEANUP(logs_clear) = { 0 };
    struct serve *serve;

    if (!software_attester_open(s, kind, argv[3], strtoull(argv[4], NULL, 10),
                strtoull(argv[5], NULL, 10), argv[6], err) ||
            !file_write(argv[7], FILE_REPLACE, forge_key_public(&s->key), err)) {
        return false;
    }
    logs_set(&logs, (const char *const[LOG_KIND_COUNT]){ [LOG_KIND_IMA] = argv[6] });
    struct serve_options how = { .attester = software_attester(s),
        .queue_max = QUEUE_MAX,
        .logs = &logs };

    if (!serve_new(&how, &serve, err)) {
        return false;
    }
    struct coap_server_options options = { .request = serve_request,
        .gone = serve_gone,
        .ctx = serve };
    int64_t ready = cpu_us();
    bool ok = serve_at(argv[1], &options, serve, end, err);

    ok = serve_free(serve) && ok;
    if (ok) {
        print_cost(s, ready);
    }
    return ok;
}

static bool run_plain(char *argv[], int end, struct error *err)
{
    struct plain p = { strtoul(argv[3], NULL, 10) };
    struct coap_server_options options = { .request = plain_request,
        .gone = plain_gone,
        .ctx = &p };

    int64_t ready = cpu_us();
    bool ok = serve_at(argv[1], &options, NULL, end, err);

    if (ok) {
        print_cost(&(struct software_attester){ 0 }, ready);
    }
    return ok;
}

int main(int argc, char *argv[])
{
    struct software_attester s = { 0 };
    struct error err = { 0 };
    bool plain = argc == 4 && strcmp(argv[2], "answer") == 0;

    if (!plain && argc != 8) {
        fprintf(stderr,
                "usage: bench-agent URI rsa|ecdsa FEED START GROW LIST AK\n"
                "   or: bench-agent URI answer BYTES\n");
        return EXIT_FAILURE;
    }
    int end = end_signal();
    bool ok = plain ? run_plain(argv, end, &err) : run_machine(argv, end, &s, &err);

    if (!ok) {
        fprintf(stderr, "bench-agent: %s\n", err.text);
    }
    software_attester_close(&s);
    return ok ? EXIT_SUCCESS : EXIT_FAILURE;
}
