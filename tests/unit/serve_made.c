/* SPDX-License-Identifier: BSD-3-Clause */
#include "tests/unit/serve_made.h"

#include <poll.h>
#include <stdlib.h>
#include <unistd.h>

#include "protocol/stream.h"

size_t coap_exchange_limit(const struct coap_exchange *x)
{
    return x->limit;
}

void coap_exchange_answer(struct coap_exchange *x, struct buffer *body)
{
    x->answers++;
    x->body = *body;
    *body = (struct buffer){ 0 };
}

void coap_exchange_refuse(struct coap_exchange *x, enum coap_refusal why, const char *title,
        const char *detail)
{
    CHECK(*title != '\0');
    x->answers++;
    x->refused = true;
    x->why = why;
    (void)snprintf(x->detail, sizeof(x->detail), "%s", detail);
}

struct serve_tpm serve_tpm = { .lock = PTHREAD_MUTEX_INITIALIZER,
    .change = PTHREAD_COND_INITIALIZER };

const struct tpm_name serve_ak_name = { { 0, 11, 'k', 'e', 'y' }, 34 };

static bool prove(void *ctx, struct bytes challenge, const struct pcr_selection *selection,
        struct attester_proof *out, struct error *err)
{
    struct serve_tpm *t = ctx;

    (void)selection;
    (void)pthread_mutex_lock(&t->lock);
    t->first[t->begun % 64] = challenge.ptr[0];
    t->begun++;
    (void)pthread_cond_broadcast(&t->change);
    while (t->closed) {
        (void)pthread_cond_wait(&t->change, &t->lock);
    }
    t->made++;
    (void)pthread_mutex_unlock(&t->lock);
    if (t->fails != ERROR_NONE) {
        return error_set(err, t->fails, "no luck");
    }
    if (t->meanwhile != NULL) {
        t->meanwhile();
    }
    *out = (struct attester_proof){ .attest = { "quote", 5 },
        .signature = { "signature", 9 },
        .ak_public = { "public", 6 },
        .ak_name = serve_ak_name,
        .reset_count = SERVE_RESET };
    return true;
}

static void rest(void *ctx)
{
    struct serve_tpm *t = ctx;

    (void)pthread_mutex_lock(&t->lock);
    t->rests++;
    (void)pthread_cond_broadcast(&t->change);
    (void)pthread_mutex_unlock(&t->lock);
}

void serve_close_tpm(bool closed)
{
    (void)pthread_mutex_lock(&serve_tpm.lock);
    serve_tpm.closed = closed;
    (void)pthread_cond_broadcast(&serve_tpm.change);
    (void)pthread_mutex_unlock(&serve_tpm.lock);
}

void serve_wait_tpm(const int *what, int count)
{
    (void)pthread_mutex_lock(&serve_tpm.lock);
    while (*what < count) {
        (void)pthread_cond_wait(&serve_tpm.change, &serve_tpm.lock);
    }
    (void)pthread_mutex_unlock(&serve_tpm.lock);
}

struct serve *serve;
char serve_dir[] = "/tmp/tally_serve_test.XXXXXX";
char serve_path[LOG_KIND_COUNT][64];
static struct logs logs;

void serve_write_log(enum log_kind kind, const char *text, const char *mode)
{
    FILE *f = fopen(serve_path[kind], mode);

    CHECK(f != NULL && fputs(text, f) >= 0 && fclose(f) == 0);
}

void serve_remove_log(enum log_kind kind)
{
    (void)(unlink(serve_path[kind]) == 0 || rmdir(serve_path[kind]) == 0);
}

void serve_begin(void)
{
    const char *const paths[LOG_KIND_COUNT] = { NULL, serve_path[1], serve_path[2], serve_path[3] };
    struct serve_options options = { .attester = { prove, rest, &serve_tpm },
        .queue_max = 16,
        .logs = &logs };
    struct error err = { 0 };

    serve_tpm.closed = false;
    serve_tpm.begun = serve_tpm.made = serve_tpm.rests = 0;
    serve_tpm.fails = ERROR_NONE;
    serve_tpm.meanwhile = NULL;
    for (enum log_kind kind = LOG_KIND_BOOT; kind < LOG_KIND_COUNT; kind++) {
        serve_remove_log(kind);
    }
    serve_write_log(LOG_KIND_BOOT, BOOT, "wb");
    serve_write_log(LOG_KIND_IMA, LIST, "wb");
    logs = (struct logs){ 0 };
    logs_set(&logs, paths);
    CHECK(serve_new(&options, &serve, &err));
}

