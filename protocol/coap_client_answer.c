/* SPDX-License-Identifier: BSD-3-Clause */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "protocol/coap_client_internal.h"
#include "protocol/problem.h"

/* IANA, CoAP Content-Formats. */
enum {
    FORMAT_NONE = -1,
    FORMAT_CBOR_SEQUENCE = 63,
    FORMAT_PROBLEM = 257,
};

/* RFC 7252 section 5.10.5: without the option. */
#define MAX_AGE_DEFAULT 60
#define ECHOES_MAX      3
/* An agent that says "at once" gets no flood of requests. */
#define PAUSE_MIN_MS 500
#define RESTARTS_MAX 3
#define CAPACITY_MIN 4096

/** The options of a response that matter. */
struct answer_head {
    int format;
    bool has_block;
    uint32_t num;
    bool more;
    unsigned int szx;
    struct bytes etag;
    struct bytes echo;
    uint32_t max_age;
};

static struct answer_head read_head(const coap_pdu_t *pdu)
{
    struct answer_head h = { .format = FORMAT_NONE, .max_age = MAX_AGE_DEFAULT };
    coap_opt_iterator_t i;
    coap_opt_t *option;

    coap_option_iterator_init(pdu, &i, COAP_OPT_ALL);
    while ((option = coap_option_next(&i)) != NULL) {
        struct bytes bytes = { coap_opt_value(option), coap_opt_length(option) };
        uint32_t value = coap_decode_var_bytes(bytes.ptr, bytes.len);

        switch (i.number) {
        case COAP_OPTION_CONTENT_FORMAT:
            h.format = (int)(value & UINT16_MAX);
            break;
        case COAP_OPTION_BLOCK2:
            h.has_block = true;
            h.num = value >> 4;
            h.more = (value & 8) != 0;
            h.szx = value & 7;
            break;
        case COAP_OPTION_ETAG:
            h.etag = bytes;
            break;
        case COAP_OPTION_ECHO:
            h.echo = bytes;
            break;
        case COAP_OPTION_MAXAGE:
            h.max_age = value;
            break;
        default:
            break;
        }
    }
    return h;
}

static void fail(struct coap_ask *ask)
{
    ask->step = STEP_FAIL;
}

/* "4.04 Not Found", and what the agent says about it. */
static void take_error(struct coap_ask *ask, unsigned int code, const struct answer_head *h,
        struct bytes payload)
{
    const char *phrase = coap_response_phrase((unsigned char)code);
    struct problem problem = { 0 };
    struct error ignored;
    char title[128];
    char detail[192];

    /* Words that cannot be read do not change what the code says. */
    if (h->format == FORMAT_PROBLEM && !problem_decode(payload, &problem, &ignored)) {
        problem = (struct problem){ 0 };
    }
    error_set(&ask->error, ERROR_NO_ANSWER, "the agent answers %u.%02u %s%s%s%s%s", code >> 5,
            code & 31, phrase == NULL ? "" : phrase, problem.title.len > 0 ? ": " : "",
            bytes_print(title, sizeof(title), problem.title), problem.detail.len > 0 ? ": " : "",
            bytes_print(detail, sizeof(detail), problem.detail));
    fail(ask);
}

/* RFC 9175 section 2.3: the agent wants to see that we are where we say we are. */
static bool take_echo(struct coap_ask *ask, const struct answer_head *h)
{
    if (h->echo.len == 0 || h->echo.len > sizeof(ask->echo) || ask->echoes == ECHOES_MAX) {
        return false;
    }
    memcpy(ask->echo, h->echo.ptr, h->echo.len);
    ask->echo_len = h->echo.len;
    ask->echoes++;
    ask->step = STEP_SEND;
    return true;
}

void coap_client_begin(struct coap_client *c, struct coap_ask *ask)
{
    c->body.len = 0;
    ask->begun = false;
    ask->num = 0;
    ask->szx = COAP_SZX_MAX;
    ask->etag_len = 0;
    ask->step = STEP_SEND;
}

