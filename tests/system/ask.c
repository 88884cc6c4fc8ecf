/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A verifier that believes everything: asks an agent and writes what it answers to an evidence
 * file, with the logs to their ends. usage: ask URI FILE [NAME=VALUE...]
 *   challenge=HEX     default: random
 *   pcrs=0x47ff       of bank sha256
 *   logs=bi           of b, i, u: which are wanted
 *   from=N            byte of the IMA list to start at, with
 *   cursor=NAME,RESET,ENTRY
 *   held=HEX          SHA-256 of the boot log that is held
 *   chunk=N           bytes to ask for at once
 *   count=N           ask so often, and print how long that took
 *   raw=FILE          send these bytes instead
 *   timeout=MS
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "host/clock.h"
#include "host/file.h"
#include "protocol/coap_client.h"
#include "protocol/message.h"
#include "protocol/request.h"
#include "protocol/stream.h"

#define ANSWER_MAX (4u << 20)

struct ask {
    struct coap_client *client;
    struct message_request request;
    uint8_t challenge[MESSAGE_CHALLENGE_MAX];
    uint8_t name[MESSAGE_AK_NAME_MAX];
    uint8_t held[MESSAGE_BOOT_LOG_ID_SIZE];
    bool random;
    uint64_t chunk;
    unsigned long count;
    const char *raw;
    const char *logs;
    uint64_t from;
    uint32_t pcrs;
    unsigned int timeout_ms;
    uint8_t stream_room[MESSAGE_SIZE_MAX];
    FILE *out;
};

static bool take_hex(const char *text, uint8_t *dst, size_t size, struct bytes *out)
{
    size_t len;

    if (!bytes_from_hex(bytes_of_text(text), dst, size, &len)) {
        return false;
    }
    *out = (struct bytes){ dst, len };
    return true;
}

static bool take_cursor(struct ask *a, const char *text)
{
    char name[2 * MESSAGE_AK_NAME_MAX + 1];
    struct message_cursor *c = &a->request.cursor;

    a->request.has_cursor = true;
    return sscanf(text, "%132[0-9a-f],%" SCNu32 ",%" SCNu64, name, &c->reset_count, &c->entry) ==
            3 &&
            take_hex(name, a->name, sizeof(a->name), &c->ak_name);
}

static bool take_option(struct ask *a, const char *option)
{
    const char *value = strchr(option, '=');
    size_t len = value != NULL ? (size_t)(value++ - option) : 0;
    struct bytes name = { (const uint8_t *)option, len };

    if (bytes_equal_text(name, "challenge")) {
        a->random = false;
        return take_hex(value, a->challenge, sizeof(a->challenge), &a->request.challenge);
    }
    if (bytes_equal_text(name, "held")) {
        return take_hex(value, a->held, sizeof(a->held), &a->request.boot_log_id);
    }
    if (bytes_equal_text(name, "cursor")) {
        return take_cursor(a, value);
    }
    if (bytes_equal_text(name, "raw")) {
        a->raw = value;
    } else if (bytes_equal_text(name, "logs")) {
        a->logs = value;
    } else if (bytes_equal_text(name, "pcrs")) {
        a->pcrs = (uint32_t)strtoul(value, NULL, 0);
    } else if (bytes_equal_text(name, "from")) {
        a->from = strtoull(value, NULL, 0);
    } else if (bytes_equal_text(name, "chunk")) {
        a->chunk = strtoull(value, NULL, 0);
    } else if (bytes_equal_text(name, "count")) {
        a->count = strtoul(value, NULL, 0);
    } else if (bytes_equal_text(name, "timeout")) {
        a->timeout_ms = (unsigned int)strtoul(value, NULL, 0);
    } else {
        return false;
    }
    return true;
}

static bool send(struct ask *a, const struct message_request *m, struct bytes *answer,
        struct error *err)
{
    uint8_t encoded[MESSAGE_REQUEST_MAX];
    struct bytes request;

    return message_request_encode(m, encoded, sizeof(encoded), &request, err) &&
            coap_client_ask(a->client, request, ANSWER_MAX, answer, err);
}

static bool keep(struct ask *a, struct bytes b, struct error *err)
{
    return a->out == NULL || fwrite(b.ptr, 1, b.len, a->out) == b.len ||
            error_set(err, ERROR_IO, "cannot write");
}

/* The one chunk that a request for more is answered with. */
static bool take_more(struct bytes answer, struct message_chunk *chunk, struct error *err)
{
    uint64_t expected = chunk->offset + chunk->data.len;

    return message_chunk_decode(answer, chunk, err) &&
            (chunk->offset == expected ||
                    error_set(err, ERROR_MALFORMED, "chunk at %" PRIu64 ", want %" PRIu64,
                            chunk->offset, expected));
}

