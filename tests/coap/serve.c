/* SPDX-License-Identifier: BSD-3-Clause */
#include "tests/coap/serve.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include "common/error.h"
#include "host/buffer.h"

#define TICK_MS 10

uint64_t serve_now(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

uint8_t serve_pattern(size_t at)
{
    return (uint8_t)(at ^ at >> 8 ^ at >> 16);
}

bool serve_is_answer(struct bytes b, size_t len)
{
    for (size_t i = 0; i < b.len; i++) {
        if (b.ptr[i] != serve_pattern(i)) {
            return false;
        }
    }
    return b.len == len;
}

static void answer(struct coap_exchange *x, size_t len)
{
    struct buffer body = { malloc(len > 0 ? len : 1), len };

    for (size_t i = 0; i < len; i++) {
        body.data[i] = serve_pattern(i);
    }
    coap_exchange_answer(x, &body);
}

static void postpone(struct serve *s, struct coap_exchange *x, unsigned int ms, size_t len)
{
    for (size_t i = 0; i < SERVE_SLOW_MAX; i++) {
        if (s->slow[i].exchange == NULL) {
            s->slow[i] = (struct serve_slow){ x, serve_now() + ms, len };
            return;
        }
    }
    coap_exchange_refuse(x, COAP_REFUSAL_UNAVAILABLE, "Busy", "too many wait");
}

static void handle_request(void *ctx, struct coap_exchange *x, struct bytes payload,
        const char *peer)
{
    struct serve *s = ctx;
    char text[64];
    unsigned int ms;
    size_t len;

    (void)peer;
    s->requests++;
    snprintf(text, sizeof(text), "%.*s", (int)payload.len, (const char *)payload.ptr);
    if (sscanf(text, "answer %zu", &len) == 1) {
        answer(x, len);
    } else if (sscanf(text, "slow %u %zu", &ms, &len) == 2) {
        postpone(s, x, ms, len);
    } else if (strcmp(text, "busy") == 0) {
        coap_exchange_refuse(x, COAP_REFUSAL_UNAVAILABLE, "Busy", "the TPM is in use");
    } else if (strcmp(text, "silence") == 0) {
        postpone(s, x, 1000000, 0);
    } else {
        coap_exchange_refuse(x, COAP_REFUSAL_BAD_REQUEST, "Malformed request", "not understood");
    }
}

static void handle_gone(void *ctx, struct coap_exchange *x)
{
    struct serve *s = ctx;

    s->gone++;
    for (size_t i = 0; i < SERVE_SLOW_MAX; i++) {
        if (s->slow[i].exchange == x) {
            s->slow[i].exchange = NULL;
        }
    }
}

static void answer_what_is_due(struct serve *s)
{
    for (size_t i = 0; i < SERVE_SLOW_MAX; i++) {
        struct coap_exchange *x = s->slow[i].exchange;

        if (x != NULL && s->slow[i].due_ms <= serve_now()) {
            s->slow[i].exchange = NULL;
            answer(x, s->slow[i].len);
        }
    }
}

static void *run(void *ctx)
{
    struct serve *s = ctx;
    struct pollfd fds[] = { { .fd = coap_server_fd(s->server), .events = POLLIN },
        { .fd = s->stop, .events = POLLIN } };
    struct error err = { 0 };

    while (fds[1].revents == 0) {
        poll(fds, 2, TICK_MS);
        if (fds[0].revents != 0 && !coap_server_process(s->server, &err)) {
            printf("server: %s\n", err.text);
            s->failed = true;
            break;
        }
        answer_what_is_due(s);
    }
    return NULL;
}

static bool listen_at(struct serve *s, const char *text)
{
    struct error err = { 0 };
    struct uri uri;

    if (!uri_read(bytes_of_text(text), &uri, &err) || !coap_server_listen(s->server, &uri, &err)) {
        printf("%s: %s\n", text, err.text);
        return false;
    }
    return true;
}

bool serve_start(struct serve *s, const struct coap_server_options *options,
        const char *const *uris)
{
    struct error err = { 0 };

    memset(s, 0, sizeof(*s));
    s->options = options != NULL ? *options : (struct coap_server_options){ 0 };
    s->options.request = handle_request;
    s->options.gone = handle_gone;
    s->options.ctx = s;
    if (s->options.request_max == 0) {
        s->options.request_max = 4096;
    }
    if (!coap_server_new(&s->options, &s->server, &err)) {
        printf("server: %s\n", err.text);
        return false;
    }
    s->stop = eventfd(0, EFD_CLOEXEC);
    bool ok = s->stop >= 0;

    for (size_t i = 0; ok && uris[i] != NULL; i++) {
        ok = listen_at(s, uris[i]);
    }
    if (!ok || pthread_create(&s->thread, NULL, run, s) != 0) {
        coap_server_free(s->server);
        close(s->stop);
        return false;
    }
    return true;
}

bool serve_stop(struct serve *s)
{
    eventfd_write(s->stop, 1);
    pthread_join(s->thread, NULL);
    coap_server_free(s->server);
    close(s->stop);
    return !s->failed;
}

struct coap_client *serve_client(const struct serve *s, const char *uri, size_t index,
        const struct coap_client_options *options)
{
    struct coap_client_options defaults = { .timeout_ms = 10000 };
    struct coap_client *c = NULL;
    struct error err = { 0 };
    struct uri where;

    if (!uri_read(bytes_of_text(uri), &where, &err)) {
        printf("%s: %s\n", uri, err.text);
        return NULL;
    }
    where.port = coap_server_port(s->server, index);
    if (!coap_client_new(&where, options != NULL ? options : &defaults, &c, &err)) {
        printf("%s: %s\n", uri, err.text);
        return NULL;
    }
    return c;
}
