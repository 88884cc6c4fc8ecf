/* SPDX-License-Identifier: BSD-3-Clause */
#include "protocol/binding.h"
#include "tests/check.h"
#include "tests/protocol/vectors.h"

static struct hasher h;

static struct bytes fill(uint8_t *dst, uint8_t first, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        dst[i] = (uint8_t)(first + i);
    }
    return (struct bytes){ dst, count };
}

static struct binding with_channel(void)
{
    static uint8_t challenge[64];
    static uint8_t name[34];
    static uint8_t channel[32];
    struct bytes rest = fill(name + 2, 0x40, 32);

    name[1] = 0x0b;
    return (struct binding){ .challenge = fill(challenge, 0, 64),
        .ak_name = { name, 2 + rest.len },
        .verifier = bytes_of_text("verifier.example"),
        .channel = fill(channel, 0x80, 32),
        .host_claims = bytes_of_text("claims") };
}

static bool digest_is(const struct binding *b, const char *name)
{
    uint8_t got[BINDING_SIZE];
    struct error err = { 0 };

    return binding_digest(&h, b, got, &err) &&
            bytes_equal((struct bytes){ got, sizeof(got) }, vector(name));
}

static void the_digest_is_the_golden_vector(void)
{
    struct binding b = with_channel();
    uint8_t want[BINDING_SIZE];
    struct error err = { 0 };

    CHECK(digest_is(&b, "binding-channel-digest"));
    b.challenge.len = 16;
    b.verifier = b.channel = b.host_claims = (struct bytes){ 0 };
    CHECK(digest_is(&b, "binding-digest"));
    CHECK(hasher_digest(&h, DIGEST_SHA256, vector("binding"), want, &err));
    CHECK(bytes_equal((struct bytes){ want, sizeof(want) }, vector("binding-digest")));
    CHECK(hasher_digest(&h, DIGEST_SHA256, vector("binding-channel"), want, &err));
    CHECK(bytes_equal((struct bytes){ want, sizeof(want) }, vector("binding-channel-digest")));
}

/* Moving a byte from one field to its neighbour changes the digest: the fields have lengths. */
static void every_field_counts(void)
{
    struct binding good = with_channel();
    struct binding cases[] = { good, good, good, good, good, good };

    cases[0].challenge.len--;
    cases[1].ak_name.len--;
    cases[2].verifier = bytes_of_text("verifier.exampl");
    cases[3].channel = (struct bytes){ 0 };
    cases[4].host_claims = bytes_of_text("claimz");
    cases[5].verifier = good.channel;
    cases[5].channel = good.verifier;
    CHECK(digest_is(&good, "binding-channel-digest"));
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        CHECKF(!digest_is(&cases[i], "binding-channel-digest"), "field %zu", i);
    }
}

static void a_challenge_has_16_to_64_bytes(void)
{
    static const struct {
        size_t len;
        bool ok;
    } cases[] = { { 0, false }, { 15, false }, { 16, true }, { 64, true }, { 65, false } };
    static uint8_t challenge[65];

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct binding b = { .challenge = { challenge, cases[i].len } };
        uint8_t out[BINDING_SIZE];
        struct error err = { 0 };

        CHECKF(binding_digest(&h, &b, out, &err) == cases[i].ok, "%zu bytes", cases[i].len);
        CHECK_UINT(err.code, cases[i].ok ? ERROR_NONE : ERROR_LIMIT);
    }
}

int main(void)
{
    static const struct test tests[] = {
        { "the digest is the golden vector", the_digest_is_the_golden_vector },
        { "every field counts", every_field_counts },
        { "a challenge has 16 to 64 bytes", a_challenge_has_16_to_64_bytes },
    };
    struct error err = { 0 };

    if (!hasher_init(&h, &err)) {
        return 1;
    }
    int status = run_tests("binding", tests, ARRAY_LEN(tests));

    hasher_clear(&h);
    return status;
}
