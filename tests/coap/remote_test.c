/* SPDX-License-Identifier: BSD-3-Clause */
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "tests/check.h"
#include "tests/coap/raw.h"
#include "tests/coap/serve.h"

/* UDP peers beyond loopback: an address of this machine that is not a loopback address. */

#define ECHO 252

static struct serve served;
static char host[INET6_ADDRSTRLEN];
static struct raw_address server_address;

/* Send one datagram from a new port and count what comes back. */
static size_t provoke(struct bytes request, struct bytes *first, uint8_t *buffer)
{
    int fd = raw_connect(SOCK_DGRAM, &server_address);
    size_t total = 0;

    raw_send(fd, request);
    *first = raw_receive(fd, buffer, 60);
    total = first->len;
    if (total > 0) {
        static uint8_t more[RAW_MAX];

        total += raw_receive(fd, more, 20).len;
    }
    close(fd);
    return total;
}

static void nothing_is_amplified(void)
{
    static const struct {
        const char *name;
        struct raw_request request;
    } cases[] = {
        { "FETCH", { .token = "tok", .payload = "answer 1000" } },
        { "FETCH, NON", { .type = WIRE_NON, .token = "tok", .payload = "answer 1000" } },
        { "malformed payload", { .payload = "?" } },
        { "empty payload", { .payload = NULL } },
        { "resources",
                { .code = 1,
                        .path = ".well-known",
                        .number = 11,
                        .value = { (const uint8_t *)"core", 4 } } },
        { "GET", { .code = 1 } },
        { "no path", { .code = 1, .path = "" } },
        { "unknown path", { .code = 1, .path = "x" } },
        { "unknown method", { .code = 31, .path = "" } },
        { "hop limit 1", { .path = "", .number = 16, .value = { (const uint8_t *)"\1", 1 } } },
        { "hop limit 0", { .path = "", .number = 16, .value = { (const uint8_t *)"\0", 1 } } },
        { "unknown critical option", { .path = "", .number = 9, .value = { NULL, 0 } } },
        { "proxy", { .path = "", .number = 39, .value = { (const uint8_t *)"coap", 4 } } },
        { "wrong echo",
                { .payload = "answer 1000",
                        .number = ECHO,
                        .value = { (const uint8_t *)"123456789012", 12 } } },
        { "response", { .code = WIRE_CODE(2, 5), .payload = "x" } },
        { "signal", { .code = WIRE_CODE(7, 2), .path = "" } },
        { "abort", { .code = WIRE_CODE(7, 5), .path = "" } },
    };
    static uint8_t request[RAW_MAX];
    static uint8_t buffer[RAW_MAX];
    unsigned int before = served.requests;

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct bytes first;
        struct bytes out = raw_datagram(request, &cases[i].request);
        size_t back = provoke(out, &first, buffer);

        CHECKF(back <= out.len, "%s: %zu bytes answer %zu", cases[i].name, back, out.len);
    }
    CHECK_UINT(served.requests, before);
}

static void a_ping_is_answered_by_a_reset(void)
{
    static uint8_t buffer[RAW_MAX];
    struct bytes first;
    size_t back = provoke((struct bytes){ (const uint8_t *)"\x40\x00\x12\x34", 4 }, &first, buffer);

    CHECK_UINT(back, 4);
    CHECK(bytes_equal(first, (struct bytes){ (const uint8_t *)"\x70\x00\x12\x34", 4 }));
}

static void an_echo_is_good_for_its_address_only(void)
{
    static uint8_t request[RAW_MAX];
    static uint8_t buffer[RAW_MAX];
    struct raw_request r = { .id = 1, .token = "tok", .payload = "answer 1000" };
    struct bytes first;
    struct wire_message d;
    struct error err;
    int fd = raw_connect(SOCK_DGRAM, &server_address);
    uint8_t echo[40];

    raw_send(fd, raw_datagram(request, &r));
    first = raw_receive(fd, buffer, 1000);
    if (!CHECK(wire_read_datagram(first, &d, &err)) || !CHECK(raw_option(&d, ECHO, &r.value))) {
        return;
    }
    CHECK_UINT(d.code, WIRE_CODE(4, 1));
    CHECK_UINT(d.type, WIRE_ACK);
    CHECK_UINT(d.id, 1);
    CHECK_TEXT(d.token, "tok");
    memcpy(echo, r.value.ptr, r.value.len);
    r.value.ptr = echo;
    r.number = ECHO;
    r.id = 2;
    struct bytes again = raw_datagram(request, &r);

    /* Another port is another address. */
    CHECK(provoke(again, &first, buffer) <= again.len);
    CHECK(wire_read_datagram(first, &d, &err) && d.code == WIRE_CODE(4, 1));
    raw_send(fd, again);
    first = raw_receive(fd, buffer, 1000);
    CHECK(wire_read_datagram(first, &d, &err) && d.code == WIRE_CODE(2, 5));
    CHECK(serve_is_answer(d.payload, 1000));
    /* From now on this peer is known. */
    r.number = 0;
    r.id = 3;
    r.payload = "answer 999";
    raw_send(fd, raw_datagram(request, &r));
    first = raw_receive(fd, buffer, 1000);
    CHECK(wire_read_datagram(first, &d, &err) && d.code == WIRE_CODE(2, 5));
    close(fd);
}

static void the_client_returns_the_echo(void)
{
    struct error err = { 0 };
    struct bytes answer = { 0 };
    char uri[128];

    snprintf(uri, sizeof(uri), strchr(host, ':') == NULL ? "coap://%s" : "coap://[%s]", host);
    struct coap_client *c = serve_client(&served, uri, 0, NULL);

    if (CHECK(c != NULL)) {
        CHECKF(coap_client_ask(c, bytes_of_text("answer 5000"), 10000, &answer, &err), "%s",
                err.text);
        CHECK(serve_is_answer(answer, 5000));
    }
    coap_client_free(c);
}

int main(void)
{
    static const struct test tests[] = {
        { "R64: nothing is amplified for who has not shown that he is there",
                nothing_is_amplified },
        { "a ping is answered by a reset", a_ping_is_answered_by_a_reset },
        { "an Echo is good for its address only", an_echo_is_good_for_its_address_only },
        { "the client returns the Echo", the_client_returns_the_echo },
    };
    static const int families[] = { AF_INET, AF_INET6 };
    static const char *const wildcard[] = { "coap://0.0.0.0:0", "coap://[::]:0" };
    int status = 0;

    for (size_t i = 0; i < ARRAY_LEN(families); i++) {
        const char *const uris[] = { wildcard[i], NULL };

        if (!raw_remote_host(families[i], host)) {
            printf("skipped: this machine has no such address beyond loopback\n");
            continue;
        }
        if (!serve_start(&served, NULL, uris)) {
            return 1;
        }
        server_address = raw_address(host, coap_server_port(served.server, 0));
        status |= run_tests(host, tests, ARRAY_LEN(tests));
        status |= serve_stop(&served) ? 0 : 1;
    }
    return status;
}