void serve_end(void)
{
    CHECK(serve_free(serve));
    logs_clear(&logs);
}

void serve_ask(struct coap_exchange *x, const struct message_request *m)
{
    uint8_t encoded[MESSAGE_REQUEST_MAX];
    struct bytes out;
    struct error err = { 0 };

    CHECKF(message_request_encode(m, encoded, sizeof(encoded), &out, &err), "%s", err.text);
    serve_request(serve, x, out, "peer");
    memset(encoded, 0xee, sizeof(encoded));
}

void serve_wait(const struct coap_exchange *x)
{
    struct pollfd fd = { serve_fd(serve), POLLIN, 0 };

    while (x->answers == 0) {
        CHECK(poll(&fd, 1, 10000) == 1);
        serve_process(serve);
    }
}

uint8_t serve_challenge[32];

/* A request for a quote and both logs, from their start. */
struct message_request serve_whole(void)
{
    return (struct message_request){ .challenge = { serve_challenge, sizeof(serve_challenge) },
        .selection = { 1, { { DIGEST_SHA256, 0x400 } } },
        .want = { { 0 }, { true, 0, 4096 }, { true, 0, 4096 }, { true, 0, 4096 } } };
}

struct message_request serve_more(enum log_kind kind, uint64_t offset, uint64_t max)
{
    struct message_request m = { 0 };

    m.want[kind] = (struct message_want){ true, offset, max };
    return m;
}

/* The next message of an answer. */
struct bytes serve_message(struct reader *r)
{
    static uint8_t room[MESSAGE_SIZE_MAX];
    struct message_stream stream = message_stream_init(room, sizeof(room));
    struct bytes all = reader_rest(&(struct reader){ r->origin, r->pos, r->end });
    struct bytes message = { 0 };
    struct error err = { 0 };
    size_t free_room;
    uint8_t *to = message_stream_space(&stream, &free_room);

    all.len = all.len < free_room ? all.len : free_room;
    memcpy(to, all.ptr, all.len);
    message_stream_added(&stream, all.len);
    CHECKF(message_stream_next(&stream, &message, &err), "%s", err.text);
    CHECK(reader_take(r, message.len, &(struct bytes){ 0 }));
    return message;
}

struct message_evidence serve_evidence(struct reader *r)
{
    struct message_evidence m = { 0 };
    struct error err = { 0 };

    CHECKF(message_evidence_decode(serve_message(r), &m, &err), "%s", err.text);
    return m;
}

void serve_check_chunk(struct reader *r, enum log_kind kind, uint64_t offset, bool last,
        const char *data)
{
    struct message_chunk m = { 0 };
    struct error err = { 0 };

    CHECKF(message_chunk_decode(serve_message(r), &m, &err), "%s", err.text);
    CHECK_UINT(m.log, kind);
    CHECK_UINT(m.offset, offset);
    CHECK_UINT(m.last, last);
    CHECK_TEXT(m.data, data);
}

struct reader serve_answer(const struct coap_exchange *x)
{
    CHECKF(!x->refused, "%s", x->detail);
    CHECK_UINT((uint64_t)x->answers, 1);
    return reader_init(buffer_view(&x->body));
}

void serve_check_refused(const struct coap_exchange *x, enum coap_refusal why, const char *says)
{
    CHECK_UINT((uint64_t)x->answers, 1);
    CHECK(x->refused);
    CHECK_UINT(x->why, why);
    CHECKF(strstr(x->detail, says) != NULL, "%s", x->detail);
}

int serve_run(const char *suite, const struct test *tests, size_t count)
{
    static const char *const names[LOG_KIND_COUNT] = { "", "boot", "ima", "userspace" };

    if (mkdtemp(serve_dir) == NULL) {
        return EXIT_FAILURE;
    }
    for (enum log_kind kind = LOG_KIND_BOOT; kind < LOG_KIND_COUNT; kind++) {
        (void)snprintf(serve_path[kind], sizeof(serve_path[kind]), "%s/%s", serve_dir, names[kind]);
    }
    int status = run_tests(suite, tests, count);

    for (enum log_kind kind = LOG_KIND_BOOT; kind < LOG_KIND_COUNT; kind++) {
        serve_remove_log(kind);
    }
    (void)rmdir(serve_dir);
    return status;
}
