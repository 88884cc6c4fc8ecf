/* SPDX-License-Identifier: BSD-3-Clause */
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "protocol/coap_client.h"
#include "tests/check.h"
#include "tests/coap/raw.h"
#include "tests/coap/serve.h"

/* The client and agents that break the rules, are slow, or are not there. */

#define CODE(n)        WIRE_CODE((n) / 100, (n) % 100)
#define ETAG           4
#define CONTENT_FORMAT 12
#define MAX_AGE        14
#define BLOCK2         23
#define SIZE2          28
#define ECHO           252
#define SEQUENCE       63
#define PROBLEM        257
#define NONE           0xffffffff
/* A Block2 value. */
#define BLOCK(num, more, szx) ((uint32_t)(num) << 4 | (more) << 3 | (szx))
#define REPLIES_MAX           6

/** What the agent says to one request. */
struct reply {
    unsigned int code;   /* 0: 2.05; 999: nothing at all; 998: a reset */
    uint32_t format;     /* 0: 63 */
    uint32_t block;      /* 0: none */
    const char *etag;    /* NULL: "e" */
    size_t len;          /* of the payload, ... */
    size_t from;         /* ... which starts at this byte of the pattern */
    const char *payload; /* instead */
    const char *echo;    /* NULL: none */
    uint32_t max_age;    /* 0: none */
    uint32_t size2;      /* 0: none */
    bool separate;       /* an empty ACK, then the answer */
    bool twice;
    bool other_token; /* one more before it, for somebody else */
};

struct agent {
    int fd;
    int stop;
    uint16_t port;
    pthread_t thread;
    const struct reply *replies;
    size_t count;
    size_t requests;
    struct wire_message last; /* of the requests */
    uint8_t in[RAW_MAX];
};

static void put(struct writer *w, uint32_t *before, uint32_t number, uint32_t value)
{
    uint8_t bytes[4];
    size_t len = 0;

    for (int shift = 24; shift >= 0; shift -= 8) {
        if (len > 0 || (value >> shift & 255) != 0) {
            bytes[len++] = (uint8_t)(value >> shift);
        }
    }
    wire_write_option(w, *before, number, (struct bytes){ bytes, len });
    *before = number;
}

static struct bytes write_reply(uint8_t *dst, const struct reply *r, enum wire_type type,
        uint16_t id, struct bytes token)
{
    struct writer w = writer_init(dst, RAW_MAX);
    uint32_t before = 0;
    struct bytes b = { 0 };

    wire_write_datagram(&w, type, (uint8_t)(r->code == 0 ? CODE(205) : CODE(r->code)), id, token);
    wire_write_option(&w, 0, ETAG, bytes_of_text(r->etag != NULL ? r->etag : "e"));
    before = ETAG;
    if (r->format != NONE) {
        put(&w, &before, CONTENT_FORMAT, r->format == 0 ? SEQUENCE : r->format);
    }
    if (r->max_age != 0) {
        put(&w, &before, MAX_AGE, r->max_age);
    }
    if (r->block != 0) {
        put(&w, &before, BLOCK2, r->block);
    }
    if (r->size2 != 0) {
        put(&w, &before, SIZE2, r->size2);
    }
    if (r->echo != NULL) {
        wire_write_option(&w, before, ECHO, bytes_of_text(r->echo));
    }
    if (r->len > 0 || r->payload != NULL) {
        writer_u8(&w, WIRE_PAYLOAD_MARKER);
    }
    for (size_t i = 0; i < r->len; i++) {
        writer_u8(&w, serve_pattern(r->from + i));
    }
    if (r->payload != NULL) {
        writer_bytes(&w, bytes_of_text(r->payload));
    }
    CHECK(writer_done(&w, &b));
    return b;
}

static void say(const struct agent *a, struct bytes b, const struct sockaddr_in *to)
{
    sendto(a->fd, b.ptr, b.len, 0, (const struct sockaddr *)to, sizeof(*to));
}

