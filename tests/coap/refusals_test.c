/* SPDX-License-Identifier: BSD-3-Clause */
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "protocol/problem.h"
#include "tests/check.h"
#include "tests/coap/raw.h"
#include "tests/coap/serve.h"

#define CODE(n)        WIRE_CODE((n) / 100, (n) % 100)
#define CONTENT_FORMAT 12
#define ACCEPT         17
#define BLOCK2         23
#define BLOCK1         27
#define HEX(text)                                 \
    {                                             \
        (const uint8_t *)(text), sizeof(text) - 1 \
    }

static struct serve served;

static const struct {
    const char *name;
    struct raw_request request;
    unsigned int want;
} cases[] = {
    { "good", { .payload = "answer 9" }, 205 },
    { "Content-Format 60", { .payload = "answer 9", .number = CONTENT_FORMAT, .value = HEX("\74") },
            205 },
    { "Content-Format 0", { .payload = "answer 9", .number = CONTENT_FORMAT }, 415 },
    { "Accept 63", { .payload = "answer 9", .number = ACCEPT, .value = HEX("\77") }, 205 },
    { "Accept 60", { .payload = "answer 9", .number = ACCEPT, .value = HEX("\74") }, 406 },
    { "no payload", { 0 }, 400 },
    { "a payload that the handler refuses", { .payload = "nonsense" }, 400 },
    { "a payload longer than any", { .payload = "answer 9 and many more words behind it" }, 413 },
    { "the handler is busy", { .payload = "busy" }, 503 },
    { "a query", { .payload = "answer 9", .number = 15, .value = HEX("a=b") }, 402 },
    { "If-Match", { .payload = "answer 9", .number = 1, .value = HEX("a") }, 402 },
    { "an unknown critical option", { .payload = "answer 9", .number = 65001 }, 402 },
    { "an unknown elective option", { .payload = "answer 9", .number = 65000 }, 205 },
    { "Observe", { .payload = "answer 9", .number = 6 }, 205 },
    { "the only block of a request",
            { .payload = "answer 9", .number = BLOCK1, .value = HEX("\6") }, 205 },
    { "the first block of a request",
            { .payload = "answer 9", .number = BLOCK1, .value = HEX("\16") }, 413 },
    { "a later block of a request",
            { .payload = "answer 9", .number = BLOCK1, .value = HEX("\26") }, 413 },
    { "the second block of no answer",
            { .payload = "other", .number = BLOCK2, .value = HEX("\26") }, 408 },
    { "the second block of nothing", { .number = BLOCK2, .value = HEX("\26") }, 408 },
    { "GET", { .code = 1 }, 405 },
    { "PUT", { .code = 3, .payload = "x" }, 405 },
    { "an unknown method", { .code = 31 }, 405 },
    { "another path", { .code = 1, .path = "other" }, 404 },
    { "a longer path", { .payload = "answer 9", .number = 11, .value = HEX("x") }, 404 },
    { "a proxy's request", { .payload = "answer 9", .number = 39, .value = HEX("coap") }, 505 },
    { "hops are used up", { .payload = "answer 9", .number = 16, .value = HEX("\1") }, 508 },
};

/* The answer in its own words, where it is one of ours. */
static void check_words(const struct wire_message *d)
{
    struct bytes format = { 0 };
    struct problem problem;
    struct error err = { 0 };

    if (d->code < CODE(400) || !raw_option(d, CONTENT_FORMAT, &format)) {
        return;
    }
    CHECK(bytes_equal(format, (struct bytes){ (const uint8_t *)"\1\1", 2 }));
    CHECKF(problem_decode(d->payload, &problem, &err), "%s", err.text);
    CHECK(problem.title.len > 0);
}

static void wrong_requests_get_their_code_over_udp(void)
{
    static uint8_t out[RAW_MAX];
    static uint8_t in[RAW_MAX];
    struct raw_address address = raw_address("127.0.0.1", coap_server_port(served.server, 0));

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct raw_request r = cases[i].request;
        int fd = raw_connect(SOCK_DGRAM, &address);
        struct wire_message d = { 0 };
        struct error err = { 0 };

        check_case = cases[i].name;
        r.token = "tk";
        r.id = (uint16_t)(1000 + i);
        raw_send(fd, raw_datagram(out, &r));
        CHECKF(wire_read_datagram(raw_receive(fd, in, 2000), &d, &err), "%s", err.text);
        CHECK_UINT(d.code, CODE(cases[i].want));
        CHECK_TEXT(d.token, "tk");
        CHECK_UINT(d.id, r.id);
        CHECK_UINT(d.type, WIRE_ACK);
        check_words(&d);
        close(fd);
    }
    check_case = "";
}

