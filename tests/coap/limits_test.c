/* SPDX-License-Identifier: BSD-3-Clause */
#include <dirent.h>
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "protocol/message.h"
#include "protocol/request.h"
#include "tests/check.h"
#include "tests/coap/raw.h"
#include "tests/coap/serve.h"

/* What one peer can take from the others: nothing. */

#define CODE(n)      WIRE_CODE((n) / 100, (n) % 100)
#define MAX_AGE      14
#define RATE         2
#define BURST        (RATE * 10)
#define SESSIONS_MAX 8
#define FLOOD_MAX    ((size_t)64 * 1024 * 1024)

static struct serve served;

static int connect_to(int type)
{
    struct raw_address a =
            raw_address("127.0.0.1", coap_server_port(served.server, type == SOCK_DGRAM ? 0 : 1));

    return raw_connect(type, &a);
}

static const char *const uris[] = { "coap://127.0.0.1:0", "coap+tcp://127.0.0.1:0", NULL };

static bool start(unsigned int rate)
{
    const struct coap_server_options options = { .rate_limit = rate, .sessions_max = SESSIONS_MAX };

    return CHECK(serve_start(&served, &options, uris));
}

/* The code that answers a request, and its Max-Age. */
static unsigned int ask(int fd, uint16_t id, struct bytes payload, struct bytes *max_age)
{
    static uint8_t out[RAW_MAX];
    static uint8_t in[RAW_MAX];
    const struct raw_request r = { .id = id, .token = "t" };
    struct bytes head = raw_datagram(out, &r);
    struct wire_message d = { 0 };
    struct error err;

    out[head.len] = 0xff;
    memcpy(out + head.len + 1, payload.ptr, payload.len);
    raw_send(fd, (struct bytes){ out, head.len + 1 + payload.len });
    if (!wire_read_datagram(raw_receive(fd, in, 5000), &d, &err)) {
        return 0;
    }
    *max_age = (struct bytes){ 0 };
    raw_option(&d, MAX_AGE, max_age);
    return d.code;
}

static struct bytes chunk_request(uint8_t *buffer, size_t size)
{
    const struct message_request m = { .want = { [LOG_KIND_IMA] = { true, 5, 100 } } };
    struct bytes encoded = { 0 };
    struct error err = { 0 };

    CHECKF(message_request_encode(&m, buffer, size, &encoded, &err), "%s", err.text);
    return encoded;
}

static void a_peer_that_asks_too_often_is_told_to_wait(void)
{
    uint8_t buffer[256];
    struct bytes max_age = { 0 };
    unsigned int granted = 0;

    if (!start(RATE)) {
        return;
    }
    int fd = connect_to(SOCK_DGRAM);

    for (uint16_t id = 1; id <= BURST + 10; id++) {
        unsigned int code = ask(fd, id, bytes_of_text("answer 2000"), &max_age);

        granted += code == CODE(205) ? 1 : 0;
        CHECK(code == CODE(205) || (code == CODE(429) && max_age.len == 1 && max_age.ptr[0] == 1));
    }
    CHECKF(granted >= BURST && granted <= BURST + 4, "%u granted", granted);
    CHECK_UINT(served.requests, granted);

    /* The next block of what was granted is not held back, and pieces of logs soon go on. */
    struct wire_message d = { 0 };
    struct error err;
    static uint8_t out[RAW_MAX];
    static uint8_t in[RAW_MAX];
    const struct raw_request r = { .id = 999,
        .token = "t",
        .number = 23,
        .value = { (const uint8_t *)"\x16", 1 } };

    raw_send(fd, raw_datagram(out, &r));
    CHECK(wire_read_datagram(raw_receive(fd, in, 5000), &d, &err) && d.code == CODE(205));
    poll(NULL, 0, 300);
    for (uint16_t id = 1000; id < 1010; id++) {
        /* The handler of this test does not know it; that it is asked is enough. */
        CHECK_UINT(ask(fd, id, chunk_request(buffer, sizeof(buffer)), &max_age), CODE(400));
    }
    close(fd);
    CHECK(serve_stop(&served));
}

