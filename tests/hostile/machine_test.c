/* SPDX-License-Identifier: BSD-3-Clause */
#include <stdlib.h>
#include <string.h>

#include "protocol/stream.h"
#include "tests/check.h"
#include "tests/forge_internal.h"
#include "tests/hostile/machine.h"

#define LIMIT 65536

static void ask(struct machine *m, struct message_request *q, struct forge_bytes *out)
{
    static uint8_t challenge[32];
    uint8_t room[MESSAGE_REQUEST_MAX];
    struct bytes request;
    struct error err = { 0 };

    q->want[LOG_KIND_BOOT] = (struct message_want){ true, 0, 1 << 20 };
    q->want[LOG_KIND_IMA].wanted = true;
    q->want[LOG_KIND_IMA].max_bytes = 1 << 20;
    if (q->selection.count > 0) {
        challenge[0]++;
        q->challenge = (struct bytes){ challenge, sizeof(challenge) };
    }
    REQUIRE(message_request_encode(q, room, sizeof(room), &request, &err));
    out->len = 0;
    REQUIRE(machine_answer(m, request, LIMIT, out));
}

static const struct message_request first = {
    .selection = { 1, { { DIGEST_SHA256, FORGE_PCRS } } },
};

/* The messages of an answer; what the list's chunks hold goes to list. */
static size_t read_answer(struct bytes answer, struct message_evidence *e, struct forge_bytes *list)
{
    static uint8_t buffer[MESSAGE_SIZE_MAX];
    struct message_stream s = message_stream_init(buffer, sizeof(buffer));
    struct message_chunk chunk;
    struct error err = { 0 };
    struct bytes message;
    size_t room;
    size_t count = 0;

    memcpy(message_stream_space(&s, &room), answer.ptr, answer.len);
    message_stream_added(&s, answer.len);
    while (CHECKF(message_stream_next(&s, &message, &err), "%s", err.text) && message.len > 0) {
        if (count++ == 0 && message.ptr[4] == MESSAGE_EVIDENCE) {
            CHECKF(message_evidence_decode(message, e, &err), "%s", err.text);
        } else if (CHECKF(message_chunk_decode(message, &chunk, &err), "%s", err.text) &&
                chunk.log == LOG_KIND_IMA) {
            forge_add(list, chunk.data);
        }
    }
    CHECK(message_stream_finish(&s, &err));
    return count;
}

static void honest_machine(void)
{
    struct machine m;
    struct forge_bytes out = { 0 };
    struct forge_bytes list = { 0 };
    struct message_evidence e;
    struct message_request q = first;
    uint8_t name[MACHINE_NAME_SIZE];

    machine_init(&m, NULL, 5);
    ask(&m, &q, &out);
    CHECK_UINT(read_answer(forge_view(&out), &e, &list), 3);
    CHECK(bytes_equal(forge_view(&list), forge_view(&m.f.list)));

    machine_ak_name(&m.key, name);
    q.has_cursor = true;
    q.cursor = (struct message_cursor){ { name, sizeof(name) }, m.f.quote.clock.reset,
        m.f.quote.clock.restart, m.f.records };
    q.want[LOG_KIND_IMA].offset = list.len;
    size_t old = list.len;

    ask(&m, &q, &out);
    CHECK_UINT(read_answer(forge_view(&out), &e, &list), 3);
    CHECK_UINT(e.log[LOG_KIND_IMA].entry, 6);
    CHECK_UINT(e.log[LOG_KIND_IMA].offset, old);
    CHECK(list.len > old && bytes_equal(forge_view(&list), forge_view(&m.f.list)));

    q = (struct message_request){ .want[LOG_KIND_IMA].offset = old };
    ask(&m, &q, &out);
    CHECK_UINT(read_answer(forge_view(&out), &e, &list), 2);
    forge_bytes_clear(&out);
    forge_bytes_clear(&list);
    machine_clear(&m);
}

/* Three challenges, each with a request for more behind it. */
static void play(const struct lie *lie, struct forge_bytes answers[6])
{
    struct machine m;

    machine_init(&m, lie, 5);
    for (size_t i = 0; i < 6; i++) {
        struct message_request q = i % 2 == 0 ? first : (struct message_request){ 0 };

        q.want[LOG_KIND_IMA].offset = i % 2 == 0 ? 0 : 300;
        ask(&m, &q, &answers[i]);
    }
    machine_clear(&m);
}

static void every_lie(void)
{
    const struct lie *lie;

    for (size_t i = 0; (lie = lie_at(i)) != NULL; i++) {
        struct forge_bytes answers[6] = { { 0 } };

        check_case = lie->name;
        CHECK(lie_find(lie->name) == lie);
        play(lie, answers);
        for (size_t k = 0; k < ARRAY_LEN(answers); k++) {
            forge_bytes_clear(&answers[k]);
        }
    }
    check_case = "";
    CHECK(lie_find("truth") == NULL);
}

static const struct test tests[] = {
    { "an honest machine sends quote, logs and delta as the protocol says", honest_machine },
    { "every lie has a name of its own, and can be told again and again", every_lie },
};

int main(void)
{
    return run_tests("machine", tests, ARRAY_LEN(tests));
}
