/* SPDX-License-Identifier: BSD-3-Clause */
#include <sys/stat.h>
#include <unistd.h>

#include "tests/unit/serve_made.h"

static void grow_list(void)
{
    serve_write_log(LOG_KIND_IMA, "+", "ab");
}

static void the_quote_comes_first_and_then_the_logs_as_they_are_by_then(void)
{
    struct coap_exchange x = { .limit = 65536 };
    struct message_request m = serve_whole();

    serve_begin();
    serve_tpm.meanwhile = grow_list;
    serve_ask(&x, &m);
    serve_wait(&x);
    struct reader r = serve_answer(&x);
    struct message_evidence evidence = serve_evidence(&r);

    CHECK_TEXT(evidence.quote, "quote");
    CHECK_TEXT(evidence.signature, "signature");
    CHECK_TEXT(evidence.ak_public, "public");
    CHECK_UINT(evidence.ek_public.len, 0);
    CHECK_TEXT(evidence.agent_version, "tally-agent " TALLY_VERSION);
    CHECK(evidence.log[LOG_KIND_BOOT].follows && evidence.log[LOG_KIND_IMA].follows);
    CHECK(!evidence.log[LOG_KIND_USERSPACE].follows);
    CHECK_UINT(evidence.log[LOG_KIND_IMA].template_alg, DIGEST_SHA1);
    CHECK_UINT(evidence.log[LOG_KIND_IMA].template_size, 20);
    serve_check_chunk(&r, LOG_KIND_BOOT, 0, true, BOOT);
    serve_check_chunk(&r, LOG_KIND_IMA, 0, true, LIST "+");
    CHECK(reader_done(&r));
    buffer_clear(&x.body);
    serve_end();
}

static void only_wanted_logs_follow(void)
{
    struct coap_exchange x = { .limit = 65536 };
    struct message_request m = serve_whole();

    serve_begin();
    m.want[LOG_KIND_BOOT].wanted = m.want[LOG_KIND_IMA].wanted = false;
    serve_ask(&x, &m);
    serve_wait(&x);
    struct reader r = serve_answer(&x);
    struct message_evidence evidence = serve_evidence(&r);

    CHECK(!evidence.log[LOG_KIND_BOOT].follows && !evidence.log[LOG_KIND_IMA].follows);
    CHECK(reader_done(&r));
    buffer_clear(&x.body);
    serve_end();
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
        { "no cursor", false, false, SERVE_RESET, 2, 10, 0, LIST },
        { "in the list", true, false, SERVE_RESET, 2, 10, 10, "abcdef" },
        { "at its end", true, false, SERVE_RESET, 3, 16, 16, "" },
        { "beyond its end: it shrank", true, false, SERVE_RESET, 3, 17, 0, LIST },
        { "far beyond", true, false, SERVE_RESET, 3, INT64_MAX, 0, LIST },
        { "another key", true, true, SERVE_RESET, 2, 10, 0, LIST },
        { "an earlier boot", true, false, SERVE_RESET - 1, 2, 10, 0, LIST },
        { "a later boot", true, false, SERVE_RESET + 1, 2, 10, 0, LIST },
        { "entry 0 with an offset", true, false, SERVE_RESET, 0, 10, 0, LIST },
        { "offset 0 with an entry", true, false, SERVE_RESET, 2, 0, 0, LIST },
    };

    serve_begin();
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct coap_exchange x = { .limit = 65536 };
        struct message_request m = serve_whole();
        struct tpm_name name = serve_ak_name;

        check_case = cases[i].name;
        name.data[33] ^= cases[i].other_key;
        m.has_cursor = cases[i].has_cursor;
        m.cursor =
                (struct message_cursor){ tpm_name_view(&name), cases[i].reset, 99, cases[i].entry };
        m.want[LOG_KIND_IMA].offset = cases[i].offset;
        serve_ask(&x, &m);
        serve_wait(&x);
        struct reader r = serve_answer(&x);
        struct message_evidence evidence = serve_evidence(&r);

        CHECK_UINT(evidence.log[LOG_KIND_IMA].offset, cases[i].starts);
        CHECK_UINT(evidence.log[LOG_KIND_IMA].entry, cases[i].starts > 0 ? cases[i].entry : 0);
        serve_check_chunk(&r, LOG_KIND_BOOT, 0, true, BOOT);
        serve_check_chunk(&r, LOG_KIND_IMA, cases[i].starts, true, cases[i].data);
        buffer_clear(&x.body);
    }
    check_case = "";
    serve_end();
}

