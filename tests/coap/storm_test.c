/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/check.h"
#include "tests/coap/raw.h"
#include "tests/coap/serve.h"

/*
 * A storm: datagrams and streams that are malformed, truncated, oversized, out of order, or random.
 * TALLY_STORM says how many (2000). The server lives, its memory stays, and honest clients are
 * served during and after.
 */

#define STORM_DEFAULT 2000
#define UDP_PORTS     8
#define HALF_OPEN     100
/* Of the odd packets: handled like any other; over TCP hops are not counted. */
#define ODD_HANDLED 3
/* Growth of resident memory that is no leak. */
#define GROWTH_MAX_KIB (16 * 1024)

static struct serve served;
static uint32_t seed = 1;

/* xorshift32: the same storm every time. */
static uint32_t chance(uint32_t below)
{
    seed ^= seed << 13;
    seed ^= seed >> 17;
    seed ^= seed << 5;
    return seed % below;
}

static size_t resident_kib(void)
{
    FILE *f = fopen("/proc/self/status", "re");
    char line[256];
    size_t kib = 0;

    while (f != NULL && fgets(line, sizeof(line), f) != NULL) {
        sscanf(line, "VmRSS: %zu", &kib);
    }
    if (f != NULL) {
        fclose(f);
    }
    return kib;
}

static unsigned int storm_size(void)
{
    const char *text = getenv("TALLY_STORM");

    return text != NULL ? (unsigned int)strtoul(text, NULL, 10) : STORM_DEFAULT;
}

/* What mutations start from: each way to a different part of the server and of libcoap. */
static const struct raw_request seeds[] = {
    { .token = "tk", .payload = "answer 3000" },
    { .token = "tk", .payload = "slow 20 100" },
    { .type = WIRE_NON, .token = "12345678", .payload = "answer 10" },
    { .token = "tk",
            .payload = "answer 3000",
            .number = 23,
            .value = { (const uint8_t *)"\x16", 1 } },
    { .token = "tk",
            .payload = "answer 3000",
            .number = 27,
            .value = { (const uint8_t *)"\x1e", 1 } },
    /* Size1 of 4 GiB with a block of a request; Q-Block1. */
    { .token = "tk",
            .payload = "x",
            .number = 60,
            .value = { (const uint8_t *)"\xff\xff\xff\xff", 4 } },
    { .token = "tk", .payload = "x", .number = 19, .value = { (const uint8_t *)"\x0e", 1 } },
    /* Hop-Limit 1 is answered by 5.08 with an address in it; a proxy's options. */
    { .token = "tk", .payload = "x", .number = 16, .value = { (const uint8_t *)"\x01", 1 } },
    { .token = "tk",
            .payload = "x",
            .number = 35,
            .value = { (const uint8_t *)"coap://[::1]/x", 14 } },
    { .token = "tk", .payload = "x", .number = 39, .value = { (const uint8_t *)"coap", 4 } },
    { .code = 3,
            .token = "tk",
            .payload = "x",
            .number = 27,
            .value = { (const uint8_t *)"\x0e", 1 } },
    { .code = 1, .path = ".well-known", .number = 11, .value = { (const uint8_t *)"core", 4 } },
    { .code = 5, .token = "tk", .payload = "x", .number = 6, .value = { NULL, 0 } },
    { .code = 5,
            .token = "tk",
            .payload = "x",
            .number = 9,
            .value = { (const uint8_t *)"\x01", 1 } },
    { .code = 5,
            .token = "tk",
            .payload = "x",
            .number = 252,
            .value = { (const uint8_t *)"0123456789012345678901234567890123456789", 40 } },
    { .code = 5,
            .token = "tk",
            .payload = "x",
            .number = 258,
            .value = { (const uint8_t *)"\x1a", 1 } },
};

