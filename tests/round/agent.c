/* SPDX-License-Identifier: BSD-3-Clause */
#include "tests/round/agent.h"

#include <stdlib.h>
#include <string.h>

#include "protocol/binding.h"
#include "tests/forge_internal.h"
#include "tpm/public.h"

static struct hasher hasher;

static void forget_hasher(void)
{
    hasher_clear(&hasher);
}

void fake_agent_init(struct fake_agent *a, struct forge *machine)
{
    struct error err = { 0 };

    if (hasher.ctx[DIGEST_SHA256] == NULL) {
        REQUIRE(hasher_init(&hasher, &err));
        REQUIRE(atexit(forget_hasher) == 0);
    }
    *a = (struct fake_agent){
        .machine = machine,
        .clock = { 123456, 7, 3, true },
        .version = "0.0-fake",
        .chunk = 4096,
    };
}

void fake_agent_clear(struct fake_agent *a)
{
    forge_bytes_clear(&a->answer);
}

static struct tpm_name name_of(const struct forge_key *k)
{
    struct tpm_name name = { 0 };
    struct tpm_public public;
    struct error err = { 0 };

    REQUIRE(tpm_public_read(forge_key_public(k), &public, &err) &&
            tpm_public_name(&hasher, &public, &name, &err));
    return name;
}

/* The same PCRs in every bank: what a policy asks for. */
static void quote(struct fake_agent *a, const struct message_request *request)
{
    struct forge *f = a->machine;
    struct tpm_name name = name_of(&f->key);
    struct binding binding = { .challenge = request->challenge, .ak_name = tpm_name_view(&name) };
    struct error err = { 0 };
    uint32_t banks = 0;

    for (size_t i = 0; i < request->selection.count; i++) {
        banks |= 1u << request->selection.bank[i].alg;
    }
    REQUIRE(binding_digest(&hasher, &binding, f->nonce, &err));
    if (a->before_quote != NULL) {
        a->before_quote(a);
    }
    forge_ask(f, banks, request->selection.bank[0].mask);
    a->clock.clock_ms += 1000;
    f->quote.clock = a->clock;
    if (a->change_quote != NULL) {
        a->change_quote(a);
    }
    forge_sign(f);
    a->quotes++;
    if (a->after_quote != NULL) {
        a->after_quote(a);
    }
}

static struct bytes log_bytes(const struct fake_agent *a, enum log_kind log)
{
    return forge_view(log == LOG_KIND_BOOT ? &a->machine->boot_log : &a->machine->list);
}

static void add_chunk(struct fake_agent *a, const struct message_want *want, enum log_kind log,
        uint64_t offset, struct fake_answer *answer)
{
    struct bytes all = log_bytes(a, log);
    size_t at = offset < all.len ? (size_t)offset : all.len;
    size_t len = all.len - at;

    len = len < want->max_bytes ? len : (size_t)want->max_bytes;
    len = a->served > 0 && a->served < len ? a->served : len;
    answer->chunk[answer->chunk_count++] = (struct message_chunk){
        .log = log,
        .offset = offset,
        .last = at + len == all.len,
        .data = { all.ptr + at, len },
    };
}

/* Where a log starts in evidence: behind what is held, if that is still the same. */
static uint64_t boot_start(const struct fake_agent *a, const struct message_request *request)
{
    const struct forge_bytes *log = &a->machine->boot_log;
    uint8_t id[32];

    forge_digest(DIGEST_SHA256, forge_view(log), id);
    return bytes_equal(request->boot_log_id, (struct bytes){ id, sizeof(id) }) &&
                    request->want[LOG_KIND_BOOT].offset == log->len
            ? log->len
            : 0;
}

static bool list_goes_on(const struct fake_agent *a, const struct message_request *request)
{
    struct tpm_name name = name_of(&a->machine->key);

    return request->has_cursor && request->cursor.reset_count == a->clock.reset &&
            bytes_equal(request->cursor.ak_name, tpm_name_view(&name)) &&
            request->want[LOG_KIND_IMA].offset <= a->machine->list.len;
}