/* Both messages are short: their lengths are one nibble, or 13 and a byte. */
static uint8_t code_over_tcp(struct bytes b)
{
    unsigned int nibble = b.len == 0 ? 0 : b.ptr[0] >> 4;
    size_t at = nibble < 13 ? 1 : nibble == 13 ? 2 : 3;

    return b.len > at ? b.ptr[at] : 0;
}

static void wrong_requests_get_their_code_over_tcp(void)
{
    static uint8_t out[RAW_MAX];
    static uint8_t in[RAW_MAX];
    struct raw_address address = raw_address("127.0.0.1", coap_server_port(served.server, 1));

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        /* Only proxies count hops, and libcoap, which serves UDP. */
        if (cases[i].want == 508) {
            continue;
        }
        int fd = raw_connect(SOCK_STREAM, &address);

        check_case = cases[i].name;
        raw_send(fd, raw_settings(out, 0));
        CHECK_UINT(code_over_tcp(raw_receive(fd, in, 2000)), CODE(701));
        raw_send(fd, raw_message(out, &cases[i].request));
        CHECK_UINT(code_over_tcp(raw_receive(fd, in, 2000)), CODE(cases[i].want));
        close(fd);
    }
    check_case = "";
}

static void what_is_no_message_is_not_answered(void)
{
    static const struct {
        const char *name;
        struct bytes datagram;
    } nonsense[] = {
        { "nothing", HEX("") },
        { "three bytes", HEX("\x40\x05\x12") },
        { "version 2", HEX("\x80\x05\x12\x34") },
        { "a token of 9 bytes",
                HEX("\x49\x05\x12\x34"
                    "123456789") },
        { "a token that is not all there", HEX("\x44\x05\x12\x34\x01") },
        { "an option that is not all there",
                HEX("\x40\x05\x12\x34\xb6"
                    "att") },
        { "a reserved length", HEX("\x40\x05\x12\x34\xbf") },
        { "a reserved delta",
                HEX("\x40\x05\x12\x34\xf1"
                    "a") },
        { "option number 131071", HEX("\x40\x05\x12\x34\xe0\xff\xff\xe0\xff\xff") },
        { "a marker and no payload",
                HEX("\x40\x05\x12\x34\xb6"
                    "attest\xff") },
        { "an empty message with a token", HEX("\x41\x00\x12\x34\x01") },
        { "a request that acknowledges",
                HEX("\x60\x05\x12\x34\xb6"
                    "attest\xff?") },
        { "a request that resets",
                HEX("\x70\x05\x12\x34\xb6"
                    "attest\xff?") },
        { "a response", HEX("\x40\x45\x12\x34\xff?") },
        { "settings, as over TCP", HEX("\x40\xe1\x12\x34\x24\x00\x00\x00\x10") },
        { "goodbye, as over TCP", HEX("\x40\xe4\x12\x34") },
        { "an acknowledgement of nothing", HEX("\x60\x00\x12\x34") },
        { "a reset of nothing", HEX("\x70\x00\x12\x34") },
    };
    static uint8_t in[RAW_MAX];
    struct raw_address address = raw_address("127.0.0.1", coap_server_port(served.server, 0));
    int fd = raw_connect(SOCK_DGRAM, &address);

    for (size_t i = 0; i < ARRAY_LEN(nonsense); i++) {
        raw_send(fd, nonsense[i].datagram);
        CHECKF(raw_receive(fd, in, 30).len == 0, "%s", nonsense[i].name);
    }
    close(fd);
}

static void resources_are_listed(void)
{
    static uint8_t out[RAW_MAX];
    static uint8_t in[RAW_MAX];
    struct raw_address address = raw_address("127.0.0.1", coap_server_port(served.server, 0));
    int fd = raw_connect(SOCK_DGRAM, &address);
    struct raw_request r = { .code = 1, .path = ".well-known", .number = 11, .value = HEX("core") };
    struct wire_message d = { 0 };
    struct error err = { 0 };

    raw_send(fd, raw_datagram(out, &r));
    CHECKF(wire_read_datagram(raw_receive(fd, in, 2000), &d, &err), "%s", err.text);
    CHECK_TEXT(d.payload, "</attest>;ct=63;rt=\"tally.attest\"");
    close(fd);
}

int main(void)
{
    static const struct test tests[] = {
        { "wrong requests get their code over UDP", wrong_requests_get_their_code_over_udp },
        { "wrong requests get their code over TCP", wrong_requests_get_their_code_over_tcp },
        { "what is no message is not answered", what_is_no_message_is_not_answered },
        { "resources are listed", resources_are_listed },
    };
    static const char *const uris[] = { "coap://127.0.0.1:0", "coap+tcp://127.0.0.1:0", NULL };
    const struct coap_server_options options = { .request_max = 30 };

    if (!serve_start(&served, &options, uris)) {
        return 1;
    }
    int status = run_tests("refusals", tests, ARRAY_LEN(tests));

    return serve_stop(&served) ? status : 1;
}