static struct bytes mutate(uint8_t *b, size_t len)
{
    switch (chance(6)) {
    case 0: /* cut */
        return (struct bytes){ b, chance((uint32_t)len + 1) };
    case 1: /* longer than anything takes */
        for (; len < 1200 + chance(3000); len++) {
            b[len] = (uint8_t)chance(256);
        }
        return (struct bytes){ b, len };
    case 2: /* nothing but chance */
        len = chance(64);
        for (size_t i = 0; i < len; i++) {
            b[i] = (uint8_t)chance(256);
        }
        return (struct bytes){ b, len };
    default: /* a few bits */
        for (uint32_t n = chance(4); n > 0; n--) {
            b[chance((uint32_t)len)] ^= (uint8_t)(1 << chance(8));
        }
        return (struct bytes){ b, len };
    }
}

static void storm_of_datagrams(int *fds, unsigned int count)
{
    static uint8_t out[RAW_MAX];

    for (unsigned int i = 0; i < count; i++) {
        struct raw_request r = seeds[chance(ARRAY_LEN(seeds))];

        r.id = (uint16_t)chance(65536);
        struct bytes b = mutate(out, raw_datagram(out, &r).len);

        raw_send(fds[chance(UDP_PORTS)], b);
        /* Acknowledgements and resets of what came, or did not. */
        if (chance(4) == 0) {
            uint8_t ack[] = { (uint8_t)(0x60 + 16 * chance(2)), 0, (uint8_t)chance(256),
                (uint8_t)chance(256) };
            raw_send(fds[chance(UDP_PORTS)], (struct bytes){ ack, sizeof(ack) });
        }
        if (i % 32 == 0) {
            poll(NULL, 0, 1);
        }
    }
}

static int stream(void)
{
    struct raw_address a = raw_address("127.0.0.1", coap_server_port(served.server, 1));

    return raw_connect(SOCK_STREAM, &a);
}

/* One connection: settings, whole or not, and mutated messages, cut anywhere. */
static void storm_of_one_stream(void)
{
    static uint8_t out[RAW_MAX];
    int fd = stream();

    if (fd < 0) {
        return;
    }
    struct bytes b = raw_settings(out, chance(3) == 0 ? 0 : chance(100000));

    raw_send(fd, chance(8) == 0 ? mutate(out, b.len) : b);
    for (uint32_t n = chance(5); n > 0; n--) {
        b = raw_message(out, &seeds[chance(ARRAY_LEN(seeds))]);
        if (chance(2) == 0) {
            b = mutate(out, b.len);
        }
        size_t cut = chance((uint32_t)b.len + 1);

        raw_send(fd, (struct bytes){ b.ptr, cut });
        raw_send(fd, (struct bytes){ b.ptr + cut, b.len - cut });
    }
    if (chance(4) == 0) {
        const struct linger reset = { 1, 0 };
        setsockopt(fd, SOL_SOCKET, SO_LINGER, &reset, sizeof(reset));
    }
    close(fd);
}

static void check_honest(struct coap_client *c, const char *when)
{
    struct bytes answer = { 0 };
    struct error err = { 0 };

    CHECKF(coap_client_ask(c, bytes_of_text("answer 5000"), 10000, &answer, &err), "%s: %s", when,
            err.text);
    CHECKF(serve_is_answer(answer, 5000), "%s", when);
}

