/* SPDX-License-Identifier: BSD-3-Clause */
#include <stdlib.h>
#include <string.h>

#include "protocol/coap_server_internal.h"
#include "protocol/problem.h"

/* IANA, CoAP Content-Formats. */
enum {
    FORMAT_CBOR_SEQUENCE = 63,
    FORMAT_PROBLEM = 257,
};

/* RFC 7959 section 2.2. */
#define BLOCK_SIZE_MAX 1024

static void add_uint_option(coap_pdu_t *pdu, coap_option_num_t number, unsigned int value)
{
    uint8_t encoded[4];

    coap_add_option(pdu, number, coap_encode_var_safe(encoded, sizeof(encoded), value), encoded);
}

void coap_problem_write(coap_pdu_t *pdu, const struct coap_problem *p)
{
    struct problem text = { bytes_of_text(p->title), bytes_of_text(p->detail) };
    uint8_t encoded[PROBLEM_ENCODED_MAX];
    struct bytes body;

    coap_pdu_set_code(pdu, p->code);
    add_uint_option(pdu, COAP_OPTION_CONTENT_FORMAT, FORMAT_PROBLEM);
    if (p->max_age > 0) {
        add_uint_option(pdu, COAP_OPTION_MAXAGE, p->max_age);
    }
    /* The code says what matters; the words go where there is room for them. */
    if (problem_encode(&text, encoded, sizeof(encoded), &body)) {
        coap_add_data(pdu, body.len, body.ptr);
    }
}

/* Size of the blocks: what the peer asked for, or less, so that a block fits its messages. */
static unsigned int fit_szx(unsigned int szx, size_t room)
{
    while (szx > 0 && ((size_t)16 << szx) > room) {
        szx--;
    }
    return szx;
}

static void write_block_option(coap_pdu_t *pdu, size_t offset, bool more, unsigned int szx)
{
    add_uint_option(pdu, COAP_OPTION_BLOCK2,
            (unsigned int)(offset >> (szx + 4)) << 4 | (more ? 8u : 0u) | szx);
}

void coap_answer_write(coap_pdu_t *pdu, const struct coap_answer *a, const struct coap_block *b)
{
    unsigned int szx = fit_szx(b->szx, coap_peer_room(a->peer));
    size_t size = coap_answer_is_whole(a, b) ? a->body.len : (size_t)16 << szx;
    size_t offset = (size_t)b->num << (b->szx + 4);

    if (offset > 0 && offset >= a->body.len) {
        coap_problem_write(pdu,
                &(struct coap_problem){ .code = COAP_RESPONSE_CODE_BAD_REQUEST,
                        .title = "No such block",
                        .detail = "the answer is shorter" });
        return;
    }
    size_t left = a->body.len - offset;
    bool more = left > size;

    coap_pdu_set_code(pdu, COAP_RESPONSE_CODE_CONTENT);
    coap_add_option(pdu, COAP_OPTION_ETAG, sizeof(a->etag), a->etag);
    add_uint_option(pdu, COAP_OPTION_CONTENT_FORMAT, FORMAT_CBOR_SEQUENCE);
    /* The next log chunk from here has more bytes: no cache may answer for us. */
    add_uint_option(pdu, COAP_OPTION_MAXAGE, 0);
    if (b->asked || more) {
        write_block_option(pdu, offset, more, szx);
        add_uint_option(pdu, COAP_OPTION_SIZE2, (unsigned int)a->body.len);
    }
    coap_add_data(pdu, more ? size : left, a->body.data + offset);
}

bool coap_answer_is_whole(const struct coap_answer *a, const struct coap_block *b)
{
    size_t most = a->peer->listener->reliable ? coap_peer_room(a->peer) : BLOCK_SIZE_MAX;

    return !b->asked && a->body.len <= most;
}

void coap_answer_drop(struct coap_server *s, struct coap_answer *a)
{
    TAILQ_REMOVE(&s->kept, a, link);
    s->kept_count--;
    s->kept_bytes -= a->body.len;
    coap_identity_clear(&a->id);
    buffer_clear(&a->body);
    coap_peer_unhold(a->peer);
    free(a);
}

static void make_room(struct coap_server *s, size_t bytes)
{
    while (!TAILQ_EMPTY(&s->kept) &&
            (s->kept_count >= COAP_KEPT_MAX || s->kept_bytes + bytes > COAP_KEPT_BYTES_MAX)) {
        coap_answer_drop(s, TAILQ_FIRST(&s->kept));
    }
}

struct coap_answer *coap_answer_keep(struct coap_exchange *x, struct buffer *body)
{
    struct coap_server *s = x->peer->listener->server;
    struct coap_answer *a = calloc(1, sizeof(*a));

    if (a == NULL) {
        return NULL;
    }
    make_room(s, body->len);
    a->peer = x->peer;
    a->id = x->id;
    x->id.payload = (struct buffer){ 0 };
    a->body = *body;
    *body = (struct buffer){ 0 };
    a->used_ms = coap_server_now();
    s->next_etag++;
    memcpy(a->etag, &s->next_etag, sizeof(a->etag));
    coap_peer_hold(a->peer);
    TAILQ_INSERT_TAIL(&s->kept, a, link);
    s->kept_count++;
    s->kept_bytes += a->body.len;
    coap_server_set_timer(s);
    return a;
}

static struct coap_answer *used(struct coap_server *s, struct coap_answer *a)
{
    a->used_ms = coap_server_now();
    TAILQ_REMOVE(&s->kept, a, link);
    TAILQ_INSERT_TAIL(&s->kept, a, link);
    return a;
}

struct coap_answer *coap_answer_find(struct coap_server *s, const struct coap_peer *p,
        bool (*matches)(const struct coap_answer *a, const void *ctx), const void *ctx)
{
    struct coap_answer *a;

    TAILQ_FOREACH_REVERSE (a, &s->kept, coap_answers, link) {
        if (a->peer == p && matches(a, ctx)) {
            return used(s, a);
        }
    }
    return NULL;
}

void coap_answers_expire(struct coap_server *s)
{
    uint64_t now = coap_server_now();

    while (!TAILQ_EMPTY(&s->kept) && TAILQ_FIRST(&s->kept)->used_ms + COAP_KEPT_MS <= now) {
        coap_answer_drop(s, TAILQ_FIRST(&s->kept));
    }
}
