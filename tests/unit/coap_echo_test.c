/* SPDX-License-Identifier: BSD-3-Clause */
#include <arpa/inet.h>

#include "protocol/coap_echo.h"
#include "tests/check.h"

static coap_address_t address(const char *host, uint16_t port)
{
    coap_address_t a;

    coap_address_init(&a);
    if (inet_pton(AF_INET, host, &a.addr.sin.sin_addr) == 1) {
        a.addr.sin.sin_family = AF_INET;
        a.size = sizeof(a.addr.sin);
    } else {
        CHECK(inet_pton(AF_INET6, host, &a.addr.sin6.sin6_addr) == 1);
        a.addr.sin6.sin6_family = AF_INET6;
        a.size = sizeof(a.addr.sin6);
    }
    coap_address_set_port(&a, port);
    return a;
}

static void a_value_is_good_for_one_address_and_some_time(void)
{
    struct coap_echo e;
    struct coap_echo other;
    struct error err = { 0 };
    uint8_t value[COAP_ECHO_SIZE];
    struct bytes b = { value, sizeof(value) };
    coap_address_t peer = address("192.0.2.1", 4000);
    coap_address_t port = address("192.0.2.1", 4001);
    coap_address_t host = address("192.0.2.2", 4000);
    coap_address_t mapped = address("::ffff:192.0.2.1", 4000);

    CHECK(coap_echo_init(&e, &err) && coap_echo_init(&other, &err));
    CHECK(coap_echo_make(&e, &peer, 1000, value, &err));
    CHECK(coap_echo_is_good(&e, &peer, 1000, b));
    CHECK(coap_echo_is_good(&e, &peer, 1000 + COAP_ECHO_SECONDS, b));
    CHECK(coap_echo_is_good(&e, &mapped, 1000, b));
    CHECK(!coap_echo_is_good(&e, &peer, 1001 + COAP_ECHO_SECONDS, b));
    CHECK(!coap_echo_is_good(&e, &peer, 999, b));
    CHECK(!coap_echo_is_good(&e, &port, 1000, b));
    CHECK(!coap_echo_is_good(&e, &host, 1000, b));
    CHECK(!coap_echo_is_good(&other, &peer, 1000, b));
    CHECK(!coap_echo_is_good(&e, &peer, 1000, (struct bytes){ value, sizeof(value) - 1 }));
    CHECK(!coap_echo_is_good(&e, &peer, 1000, (struct bytes){ 0 }));
    for (size_t i = 0; i < sizeof(value); i++) {
        value[i] ^= 1;
        CHECKF(!coap_echo_is_good(&e, &peer, 1000, b), "byte %zu", i);
        value[i] ^= 1;
    }
}

static void limits_are_by_host(void)
{
    static const struct {
        const char *a;
        const char *b;
        bool same;
    } cases[] = {
        { "192.0.2.1", "192.0.2.1", true },
        { "192.0.2.1", "192.0.2.2", false },
        { "192.0.2.1", "::ffff:192.0.2.1", true },
        { "2001:db8::1", "2001:db8::ffff:1", true },
        { "2001:db8::1", "2001:db8:0:1::1", false },
        { "fe80::1", "fe80::2", false },
        { "::1", "127.0.0.1", false },
    };

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        coap_address_t a = address(cases[i].a, 1);
        coap_address_t b = address(cases[i].b, 2);
        struct coap_address_key ka = coap_address_key(&a);
        struct coap_address_key kb = coap_address_key(&b);

        CHECKF((memcmp(&ka, &kb, sizeof(ka)) == 0) == cases[i].same, "%s and %s", cases[i].a,
                cases[i].b);
    }
}

static void addresses_are_printed_and_told_apart(void)
{
    static const struct {
        const char *host;
        const char *shown;
        bool loopback;
    } cases[] = {
        { "127.0.0.1", "127.0.0.1:5683", true },
        { "127.255.0.2", "127.255.0.2:5683", true },
        { "128.0.0.1", "128.0.0.1:5683", false },
        { "::1", "[::1]:5683", true },
        { "::ffff:127.0.0.1", "127.0.0.1:5683", true },
        { "::ffff:192.0.2.1", "192.0.2.1:5683", false },
        { "::2", "[::2]:5683", false },
        { "2001:db8::1", "[2001:db8::1]:5683", false },
        { "0.0.0.0", "0.0.0.0:5683", false },
    };

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        coap_address_t a = address(cases[i].host, 5683);
        char shown[COAP_ADDRESS_TEXT_MAX];

        CHECK_TEXT(bytes_of_text(coap_address_print(shown, &a)), cases[i].shown);
        CHECKF(coap_address_is_loopback(&a) == cases[i].loopback, "%s", cases[i].host);
    }
}

int main(void)
{
    static const struct test tests[] = {
        { "a value is good for one address and some time",
                a_value_is_good_for_one_address_and_some_time },
        { "limits are by host", limits_are_by_host },
        { "addresses are printed and told apart", addresses_are_printed_and_told_apart },
    };

    return run_tests("coap_echo", tests, ARRAY_LEN(tests));
}
