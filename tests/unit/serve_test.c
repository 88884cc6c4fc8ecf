/* SPDX-License-Identifier: BSD-3-Clause */
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agent/serve.h"
#include "protocol/message.h"
#include "protocol/request.h"
#include "protocol/stream.h"
#include "tests/check.h"

/* A network that is not there: this is where serve's answers end up. */
struct coap_exchange {
    size_t limit;
    int answers; /* of both kinds */
    struct buffer body;
    bool refused;
    enum coap_refusal why;
    char detail[512];
};

size_t coap_exchange_limit(const struct coap_exchange *x)
{
    return x->limit;
}

void coap_exchange_answer(struct coap_exchange *x, struct buffer *body)
{
    x->answers++;
    x->body = *body;
    *body = (struct buffer){ 0 };
}

void coap_exchange_refuse(struct coap_exchange *x, enum coap_refusal why, const char *title,
        const char *detail)
{
    CHECK(*title != '\0');
    x->answers++;
    x->refused = true;
    x->why = why;
    (void)snprintf(x->detail, sizeof(x->detail), "%s", detail);
}

/* A TPM that works when it is told to. */
struct tpm {
    pthread_mutex_t lock;
    pthread_cond_t change;
    bool closed; /* quotes wait while it is */
    int begun;
    int made;
    int rests;
    uint8_t first[64]; /* byte of each challenge, in order */
    enum error_code fails;
    void (*meanwhile)(void); /* while a quote is made */
};

static struct tpm tpm = { .lock = PTHREAD_MUTEX_INITIALIZER, .change = PTHREAD_COND_INITIALIZER };

#define RESET 7
static const struct tpm_name ak_name = { { 0, 11, 'k', 'e', 'y' }, 34 };

static bool prove(void *ctx, struct bytes challenge, const struct pcr_selection *selection,
        struct attester_proof *out, struct error *err)
{
    struct tpm *t = ctx;

    (void)selection;
    (void)pthread_mutex_lock(&t->lock);
    t->first[t->begun % 64] = challenge.ptr[0];
    t->begun++;
    (void)pthread_cond_broadcast(&t->change);
    while (t->closed) {
        (void)pthread_cond_wait(&t->change, &t->lock);
    }
    t->made++;
    (void)pthread_mutex_unlock(&t->lock);
    if (t->fails != ERROR_NONE) {
        return error_set(err, t->fails, "no luck");
    }
    if (t->meanwhile != NULL) {
        t->meanwhile();
    }
    *out = (struct attester_proof){ .attest = { "quote", 5 },
        .signature = { "signature", 9 },
        .ak_public = { "public", 6 },
        .ak_name = ak_name,
        .reset_count = RESET };
    return true;
}

static void rest(void *ctx)
{
    struct tpm *t = ctx;

    (void)pthread_mutex_lock(&t->lock);
    t->rests++;
    (void)pthread_cond_broadcast(&t->change);
    (void)pthread_mutex_unlock(&t->lock);
}

static void tpm_set_closed(bool closed)
{
    (void)pthread_mutex_lock(&tpm.lock);
    tpm.closed = closed;
    (void)pthread_cond_broadcast(&tpm.change);
    (void)pthread_mutex_unlock(&tpm.lock);
}

static void tpm_wait(const int *what, int count)
{
    (void)pthread_mutex_lock(&tpm.lock);
    while (*what < count) {
        (void)pthread_cond_wait(&tpm.change, &tpm.lock);
    }
    (void)pthread_mutex_unlock(&tpm.lock);
}

/* The agent, and its logs. */
static char dir[] = "/tmp/tally_serve_test.XXXXXX";
static char path[LOG_KIND_COUNT][64];
static struct logs logs;
static struct serve *serve;

static void write_log(enum log_kind kind, const char *text, const char *mode)
{
    FILE *f = fopen(path[kind], mode);

    CHECK(f != NULL && fputs(text, f) >= 0 && fclose(f) == 0);
}

static void remove_log(enum log_kind kind)
{
    (void)(unlink(path[kind]) == 0 || rmdir(path[kind]) == 0);
}

#define BOOT "boot log"
#define LIST "0123456789abcdef"

