/* SPDX-License-Identifier: BSD-3-Clause */
#include "tests/unit/serve_made.h"

static void what_is_no_request_is_refused_with_a_reason(void)
{
    static uint8_t big[MESSAGE_REQUEST_MAX + 1];
    static const struct {
        const char *name;
        struct bytes payload;
        const char *says;
    } cases[] = {
        { "nothing", { NULL, 0 }, "" },
        { "text", { (const uint8_t *)"hello", 5 }, "" },
        { "another version", { (const uint8_t *)"\xa3\x00\x02\x01\x01\x06\xa0", 7 }, "version 2" },
        /* R61: a request has no paths, only the numbers of logs. */
        { "a log that nobody has",
                { (const uint8_t *)"\xa3\x00\x01\x01\x01\x06\xa1\x04\x82\x00\x01", 11 }, "log" },
        { "evidence", { (const uint8_t *)"\xa2\x00\x01\x01\x02", 5 }, "" },
        { "too long", { big, sizeof(big) }, "4097 bytes" },
    };

    serve_begin();
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct coap_exchange x = { .limit = 65536 };

        check_case = cases[i].name;
        serve_request(serve, &x, cases[i].payload, "peer");
        serve_check_refused(&x, COAP_REFUSAL_BAD_REQUEST, cases[i].says);
    }
    check_case = "";
    CHECK_UINT((uint64_t)serve_tpm.begun, 0);
    serve_end();
}

static void every_challenge_is_answered_in_turn_and_too_many_are_refused(void)
{
    struct coap_exchange x[18] = { 0 };
    struct message_request m = serve_whole();
    size_t i;

    serve_begin();
    serve_close_tpm(true);
    for (i = 0; i < 17; i++) {
        serve_challenge[0] = (uint8_t)i;
        x[i].limit = 65536;
        serve_ask(&x[i], &m);
        if (i == 0) {
            serve_wait_tpm(&serve_tpm.begun, 1); /* in hand, so that 16 more can wait */
        }
    }
    serve_ask(&x[17], &m);
    serve_check_refused(&x[17], COAP_REFUSAL_UNAVAILABLE, "too many challenges wait");
    CHECK_UINT(serve_waiting(serve), 17);
    /* Log bytes need no TPM. */
    struct coap_exchange chunk = { .limit = 65536 };
    struct message_request bytes = serve_more(LOG_KIND_BOOT, 0, 10);

    serve_ask(&chunk, &bytes);
    (void)serve_answer(&chunk);
    buffer_clear(&chunk.body);
    serve_close_tpm(false);
    for (i = 0; i < 17; i++) {
        serve_wait(&x[i]);
        (void)serve_answer(&x[i]);
        CHECK_UINT(serve_tpm.first[i], i);
        buffer_clear(&x[i].body);
    }
    CHECK_UINT(serve_waiting(serve), 0);
    serve_wait_tpm(&serve_tpm.rests, 1); /* and then the TPM is let go */
    serve_end();
}

static void a_peer_that_is_gone_costs_no_quote(void)
{
    struct coap_exchange x[3] = { { .limit = 65536 }, { .limit = 65536 }, { .limit = 65536 } };
    struct message_request m = serve_whole();

    serve_begin();
    serve_close_tpm(true);
    serve_ask(&x[0], &m);
    serve_wait_tpm(&serve_tpm.begun, 1);
    serve_ask(&x[1], &m);
    serve_ask(&x[2], &m);
    serve_gone(serve, &x[0]);
    serve_gone(serve, &x[1]);
    CHECK_UINT(serve_waiting(serve), 1);
    serve_close_tpm(false);
    serve_wait(&x[2]);
    (void)serve_answer(&x[2]);
    CHECK_UINT((uint64_t)x[0].answers, 0);
    CHECK_UINT((uint64_t)x[1].answers, 0);
    CHECK_UINT((uint64_t)serve_tpm.made, 2);
    buffer_clear(&x[2].body);
    serve_end();
}

static void abandoned_requests_are_forgotten(void)
{
    struct coap_exchange x[2] = { { .limit = 65536 }, { .limit = 65536 } };
    struct message_request m = serve_whole();

    serve_begin();
    serve_close_tpm(true);
    serve_ask(&x[0], &m);
    serve_wait_tpm(&serve_tpm.begun, 1);
    serve_ask(&x[1], &m);
    serve_abandon(serve);
    CHECK_UINT(serve_waiting(serve), 0);
    serve_close_tpm(false);
    serve_wait_tpm(&serve_tpm.rests, 1);
    serve_process(serve);
    CHECK_UINT((uint64_t)(x[0].answers + x[1].answers), 0);
    CHECK_UINT((uint64_t)serve_tpm.made, 1);
    serve_end();
}

static void a_failed_quote_is_an_error_answer_with_its_reason(void)
{
    static const struct {
        enum error_code code;
        enum coap_refusal why;
    } cases[] = {
        { ERROR_CONFIG, COAP_REFUSAL_BAD_REQUEST }, /* a bank that is not allocated */
        { ERROR_TPM, COAP_REFUSAL_INTERNAL },
    };
    struct message_request m = serve_whole();

    serve_begin();
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct coap_exchange x = { .limit = 65536 };

        serve_tpm.fails = cases[i].code;
        serve_ask(&x, &m);
        serve_wait(&x);
        serve_check_refused(&x, cases[i].why, "no luck");
    }
    serve_tpm.fails = ERROR_NONE;
    struct coap_exchange x = { .limit = 65536 };

    serve_ask(&x, &m);
    serve_wait(&x);
    (void)serve_answer(&x);
    buffer_clear(&x.body);
    serve_end();
}

static void near_the_end_challenges_are_refused(void)
{
    struct coap_exchange x = { .limit = 65536 };
    struct message_request m = serve_whole();

    serve_begin();
    serve_drain(serve);
    serve_ask(&x, &m);
    serve_check_refused(&x, COAP_REFUSAL_UNAVAILABLE, "about to stop");
    CHECK_UINT((uint64_t)serve_tpm.begun, 0);
    serve_end();
}

int main(void)
{
    static const struct test tests[] = {
        { "R61 what is no request is refused with a reason",
                what_is_no_request_is_refused_with_a_reason },
        { "R80 every challenge is answered in turn, and too many are refused",
                every_challenge_is_answered_in_turn_and_too_many_are_refused },
        { "a peer that is gone costs no quote", a_peer_that_is_gone_costs_no_quote },
        { "abandoned requests are forgotten", abandoned_requests_are_forgotten },
        { "a failed quote is an error answer with its reason",
                a_failed_quote_is_an_error_answer_with_its_reason },
        { "near the end challenges are refused", near_the_end_challenges_are_refused },
    };

    return serve_run("serve", tests, ARRAY_LEN(tests));
}