static void take_refusal(struct coap_client *c, struct coap_ask *ask, unsigned int code,
        const struct answer_head *h, struct bytes payload)
{
    take_error(ask, code, h, payload);
    if (code == COAP_RESPONSE_CODE_UNAUTHORIZED) {
        take_echo(ask, h);
    }
    if (code == COAP_RESPONSE_CODE_TOO_MANY_REQUESTS ||
            code == COAP_RESPONSE_CODE_SERVICE_UNAVAILABLE) {
        ask->pause_ms = h->max_age < UINT32_MAX / 1000 ? h->max_age * 1000 : UINT32_MAX;
        ask->pause_ms = ask->pause_ms < PAUSE_MIN_MS ? PAUSE_MIN_MS : ask->pause_ms;
        ask->step = STEP_PAUSE;
    }
    /* The agent no longer has the answer that we have the beginning of. */
    if (code == COAP_RESPONSE_CODE_INCOMPLETE && ask->begun && ask->restarts < RESTARTS_MAX) {
        ask->restarts++;
        coap_client_begin(c, ask);
    }
}

static bool check_block(const struct coap_ask *ask, const struct answer_head *h, size_t have,
        size_t len, struct error *err)
{
    size_t size = (size_t)16 << h->szx;

    if (h->format != FORMAT_CBOR_SEQUENCE) {
        return error_set(err, ERROR_MALFORMED, "Content-Format %d, want %d", h->format,
                FORMAT_CBOR_SEQUENCE);
    }
    if (!h->has_block) {
        return !ask->begun ||
                error_set(err, ERROR_MALFORMED, "block %" PRIu32 " comes without Block2", ask->num);
    }
    if (h->szx > COAP_SZX_MAX || (h->more ? len != size : len > size)) {
        return error_set(err, ERROR_MALFORMED, "a block of %zu bytes, its size is %zu", len, size);
    }
    if (((size_t)h->num << (h->szx + 4)) != have) {
        return error_set(err, ERROR_MALFORMED, "block %" PRIu32 " of %zu bytes at offset %zu",
                h->num, size, have);
    }
    if (ask->begun && !bytes_equal(h->etag, (struct bytes){ ask->etag, ask->etag_len })) {
        return error_set(err, ERROR_MALFORMED, "the ETag changes at block %" PRIu32, h->num);
    }
    return h->etag.len <= COAP_ETAG_MAX ||
            error_set(err, ERROR_MALFORMED, "an ETag of %zu bytes", h->etag.len);
}

/* Memory grows with what has arrived, whatever Size2 claims. */
static bool append(struct coap_client *c, struct bytes more, size_t max, struct error *err)
{
    size_t len = c->body.len + more.len;

    if (more.len > max || c->body.len > max - more.len) {
        return error_set(err, ERROR_LIMIT, "the answer has more than %zu bytes", max);
    }
    if (len > c->capacity) {
        size_t capacity = len < CAPACITY_MIN ? CAPACITY_MIN : len + len / 2;
        uint8_t *data = realloc(c->body.data, capacity);

        if (data == NULL) {
            return error_set(err, ERROR_NOMEM, "out of memory");
        }
        c->body.data = data;
        c->capacity = capacity;
    }
    if (more.len > 0) {
        memcpy(c->body.data + c->body.len, more.ptr, more.len);
    }
    c->body.len = len;
    return true;
}

static void take_content(struct coap_client *c, struct coap_ask *ask, const struct answer_head *h,
        struct bytes payload)
{
    if (!check_block(ask, h, c->body.len, payload.len, &ask->error) ||
            !append(c, payload, ask->max, &ask->error)) {
        fail(ask);
        return;
    }
    ask->begun = true;
    ask->echoes = 0;
    ask->progress_ms = coap_client_now();
    if (h->etag.len > 0) {
        memcpy(ask->etag, h->etag.ptr, h->etag.len);
    }
    ask->etag_len = h->etag.len;
    ask->szx = h->szx;
    ask->num = h->num + 1;
    ask->step = h->more ? STEP_SEND : STEP_DONE;
}

bool coap_client_take(struct coap_client *c, const coap_pdu_t *response)
{
    struct coap_ask *ask = c->ask;
    coap_bin_const_t token = coap_pdu_get_token(response);
    struct answer_head head = read_head(response);
    unsigned int code = (unsigned int)coap_pdu_get_code(response);
    struct bytes payload = { 0 };

    if (ask == NULL || ask->step != STEP_WAIT ||
            !bytes_equal((struct bytes){ token.s, token.length },
                    (struct bytes){ ask->token, sizeof(ask->token) })) {
        return false;
    }
    coap_get_data(response, &payload.len, &payload.ptr);
    c->met = true;
    ask->echo_len = 0;
    if (code == COAP_RESPONSE_CODE_CONTENT) {
        take_content(c, ask, &head, payload);
    } else {
        take_refusal(c, ask, code, &head, payload);
    }
    return true;
}
