/* SPDX-License-Identifier: BSD-3-Clause */
#include <stdlib.h>
#include <unistd.h>

#include "tests/check.h"
#include "tests/protocol/vectors.h"
#include "verifier/evidence_file.h"

/* A sequence being put together. */
struct sequence {
    uint8_t *data;
    size_t len;
    size_t room;
};

static void add(struct sequence *s, struct bytes b)
{
    if (s->len + b.len > s->room) {
        s->room = 2 * (s->len + b.len);
        s->data = realloc(s->data, s->room);
    }
    memcpy(s->data + s->len, b.ptr, b.len);
    s->len += b.len;
}

static void clear(struct sequence *s)
{
    free(s->data);
    *s = (struct sequence){ 0 };
}

static void add_evidence(struct sequence *s, bool boot, bool ima, bool userspace)
{
    static uint8_t buf[MESSAGE_EVIDENCE_MAX];
    struct message_evidence m = {
        .quote = bytes_of_text("QUOTE"),
        .signature = bytes_of_text("SIGNATURE"),
        .ak_public = bytes_of_text("AK"),
        .agent_version = bytes_of_text("0.1.0"),
        .log[LOG_KIND_BOOT].follows = boot,
        .log[LOG_KIND_IMA] = { ima, 0, 0, DIGEST_SHA1, 20 },
        .log[LOG_KIND_USERSPACE].follows = userspace,
    };
    struct bytes out = { 0 };
    struct error err = { 0 };

    CHECKF(message_evidence_encode(&m, buf, sizeof(buf), &out, &err), "%s", err.text);
    add(s, out);
}

static void add_chunk(struct sequence *s, enum log_kind log, uint64_t offset, const char *data,
        bool last)
{
    uint8_t buf[256];
    struct message_chunk m = { log, offset, last, bytes_of_text(data) };
    struct bytes out = { 0 };
    struct error err = { 0 };

    CHECKF(message_chunk_encode(&m, buf, sizeof(buf), &out, &err), "%s", err.text);
    add(s, out);
}

/* A source over memory that gives `piece` bytes at a time. */
struct memory {
    struct bytes all;
    size_t piece;
    size_t at;
};

static bool memory_next(void *ctx, struct bytes *out, struct error *err)
{
    struct memory *m = ctx;
    size_t left = m->all.len - m->at;

    (void)err;
    *out = (struct bytes){ 0 };
    if (left > 0) {
        *out = (struct bytes){ m->all.ptr + m->at, left < m->piece ? left : m->piece };
        m->at += out->len;
    }
    return true;
}

static bool memory_rewind(void *ctx, struct error *err)
{
    (void)err;
    ((struct memory *)ctx)->at = 0;
    return true;
}

static bool read_all(struct evidence_file *f, struct memory *m, struct error *err)
{
    return evidence_file_read(f, (struct source){ memory_next, memory_rewind, m }, err);
}

/* The whole IMA list; false with err set when a pass fails. */
static bool pass(struct evidence_file *f, struct sequence *out, struct error *err)
{
    struct source list = evidence_file_ima(f);

    if (!list.rewind(list.ctx, err)) {
        return false;
    }
    for (;;) {
        struct bytes chunk = { 0 };

        if (!list.next(list.ctx, &chunk, err)) {
            return false;
        }
        if (chunk.len == 0) {
            return true;
        }
        add(out, chunk);
    }
}

static void add_three_logs(struct sequence *s)
{
    add_evidence(s, true, true, true);
    add_chunk(s, LOG_KIND_BOOT, 0, "boo", false);
    add_chunk(s, LOG_KIND_BOOT, 3, "t", true);
    add_chunk(s, LOG_KIND_IMA, 0, "the ", false);
    add_chunk(s, LOG_KIND_IMA, 4, "list", false);
    add_chunk(s, LOG_KIND_IMA, 8, "", true);
    add_chunk(s, LOG_KIND_USERSPACE, 0, "user", true);
}

