/* SPDX-License-Identifier: BSD-3-Clause */
#include "verifier/remote.h"

#include <stdio.h>
#include <unistd.h>

#include "host/clock.h"
#include "verifier/stop.h"

/* What is over sooner is not worth a line. */
#define DRAW_AFTER_MS 500

static bool is_over(void *ctx)
{
    const struct remote *r = ctx;

    return stop_wanted() || (r->deadline_ms != NULL && clock_now_ms() >= *r->deadline_ms);
}

static void draw(void *ctx, uint64_t in_this_answer)
{
    struct remote *r = ctx;
    int64_t passed = clock_now_ms() - r->started_ms;
    double bytes = (double)(r->received + in_this_answer);

    if (!r->draws || passed < DRAW_AFTER_MS) {
        return;
    }
    r->drawn = true;
    fprintf(stderr, "\r\033[K%s: %.1f MB, %.1f MB/s", r->name, bytes / 1e6,
            bytes / 1e3 / (double)passed);
}

static bool ask(void *ctx, struct bytes request, size_t max, struct bytes *answer,
        struct error *err)
{
    struct remote *r = ctx;

    if (r->client == NULL) {
        *err = r->why;
        return false;
    }
    if (coap_client_ask(r->client, request, max, answer, err)) {
        r->received += answer->len;
        draw(r, 0);
        return true;
    }
    r->failed = true;
    if (is_over(r) && !stop_wanted()) {
        (void)error_set(err, ERROR_NO_ANSWER, "the evidence is not complete when its time is over");
    }
    return false;
}

bool remote_init(struct remote *out, const char *uri, unsigned int timeout_ms,
        const int64_t *deadline_ms, struct error *err)
{
    *out = (struct remote){
        .name = uri,
        .timeout_ms = timeout_ms,
        .deadline_ms = deadline_ms,
        .draws = isatty(STDERR_FILENO) == 1,
    };
    if (!uri_read(bytes_of_text(uri), &out->uri, err)) {
        return false;
    }
    out->link = (struct link){ .ask = ask, .ctx = out, .chunk = 1 };
    return true;
}

void remote_begin(struct remote *r)
{
    struct coap_client_options options = {
        .timeout_ms = r->timeout_ms,
        .progress = draw,
        .interrupted = is_over,
        .ctx = r,
    };

    r->received = 0;
    r->started_ms = clock_now_ms();
    if (r->failed) { /* its name may lead elsewhere by now */
        coap_client_free(r->client);
        r->client = NULL;
        r->failed = false;
    }
    if (r->client != NULL || coap_client_new(&r->uri, &options, &r->client, &r->why)) {
        r->link.chunk = coap_client_chunk(r->client);
    }
}

void remote_end(struct remote *r)
{
    if (r->drawn) {
        fprintf(stderr, "\r\033[K");
        r->drawn = false;
    }
}

void remote_clear(struct remote *r)
{
    coap_client_free(r->client);
    *r = (struct remote){ 0 };
}