static void a_held_boot_log_is_one_empty_chunk(void)
{
    struct hasher h CLEANUP(hasher_clear) = { 0 };
    struct message_request m = serve_whole();
    uint8_t id[32];
    struct error err = { 0 };

    serve_begin();
    CHECK(hasher_init(&h, &err));
    CHECK(hasher_digest(&h, DIGEST_SHA256, bytes_of_text(BOOT), id, &err));
    m.boot_log_id = (struct bytes){ id, sizeof(id) };
    m.want[LOG_KIND_BOOT].offset = 3; /* does not count */
    for (int i = 0; i < 3; i++) {
        struct coap_exchange x = { .limit = 65536 };

        if (i == 1) {
            serve_write_log(LOG_KIND_BOOT, "boot lok", "wb");
        } else if (i == 2) {
            serve_write_log(LOG_KIND_BOOT, BOOT "!", "wb");
        }
        serve_ask(&x, &m);
        serve_wait(&x);
        struct reader r = serve_answer(&x);

        CHECK_UINT(serve_evidence(&r).log[LOG_KIND_BOOT].offset, i == 0 ? strlen(BOOT) : 0);
        serve_check_chunk(&r, LOG_KIND_BOOT, i == 0 ? strlen(BOOT) : 0, true,
                i == 0           ? ""
                        : i == 1 ? "boot lok"
                                 : BOOT "!");
        buffer_clear(&x.body);
    }
    serve_end();
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
    struct message_request m = serve_more(LOG_KIND_IMA, INT64_MAX, 1);

    serve_begin();
    serve_ask(&far, &m);
    serve_check_refused(&far, COAP_REFUSAL_BAD_REQUEST, "offset");
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct coap_exchange x = { .limit = 65536 };

        m = serve_more(LOG_KIND_IMA, cases[i].offset, cases[i].max);
        serve_ask(&x, &m);
        struct reader r = serve_answer(&x);
        serve_check_chunk(&r, LOG_KIND_IMA, cases[i].offset, cases[i].last, cases[i].data);
        CHECK(reader_done(&r));
        buffer_clear(&x.body);
    }
    CHECK_UINT((uint64_t)serve_tpm.begun, 0);
    serve_end();
}

static void an_answer_keeps_to_its_limit_and_shares_it(void)
{
    static char big[100001];
    static const size_t limits[] = { 0, 1024, 5000, 16384, 65536, 1000000 };

    memset(big, 'x', sizeof(big) - 1);
    serve_begin();
    serve_write_log(LOG_KIND_BOOT, big, "wb");
    serve_write_log(LOG_KIND_IMA, big, "wb");
    for (size_t i = 0; i < ARRAY_LEN(limits); i++) {
        struct coap_exchange x = { .limit = limits[i] };
        struct message_request m = serve_whole();
        struct message_chunk chunk;
        struct error err = { 0 };

        m.want[LOG_KIND_BOOT].max_bytes = m.want[LOG_KIND_IMA].max_bytes = INT64_MAX;
        serve_ask(&x, &m);
        serve_wait(&x);
        struct reader r = serve_answer(&x);
        (void)serve_evidence(&r);
        for (enum log_kind kind = LOG_KIND_BOOT; kind <= LOG_KIND_IMA; kind++) {
            CHECK(message_chunk_decode(serve_message(&r), &chunk, &err));
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
    serve_end();
}

static void a_missing_log_is_not_announced_and_an_unreadable_one_is_an_error(void)
{
    struct coap_exchange x = { .limit = 65536 };
    struct coap_exchange y = { .limit = 65536 };
    struct coap_exchange z = { .limit = 65536 };
    struct message_request m = serve_whole();

    serve_begin();
    serve_remove_log(LOG_KIND_BOOT);
    serve_ask(&x, &m);
    serve_wait(&x);
    struct reader r = serve_answer(&x);

    CHECK(!serve_evidence(&r).log[LOG_KIND_BOOT].follows);
    serve_check_chunk(&r, LOG_KIND_IMA, 0, true, LIST);
    CHECK(reader_done(&r));
    buffer_clear(&x.body);

    m = serve_more(LOG_KIND_BOOT, 0, 10);
    serve_ask(&y, &m);
    serve_check_refused(&y, COAP_REFUSAL_BAD_REQUEST, "there is no boot log");

    CHECK(mkdir(serve_path[LOG_KIND_BOOT], 0700) == 0);
    m = serve_whole();
    serve_ask(&z, &m);
    serve_check_refused(&z, COAP_REFUSAL_INTERNAL, "the boot log is not an ordinary file");
    CHECK(strstr(z.detail, serve_dir) == NULL);
    CHECK_UINT((uint64_t)serve_tpm.begun, 1); /* which costs no quote */
    serve_end();
}

/* R100 */
static void check_list_now(uint64_t offset, uint64_t starts, const char *data)
{
    struct coap_exchange x = { .limit = 65536 };
    struct message_request m = serve_whole();

    m.want[LOG_KIND_BOOT].wanted = false;
    m.has_cursor = true;
    m.cursor = (struct message_cursor){ tpm_name_view(&serve_ak_name), SERVE_RESET, 0, 3 };
    m.want[LOG_KIND_IMA].offset = offset;
    serve_ask(&x, &m);
    serve_wait(&x);
    struct reader r = serve_answer(&x);

    (void)serve_evidence(&r);
    serve_check_chunk(&r, LOG_KIND_IMA, starts, true, data);
    buffer_clear(&x.body);
}

static void files_are_served_as_they_are_now(void)
{
    serve_begin();
    check_list_now(0, 0, LIST);
    check_list_now(16, 16, "");
    serve_write_log(LOG_KIND_IMA, "0123456789ABCDEF", "wb");
    check_list_now(0, 0, "0123456789ABCDEF"); /* doctored in place */
    serve_write_log(LOG_KIND_IMA, "new", "ab");
    check_list_now(16, 16, "new");
    serve_write_log(LOG_KIND_IMA, "01234567", "wb");
    check_list_now(19, 0, "01234567"); /* truncated below what we read to */
    check_list_now(8, 8, "");
    serve_remove_log(LOG_KIND_IMA);
    serve_write_log(LOG_KIND_IMA, "another", "wb");
    check_list_now(8, 0, "another"); /* replaced */
    check_list_now(3, 3, "ther");
    CHECK(truncate(serve_path[LOG_KIND_IMA], 0) == 0);
    check_list_now(7, 0, "");
    serve_end();
}

int main(void)
{
    static const struct test tests[] = {
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
    };

    return serve_run("answer", tests, ARRAY_LEN(tests));
}