static void logs_come_out_as_they_went_in(void)
{
    struct sequence s = { 0 };

    add_three_logs(&s);
    for (size_t piece = 1; piece <= s.len; piece++) {
        struct evidence_file f CLEANUP(evidence_file_close) = { 0 };
        struct memory m = { { s.data, s.len }, piece, 0 };
        struct sequence list = { 0 };
        struct error err = { 0 };

        CHECKF(read_all(&f, &m, &err), "%s", err.text);
        CHECK_TEXT(f.evidence.quote, "QUOTE");
        CHECK_TEXT(buffer_view(&f.boot_log), "boot");
        CHECK_TEXT(buffer_view(&f.userspace_log), "user");
        CHECK_UINT(f.ima_bytes, 8);
        CHECKF(pass(&f, &list, &err), "%s", err.text);
        CHECKF(pass(&f, &list, &err), "%s", err.text);
        CHECK_TEXT(((struct bytes){ list.data, list.len }), "the listthe list");
        clear(&list);
    }
    clear(&s);
}

static void a_log_may_be_empty_or_absent(void)
{
    for (unsigned int follows = 0; follows < 8; follows++) {
        struct evidence_file f CLEANUP(evidence_file_close) = { 0 };
        struct sequence s = { 0 };
        struct sequence list = { 0 };
        struct error err = { 0 };

        add_evidence(&s, follows & 1, follows & 2, follows & 4);
        for (enum log_kind kind = LOG_KIND_BOOT; kind < LOG_KIND_COUNT; kind++) {
            if ((follows & 1u << (kind - 1)) != 0) {
                add_chunk(&s, kind, 0, "", true);
            }
        }
        struct memory m = { { s.data, s.len }, 1000, 0 };

        CHECKF(read_all(&f, &m, &err), "%s", err.text);
        CHECK(f.evidence.log[LOG_KIND_BOOT].follows == ((follows & 1) != 0));
        CHECK_UINT(f.boot_log.len, 0);
        CHECKF(pass(&f, &list, &err), "%s", err.text);
        CHECK_UINT(list.len, 0);
        clear(&s);
        clear(&list);
    }
}

static void put_nothing(struct sequence *s)
{
    (void)s;
}

static void put_no_chunks(struct sequence *s)
{
    add_evidence(s, false, true, false);
}

static void put_chunk_first(struct sequence *s)
{
    add_chunk(s, LOG_KIND_IMA, 0, "a", true);
}

static void put_evidence_twice(struct sequence *s)
{
    add_evidence(s, false, true, false);
    add_evidence(s, false, true, false);
}

static void put_gap(struct sequence *s)
{
    add_evidence(s, false, true, false);
    add_chunk(s, LOG_KIND_IMA, 0, "abc", false);
    add_chunk(s, LOG_KIND_IMA, 4, "e", true);
}

static void put_overlap(struct sequence *s)
{
    add_evidence(s, false, true, false);
    add_chunk(s, LOG_KIND_IMA, 0, "abc", false);
    add_chunk(s, LOG_KIND_IMA, 2, "c", true);
}

static void put_chunk_twice(struct sequence *s)
{
    add_evidence(s, false, true, false);
    add_chunk(s, LOG_KIND_IMA, 0, "abc", false);
    add_chunk(s, LOG_KIND_IMA, 0, "abc", true);
}

static void put_late_start(struct sequence *s)
{
    add_evidence(s, false, true, false);
    add_chunk(s, LOG_KIND_IMA, 3, "abc", true);
}

static void put_no_last(struct sequence *s)
{
    add_evidence(s, false, true, false);
    add_chunk(s, LOG_KIND_IMA, 0, "abc", false);
}

static void put_chunk_after_last(struct sequence *s)
{
    add_evidence(s, false, true, false);
    add_chunk(s, LOG_KIND_IMA, 0, "abc", true);
    add_chunk(s, LOG_KIND_IMA, 3, "d", true);
}

static void put_log_not_announced(struct sequence *s)
{
    add_evidence(s, false, true, false);
    add_chunk(s, LOG_KIND_BOOT, 0, "abc", true);
    add_chunk(s, LOG_KIND_IMA, 0, "abc", true);
}

static void put_logs_out_of_order(struct sequence *s)
{
    add_evidence(s, true, true, false);
    add_chunk(s, LOG_KIND_IMA, 0, "abc", true);
    add_chunk(s, LOG_KIND_BOOT, 0, "abc", true);
}

static void put_logs_mixed(struct sequence *s)
{
    add_evidence(s, true, true, false);
    add_chunk(s, LOG_KIND_BOOT, 0, "abc", false);
    add_chunk(s, LOG_KIND_IMA, 0, "abc", true);
    add_chunk(s, LOG_KIND_BOOT, 3, "d", true);
}

static void put_second_log_missing(struct sequence *s)
{
    add_evidence(s, true, true, false);
    add_chunk(s, LOG_KIND_BOOT, 0, "abc", true);
}