static void answer(struct agent *a, const struct reply *r, const struct sockaddr_in *to)
{
    static uint8_t out[RAW_MAX];
    struct wire_message *m = &a->last;
    uint8_t empty[] = { 0x60, 0, (uint8_t)(m->id >> 8), (uint8_t)m->id };
    enum wire_type type = r->separate ? WIRE_CON : WIRE_ACK;
    uint16_t id = r->separate ? (uint16_t)(m->id + 1000) : m->id;

    if (r->code == 999) {
        return;
    }
    if (r->code == 998) {
        empty[0] = 0x70;
        say(a, (struct bytes){ empty, 4 }, to);
        return;
    }
    if (r->separate) {
        say(a, (struct bytes){ empty, 4 }, to);
    }
    if (r->other_token) {
        say(a, write_reply(out, &(struct reply){ .len = 3 }, WIRE_NON, 77, bytes_of_text("other")),
                to);
    }
    for (int i = 0; i < (r->twice ? 2 : 1); i++) {
        say(a, write_reply(out, r, type, id, m->token), to);
    }
}

static void *run_agent(void *ctx)
{
    struct agent *a = ctx;
    struct pollfd fds[] = { { .fd = a->fd, .events = POLLIN },
        { .fd = a->stop, .events = POLLIN } };
    uint16_t last_id = 0;

    while (poll(fds, 2, -1) >= 0 && fds[1].revents == 0) {
        struct sockaddr_in from;
        socklen_t len = sizeof(from);
        struct error err;
        ssize_t n = recvfrom(a->fd, a->in, sizeof(a->in), 0, (struct sockaddr *)&from, &len);

        if (n <= 0 || !wire_read_datagram((struct bytes){ a->in, (size_t)n }, &a->last, &err) ||
                a->last.code == WIRE_EMPTY) {
            continue;
        }
        /* Retransmissions are answered like the request was. */
        if (a->requests == 0 || a->last.id != last_id) {
            last_id = a->last.id;
            a->requests++;
        }
        size_t at = a->requests <= a->count ? a->requests - 1 : a->count - 1;

        answer(a, &a->replies[at], &from);
    }
    return NULL;
}

static bool start_agent(struct agent *a, const struct reply *replies, size_t count)
{
    struct sockaddr_in any = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    socklen_t len = sizeof(any);

    a->replies = replies;
    a->count = count;
    a->requests = 0;
    a->fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    a->stop = eventfd(0, EFD_CLOEXEC);
    bool ok = bind(a->fd, (struct sockaddr *)&any, len) == 0 &&
            getsockname(a->fd, (struct sockaddr *)&any, &len) == 0 &&
            pthread_create(&a->thread, NULL, run_agent, a) == 0;

    a->port = ntohs(any.sin_port);
    return CHECK(ok);
}

static void stop_agent(struct agent *a)
{
    eventfd_write(a->stop, 1);
    pthread_join(a->thread, NULL);
    close(a->fd);
    close(a->stop);
}

static struct coap_client *client_of(enum uri_transport transport, uint16_t port,
        const struct coap_client_options *options)
{
    const struct uri uri = { .transport = transport, .host = "127.0.0.1", .port = port };
    struct coap_client *c = NULL;
    struct error err = { 0 };

    CHECKF(coap_client_new(&uri, options, &c, &err), "%s", err.text);
    return c;
}