static void the_client_waits_as_it_is_told(void)
{
    struct bytes answer = { 0 };
    struct error err = { 0 };

    if (!start(RATE)) {
        return;
    }
    struct coap_client *c = serve_client(&served, uris[1], 1, NULL);
    uint64_t begin = serve_now();

    for (int i = 0; i < BURST + 2 && CHECK(c != NULL); i++) {
        CHECKF(coap_client_ask(c, bytes_of_text("answer 9"), 100, &answer, &err), "%s", err.text);
    }
    CHECK(serve_now() - begin >= 500);
    coap_client_free(c);
    CHECK(serve_stop(&served));
}

/* Number of open descriptors of this process. */
static size_t count_descriptors(void)
{
    DIR *dir = opendir("/proc/self/fd");
    size_t count = 0;

    while (dir != NULL && readdir(dir) != NULL) {
        count++;
    }
    closedir(dir);
    return count;
}

static bool descriptors_fall_to(size_t want)
{
    for (int i = 0; i < 200 && count_descriptors() > want; i++) {
        poll(NULL, 0, 10);
    }
    return count_descriptors() <= want;
}

static void connections_make_room_for_others(void)
{
    int fds[3 * SESSIONS_MAX];
    static uint8_t buffer[RAW_MAX];
    struct bytes answer = { 0 };
    struct error err = { 0 };

    if (!start(0)) {
        return;
    }
    size_t before = count_descriptors();

    for (size_t i = 0; i < ARRAY_LEN(fds); i++) {
        fds[i] = connect_to(SOCK_STREAM);
        CHECK(raw_receive(fds[i], buffer, 2000).len > 0);
    }
    size_t want = before + ARRAY_LEN(fds) + SESSIONS_MAX;

    CHECKF(descriptors_fall_to(want), "%zu descriptors, want %zu", count_descriptors(), want);
    struct coap_client *c = serve_client(&served, uris[1], 1, NULL);

    CHECKF(coap_client_ask(c, bytes_of_text("answer 9"), 100, &answer, &err), "%s", err.text);
    coap_client_free(c);
    for (size_t i = 0; i < ARRAY_LEN(fds); i++) {
        close(fds[i]);
    }
    CHECK(serve_stop(&served));
}

static void a_connection_that_waits_for_its_answer_stays(void)
{
    static uint8_t buffer[RAW_MAX];
    int fds[2 * SESSIONS_MAX];
    const struct raw_request r = { .token = "t", .payload = "slow 700 50" };

    if (!start(0)) {
        return;
    }
    int fd = connect_to(SOCK_STREAM);

    raw_receive(fd, buffer, 2000);
    raw_send(fd, raw_settings(buffer, 100000));
    raw_send(fd, raw_message(buffer, &r));
    for (int i = 0; i < 200 && served.requests == 0; i++) {
        poll(NULL, 0, 10);
    }
    for (size_t i = 0; i < ARRAY_LEN(fds); i++) {
        fds[i] = connect_to(SOCK_STREAM);
    }
    CHECK(raw_receive(fd, buffer, 5000).len > 50);
    for (size_t i = 0; i < ARRAY_LEN(fds); i++) {
        close(fds[i]);
    }
    close(fd);
    CHECK_UINT(served.gone, 0);
    CHECK(serve_stop(&served));
}

/* Send what over and over without reading, until nothing more goes out for a while. */
static size_t flood(int fd, struct bytes what)
{
    static uint8_t buffer[RAW_MAX];
    struct pollfd p = { .fd = fd, .events = POLLOUT };
    size_t sent = 0;
    size_t len = 0;

    raw_send(fd, raw_settings(buffer, 0));
    while (len + what.len <= sizeof(buffer)) {
        memcpy(buffer + len, what.ptr, what.len);
        len += what.len;
    }
    while (sent < FLOOD_MAX && poll(&p, 1, 500) == 1) {
        ssize_t n = send(fd, buffer + sent % what.len, len - sent % what.len,
                MSG_NOSIGNAL | MSG_DONTWAIT);

        if (n <= 0) {
            break;
        }
        sent += (size_t)n;
    }
    return sent;
}