static void begin(void)
{
    const char *const paths[LOG_KIND_COUNT] = { NULL, path[1], path[2], path[3] };
    struct serve_options options = { .attester = { prove, rest, &tpm },
        .queue_max = 16,
        .logs = &logs };
    struct error err = { 0 };

    tpm.closed = false;
    tpm.begun = tpm.made = tpm.rests = 0;
    tpm.fails = ERROR_NONE;
    tpm.meanwhile = NULL;
    for (enum log_kind kind = LOG_KIND_BOOT; kind < LOG_KIND_COUNT; kind++) {
        remove_log(kind);
    }
    write_log(LOG_KIND_BOOT, BOOT, "wb");
    write_log(LOG_KIND_IMA, LIST, "wb");
    logs = (struct logs){ 0 };
    logs_set(&logs, paths);
    CHECK(serve_new(&options, &serve, &err));
}

static void end(void)
{
    CHECK(serve_free(serve));
    logs_clear(&logs);
}

static void ask(struct coap_exchange *x, const struct message_request *m)
{
    uint8_t encoded[MESSAGE_REQUEST_MAX];
    struct bytes out;
    struct error err = { 0 };

    CHECKF(message_request_encode(m, encoded, sizeof(encoded), &out, &err), "%s", err.text);
    serve_request(serve, x, out, "peer");
    memset(encoded, 0xee, sizeof(encoded));
}

static void wait_for(const struct coap_exchange *x)
{
    struct pollfd fd = { serve_fd(serve), POLLIN, 0 };

    while (x->answers == 0) {
        CHECK(poll(&fd, 1, 10000) == 1);
        serve_process(serve);
    }
}

static uint8_t challenge[32];

/* A request for a quote and both logs, from their start. */
static struct message_request whole(void)
{
    return (struct message_request){ .challenge = { challenge, sizeof(challenge) },
        .selection = { 1, { { DIGEST_SHA256, 0x400 } } },
        .want = { { 0 }, { true, 0, 4096 }, { true, 0, 4096 }, { true, 0, 4096 } } };
}

static struct message_request more(enum log_kind kind, uint64_t offset, uint64_t max)
{
    struct message_request m = { 0 };

    m.want[kind] = (struct message_want){ true, offset, max };
    return m;
}

/* The next message of an answer. */
static struct bytes next(struct reader *r)
{
    static uint8_t room[MESSAGE_SIZE_MAX];
    struct message_stream stream = message_stream_init(room, sizeof(room));
    struct bytes all = reader_rest(&(struct reader){ r->origin, r->pos, r->end });
    struct bytes message = { 0 };
    struct error err = { 0 };
    size_t free_room;
    uint8_t *to = message_stream_space(&stream, &free_room);

    all.len = all.len < free_room ? all.len : free_room;
    memcpy(to, all.ptr, all.len);
    message_stream_added(&stream, all.len);
    CHECKF(message_stream_next(&stream, &message, &err), "%s", err.text);
    CHECK(reader_take(r, message.len, &(struct bytes){ 0 }));
    return message;
}

static struct message_evidence next_evidence(struct reader *r)
{
    struct message_evidence m = { 0 };
    struct error err = { 0 };

    CHECKF(message_evidence_decode(next(r), &m, &err), "%s", err.text);
    return m;
}

static void check_chunk(struct reader *r, enum log_kind kind, uint64_t offset, bool last,
        const char *data)
{
    struct message_chunk m = { 0 };
    struct error err = { 0 };

    CHECKF(message_chunk_decode(next(r), &m, &err), "%s", err.text);
    CHECK_UINT(m.log, kind);
    CHECK_UINT(m.offset, offset);
    CHECK_UINT(m.last, last);
    CHECK_TEXT(m.data, data);
}

static struct reader answer_of(const struct coap_exchange *x)
{
    CHECKF(!x->refused, "%s", x->detail);
    CHECK_UINT((uint64_t)x->answers, 1);
    return reader_init(buffer_view(&x->body));
}

static void check_refused(const struct coap_exchange *x, enum coap_refusal why, const char *says)
{
    CHECK_UINT((uint64_t)x->answers, 1);
    CHECK(x->refused);
    CHECK_UINT(x->why, why);
    CHECKF(strstr(x->detail, says) != NULL, "%s", x->detail);
}

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

    begin();
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct coap_exchange x = { .limit = 65536 };

        check_case = cases[i].name;
        serve_request(serve, &x, cases[i].payload, "peer");
        check_refused(&x, COAP_REFUSAL_BAD_REQUEST, cases[i].says);
    }
    check_case = "";
    CHECK_UINT((uint64_t)tpm.begun, 0);
    end();
}

