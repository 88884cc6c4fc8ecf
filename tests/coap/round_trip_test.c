/* SPDX-License-Identifier: BSD-3-Clause */
#include <stdio.h>
#include <string.h>

#include "tests/check.h"
#include "tests/coap/serve.h"

/* Fetch an answer of len bytes; true when it is that answer. */
static bool fetch(struct coap_client *c, const char *request, size_t len)
{
    struct error err = { 0 };
    struct bytes answer = { 0 };

    if (!coap_client_ask(c, bytes_of_text(request), 1024 * 1024, &answer, &err)) {
        printf("%s: %s\n", request, err.text);
        return false;
    }
    return serve_is_answer(answer, len);
}

static const struct {
    const char *request;
    size_t len;
} cases[] = {
    { "answer 0", 0 },
    { "answer 1", 1 },
    { "answer 1024", 1024 },
    { "answer 1025", 1025 },
    { "answer 2048", 2048 },
    { "answer 65536", 65536 },
    { "answer 307200", 307200 },
    { "slow 50 10", 10 },
    { "slow 50 5000", 5000 },
};

static void carry_answers(const char *uri)
{
    const char *const uris[] = { uri, NULL };
    struct serve s;

    if (!CHECKF(serve_start(&s, NULL, uris), "%s", uri)) {
        return;
    }
    struct coap_client *c = serve_client(&s, uri, 0, NULL);

    for (size_t i = 0; i < ARRAY_LEN(cases) && CHECK(c != NULL); i++) {
        CHECKF(fetch(c, cases[i].request, cases[i].len), "%s: %s", uri, cases[i].request);
    }
    coap_client_free(c);
    CHECK_UINT(s.requests, ARRAY_LEN(cases));
    CHECK(serve_stop(&s));
}

static void every_transport_carries_answers(void)
{
    static const char *const uris[] = { "coap://127.0.0.1:0", "coap://[::1]:0",
        "coap+tcp://127.0.0.1:0", "coap+tcp://[::1]:0", "coap://localhost:0",
        "coap+tcp://localhost:0" };

    for (size_t i = 0; i < ARRAY_LEN(uris); i++) {
        carry_answers(uris[i]);
    }
}

int main(void)
{
    static const struct test tests[] = {
        { "every transport carries answers", every_transport_carries_answers },
    };

    return run_tests("round_trip", tests, ARRAY_LEN(tests));
}
