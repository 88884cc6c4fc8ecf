/* SPDX-License-Identifier: BSD-3-Clause */
#include <netinet/in.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "protocol/coap_client.h"
#include "tests/check.h"
#include "tests/coap/raw.h"
#include "tests/coap/serve.h"

/* The client and TCP connections that drip, break, or are gone. */

#define CONTENT 0x45

/* A socket that listens on loopback, and its port. */
static int listen_somewhere(uint16_t *port)
{
    struct sockaddr_in any = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    socklen_t len = sizeof(any);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    CHECK(bind(fd, (struct sockaddr *)&any, len) == 0 && listen(fd, 2) == 0 &&
            getsockname(fd, (struct sockaddr *)&any, &len) == 0);
    *port = ntohs(any.sin_port);
    return fd;
}

static struct coap_client *client_of(uint16_t port, unsigned int timeout_ms)
{
    const struct uri uri = { .transport = URI_TCP, .host = "127.0.0.1", .port = port };
    const struct coap_client_options options = { .timeout_ms = timeout_ms };
    struct coap_client *c = NULL;
    struct error err = { 0 };

    CHECKF(coap_client_new(&uri, &options, &c, &err), "%s", err.text);
    return c;
}

/* An agent over TCP whose answer drips: a byte now and then, without end. */
static void *run_drip(void *ctx)
{
    static uint8_t in[RAW_MAX];
    static const uint8_t drops[] = { 0x00, 0xe1, 0xe8, 0xff, 0xff, 0x45 };
    int fd = accept(*(int *)ctx, NULL, NULL);
    bool ok = fd >= 0;

    for (size_t i = 0; ok && i < 2000; i++) {
        raw_receive(fd, in, 20);
        ok = raw_send(fd, (struct bytes){ i < sizeof(drops) ? &drops[i] : drops, 1 });
    }
    close(fd);
    return NULL;
}

static void a_drip_ends(void)
{
    uint16_t port;
    int fd = listen_somewhere(&port);
    struct error err = { 0 };
    struct bytes got;
    pthread_t thread;
    uint64_t begin = serve_now();

    if (!CHECK(pthread_create(&thread, NULL, run_drip, &fd) == 0)) {
        return;
    }
    struct coap_client *c = client_of(port, 500);

    CHECK(!coap_client_ask(c, bytes_of_text("request"), 100000, &got, &err));
    CHECKF(err.code == ERROR_NO_ANSWER && strstr(err.text, "in time") != NULL, "%s", err.text);
    CHECK(serve_now() - begin < 10000);
    coap_client_free(c);
    pthread_join(thread, NULL);
    close(fd);
}

/* 2.05 with one byte to the request that comes next. */
static bool answer_over_tcp(struct raw_stream *s)
{
    struct wire_message m = { 0 };
    uint8_t bytes[64];
    struct writer w = writer_init(bytes, sizeof(bytes));
    struct bytes b = { 0 };

    if (!raw_next(s, &m)) {
        return false;
    }
    wire_write_stream(&w, CONTENT, m.token, 4);
    wire_write_option(&w, 0, 12, (struct bytes){ (const uint8_t *)"\x3f", 1 });
    writer_u8(&w, WIRE_PAYLOAD_MARKER);
    writer_u8(&w, serve_pattern(0));
    return writer_done(&w, &b) && raw_send(s->fd, b);
}

/* Answers one request, hangs up at the next, answers on the second connection, hangs up for good.
 */
static void *run_hang_up(void *ctx)
{
    static struct raw_stream s;
    struct wire_message m;
    int *listener = ctx;

    for (int i = 0; i < 2; i++) {
        s = (struct raw_stream){ .fd = accept(*listener, NULL, NULL) };
        raw_send(s.fd, (struct bytes){ (const uint8_t *)"\x00\xe1", 2 });
        if (!answer_over_tcp(&s) || !raw_next(&s, &m)) {
            printf("the client does not ask as it should\n");
        }
        close(s.fd);
    }
    close(*listener);
    return NULL;
}

static void a_connection_that_breaks_is_made_anew_once(void)
{
    uint16_t port;
    int fd = listen_somewhere(&port);
    struct error err = { 0 };
    struct bytes got = { 0 };
    pthread_t thread;

    if (!CHECK(pthread_create(&thread, NULL, run_hang_up, &fd) == 0)) {
        return;
    }
    struct coap_client *c = client_of(port, 5000);

    for (int i = 0; i < 2; i++) {
        CHECKF(coap_client_ask(c, bytes_of_text("request"), 100, &got, &err), "%s", err.text);
        CHECK(serve_is_answer(got, 1));
    }
    CHECK(!coap_client_ask(c, bytes_of_text("request"), 100, &got, &err));
    CHECK_UINT(err.code, ERROR_NO_ANSWER);
    coap_client_free(c);
    pthread_join(thread, NULL);
}

/* The agent closed the connection meanwhile, or is a new one. */
static void a_connection_is_made_anew(void)
{
    char uri[64] = "coap+tcp://127.0.0.1:0";
    const char *const uris[] = { uri, NULL };
    struct serve s;
    struct error err = { 0 };
    struct bytes got = { 0 };

    if (!CHECK(serve_start(&s, NULL, uris))) {
        return;
    }
    struct coap_client *c = serve_client(&s, uri, 0, NULL);

    CHECKF(coap_client_ask(c, bytes_of_text("answer 9"), 100, &got, &err), "%s", err.text);
    snprintf(uri, sizeof(uri), "coap+tcp://127.0.0.1:%u",
            (unsigned int)coap_server_port(s.server, 0));
    CHECK(serve_stop(&s));
    if (CHECK(serve_start(&s, NULL, uris))) {
        CHECKF(coap_client_ask(c, bytes_of_text("answer 10"), 100, &got, &err), "%s", err.text);
        CHECK(serve_is_answer(got, 10));
        CHECK(serve_stop(&s));
    }
    coap_client_free(c);
}

int main(void)
{
    static const struct test tests[] = {
        { "a drip ends", a_drip_ends },
        { "a connection that breaks is made anew once",
                a_connection_that_breaks_is_made_anew_once },
        { "a connection is made anew", a_connection_is_made_anew },
    };

    return run_tests("client_tcp", tests, ARRAY_LEN(tests));
}
