/* SPDX-License-Identifier: BSD-3-Clause */
#include "protocol/coap_rate.h"
#include "tests/check.h"

#define RATE  5u
#define BURST (RATE * COAP_RATE_BURST_SECONDS)

static struct coap_address_key key(unsigned int n)
{
    return (struct coap_address_key){ .bytes = { (uint8_t)n, (uint8_t)(n >> 8) } };
}

static unsigned int take(struct coap_rate *r, unsigned int n, unsigned int cost, uint64_t now_ms)
{
    struct coap_address_key k = key(n);

    return coap_rate_take(r, &k, cost, now_ms);
}

static void rest_is_saved_up_and_spent(void)
{
    static struct coap_rate r = { .per_second = RATE };

    for (unsigned int i = 0; i < BURST; i++) {
        CHECK_UINT(take(&r, 1, COAP_RATE_COST_QUOTE, 1000), 0);
    }
    CHECK_UINT(take(&r, 1, COAP_RATE_COST_QUOTE, 1000), 1);
    CHECK_UINT(take(&r, 1, COAP_RATE_COST_QUOTE, 1199), 1);
    CHECK_UINT(take(&r, 1, COAP_RATE_COST_QUOTE, 1200), 0);
    CHECK_UINT(take(&r, 1, COAP_RATE_COST_QUOTE, 1200), 1);
    /* No more than the burst, however long the rest. */
    for (unsigned int i = 0; i < BURST; i++) {
        CHECK_UINT(take(&r, 1, COAP_RATE_COST_QUOTE, UINT64_C(1) << 40), 0);
    }
    CHECK_UINT(take(&r, 1, COAP_RATE_COST_QUOTE, UINT64_C(1) << 40), 1);
}

static void others_are_not_affected(void)
{
    static struct coap_rate r = { .per_second = RATE };

    for (unsigned int i = 0; i < 2 * BURST; i++) {
        take(&r, 1, COAP_RATE_COST_QUOTE, 0);
    }
    CHECK(take(&r, 1, COAP_RATE_COST_QUOTE, 0) > 0);
    CHECK_UINT(take(&r, 2, COAP_RATE_COST_QUOTE, 0), 0);
}

static void pieces_of_a_list_go_on_while_quotes_wait(void)
{
    static struct coap_rate r = { .per_second = RATE };
    unsigned int pieces = 0;

    for (unsigned int i = 0; i < 2 * BURST; i++) {
        take(&r, 1, COAP_RATE_COST_QUOTE, 0);
    }
    for (uint64_t now = 0; now < 1000; now += 5) {
        CHECK(take(&r, 1, COAP_RATE_COST_QUOTE, now) > 0);
        pieces += take(&r, 1, COAP_RATE_COST_CHUNK, now) == 0 ? 1 : 0;
    }
    CHECKF(pieces >= RATE * COAP_RATE_COST_QUOTE - 1, "%u pieces in a second", pieces);
}

static void a_full_table_forgets_who_rested_longest(void)
{
    static struct coap_rate r = { .per_second = RATE };
    uint64_t now = 0;

    for (unsigned int n = 0; n <= COAP_RATE_BUCKETS; n++) {
        for (unsigned int i = 0; i < BURST; i++) {
            CHECK_UINT(take(&r, n, COAP_RATE_COST_QUOTE, now), 0);
        }
        CHECK(take(&r, n, COAP_RATE_COST_QUOTE, now) > 0);
        now++;
    }
    /* The first is forgotten, the last is not. */
    CHECK(take(&r, COAP_RATE_BUCKETS, COAP_RATE_COST_QUOTE, now) > 0);
    CHECK_UINT(take(&r, 0, COAP_RATE_COST_QUOTE, now), 0);
}

static void without_a_limit_there_is_none(void)
{
    static struct coap_rate r;

    for (unsigned int i = 0; i < 1000; i++) {
        CHECK_UINT(take(&r, 1, COAP_RATE_COST_QUOTE, 0), 0);
    }
}

int main(void)
{
    static const struct test tests[] = {
        { "rest is saved up and spent", rest_is_saved_up_and_spent },
        { "others are not affected", others_are_not_affected },
        { "pieces of a list go on while quotes wait", pieces_of_a_list_go_on_while_quotes_wait },
        { "a full table forgets who rested longest", a_full_table_forgets_who_rested_longest },
        { "without a limit there is none", without_a_limit_there_is_none },
    };

    return run_tests("coap_rate", tests, ARRAY_LEN(tests));
}