static void a_storm_changes_nothing(void)
{
    static const char *const uris[] = { "coap://127.0.0.1:0", "coap+tcp://127.0.0.1:0", NULL };
    unsigned int count = storm_size();
    unsigned int rounds = 20;
    int fds[UDP_PORTS];
    int half_open[HALF_OPEN];
    size_t before = 0;
    size_t most = 0;

    if (!CHECK(serve_start(&served, NULL, uris))) {
        return;
    }
    struct raw_address a = raw_address("127.0.0.1", coap_server_port(served.server, 0));
    struct coap_client *udp = serve_client(&served, uris[0], 0, NULL);
    struct coap_client *tcp = serve_client(&served, uris[1], 1, NULL);

    for (size_t i = 0; i < ARRAY_LEN(fds); i++) {
        fds[i] = raw_connect(SOCK_DGRAM, &a);
    }
    for (size_t i = 0; i < ARRAY_LEN(half_open); i++) {
        half_open[i] = stream();
    }
    for (unsigned int round = 0; round < rounds; round++) {
        storm_of_datagrams(fds, count / rounds);
        for (unsigned int i = 0; i < count / rounds / 4; i++) {
            storm_of_one_stream();
        }
        check_honest(udp, "during, over UDP");
        check_honest(tcp, "during, over TCP");
        size_t now = resident_kib();

        /* The first quarter warms up. */
        before = round == rounds / 4 ? now : before;
        most = now > most ? now : most;
    }
    for (size_t i = 0; i < ARRAY_LEN(half_open); i++) {
        close(half_open[i]);
    }
    for (size_t i = 0; i < ARRAY_LEN(fds); i++) {
        close(fds[i]);
    }
    check_honest(udp, "after, over UDP");
    check_honest(tcp, "after, over TCP");
    coap_client_free(udp);
    coap_client_free(tcp);
    printf("%u datagrams, %u streams, %u requests handled; resident %zu KiB, then %zu KiB at most\n",
            count, count / 4, served.requests, before, most);
    CHECKF(most <= before + GROWTH_MAX_KIB, "from %zu KiB to %zu KiB", before, most);
    CHECK(serve_stop(&served));
}

struct odd_option {
    uint32_t number;
    struct bytes value;
};

#define VALUE(text)                               \
    {                                             \
        (const uint8_t *)(text), sizeof(text) - 1 \
    }

/* Kinds of packets that have brought down a libcoap: R63, and what its issue tracker tells. */
static const struct {
    const char *name;
    enum wire_type type;
    uint8_t code;
    const char *payload;
    struct odd_option options[8];
} odd[] = {
    { "blocks of a PUT without Size1", WIRE_CON, 3, "0123456789abcdef",
            { { 11, VALUE("attest") }, { 27, VALUE("\x08") } } },
    { "its second block", WIRE_CON, 3, "0123456789abcdef",
            { { 11, VALUE("attest") }, { 27, VALUE("\x18") } } },
    { "blocks of a FETCH without Size1", WIRE_CON, 5, "0123456789abcdef",
            { { 11, VALUE("attest") }, { 27, VALUE("\x08") } } },
    { "its second block", WIRE_CON, 5, "0123456789abcdef",
            { { 11, VALUE("attest") }, { 27, VALUE("\x18") } } },
    { "a late block of 4 GiB", WIRE_CON, 5, "x",
            { { 11, VALUE("attest") }, { 27, VALUE("\xff\xff\xfe") },
                    { 60, VALUE("\xff\xff\xff\xff") } } },
    { "blocks in both directions, and hops", WIRE_NON, 1, NULL,
            { { 4, VALUE("\x0d") }, { 11, VALUE("attest") }, { 15, VALUE("b=0") },
                    { 16, VALUE("\xe4") }, { 23, VALUE("\x19") }, { 27, VALUE("\x55\x8e\x41") },
                    { 60, VALUE("") } } },
    { "no hop is left", WIRE_CON, 5, "x", { { 11, VALUE("attest") }, { 16, VALUE("\x01") } } },
    { "no hop is left, and no path", WIRE_NON, 1, NULL, { { 16, VALUE("\x01") } } },
    { "the answer of a proxy where hops end", WIRE_CON, WIRE_CODE(5, 8), "127.0.0.1", { { 0 } } },
    { "the same without words", WIRE_CON, WIRE_CODE(5, 8), NULL, { { 0 } } },
    { "the same, with hops", WIRE_NON, WIRE_CODE(5, 8), "x", { { 16, VALUE("\x02") } } },
    { "a proxy is asked for", WIRE_CON, 5, "x", { { 35, VALUE("coap://[") } } },
    { "a proxy is asked for by scheme", WIRE_CON, 5, "x",
            { { 3, VALUE("localhost") }, { 11, VALUE("attest") }, { 39, VALUE("coap") } } },
    { "many unknown options", WIRE_CON, 5, "x",
            { { 9, VALUE("a") }, { 13, VALUE("b") }, { 21, VALUE("c") }, { 65001, VALUE("d") },
                    { 65003, VALUE("e") }, { 65005, VALUE("f") }, { 65007, VALUE("g") } } },
    { "an observer that asks for a block", WIRE_CON, 5, "x",
            { { 6, VALUE("") }, { 11, VALUE("attest") }, { 23, VALUE("\x16") } } },
    { "blocks as Q-Block has them", WIRE_CON, 5, "x",
            { { 11, VALUE("attest") }, { 19, VALUE("\x0e") }, { 31, VALUE("\x0e") },
                    { 292, VALUE("12345678") } } },
    { "OSCORE", WIRE_CON, 5, "x", { { 9, VALUE("\x09\x01\x02") }, { 11, VALUE("attest") } } },
    { "no response is wanted", WIRE_CON, 5, "?",
            { { 11, VALUE("attest") }, { 258, VALUE("\x1a") } } },
};

