/* SPDX-License-Identifier: BSD-3-Clause */
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "tests/check.h"
#include "tests/coap/raw.h"
#include "tests/coap/serve.h"

/* Answers that take their time, requests that come twice, peers that go. */

#define CODE(n) WIRE_CODE((n) / 100, (n) % 100)
#define BLOCK2  23
#define ETAG    4

static struct serve served;

static int udp(void)
{
    struct raw_address a = raw_address("127.0.0.1", coap_server_port(served.server, 0));

    return raw_connect(SOCK_DGRAM, &a);
}

static int tcp(void)
{
    struct raw_address a = raw_address("127.0.0.1", coap_server_port(served.server, 1));

    return raw_connect(SOCK_STREAM, &a);
}

static bool receive(int fd, struct wire_message *d, uint8_t *buffer)
{
    struct error err;

    return wire_read_datagram(raw_receive(fd, buffer, 5000), d, &err);
}

static void acknowledge(int fd, const struct wire_message *d)
{
    uint8_t ack[] = { 0x60, 0, (uint8_t)(d->id >> 8), (uint8_t)d->id };

    raw_send(fd, (struct bytes){ ack, sizeof(ack) });
}

static void wait_for(atomic_uint *counter, unsigned int want)
{
    for (int i = 0; i < 500 && *counter < want; i++) {
        poll(NULL, 0, 10);
    }
    CHECK_UINT(*counter, want);
}

static void a_slow_answer_is_a_message_of_its_own(void)
{
    static uint8_t out[RAW_MAX];
    static uint8_t in[RAW_MAX];
    const struct raw_request r = { .id = 7, .token = "slow", .payload = "slow 1000 100" };
    struct wire_message d = { 0 };
    int fd = udp();

    raw_send(fd, raw_datagram(out, &r));
    CHECK(receive(fd, &d, in));
    CHECK_UINT(d.type, WIRE_ACK);
    CHECK_UINT(d.code, WIRE_EMPTY);
    CHECK_UINT(d.id, 7);
    CHECK(receive(fd, &d, in));
    CHECK_UINT(d.type, WIRE_CON);
    CHECK_UINT(d.code, CODE(205));
    CHECK_TEXT(d.token, "slow");
    CHECK(serve_is_answer(d.payload, 100));
    uint16_t id = d.id;

    /* Not acknowledged: it comes again. */
    CHECK(receive(fd, &d, in));
    CHECK_UINT(d.id, id);
    acknowledge(fd, &d);
    close(fd);
}

static void an_answer_that_is_not_confirmed_comes_likewise(void)
{
    static uint8_t out[RAW_MAX];
    static uint8_t in[RAW_MAX];
    const struct raw_request r = { .type = WIRE_NON,
        .id = 7,
        .token = "non",
        .payload = "slow 50 101" };
    struct wire_message d = { 0 };
    int fd = udp();

    raw_send(fd, raw_datagram(out, &r));
    CHECK(receive(fd, &d, in));
    CHECK_UINT(d.type, WIRE_NON);
    CHECK_UINT(d.code, CODE(205));
    CHECK(serve_is_answer(d.payload, 101));
    close(fd);
}

static void an_answer_that_comes_soon_is_the_acknowledgement(void)
{
    static uint8_t out[RAW_MAX];
    static uint8_t in[RAW_MAX];
    const struct raw_request r = { .id = 7, .token = "soon", .payload = "slow 100 100" };
    struct wire_message m = { 0 };
    int fd = udp();

    raw_send(fd, raw_datagram(out, &r));
    CHECK(receive(fd, &m, in));
    CHECK_UINT(m.type, WIRE_ACK);
    CHECK_UINT(m.code, CODE(205));
    CHECK_UINT(m.id, 7);
    CHECK_TEXT(m.token, "soon");
    CHECK(serve_is_answer(m.payload, 100));
    close(fd);
}

static void a_repeated_request_is_handled_once(void)
{
    static uint8_t out[RAW_MAX];
    static uint8_t in[RAW_MAX];
    const struct raw_request r = { .id = 7, .token = "twice", .payload = "slow 1000 102" };
    struct raw_request again = r;
    struct wire_message d = { 0 };
    unsigned int before = served.requests;
    int fd = udp();

    raw_send(fd, raw_datagram(out, &r));
    for (int i = 0; i < 5; i++) {
        raw_send(fd, raw_datagram(out, &r));
        CHECK(receive(fd, &d, in));
        CHECK_UINT(d.code, WIRE_EMPTY);
    }
    /* The same question in a new message: the answer goes there. */
    again.id = 8;
    again.token = "later";
    raw_send(fd, raw_datagram(out, &again));
    CHECK(receive(fd, &d, in));
    CHECK_UINT(d.id, 8);
    CHECK(receive(fd, &d, in));
    CHECK_TEXT(d.token, "later");
    CHECK(serve_is_answer(d.payload, 102));
    acknowledge(fd, &d);
    CHECK_UINT(served.requests, before + 1);

    /* A late copy gets the answer again, ... */
    raw_send(fd, raw_datagram(out, &again));
    CHECK(receive(fd, &d, in));
    CHECK_UINT(d.type, WIRE_ACK);
    CHECK(serve_is_answer(d.payload, 102));
    CHECK_UINT(served.requests, before + 1);

    /* ... a new message with the old question a new answer: the log may have grown. */
    again.id = 9;
    again.token = "new";
    raw_send(fd, raw_datagram(out, &again));
    wait_for(&served.requests, before + 2);
    CHECK(receive(fd, &d, in));
    CHECK_UINT(d.code, WIRE_EMPTY);
    CHECK(receive(fd, &d, in));
    acknowledge(fd, &d);
    close(fd);
}