static const struct {
    const char *name;
    struct reply replies[REPLIES_MAX];
    size_t count;
    size_t len;      /* of the whole answer; or ... */
    const char *err; /* ... what the error says, ... */
    enum error_code code;
    size_t requests; /* 0: as many as replies */
} cases[] = {
    { "one message", { { .len = 10 } }, 1, 10, NULL, 0, 0 },
    { "an empty answer", { { .len = 0 } }, 1, 0, NULL, 0, 0 },
    { "two blocks",
            { { .block = BLOCK(0, 1, 6), .len = 1024 },
                    { .block = BLOCK(1, 0, 6), .len = 5, .from = 1024 } },
            2, 1029, NULL, 0, 0 },
    { "the last block is full",
            { { .block = BLOCK(0, 1, 2), .len = 64 },
                    { .block = BLOCK(1, 0, 2), .len = 64, .from = 64 } },
            2, 128, NULL, 0, 0 },
    { "the last block is empty",
            { { .block = BLOCK(0, 1, 2), .len = 64 }, { .block = BLOCK(1, 0, 2), .len = 0 } }, 2,
            64, NULL, 0, 0 },
    { "blocks become smaller",
            { { .block = BLOCK(0, 1, 3), .len = 128 },
                    { .block = BLOCK(8, 1, 0), .len = 16, .from = 128 },
                    { .block = BLOCK(9, 0, 0), .len = 1, .from = 144 } },
            3, 145, NULL, 0, 0 },
    { "answers come twice, and as messages of their own",
            { { .block = BLOCK(0, 1, 2), .len = 64, .twice = true },
                    { .block = BLOCK(1, 1, 2),
                            .len = 64,
                            .from = 64,
                            .separate = true,
                            .twice = true },
                    { .block = BLOCK(2, 0, 2), .len = 1, .from = 128, .other_token = true } },
            3, 129, NULL, 0, 0 },
    { "a size of 4 GiB is stated",
            { { .block = BLOCK(0, 1, 2), .len = 64, .size2 = UINT32_MAX },
                    { .block = BLOCK(1, 0, 2), .len = 1, .from = 64 } },
            2, 65, NULL, 0, 0 },
    { "the agent lost the answer once",
            { { .block = BLOCK(0, 1, 2), .len = 64 }, { .code = 408, .format = NONE },
                    { .block = BLOCK(0, 1, 2), .len = 64, .etag = "n" },
                    { .block = BLOCK(1, 0, 2), .len = 1, .from = 64, .etag = "n" } },
            4, 65, NULL, 0, 0 },
    { "an Echo", { { .code = 401, .format = NONE, .echo = "12345678" }, { .len = 7 } }, 2, 7, NULL,
            0, 0 },
    { "an Echo between blocks",
            { { .block = BLOCK(0, 1, 2), .len = 64 }, { .code = 401, .format = NONE, .echo = "1" },
                    { .block = BLOCK(1, 0, 2), .len = 1, .from = 64 } },
            3, 65, NULL, 0, 0 },
    { "wait a second", { { .code = 429, .format = NONE, .max_age = 1 }, { .len = 7 } }, 2, 7, NULL,
            0, 0 },
    { "a reply is lost", { { .code = 999 } }, 1, 0, "no answer in time", ERROR_NO_ANSWER, 0 },
    { "a reset", { { .code = 998 } }, 1, 0, "resets the request", ERROR_NO_ANSWER, 0 },
    { "the agent loses all answers",
            { { .block = BLOCK(0, 1, 2), .len = 64 }, { .code = 408, .format = NONE },
                    { .block = BLOCK(0, 1, 2), .len = 64 }, { .code = 408, .format = NONE } },
            4, 0, "4.08", ERROR_NO_ANSWER, 5 },
    { "Echo without end", { { .code = 401, .format = NONE, .echo = "1" } }, 1, 0, "4.01",
            ERROR_NO_ANSWER, 4 },
    { "4.01 without Echo", { { .code = 401, .format = NONE } }, 1, 0, "4.01", ERROR_NO_ANSWER, 0 },
    { "wait longer than we do", { { .code = 503, .format = NONE, .max_age = 3600 } }, 1, 0, "5.03",
            ERROR_NO_ANSWER, 0 },
    { "an error with its code only", { { .code = 404, .format = NONE } }, 1, 0, "4.04 Not Found",
            ERROR_NO_ANSWER, 0 },
    { "an error in words",
            { { .code = 400,
                    .format = PROBLEM,
                    .payload = "\xa2\x20\x64"
                               "Busy\x21\x66"
                               "a\x1b[1mb" } },
            1, 0, "4.00 Bad Request: Busy: a\\x1b[1mb", ERROR_NO_ANSWER, 0 },
    { "an error in words that are none", { { .code = 400, .format = PROBLEM, .payload = "\xff" } },
            1, 0, "4.00 Bad Request", ERROR_NO_ANSWER, 0 },
    { "an unknown error", { { .code = 731, .format = NONE } }, 1, 0, "no answer in time",
            ERROR_NO_ANSWER, 0 },
    { "another success", { { .code = 204 } }, 1, 0, "2.04", ERROR_NO_ANSWER, 0 },
    { "another format", { { .format = 60, .len = 5 } }, 1, 0, "Content-Format 60", ERROR_MALFORMED,
            0 },
    { "no format", { { .format = NONE, .len = 5 } }, 1, 0, "Content-Format", ERROR_MALFORMED, 0 },
    { "the first block is the second", { { .block = BLOCK(1, 1, 2), .len = 64 } }, 1, 0,
            "at offset 0", ERROR_MALFORMED, 0 },
    { "a block is left out",
            { { .block = BLOCK(0, 1, 2), .len = 64 }, { .block = BLOCK(2, 0, 2), .len = 1 } }, 2, 0,
            "block 2 of 64 bytes at offset 64", ERROR_MALFORMED, 0 },
    { "a block comes again",
            { { .block = BLOCK(0, 1, 2), .len = 64 }, { .block = BLOCK(0, 1, 2), .len = 64 } }, 2,
            0, "at offset 64", ERROR_MALFORMED, 0 },
    { "a block is short", { { .block = BLOCK(0, 1, 2), .len = 63 } }, 1, 0, "a block of 63 bytes",
            ERROR_MALFORMED, 0 },
    { "a block is long", { { .block = BLOCK(0, 1, 2), .len = 65 } }, 1, 0, "a block of 65 bytes",
            ERROR_MALFORMED, 0 },
    { "the last block is long", { { .block = BLOCK(0, 0, 2), .len = 65 } }, 1, 0,
            "a block of 65 bytes", ERROR_MALFORMED, 0 },
    { "BERT", { { .block = BLOCK(0, 1, 7), .len = 1024 } }, 1, 0, "a block of 1024 bytes",
            ERROR_MALFORMED, 0 },
    { "the rest comes without a block", { { .block = BLOCK(0, 1, 2), .len = 64 }, { .len = 5 } }, 2,
            0, "comes without Block2", ERROR_MALFORMED, 0 },
    { "the ETag changes",
            { { .block = BLOCK(0, 1, 2), .len = 64 },
                    { .block = BLOCK(1, 0, 2), .len = 1, .etag = "f" } },
            2, 0, "the ETag changes", ERROR_MALFORMED, 0 },
    { "more than is asked for",
            { { .block = BLOCK(0, 1, 6), .len = 1024 },
                    { .block = BLOCK(1, 1, 6), .len = 1024, .from = 1024 } },
            2, 0, "more than 2000 bytes", ERROR_LIMIT, 0 },
};