static void put_garbage_at_end(struct sequence *s)
{
    add_three_logs(s);
    add(s, bytes_of_text("\n"));
}

static void put_message_at_end(struct sequence *s)
{
    add_three_logs(s);
    add(s, vector("request-more"));
}

static void put_delta(struct sequence *s)
{
    add(s, vector("evidence-full"));
}

static void put_wrong_version(struct sequence *s)
{
    struct bytes v2 = patched(vector("evidence"), "a90001", "a90002");

    add(s, v2);
    heap_free(v2);
}

static void put_text(struct sequence *s)
{
    add(s, bytes_of_text("evidence, but no CBOR"));
}

static void wrong_sequences_are_refused(void)
{
    static const struct {
        const char *name;
        void (*put)(struct sequence *s);
        enum error_code want;
        const char *text; /* part of it */
    } cases[] = {
        { "nothing", put_nothing, ERROR_TRUNCATED, "empty" },
        { "no chunks", put_no_chunks, ERROR_TRUNCATED, "message 1 at offset 50 is missing" },
        { "chunk first", put_chunk_first, ERROR_MALFORMED, "message 0 at offset 0: log chunk" },
        { "evidence twice", put_evidence_twice, ERROR_MALFORMED, "message 1 at offset 50" },
        { "gap", put_gap, ERROR_MALFORMED, "starts at byte 4, want byte 3" },
        { "overlap", put_overlap, ERROR_MALFORMED, "starts at byte 2, want byte 3" },
        { "chunk twice", put_chunk_twice, ERROR_MALFORMED, "starts at byte 0, want byte 3" },
        { "late start", put_late_start, ERROR_MALFORMED, "starts at byte 3, want byte 0" },
        { "no last chunk", put_no_last, ERROR_TRUNCATED, "byte 3 of the IMA list" },
        { "chunk after the last", put_chunk_after_last, ERROR_MALFORMED, "after the last log" },
        { "log that was not announced", put_log_not_announced, ERROR_MALFORMED,
                "want the IMA list" },
        { "logs out of order", put_logs_out_of_order, ERROR_MALFORMED, "want the boot log" },
        { "logs mixed", put_logs_mixed, ERROR_MALFORMED, "want the boot log" },
        { "second log missing", put_second_log_missing, ERROR_TRUNCATED, "byte 0 of the IMA list" },
        { "garbage at the end", put_garbage_at_end, ERROR_MALFORMED, "message 7" },
        { "another message at the end", put_message_at_end, ERROR_MALFORMED, "message 7" },
        { "a delta", put_delta, ERROR_MALFORMED, "a file holds whole logs" },
        { "version 2", put_wrong_version, ERROR_UNSUPPORTED, "version 2" },
        { "text", put_text, ERROR_MALFORMED, "message 0 at offset 0" },
    };

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct evidence_file f CLEANUP(evidence_file_close) = { 0 };
        struct sequence s = { 0 };
        struct error err = { 0 };

        check_case = cases[i].name;
        cases[i].put(&s);
        struct memory m = { { s.data, s.len }, 1000, 0 };

        CHECKF(!read_all(&f, &m, &err), "accepted");
        CHECKF(err.code == cases[i].want, "\"%s\" (%s)", err.text, error_code_name(err.code));
        CHECKF(strstr(err.text, cases[i].text) != NULL, "\"%s\"", err.text);
        clear(&s);
    }
    check_case = "";
}

static void a_file_cut_after_any_byte_is_truncated(void)
{
    struct sequence s = { 0 };

    add_three_logs(&s);
    for (size_t cut = 0; cut < s.len; cut++) {
        struct evidence_file f CLEANUP(evidence_file_close) = { 0 };
        struct memory m = { { s.data, cut }, 1000, 0 };
        struct error err = { 0 };

        CHECKF(!read_all(&f, &m, &err), "cut at %zu", cut);
        CHECK_UINT(err.code, ERROR_TRUNCATED);
    }
    clear(&s);
}