static void blocks_come_with_and_without_the_payload(void)
{
    static const struct {
        const char *name;
        const char *payload;
        uint8_t block;
        size_t from;
        size_t len;
        bool more;
    } cases[] = {
        { "second block", "answer 3000", 0x16, 1024, 1024, true },
        { "last block", "answer 3000", 0x26, 2048, 952, false },
        { "again, without the payload", NULL, 0x26, 2048, 952, false },
        { "smaller blocks", NULL, 0x32, 192, 64, true },
        { "larger than there are", NULL, 0x17, 1024, 1024, true },
    };
    static uint8_t out[RAW_MAX];
    static uint8_t in[RAW_MAX];
    struct raw_request r = { .id = 100, .token = "b", .payload = "answer 3000" };
    struct wire_message d = { 0 };
    struct bytes value = { 0 };
    uint8_t etag[8] = { 0 };
    unsigned int before = served.requests;
    int fd = udp();

    raw_send(fd, raw_datagram(out, &r));
    CHECK(receive(fd, &d, in));
    CHECK(raw_option(&d, BLOCK2, &value) &&
            bytes_equal(value, (struct bytes){ (const uint8_t *)"\16", 1 }));
    if (CHECK(raw_option(&d, ETAG, &value)) && CHECK(value.len == sizeof(etag))) {
        memcpy(etag, value.ptr, sizeof(etag));
    }
    CHECK(raw_option(&d, 28, &value) &&
            bytes_equal(value, (struct bytes){ (const uint8_t *)"\x0b\xb8", 2 }));
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        check_case = cases[i].name;
        r.id++;
        r.payload = cases[i].payload;
        r.number = BLOCK2;
        r.value = (struct bytes){ &cases[i].block, 1 };
        raw_send(fd, raw_datagram(out, &r));
        CHECK(receive(fd, &d, in));
        CHECK_UINT(d.code, CODE(205));
        CHECK_UINT(d.payload.len, cases[i].len);
        CHECK(d.payload.len > 0 && d.payload.ptr[0] == serve_pattern(cases[i].from));
        CHECK(raw_option(&d, ETAG, &value) && bytes_equal(value, (struct bytes){ etag, 8 }));
        CHECK(raw_option(&d, BLOCK2, &value) && value.len == 1 &&
                ((value.ptr[0] & 8) != 0) == cases[i].more);
    }
    check_case = "";
    CHECK_UINT(served.requests, before + 1);
    close(fd);
}

static void a_block_behind_the_end_is_refused(void)
{
    static uint8_t out[RAW_MAX];
    static uint8_t in[RAW_MAX];
    struct raw_request r = { .id = 100, .token = "b", .payload = "answer 2048" };
    struct wire_message d = { 0 };
    int fd = udp();

    raw_send(fd, raw_datagram(out, &r));
    CHECK(receive(fd, &d, in));
    r.id++;
    r.number = BLOCK2;
    r.value = (struct bytes){ (const uint8_t *)"\x26", 1 };
    raw_send(fd, raw_datagram(out, &r));
    CHECK(receive(fd, &d, in));
    CHECK_UINT(d.code, CODE(400));
    r.id++;
    r.value = (struct bytes){ (const uint8_t *)"\xff\xff\xf6", 3 };
    raw_send(fd, raw_datagram(out, &r));
    CHECK(receive(fd, &d, in));
    CHECK_UINT(d.code, CODE(400));
    close(fd);
}

static void a_peer_that_hangs_up_is_gone(void)
{
    static uint8_t out[RAW_MAX];
    static uint8_t in[RAW_MAX];
    const struct raw_request r = { .token = "t", .payload = "silence" };
    unsigned int before = served.requests;
    unsigned int gone = served.gone;
    int fd = tcp();

    raw_send(fd, raw_settings(out, 100000));
    raw_send(fd, raw_message(out, &r));
    wait_for(&served.requests, before + 1);
    raw_receive(fd, in, 10);
    close(fd);
    wait_for(&served.gone, gone + 1);
}