static void agents_that_break_the_rules_are_found_out(void)
{
    static struct agent a;
    const struct coap_client_options options = { .timeout_ms = 3000 };

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct error err = { 0 };
        struct bytes got = { 0 };

        check_case = cases[i].name;
        if (!start_agent(&a, cases[i].replies, cases[i].count)) {
            return;
        }
        struct coap_client *c = client_of(URI_UDP, a.port, &options);
        bool ok = coap_client_ask(c, bytes_of_text("request"), 2000, &got, &err);

        CHECKF(ok == (cases[i].err == NULL), "%s", err.text);
        if (ok) {
            CHECK(serve_is_answer(got, cases[i].len));
        } else if (cases[i].err != NULL) {
            CHECKF(strstr(err.text, cases[i].err) != NULL, "%s", err.text);
            CHECK_UINT(err.code, cases[i].code);
        }
        coap_client_free(c);
        stop_agent(&a);
        CHECK_UINT(a.requests, cases[i].requests > 0 ? cases[i].requests : cases[i].count);
    }
    check_case = "";
}

/* A port where nobody listens. */
static uint16_t free_port(int type)
{
    struct sockaddr_in any = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    socklen_t len = sizeof(any);
    int fd = socket(AF_INET, type | SOCK_CLOEXEC, 0);

    CHECK(bind(fd, (struct sockaddr *)&any, len) == 0);
    CHECK(getsockname(fd, (struct sockaddr *)&any, &len) == 0);
    close(fd);
    return ntohs(any.sin_port);
}