static void grow_list(void)
{
    write_log(LOG_KIND_IMA, "+", "ab");
}

static void the_quote_comes_first_and_then_the_logs_as_they_are_by_then(void)
{
    struct coap_exchange x = { .limit = 65536 };
    struct message_request m = whole();

    begin();
    tpm.meanwhile = grow_list;
    ask(&x, &m);
    wait_for(&x);
    struct reader r = answer_of(&x);
    struct message_evidence evidence = next_evidence(&r);

    CHECK_TEXT(evidence.quote, "quote");
    CHECK_TEXT(evidence.signature, "signature");
    CHECK_TEXT(evidence.ak_public, "public");
    CHECK_UINT(evidence.ek_public.len, 0);
    CHECK_TEXT(evidence.agent_version, "tally-agent " TALLY_VERSION);
    CHECK(evidence.log[LOG_KIND_BOOT].follows && evidence.log[LOG_KIND_IMA].follows);
    CHECK(!evidence.log[LOG_KIND_USERSPACE].follows);
    CHECK_UINT(evidence.log[LOG_KIND_IMA].template_alg, DIGEST_SHA1);
    CHECK_UINT(evidence.log[LOG_KIND_IMA].template_size, 20);
    check_chunk(&r, LOG_KIND_BOOT, 0, true, BOOT);
    check_chunk(&r, LOG_KIND_IMA, 0, true, LIST "+");
    CHECK(reader_done(&r));
    buffer_clear(&x.body);
    end();
}

static void only_wanted_logs_follow(void)
{
    struct coap_exchange x = { .limit = 65536 };
    struct message_request m = whole();

    begin();
    m.want[LOG_KIND_BOOT].wanted = m.want[LOG_KIND_IMA].wanted = false;
    ask(&x, &m);
    wait_for(&x);
    struct reader r = answer_of(&x);
    struct message_evidence evidence = next_evidence(&r);

    CHECK(!evidence.log[LOG_KIND_BOOT].follows && !evidence.log[LOG_KIND_IMA].follows);
    CHECK(reader_done(&r));
    buffer_clear(&x.body);
    end();
}

static void the_list_starts_at_the_cursor_of_this_key_and_this_boot(void)
{
    static const struct {
        const char *name;
        bool has_cursor;
        bool other_key;
        uint32_t reset;
        uint64_t entry;
        uint64_t offset;
        uint64_t starts;
        const char *data;
    } cases[] = {
        { "no cursor", false, false, RESET, 2, 10, 0, LIST },
        { "in the list", true, false, RESET, 2, 10, 10, "abcdef" },
        { "at its end", true, false, RESET, 3, 16, 16, "" },
        { "beyond its end: it shrank", true, false, RESET, 3, 17, 0, LIST },
        { "far beyond", true, false, RESET, 3, INT64_MAX, 0, LIST },
        { "another key", true, true, RESET, 2, 10, 0, LIST },
        { "an earlier boot", true, false, RESET - 1, 2, 10, 0, LIST },
        { "a later boot", true, false, RESET + 1, 2, 10, 0, LIST },
        { "entry 0 with an offset", true, false, RESET, 0, 10, 0, LIST },
        { "offset 0 with an entry", true, false, RESET, 2, 0, 0, LIST },
    };

    begin();
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct coap_exchange x = { .limit = 65536 };
        struct message_request m = whole();
        struct tpm_name name = ak_name;

        check_case = cases[i].name;
        name.data[33] ^= cases[i].other_key;
        m.has_cursor = cases[i].has_cursor;
        m.cursor =
                (struct message_cursor){ tpm_name_view(&name), cases[i].reset, 99, cases[i].entry };
        m.want[LOG_KIND_IMA].offset = cases[i].offset;
        ask(&x, &m);
        wait_for(&x);
        struct reader r = answer_of(&x);
        struct message_evidence evidence = next_evidence(&r);

        CHECK_UINT(evidence.log[LOG_KIND_IMA].offset, cases[i].starts);
        CHECK_UINT(evidence.log[LOG_KIND_IMA].entry, cases[i].starts > 0 ? cases[i].entry : 0);
        check_chunk(&r, LOG_KIND_BOOT, 0, true, BOOT);
        check_chunk(&r, LOG_KIND_IMA, cases[i].starts, true, cases[i].data);
        buffer_clear(&x.body);
    }
    check_case = "";
    end();
}