static void who_does_not_read_is_not_read(void)
{
    static const struct {
        const char *name;
        struct bytes message;
    } cases[] = {
        { "pings", { (const uint8_t *)"\x00\xe2", 2 } },
        { "requests for nothing", { (const uint8_t *)"\x00\x01", 2 } },
        { "unknown critical options", { (const uint8_t *)"\x10\x01\x90", 3 } },
        { "empty requests",
                { (const uint8_t *)"\x70\x05\xb6"
                                   "attest",
                        9 } },
    };
    int fds[ARRAY_LEN(cases)];
    struct bytes answer = { 0 };
    struct error err = { 0 };

    if (!start(0)) {
        return;
    }
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        fds[i] = connect_to(SOCK_STREAM);
        size_t sent = flood(fds[i], cases[i].message);

        /* As much as the kernel holds for both sides, and what was answered before that was full.
         */
        CHECKF(sent < FLOOD_MAX, "%s: %zu bytes", cases[i].name, sent);
    }
    struct coap_client *c = serve_client(&served, uris[1], 1, NULL);

    CHECKF(coap_client_ask(c, bytes_of_text("answer 9"), 100, &answer, &err), "%s", err.text);
    coap_client_free(c);
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        close(fds[i]);
    }
    CHECK(serve_stop(&served));
}

/* Many requests in one go, and nothing is read: the answers are not made before they can go out. */
static void answers_wait_for_who_reads_them(void)
{
    static uint8_t out[RAW_MAX];
    static uint8_t all[RAW_MAX];
    const struct raw_request r = { .token = "t", .payload = "answer 500000" };
    size_t len = 0;
    size_t count = 0;
    unsigned int before = 0;

    if (!start(0)) {
        return;
    }
    int fd = connect_to(SOCK_STREAM);

    raw_send(fd, raw_settings(out, UINT32_MAX));
    for (struct bytes b = raw_message(out, &r); len + b.len <= 4000; count++) {
        memcpy(all + len, b.ptr, b.len);
        len += b.len;
    }
    raw_send(fd, (struct bytes){ all, len });
    do {
        before = served.requests;
        poll(NULL, 0, 200);
    } while (served.requests != before || before == 0);
    CHECKF(before < count / 4, "%u of %zu", before, count);
    close(fd);
    CHECK(serve_stop(&served));
}

/* True when the server closes the connection after these bytes. */
static bool closes_after(struct bytes b)
{
    static uint8_t buffer[RAW_MAX];
    int fd = connect_to(SOCK_STREAM);
    struct pollfd p = { .fd = fd, .events = POLLIN };
    ssize_t n = 1;

    raw_send(fd, b);
    while (n > 0 && poll(&p, 1, 3000) == 1) {
        n = recv(fd, buffer, sizeof(buffer), 0);
    }
    close(fd);
    return n <= 0;
}

static void connections_end_where_they_cannot_go_on(void)
{
    static const struct {
        const char *name;
        struct bytes bytes;
    } cases[] = {
        { "8 MiB are announced", { (const uint8_t *)"\xf0\x00\x7e\xfe\xf3\x05", 6 } },
        { "4 GiB are announced", { (const uint8_t *)"\xf0\xff\xff\xff\xff\x05", 6 } },
        { "10 KiB are announced", { (const uint8_t *)"\xe0\x28\x00\x05", 4 } },
        { "goodbye", { (const uint8_t *)"\x00\xe1\x00\xe4", 4 } },
        { "goodbye, then a request",
                { (const uint8_t *)"\x00\xe1\x00\xe5\x00\x01\x00\x01\x00\x01", 10 } },
        { "goodbye, then settings and pings",
                { (const uint8_t *)"\x00\xe5\x00\xe1\x00\xe2\x00\xe2", 8 } },
    };

    if (!start(0)) {
        return;
    }
    size_t before = count_descriptors();

    for (int round = 0; round < 20; round++) {
        for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
            CHECKF(closes_after(cases[i].bytes), "%s", cases[i].name);
        }
    }
    CHECKF(descriptors_fall_to(before), "%zu descriptors, before %zu", count_descriptors(), before);
    CHECK(serve_stop(&served));
}

int main(void)
{
    static const struct test tests[] = {
        { "a peer that asks too often is told to wait",
                a_peer_that_asks_too_often_is_told_to_wait },
        { "the client waits as it is told", the_client_waits_as_it_is_told },
        { "connections make room for others", connections_make_room_for_others },
        { "a connection that waits for its answer stays",
                a_connection_that_waits_for_its_answer_stays },
        { "who does not read is not read", who_does_not_read_is_not_read },
        { "answers wait for who reads them", answers_wait_for_who_reads_them },
        { "connections end where they cannot go on", connections_end_where_they_cannot_go_on },
    };

    return run_tests("limits", tests, ARRAY_LEN(tests));
}