static struct bytes write_odd(uint8_t *dst, size_t i, bool tcp)
{
    static uint8_t rest_bytes[RAW_MAX];
    struct writer rest = writer_init(rest_bytes, sizeof(rest_bytes));
    struct writer w = writer_init(dst, RAW_MAX);
    struct bytes b = { 0 };
    struct bytes message = { 0 };
    uint32_t before = 0;

    for (size_t o = 0; o < ARRAY_LEN(odd[i].options) && odd[i].options[o].number != 0; o++) {
        wire_write_option(&rest, before, odd[i].options[o].number, odd[i].options[o].value);
        before = odd[i].options[o].number;
    }
    if (odd[i].payload != NULL) {
        writer_u8(&rest, WIRE_PAYLOAD_MARKER);
        writer_bytes(&rest, bytes_of_text(odd[i].payload));
    }
    CHECK(writer_done(&rest, &b));
    if (tcp) {
        wire_write_stream(&w, odd[i].code, bytes_of_text("tk"), (uint32_t)b.len);
    } else {
        wire_write_datagram(&w, odd[i].type, odd[i].code, (uint16_t)i, bytes_of_text("tk"));
    }
    writer_bytes(&w, b);
    CHECK(writer_done(&w, &message));
    return message;
}

static void odd_packets_change_nothing(void)
{
    static const char *const uris[] = { "coap://127.0.0.1:0", "coap+tcp://127.0.0.1:0", NULL };
    static uint8_t out[RAW_MAX];
    static uint8_t in[RAW_MAX];

    if (!CHECK(serve_start(&served, NULL, uris))) {
        return;
    }
    struct raw_address a = raw_address("127.0.0.1", coap_server_port(served.server, 0));
    struct coap_client *udp = serve_client(&served, uris[0], 0, NULL);
    struct coap_client *tcp = serve_client(&served, uris[1], 1, NULL);
    int datagrams = raw_connect(SOCK_DGRAM, &a);

    for (size_t i = 0; i < ARRAY_LEN(odd); i++) {
        int fd = stream();

        raw_send(datagrams, write_odd(out, i, false));
        raw_receive(datagrams, in, 20);
        raw_send(fd, raw_settings(out, 0));
        raw_send(fd, write_odd(out, i, true));
        raw_receive(fd, in, 20);
        check_honest(udp, odd[i].name);
        check_honest(tcp, odd[i].name);
        close(fd);
    }
    close(datagrams);
    coap_client_free(udp);
    coap_client_free(tcp);
    CHECK_UINT(served.requests, 2 * ARRAY_LEN(odd) + ODD_HANDLED);
    CHECK(serve_stop(&served));
}

int main(void)
{
    static const struct test tests[] = {
        { "odd packets change nothing", odd_packets_change_nothing },
        { "a storm changes nothing", a_storm_changes_nothing },
    };

    return run_tests("storm", tests, ARRAY_LEN(tests));
}
