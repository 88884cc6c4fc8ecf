/* SPDX-License-Identifier: BSD-3-Clause */
#include "agent/listen.h"
#include "tests/check.h"

static void addresses_are_resolved_once_and_none_twice(void)
{
    struct listen_addresses a;
    struct error err = { 0 };
    char shown[300];

    CHECKF(listen_resolve(
                   " coap://127.0.0.1:1  coap+tcp://[::1]:2 coap://127.0.0.1:1 coap://127.1.2.3",
                   false, &a, &err),
            "%s", err.text);
    CHECK_UINT(a.count, 3);
    CHECK_TEXT(bytes_of_text(listen_print(shown, sizeof(shown), &a.address[0].uri)),
            "coap://127.0.0.1:1");
    CHECK_TEXT(bytes_of_text(listen_print(shown, sizeof(shown), &a.address[1].uri)),
            "coap+tcp://[::1]:2");
    CHECK_TEXT(bytes_of_text(listen_print(shown, sizeof(shown), &a.address[2].uri)),
            "coap://127.1.2.3:5683");
    for (size_t i = 0; i < a.count; i++) {
        CHECK(a.address[i].loopback && !a.address[i].by_name);
    }
}

static void a_name_becomes_addresses(void)
{
    struct listen_addresses a;
    struct error err = { 0 };

    CHECKF(listen_resolve("coap://localhost:7", false, &a, &err), "%s", err.text);
    CHECK(a.count >= 1);
    for (size_t i = 0; i < a.count; i++) {
        CHECK(a.address[i].by_name && a.address[i].loopback);
        CHECK(strcmp(a.address[i].uri.host, "localhost") != 0);
        CHECK_UINT(a.address[i].uri.port, 7);
    }
}

static void only_loopback_is_secure(void)
{
    static const struct {
        const char *setting;
        bool loopback;
    } cases[] = {
        { "coap://127.0.0.1", true },
        { "coap://127.255.255.254", true },
        { "coap+tcp://[::1]", true },
        { "coap+tcp://[0:0::1]", true },
        { "coap://0.0.0.0", false },
        { "coap://126.255.255.255", false },
        { "coap://128.0.0.1", false },
        { "coap://10.0.0.1", false },
        { "coap+tcp://[::]", false },
        { "coap://[::2]", false },
        { "coap://[fe80::1]", false },
        { "coap://[::ffff:10.0.0.1]", false },
        { "coap://127.0.0.1 coap://192.0.2.1", false },
    };

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct listen_addresses a;
        struct error err = { 0 };

        check_case = cases[i].setting;
        CHECK(listen_resolve(cases[i].setting, false, &a, &err) == cases[i].loopback);
        CHECK(cases[i].loopback || err.code == ERROR_CONFIG);
        CHECKF(listen_resolve(cases[i].setting, true, &a, &err), "%s", err.text);
        CHECK(a.address[a.count - 1].loopback == cases[i].loopback);
    }
    check_case = "";
}

static void what_cannot_be_listened_on_is_refused(void)
{
    static const struct {
        const char *setting;
        const char *says;
    } cases[] = {
        { "", "it is empty" },
        { "  ", "it is empty" },
        { "coap://tally.invalid", "tally.invalid: " },
        { "coap://127.0.0.1 http://[::1]", "\"http://[::1]\": " },
    };

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct listen_addresses a;
        struct error err = { 0 };

        check_case = cases[i].setting;
        CHECK(!listen_resolve(cases[i].setting, true, &a, &err));
        CHECKF(strstr(err.text, cases[i].says) != NULL, "%s", err.text);
    }
    check_case = "";
}

int main(void)
{
    static const struct test tests[] = {
        { "addresses are resolved once, and none twice",
                addresses_are_resolved_once_and_none_twice },
        { "a name becomes addresses", a_name_becomes_addresses },
        { "R65 only loopback is secure", only_loopback_is_secure },
        { "what cannot be listened on is refused", what_cannot_be_listened_on_is_refused },
    };

    return run_tests("agent_listen", tests, ARRAY_LEN(tests));
}