static void nobody_there_is_said_at_once(void)
{
    static const struct {
        enum uri_transport transport;
        int type;
    } kinds[] = { { URI_UDP, SOCK_DGRAM }, { URI_TCP, SOCK_STREAM } };
    const struct coap_client_options options = { .timeout_ms = 20000 };

    for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
        struct coap_client *c = client_of(kinds[i].transport, free_port(kinds[i].type), &options);
        struct error err = { 0 };
        struct bytes got;
        uint64_t begin = serve_now();

        CHECK(!coap_client_ask(c, bytes_of_text("request"), 2000, &got, &err));
        CHECK_UINT(err.code, ERROR_NO_ANSWER);
        CHECKF(strstr(err.text, "is tally-agent running?") != NULL, "%s", err.text);
        CHECK(serve_now() - begin < 10000);
        coap_client_free(c);
    }
}

static bool interrupt(void *ctx)
{
    unsigned int *calls = ctx;

    return ++*calls == 3;
}

static void waiting_can_be_interrupted(void)
{
    static struct agent a;
    static const struct reply silence = { .code = 999 };
    unsigned int calls = 0;
    const struct coap_client_options options = { .timeout_ms = 20000,
        .interrupted = interrupt,
        .ctx = &calls };
    struct error err = { 0 };
    struct bytes got;
    uint64_t begin = serve_now();

    if (!start_agent(&a, &silence, 1)) {
        return;
    }
    struct coap_client *c = client_of(URI_UDP, a.port, &options);

    CHECK(!coap_client_ask(c, bytes_of_text("request"), 2000, &got, &err));
    CHECK_UINT(err.code, ERROR_NO_ANSWER);
    CHECK_TEXT(bytes_of_text(err.text), "interrupted");
    CHECK(serve_now() - begin < 10000);
    coap_client_free(c);
    stop_agent(&a);
}

/* Whatever happened before: the next ask is a new one. */
static void after_a_failure_the_next_ask_is_new(void)
{
    static struct agent a;
    static const struct reply replies[] = { { .block = BLOCK(0, 1, 2), .len = 63 }, { .len = 9 } };
    const struct coap_client_options options = { .timeout_ms = 3000 };
    struct error err = { 0 };
    struct bytes got = { 0 };

    if (!start_agent(&a, replies, 2)) {
        return;
    }
    struct coap_client *c = client_of(URI_UDP, a.port, &options);

    CHECK(!coap_client_ask(c, bytes_of_text("request"), 2000, &got, &err));
    CHECKF(coap_client_ask(c, bytes_of_text("request"), 2000, &got, &err), "%s", err.text);
    CHECK(serve_is_answer(got, 9));
    coap_client_free(c);
    stop_agent(&a);
}

static void names_and_ports_that_lead_nowhere_are_refused(void)
{
    const struct coap_client_options options = { .timeout_ms = 1000 };
    const struct uri port = { .host = "127.0.0.1" };
    const struct uri name = { .host = "no.such.name.invalid", .port = 5683 };
    struct coap_client *c = NULL;
    struct error err = { 0 };

    CHECK(!coap_client_new(&port, &options, &c, &err) && err.code == ERROR_NO_ANSWER);
    CHECK(!coap_client_new(&name, &options, &c, &err) && err.code == ERROR_NO_ANSWER);
    CHECKF(strstr(err.text, "no.such.name.invalid") != NULL, "%s", err.text);
    CHECK(c == NULL);
}

int main(void)
{
    static const struct test tests[] = {
        { "agents that break the rules are found out", agents_that_break_the_rules_are_found_out },
        { "nobody there is said at once", nobody_there_is_said_at_once },
        { "waiting can be interrupted", waiting_can_be_interrupted },
        { "after a failure the next ask is new", after_a_failure_the_next_ask_is_new },
        { "names and ports that lead nowhere are refused",
                names_and_ports_that_lead_nowhere_are_refused },
    };

    return run_tests("client", tests, ARRAY_LEN(tests));
}