/* first is a view into an answer that the next ask throws away: copied by whoever calls. */
static bool follow(struct ask *a, struct message_chunk chunk, struct error *err)
{
    while (!chunk.last) {
        struct message_request m = { 0 };
        struct bytes answer;

        m.want[chunk.log] = (struct message_want){ true, chunk.offset + chunk.data.len, a->chunk };
        if (!send(a, &m, &answer, err) || !keep(a, answer, err) ||
                !take_more(answer, &chunk, err)) {
            return false;
        }
    }
    return true;
}

/* Messages of the first answer; each log is followed to its end before the next one is written. */
static bool take_answer(struct ask *a, struct bytes answer, struct error *err)
{
    struct buffer copy = { malloc(answer.len), answer.len };
    struct message_stream s = message_stream_init(a->stream_room, sizeof(a->stream_room));
    bool ok = copy.data != NULL;
    size_t at = 0;

    memcpy(copy.data, answer.ptr, answer.len);
    while (ok) {
        struct bytes message;
        enum message_type type;
        struct message_chunk chunk;

        ok = message_stream_next(&s, &message, err);
        if (ok && message.len > 0) {
            ok = message_type_read(message, &type, err) && keep(a, message, err) &&
                    (type == MESSAGE_EVIDENCE ||
                            (message_chunk_decode(message, &chunk, err) && follow(a, chunk, err)));
        } else if (ok && at < copy.len) {
            size_t room;
            uint8_t *to = message_stream_space(&s, &room);

            room = room < copy.len - at ? room : copy.len - at;
            memcpy(to, copy.data + at, room);
            at += room;
            message_stream_added(&s, room);
        } else {
            break;
        }
    }
    buffer_clear(&copy);
    return ok && message_stream_finish(&s, err);
}

static bool ask_once(struct ask *a, struct error *err)
{
    struct bytes answer;

    if (a->random) {
        if (getrandom(a->challenge, 32, 0) != 32) {
            return error_set(err, ERROR_IO, "no randomness");
        }
        a->request.challenge = (struct bytes){ a->challenge, 32 };
    }
    return send(a, &a->request, &answer, err) && take_answer(a, answer, err);
}

static bool ask_raw(struct ask *a, struct error *err)
{
    struct buffer raw CLEANUP(buffer_clear) = { 0 };
    struct bytes answer;

    return file_read(a->raw, 65536, &raw, err) &&
            coap_client_ask(a->client, buffer_view(&raw), ANSWER_MAX, &answer, err) &&
            keep(a, answer, err);
}

static void want(struct ask *a)
{
    static const char letters[LOG_KIND_COUNT] = { '-', 'b', 'i', 'u' };

    if (a->chunk == 0) {
        a->chunk = coap_client_chunk(a->client);
    }
    for (size_t i = LOG_KIND_BOOT; i < LOG_KIND_COUNT; i++) {
        a->request.want[i] = (struct message_want){ strchr(a->logs, letters[i]) != NULL,
            i == LOG_KIND_IMA ? a->from : 0, a->chunk };
    }
    a->request.selection =
            (struct pcr_selection){ 1, { { .alg = DIGEST_SHA256, .mask = a->pcrs } } };
}

static bool ask_all(struct ask *a, struct error *err)
{
    int64_t began = clock_now_ms();

    if (a->raw != NULL) {
        return ask_raw(a, err);
    }
    want(a);
    for (unsigned long i = 0; i < a->count; i++) {
        if (!ask_once(a, err)) {
            return error_wrap(err, "number %lu", i);
        }
    }
    if (a->count > 1) {
        printf("%lu answers in %" PRId64 " ms\n", a->count, clock_now_ms() - began);
    }
    return true;
}

int main(int argc, char *argv[])
{
    static struct ask a = { .random = true, .count = 1, .logs = "bi", .pcrs = 0x47ff };
    struct error err = { 0 };
    struct uri uri;

    for (int i = 3; i < argc; i++) {
        if (!take_option(&a, argv[i])) {
            fprintf(stderr, "ask: %s?\n", argv[i]);
            return 2;
        }
    }
    if (argc < 3) {
        fprintf(stderr, "usage: ask URI FILE [NAME=VALUE...]\n");
        return 2;
    }
    const struct coap_client_options options = { .timeout_ms = a.timeout_ms };

    a.out = strcmp(argv[2], "-") != 0 ? fopen(argv[2], "wb") : NULL;
    bool ok = uri_read(bytes_of_text(argv[1]), &uri, &err) &&
            coap_client_new(&uri, &options, &a.client, &err) && ask_all(&a, &err);

    if (!ok) {
        fprintf(stderr, "ask: %s (%s)\n", err.text, error_code_name(err.code));
    }
    coap_client_free(a.client);
    if (a.out != NULL && fclose(a.out) != 0) {
        return EXIT_FAILURE;
    }
    return ok ? EXIT_SUCCESS : EXIT_FAILURE;
}