static void prove(struct fake_agent *a, const struct message_request *request,
        struct fake_answer *answer)
{
    struct forge *f = a->machine;
    struct message_log *log = answer->evidence.log;

    quote(a, request);
    answer->has_evidence = true;
    answer->evidence.quote = forge_view(&f->attest);
    answer->evidence.signature = forge_view(&f->signature);
    answer->evidence.ak_public = forge_key_public(&f->key);
    answer->evidence.agent_version = bytes_of_text(a->version);
    if (a->ek.public_len > 0) {
        answer->evidence.ek_public = forge_key_public(&a->ek);
    }
    if (f->send_hints) {
        answer->evidence.hints = f->hints;
    }
    if (request->want[LOG_KIND_BOOT].wanted && f->send_boot_log) {
        log[LOG_KIND_BOOT].follows = true;
        log[LOG_KIND_BOOT].offset = boot_start(a, request);
    }
    if (request->want[LOG_KIND_IMA].wanted && f->send_list) {
        bool goes_on = list_goes_on(a, request);

        log[LOG_KIND_IMA] = (struct message_log){
            .follows = true,
            .offset = goes_on ? request->want[LOG_KIND_IMA].offset : 0,
            .entry = goes_on ? request->cursor.entry : 0,
            .template_alg = f->format.alg,
            .template_size = f->format.size,
        };
    }
    for (enum log_kind kind = LOG_KIND_BOOT; kind <= LOG_KIND_IMA; kind++) {
        if (log[kind].follows) {
            add_chunk(a, &request->want[kind], kind, log[kind].offset, answer);
        }
    }
}

static void serve_more(struct fake_agent *a, const struct message_request *request,
        struct fake_answer *answer)
{
    for (enum log_kind kind = LOG_KIND_BOOT; kind <= LOG_KIND_IMA; kind++) {
        if (request->want[kind].wanted) {
            add_chunk(a, &request->want[kind], kind, request->want[kind].offset, answer);
        }
    }
}

static void encode(struct fake_agent *a, const struct fake_answer *answer)
{
    uint8_t *room = malloc(MESSAGE_SIZE_MAX);
    struct error err = { 0 };
    struct bytes message;

    REQUIRE(room != NULL);
    forge_bytes_clear(&a->answer); /* so that nobody looks at an old answer unnoticed */
    if (answer->has_evidence) {
        REQUIRE(message_evidence_encode(&answer->evidence, room, MESSAGE_SIZE_MAX, &message, &err));
        forge_add(&a->answer, message);
    }
    for (size_t i = 0; i < answer->chunk_count; i++) {
        REQUIRE(message_chunk_encode(&answer->chunk[i], room, MESSAGE_SIZE_MAX, &message, &err));
        forge_add(&a->answer, message);
        a->list_bytes += answer->chunk[i].log == LOG_KIND_IMA ? answer->chunk[i].data.len : 0;
    }
    free(room);
}

static bool answer_request(void *ctx, struct bytes bytes, size_t max, struct bytes *out,
        struct error *err)
{
    struct fake_agent *a = ctx;
    struct message_request request;
    struct fake_answer answer = { 0 };
    enum error_code fault = ERROR_NONE;

    REQUIRE(message_request_decode(bytes, &request, err));
    a->asks++;
    if (a->fault != NULL) {
        fault = a->fault(a, &request);
    }
    if (fault != ERROR_NONE) {
        return error_set(err, fault, "the test's link: %s", error_code_name(fault));
    }
    if (request.challenge.len > 0) {
        a->last = request;
        prove(a, &request, &answer);
    } else {
        serve_more(a, &request, &answer);
    }
    if (a->change != NULL) {
        a->change(a, &request, &answer);
    }
    encode(a, &answer);
    if (a->change_bytes != NULL) {
        a->change_bytes(a, &a->answer);
    }
    if (a->answer.len > max) {
        return error_set(err, ERROR_LIMIT, "answer of more than %zu bytes", max);
    }
    *out = forge_view(&a->answer);
    return true;
}

struct link fake_agent_link(struct fake_agent *a)
{
    return (struct link){ .ask = answer_request, .ctx = a, .chunk = a->chunk };
}
