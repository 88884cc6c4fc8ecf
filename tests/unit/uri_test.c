/* SPDX-License-Identifier: BSD-3-Clause */
#include "protocol/uri.h"
#include "tests/check.h"

static void addresses_are_read(void)
{
    static const struct {
        const char *text;
        enum uri_transport transport;
        const char *host;
        uint16_t port;
    } cases[] = {
        { "coap://host", URI_UDP, "host", 5683 },
        { "coap://host/", URI_UDP, "host", 5683 },
        { "coap://host:", URI_UDP, "host", 5683 },
        { "coap://host:1", URI_UDP, "host", 1 },
        { "coap://host:65535/", URI_UDP, "host", 65535 },
        { "coap://host:0", URI_UDP, "host", 0 },
        { "coap://host:00005683", URI_UDP, "host", 5683 },
        { "CoAP+TCP://Host.example", URI_TCP, "Host.example", 5683 },
        { "coap+tcp://192.0.2.1:7", URI_TCP, "192.0.2.1", 7 },
        { "coap://a_b-c.d", URI_UDP, "a_b-c.d", 5683 },
        { "coap://[::1]", URI_UDP, "::1", 5683 },
        { "coap://[::]:9", URI_UDP, "::", 9 },
        { "coap://[2001:DB8::1]:9/", URI_UDP, "2001:DB8::1", 9 },
        { "coap://[::ffff:192.0.2.1]", URI_UDP, "::ffff:192.0.2.1", 5683 },
        { "coap://[fe80::1%eth0]", URI_UDP, "fe80::1%eth0", 5683 },
        { "coap://[fe80::1%25eth0]:9", URI_UDP, "fe80::1%eth0", 9 },
        { "coap://[fe80::1%25]", URI_UDP, "fe80::1%25", 5683 },
    };

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct uri uri;
        struct error err = { 0 };

        check_case = cases[i].text;
        CHECKF(uri_read(bytes_of_text(cases[i].text), &uri, &err), "%s", err.text);
        CHECK_UINT(uri.transport, cases[i].transport);
        CHECK_TEXT(bytes_of_text(uri.host), cases[i].host);
        CHECK_UINT(uri.port, cases[i].port);
    }
    check_case = "";
}

#define TEN   "abcdefghi."
#define FIFTY TEN TEN TEN TEN TEN

static void what_is_no_address_is_refused(void)
{
    static const struct {
        const char *text;
        const char *says;
    } cases[] = {
        { "", "want coap://" },
        { "coap", "want coap://" },
        { "coap:", "want coap://" },
        { "coap:/host", "want coap://" },
        { "://host", "'' is neither coap nor coap+tcp" },
        { "http://host", "'http' is neither coap nor coap+tcp" },
        { "coap+ws://host", "neither" },
        { "coaps://host", "coaps:// is not supported yet" },
        { "COAPS+TCP://host", "coaps+tcp:// is not supported yet" },
        { "coap://", "'' is no host name" },
        { "coap://:5683", "'' is no host name" },
        { "coap://host/attest", "'/attest' behind the host" },
        { "coap://host//", "'//' behind the host" },
        { "coap://host?x", "is no host name" },
        { "coap://user@host", "is no host name" },
        { "coap://host%2e", "is no host name" },
        { "coap://ho st", "is no host name" },
        { "coap://h\xc3\xb6st", "is no host name" },
        { "coap://::1", "IPv6 goes in brackets" },
        { "coap://2001:db8::1", "is no port" },
        { "coap://host:65536", "is no port" },
        { "coap://host:99999999999999999999", "is no port" },
        { "coap://host:-1", "is no port" },
        { "coap://host:1 ", "is no port" },
        { "coap://[::1", "']' is missing" },
        { "coap://[]", "is no IPv6 address" },
        { "coap://[host]", "is no IPv6 address" },
        { "coap://[12]", "is no IPv6 address" },
        { "coap://[::1%]", "is no IPv6 address" },
        { "coap://[::1%a b]", "is no IPv6 address" },
        { "coap://[%eth0]", "is no IPv6 address" },
        { "coap://[::1]x", "is no port" },
        { "coap://" FIFTY FIFTY FIFTY FIFTY FIFTY "abcd", "a host name of 254 bytes" },
    };

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct uri uri;
        struct uri untouched;
        struct error err = { 0 };

        memset(&uri, 0xa5, sizeof(uri));
        memcpy(&untouched, &uri, sizeof(uri));
        CHECKF(!uri_read(bytes_of_text(cases[i].text), &uri, &err), "%s", cases[i].text);
        CHECK_UINT(err.code, ERROR_CONFIG);
        CHECKF(strstr(err.text, cases[i].says) != NULL, "%s: %s", cases[i].text, err.text);
        CHECK(memcmp(&uri, &untouched, sizeof(uri)) == 0);
    }
}

static void the_longest_host_is_read(void)
{
    static const char text[] = "coap://" FIFTY FIFTY FIFTY FIFTY FIFTY "abc:1";
    struct uri uri;
    struct error err = { 0 };

    CHECKF(uri_read(bytes_of_text(text), &uri, &err), "%s", err.text);
    CHECK_UINT(strlen(uri.host), URI_HOST_MAX);
}

int main(void)
{
    static const struct test tests[] = {
        { "addresses are read", addresses_are_read },
        { "what is no address is refused", what_is_no_address_is_refused },
        { "the longest host is read", the_longest_host_is_read },
    };

    return run_tests("uri", tests, ARRAY_LEN(tests));
}