static void a_held_boot_log_is_one_empty_chunk(void)
{
    struct hasher h CLEANUP(hasher_clear) = { 0 };
    struct message_request m = whole();
    uint8_t id[32];
    struct error err = { 0 };

    begin();
    CHECK(hasher_init(&h, &err));
    CHECK(hasher_digest(&h, DIGEST_SHA256, bytes_of_text(BOOT), id, &err));
    m.boot_log_id = (struct bytes){ id, sizeof(id) };
    m.want[LOG_KIND_BOOT].offset = 3; /* does not count */
    for (int i = 0; i < 3; i++) {
        struct coap_exchange x = { .limit = 65536 };

        if (i == 1) {
            write_log(LOG_KIND_BOOT, "boot lok", "wb");
        } else if (i == 2) {
            write_log(LOG_KIND_BOOT, BOOT "!", "wb");
        }
        ask(&x, &m);
        wait_for(&x);
        struct reader r = answer_of(&x);

        CHECK_UINT(next_evidence(&r).log[LOG_KIND_BOOT].offset, i == 0 ? strlen(BOOT) : 0);
        check_chunk(&r, LOG_KIND_BOOT, i == 0 ? strlen(BOOT) : 0, true,
                i == 0           ? ""
                        : i == 1 ? "boot lok"
                                 : BOOT "!");
        buffer_clear(&x.body);
    }
    end();
}

static void more_of_a_log_is_read_at_the_offset_asked_for(void)
{
    static const struct {
        uint64_t offset;
        uint64_t max;
        bool last;
        const char *data;
    } cases[] = {
        { 0, 100, true, LIST },
        { 0, 16, false, LIST },
        { 16, 16, true, "" },
        { 4, 4, false, "4567" },
        { 8, 4, false, "89ab" },
        { 2, 3, false, "234" },
        { 12, INT64_MAX, true, "cdef" },
        { 17, 1, true, "" },
        { INT64_MAX / 2, INT64_MAX, true, "" },
    };
    struct coap_exchange far = { .limit = 65536 };
    struct message_request m = more(LOG_KIND_IMA, INT64_MAX, 1);

    begin();
    ask(&far, &m);
    check_refused(&far, COAP_REFUSAL_BAD_REQUEST, "offset");
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct coap_exchange x = { .limit = 65536 };

        m = more(LOG_KIND_IMA, cases[i].offset, cases[i].max);
        ask(&x, &m);
        struct reader r = answer_of(&x);
        check_chunk(&r, LOG_KIND_IMA, cases[i].offset, cases[i].last, cases[i].data);
        CHECK(reader_done(&r));
        buffer_clear(&x.body);
    }
    CHECK_UINT((uint64_t)tpm.begun, 0);
    end();
}

static void an_answer_keeps_to_its_limit_and_shares_it(void)
{
    static char big[100001];
    static const size_t limits[] = { 0, 1024, 5000, 16384, 65536, 1000000 };

    memset(big, 'x', sizeof(big) - 1);
    begin();
    write_log(LOG_KIND_BOOT, big, "wb");
    write_log(LOG_KIND_IMA, big, "wb");
    for (size_t i = 0; i < ARRAY_LEN(limits); i++) {
        struct coap_exchange x = { .limit = limits[i] };
        struct message_request m = whole();
        struct message_chunk chunk;
        struct error err = { 0 };

        m.want[LOG_KIND_BOOT].max_bytes = m.want[LOG_KIND_IMA].max_bytes = INT64_MAX;
        ask(&x, &m);
        wait_for(&x);
        struct reader r = answer_of(&x);
        (void)next_evidence(&r);
        for (enum log_kind kind = LOG_KIND_BOOT; kind <= LOG_KIND_IMA; kind++) {
            CHECK(message_chunk_decode(next(&r), &chunk, &err));
            CHECK_UINT(chunk.log, kind);
            CHECKF(chunk.last ||
                            (chunk.data.len >= 1024 &&
                                    chunk.data.len >= limits[i] / 2 - limits[i] / 8),
                    "%zu of %zu", chunk.data.len, limits[i]);
            CHECK_UINT(chunk.last, limits[i] == 1000000);
        }
        CHECKF(limits[i] < 5000 || x.body.len <= limits[i], "%zu", x.body.len);
        buffer_clear(&x.body);
    }
    end();
}