/* Every bit flipped once: whatever happens, nothing crashes, and what opens can be read again. */
static void a_changed_file_never_crashes(void)
{
    struct sequence s = { 0 };

    add_three_logs(&s);
    for (size_t bit = 0; bit < 8 * s.len; bit++) {
        struct evidence_file f CLEANUP(evidence_file_close) = { 0 };
        struct memory m = { { s.data, s.len }, 50, 0 };
        struct sequence list = { 0 };
        struct error err = { 0 };

        s.data[bit / 8] ^= (uint8_t)(1u << bit % 8);
        if (read_all(&f, &m, &err)) {
            CHECKF(pass(&f, &list, &err), "bit %zu: %s", bit, err.text);
            CHECK_UINT(list.len, f.ima_bytes);
        }
        s.data[bit / 8] ^= (uint8_t)(1u << bit % 8);
        clear(&list);
    }
    clear(&s);
}

static void a_change_between_two_passes_is_an_error(void)
{
    struct evidence_file f CLEANUP(evidence_file_close) = { 0 };
    struct sequence s = { 0 };
    struct sequence list = { 0 };
    struct error err = { 0 };

    add_three_logs(&s);
    struct memory m = { { s.data, s.len }, 1000, 0 };

    CHECK(read_all(&f, &m, &err));
    s.data[7] ^= 1; /* of the quote */
    CHECK(!pass(&f, &list, &err));
    CHECK_UINT(err.code, ERROR_IO);
    s.data[7] ^= 1;
    m.all.len -= 1;
    CHECK(!pass(&f, &list, &err));
    CHECK_UINT(err.code, ERROR_TRUNCATED);
    clear(&s);
    clear(&list);
}

static void a_boot_log_beyond_the_limit_is_refused(void)
{
    struct evidence_file f CLEANUP(evidence_file_close) = { 0 };
    struct sequence s = { 0 };
    struct error err = { 0 };
    uint8_t *data = calloc(1, MESSAGE_CHUNK_DATA_MAX);
    uint8_t *buf = malloc(MESSAGE_SIZE_MAX);

    add_evidence(&s, true, false, false);
    for (uint64_t at = 0; at <= EVIDENCE_LOG_MAX; at += MESSAGE_CHUNK_DATA_MAX) {
        struct message_chunk m = { LOG_KIND_BOOT, at, at == EVIDENCE_LOG_MAX,
            { data, at == EVIDENCE_LOG_MAX ? 1 : MESSAGE_CHUNK_DATA_MAX } };
        struct bytes out = { 0 };

        CHECK(message_chunk_encode(&m, buf, MESSAGE_SIZE_MAX, &out, &err));
        add(&s, out);
    }
    struct memory m = { { s.data, s.len }, 100000, 0 };

    CHECK(!read_all(&f, &m, &err));
    CHECK_UINT(err.code, ERROR_LIMIT);
    free(data);
    free(buf);
    clear(&s);
}

static void a_file_on_disk_is_opened(void)
{
    struct evidence_file f CLEANUP(evidence_file_close) = { 0 };
    struct sequence s = { 0 };
    struct sequence list = { 0 };
    struct error err = { 0 };
    char path[] = "/tmp/evidence-XXXXXX";
    int fd = mkstemp(path);

    add_three_logs(&s);
    CHECK(fd >= 0 && write(fd, s.data, s.len) == (ssize_t)s.len && close(fd) == 0);
    CHECKF(evidence_file_open(&f, path, &err), "%s", err.text);
    CHECKF(pass(&f, &list, &err), "%s", err.text);
    CHECK_TEXT(((struct bytes){ list.data, list.len }), "the list");
    evidence_file_close(&f);
    CHECK(truncate(path, 10) == 0);
    CHECK(!evidence_file_open(&f, path, &err));
    CHECK_UINT(err.code, ERROR_TRUNCATED);
    evidence_file_close(&f);
    CHECK(unlink(path) == 0);
    CHECK(!evidence_file_open(&f, path, &err));
    CHECK_UINT(err.code, ERROR_IO);
    clear(&s);
    clear(&list);
}

int main(void)
{
    static const struct test tests[] = {
        { "logs come out as they went in", logs_come_out_as_they_went_in },
        { "a log may be empty or absent", a_log_may_be_empty_or_absent },
        { "wrong sequences are refused", wrong_sequences_are_refused },
        { "a file cut after any byte is truncated", a_file_cut_after_any_byte_is_truncated },
        { "a changed file never crashes", a_changed_file_never_crashes },
        { "a change between two passes is an error", a_change_between_two_passes_is_an_error },
        { "R57: a boot log beyond the limit is refused", a_boot_log_beyond_the_limit_is_refused },
        { "a file on disk is opened", a_file_on_disk_is_opened },
    };

    return run_tests("evidence file", tests, ARRAY_LEN(tests));
}
