/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Rounds with one host, whose answers are the input, each behind its length (16 bits, little
 * endian). The challenge is always the same, so that a corpus can hold evidence that is good.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <openssl/rand.h>

#include "common/reader.h"
#include "verifier/evidence_input.h"
#include "verifier/policy.h"
#include "verifier/round.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define ROUNDS 3

static const char policy_text[] = "version: 1\nboot: unchecked\nima:\n  exclude: [ \"/usr/**\" ]\n";
static struct hasher hasher;
static struct policy policy;

/* In the place of libcrypto's. */
int RAND_bytes(unsigned char *buf, int num)
{
    memset(buf, 0x5a, (size_t)num);
    return 1;
}

static void require(bool ok)
{
    if (!ok) {
        abort();
    }
}

static void set_up(void)
{
    struct error err = { 0 };
    char path[32];
    int fd;

    if (hasher.md[DIGEST_SHA256] != NULL) {
        return;
    }
    fd = memfd_create("policy", 0);
    require(fd >= 0 && write(fd, policy_text, strlen(policy_text)) == (ssize_t)strlen(policy_text));
    (void)snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
    require(hasher_init(&hasher, &err) && policy_load(path, &policy, &err));
    (void)close(fd);
}

static bool answer(void *ctx, struct bytes request, size_t max, struct bytes *out,
        struct error *err)
{
    struct reader *r = ctx;
    uint16_t len;

    (void)request;
    if (!reader_u16le(r, &len) || !reader_take(r, len < max ? len : max, out)) {
        return error_set(err, ERROR_NO_ANSWER, "no more answers");
    }
    return true;
}

/* A round whose quote does not hold leaves nothing behind but findings. */
static void check(const struct round *r, bool judged, const struct host_state *before,
        const struct host_state *after)
{
    require(!judged || verdict_result(&r->verdict) != VERDICT_TRUSTED || r->quote_is_proven);
    if (!judged || evidence_quote_is_refused(&r->verdict)) {
        require(memcmp(&before->list, &after->list, sizeof(after->list)) == 0);
        require(memcmp(&before->boot, &after->boot, sizeof(after->boot)) == 0);
        require(before->ak_name.len == after->ak_name.len);
    }
    require(!after->has_list || after->list.entry <= after->list.seen);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct reader answers = reader_init((struct bytes){ data, size });
    struct link link = { answer, &answers, 4096 };
    struct identity anybody CLEANUP(identity_clear) = { 0 };
    struct host_state state CLEANUP(host_state_clear) = { 0 };
    struct host host = {
        .link = &link,
        .hasher = &hasher,
        .who = &anybody,
        .identity_mode = "first-use",
        .state = &state,
    };

    set_up();
    for (int i = 0; i < ROUNDS; i++) {
        struct round round CLEANUP(round_clear) = { 0 };
        struct host_state before = state;
        struct error err = { 0 };
        bool judged = round_run(&host, &policy, &round, &err);

        check(&round, judged, &before, &state);
        require(judged || err.code == ERROR_NO_ANSWER);
    }
    return 0;
}