static void a_missing_log_is_not_announced_and_an_unreadable_one_is_an_error(void)
{
    struct coap_exchange x = { .limit = 65536 };
    struct coap_exchange y = { .limit = 65536 };
    struct coap_exchange z = { .limit = 65536 };
    struct message_request m = whole();

    begin();
    remove_log(LOG_KIND_BOOT);
    ask(&x, &m);
    wait_for(&x);
    struct reader r = answer_of(&x);

    CHECK(!next_evidence(&r).log[LOG_KIND_BOOT].follows);
    check_chunk(&r, LOG_KIND_IMA, 0, true, LIST);
    CHECK(reader_done(&r));
    buffer_clear(&x.body);

    m = more(LOG_KIND_BOOT, 0, 10);
    ask(&y, &m);
    check_refused(&y, COAP_REFUSAL_BAD_REQUEST, "there is no boot log");

    CHECK(mkdir(path[LOG_KIND_BOOT], 0700) == 0);
    m = whole();
    ask(&z, &m);
    check_refused(&z, COAP_REFUSAL_INTERNAL, "the boot log is not an ordinary file");
    CHECK(strstr(z.detail, dir) == NULL);
    CHECK_UINT((uint64_t)tpm.begun, 1); /* which costs no quote */
    end();
}

/* R100 */
static void check_list_now(uint64_t offset, uint64_t starts, const char *data)
{
    struct coap_exchange x = { .limit = 65536 };
    struct message_request m = whole();

    m.want[LOG_KIND_BOOT].wanted = false;
    m.has_cursor = true;
    m.cursor = (struct message_cursor){ tpm_name_view(&ak_name), RESET, 0, 3 };
    m.want[LOG_KIND_IMA].offset = offset;
    ask(&x, &m);
    wait_for(&x);
    struct reader r = answer_of(&x);

    (void)next_evidence(&r);
    check_chunk(&r, LOG_KIND_IMA, starts, true, data);
    buffer_clear(&x.body);
}

static void files_are_served_as_they_are_now(void)
{
    begin();
    check_list_now(0, 0, LIST);
    check_list_now(16, 16, "");
    write_log(LOG_KIND_IMA, "0123456789ABCDEF", "wb");
    check_list_now(0, 0, "0123456789ABCDEF"); /* doctored in place */
    write_log(LOG_KIND_IMA, "new", "ab");
    check_list_now(16, 16, "new");
    write_log(LOG_KIND_IMA, "01234567", "wb");
    check_list_now(19, 0, "01234567"); /* truncated below what we read to */
    check_list_now(8, 8, "");
    remove_log(LOG_KIND_IMA);
    write_log(LOG_KIND_IMA, "another", "wb");
    check_list_now(8, 0, "another"); /* replaced */
    check_list_now(3, 3, "ther");
    CHECK(truncate(path[LOG_KIND_IMA], 0) == 0);
    check_list_now(7, 0, "");
    end();
}

static void every_challenge_is_answered_in_turn_and_too_many_are_refused(void)
{
    struct coap_exchange x[18] = { 0 };
    struct message_request m = whole();
    size_t i;

    begin();
    tpm_set_closed(true);
    for (i = 0; i < 17; i++) {
        challenge[0] = (uint8_t)i;
        x[i].limit = 65536;
        ask(&x[i], &m);
        if (i == 0) {
            tpm_wait(&tpm.begun, 1); /* in hand, so that 16 more can wait */
        }
    }
    ask(&x[17], &m);
    check_refused(&x[17], COAP_REFUSAL_UNAVAILABLE, "too many challenges wait");
    CHECK_UINT(serve_waiting(serve), 17);
    /* Log bytes need no TPM. */
    struct coap_exchange chunk = { .limit = 65536 };
    struct message_request bytes = more(LOG_KIND_BOOT, 0, 10);

    ask(&chunk, &bytes);
    (void)answer_of(&chunk);
    buffer_clear(&chunk.body);
    tpm_set_closed(false);
    for (i = 0; i < 17; i++) {
        wait_for(&x[i]);
        (void)answer_of(&x[i]);
        CHECK_UINT(tpm.first[i], i);
        buffer_clear(&x[i].body);
    }
    CHECK_UINT(serve_waiting(serve), 0);
    tpm_wait(&tpm.rests, 1); /* and then the TPM is let go */
    end();
}