/* RFC 8323 section 5.3.1: 1152 bytes for a peer that does not say. */
static void short_messages_over_tcp_are_blocks(void)
{
    static const struct {
        uint32_t max_message;
        size_t payload;
    } cases[] = { { 0, 1024 }, { 64, 16 }, { 100, 32 }, { 1152, 1024 }, { 4063, 1024 },
        { 4064, 4000 }, { UINT32_MAX, 4000 } };
    static uint8_t out[RAW_MAX];
    const struct raw_request r = { .token = "12345678", .payload = "answer 4000" };

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        static struct raw_stream s;
        struct wire_message m = { 0 };

        s = (struct raw_stream){ .fd = tcp() };
        raw_send(s.fd, raw_settings(out, cases[i].max_message));
        raw_send(s.fd, raw_message(out, &r));
        CHECK(raw_next(&s, &m));
        CHECK_UINT(m.code, CODE(205));
        CHECK_UINT(m.payload.len, cases[i].payload);
        CHECK(serve_is_answer(m.payload, m.payload.len));
        close(s.fd);
    }
}

static void a_ping_over_tcp_is_answered(void)
{
    static uint8_t out[RAW_MAX];
    static struct raw_stream s;
    struct wire_message m = { 0 };

    s = (struct raw_stream){ .fd = tcp() };
    raw_send(s.fd, raw_settings(out, 0));
    raw_send(s.fd, (struct bytes){ (const uint8_t *)"\x03\xe2png", 5 });
    CHECK(raw_next(&s, &m));
    CHECK_UINT(m.code, CODE(703));
    CHECK_TEXT(m.token, "png");
    close(s.fd);
}

#define PIECES_MAX 10

/* Settings, and requests that are answered by 1, 2, ... bytes, some of them slowly. */
static size_t write_requests(uint8_t *dst)
{
    static uint8_t out[RAW_MAX];
    struct bytes b = raw_settings(out, 0);
    size_t len = b.len;

    memcpy(dst, b.ptr, b.len);
    for (size_t i = 1; i <= PIECES_MAX; i++) {
        char payload[32];
        const struct raw_request r = { .token = "a", .payload = payload };

        snprintf(payload, sizeof(payload), i % 3 == 0 ? "slow 20 %zu" : "answer %zu", i);
        b = raw_message(out, &r);
        memcpy(dst + len, b.ptr, b.len);
        len += b.len;
    }
    return len;
}

/* However the bytes are cut: all requests are answered, in their order. */
static void requests_arrive_in_pieces_and_together(void)
{
    static const size_t pieces[] = { 1, 2, 7, 100, RAW_MAX };
    static uint8_t all[RAW_MAX];
    static struct raw_stream s;
    size_t len = write_requests(all);

    for (size_t p = 0; p < ARRAY_LEN(pieces); p++) {
        struct wire_message m = { 0 };

        s = (struct raw_stream){ .fd = tcp() };
        for (size_t at = 0; at < len; at += pieces[p]) {
            size_t n = len - at < pieces[p] ? len - at : pieces[p];

            raw_send(s.fd, (struct bytes){ all + at, n });
        }
        for (size_t i = 1; i <= PIECES_MAX; i++) {
            CHECKF(raw_next(&s, &m) && serve_is_answer(m.payload, i), "answer %zu in pieces of %zu",
                    i, pieces[p]);
        }
        close(s.fd);
    }
}

int main(void)
{
    static const struct test tests[] = {
        { "a slow answer is a message of its own", a_slow_answer_is_a_message_of_its_own },
        { "an answer that comes soon is the acknowledgement",
                an_answer_that_comes_soon_is_the_acknowledgement },
        { "an answer that is not confirmed comes likewise",
                an_answer_that_is_not_confirmed_comes_likewise },
        { "a repeated request is handled once", a_repeated_request_is_handled_once },
        { "blocks come with and without the payload", blocks_come_with_and_without_the_payload },
        { "a block behind the end is refused", a_block_behind_the_end_is_refused },
        { "a peer that hangs up is gone", a_peer_that_hangs_up_is_gone },
        { "short messages over TCP are blocks", short_messages_over_tcp_are_blocks },
        { "a ping over TCP is answered", a_ping_over_tcp_is_answered },
        { "requests arrive in pieces and together", requests_arrive_in_pieces_and_together },
    };
    static const char *const uris[] = { "coap://127.0.0.1:0", "coap+tcp://127.0.0.1:0", NULL };

    if (!serve_start(&served, NULL, uris)) {
        return 1;
    }
    int status = run_tests("waiting", tests, ARRAY_LEN(tests));

    return serve_stop(&served) ? status : 1;
}