static void a_peer_that_is_gone_costs_no_quote(void)
{
    struct coap_exchange x[3] = { { .limit = 65536 }, { .limit = 65536 }, { .limit = 65536 } };
    struct message_request m = whole();

    begin();
    tpm_set_closed(true);
    ask(&x[0], &m);
    tpm_wait(&tpm.begun, 1);
    ask(&x[1], &m);
    ask(&x[2], &m);
    serve_gone(serve, &x[0]);
    serve_gone(serve, &x[1]);
    CHECK_UINT(serve_waiting(serve), 1);
    tpm_set_closed(false);
    wait_for(&x[2]);
    (void)answer_of(&x[2]);
    CHECK_UINT((uint64_t)x[0].answers, 0);
    CHECK_UINT((uint64_t)x[1].answers, 0);
    CHECK_UINT((uint64_t)tpm.made, 2);
    buffer_clear(&x[2].body);
    end();
}

static void abandoned_requests_are_forgotten(void)
{
    struct coap_exchange x[2] = { { .limit = 65536 }, { .limit = 65536 } };
    struct message_request m = whole();

    begin();
    tpm_set_closed(true);
    ask(&x[0], &m);
    tpm_wait(&tpm.begun, 1);
    ask(&x[1], &m);
    serve_abandon(serve);
    CHECK_UINT(serve_waiting(serve), 0);
    tpm_set_closed(false);
    tpm_wait(&tpm.rests, 1);
    serve_process(serve);
    CHECK_UINT((uint64_t)(x[0].answers + x[1].answers), 0);
    CHECK_UINT((uint64_t)tpm.made, 1);
    end();
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
    struct message_request m = whole();

    begin();
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct coap_exchange x = { .limit = 65536 };

        tpm.fails = cases[i].code;
        ask(&x, &m);
        wait_for(&x);
        check_refused(&x, cases[i].why, "no luck");
    }
    tpm.fails = ERROR_NONE;
    struct coap_exchange x = { .limit = 65536 };

    ask(&x, &m);
    wait_for(&x);
    (void)answer_of(&x);
    buffer_clear(&x.body);
    end();
}

static void near_the_end_challenges_are_refused(void)
{
    struct coap_exchange x = { .limit = 65536 };
    struct message_request m = whole();

    begin();
    serve_drain(serve);
    ask(&x, &m);
    check_refused(&x, COAP_REFUSAL_UNAVAILABLE, "about to stop");
    CHECK_UINT((uint64_t)tpm.begun, 0);
    end();
}

int main(void)
{
    static const struct test tests[] = {
        { "R61 what is no request is refused with a reason",
                what_is_no_request_is_refused_with_a_reason },
        { "R84 the quote comes first, and then the logs as they are by then",
                the_quote_comes_first_and_then_the_logs_as_they_are_by_then },
        { "only wanted logs follow", only_wanted_logs_follow },
        { "the list starts at the cursor of this key and this boot",
                the_list_starts_at_the_cursor_of_this_key_and_this_boot },
        { "a held boot log is one empty chunk", a_held_boot_log_is_one_empty_chunk },
        { "more of a log is read at the offset asked for",
                more_of_a_log_is_read_at_the_offset_asked_for },
        { "R99 an answer keeps to its limit and shares it",
                an_answer_keeps_to_its_limit_and_shares_it },
        { "a missing log is not announced, and an unreadable one is an error",
                a_missing_log_is_not_announced_and_an_unreadable_one_is_an_error },
        { "R100 files are served as they are now", files_are_served_as_they_are_now },
        { "R80 every challenge is answered in turn, and too many are refused",
                every_challenge_is_answered_in_turn_and_too_many_are_refused },
        { "a peer that is gone costs no quote", a_peer_that_is_gone_costs_no_quote },
        { "abandoned requests are forgotten", abandoned_requests_are_forgotten },
        { "a failed quote is an error answer with its reason",
                a_failed_quote_is_an_error_answer_with_its_reason },
        { "near the end challenges are refused", near_the_end_challenges_are_refused },
    };
    static const char *const names[LOG_KIND_COUNT] = { "", "boot", "ima", "userspace" };

    if (mkdtemp(dir) == NULL) {
        return EXIT_FAILURE;
    }
    for (enum log_kind kind = LOG_KIND_BOOT; kind < LOG_KIND_COUNT; kind++) {
        (void)snprintf(path[kind], sizeof(path[kind]), "%s/%s", dir, names[kind]);
    }
    int status = run_tests("serve", tests, ARRAY_LEN(tests));

    for (enum log_kind kind = LOG_KIND_BOOT; kind < LOG_KIND_COUNT; kind++) {
        remove_log(kind);
    }
    (void)rmdir(dir);
    return status;
}
