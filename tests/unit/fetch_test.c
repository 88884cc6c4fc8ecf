/* SPDX-License-Identifier: BSD-3-Clause */
#include <stdlib.h>

#include "host/clock.h"
#include "tests/check.h"
#include "tests/round/agent.h"
#include "tpm/public.h"
#include "verifier/evidence_file.h"
#include "verifier/fetch.h"

static struct forge_key key;
static struct hasher hasher;

/* A machine, its agent, and the fetch of one test. */
struct setting {
    struct forge machine;
    struct fake_agent agent;
    struct link link;
    struct fetch_limits limits;
    struct fetch_request request;
    struct fetch fetch;
};

static void setting_make(struct setting *s)
{
    forge_init(&s->machine, FORGE_SHA1 | FORGE_SHA256, &key);
    forge_honest(&s->machine);
    fake_agent_init(&s->agent, &s->machine);
    s->link = fake_agent_link(&s->agent);
    s->limits = fetch_limits_default();
    s->request = (struct fetch_request){
        .selection = { 1, { { DIGEST_SHA256, FORGE_PCRS } } },
        .wants_boot_log = true,
        .wants_ima_list = true,
    };
    s->fetch = (struct fetch){ 0 };
}

static void setting_clear(struct setting *s)
{
    fetch_clear(&s->fetch);
    fake_agent_clear(&s->agent);
    forge_clear(&s->machine);
}

/* One pass over the list, into out. */
static bool pass(struct source list, struct forge_bytes *out, struct error *err)
{
    struct bytes chunk;

    do {
        if (!list.next(list.ctx, &chunk, err)) {
            return false;
        }
        forge_add(out, chunk);
    } while (chunk.len > 0);
    return true;
}

/* Everything that a round reads; false with err set at the first thing that is refused. */
static bool fetch_all(struct setting *s, struct forge_bytes *list, struct error *err)
{
    return fetch_start(&s->fetch, &s->link, &s->limits, &s->request, err) &&
            fetch_boot_log(&s->fetch, &hasher, err) && pass(fetch_list(&s->fetch), list, err);
}

static void whole_logs_come_in_any_pieces(void)
{
    static const size_t sizes[] = { 1, 7, 100, 500, 4096, 1 << 20 };

    for (size_t i = 0; i < ARRAY_LEN(sizes); i++) {
        struct setting s;
        struct forge_bytes list = { 0 };
        struct error err = { 0 };
        uint8_t id[32];

        setting_make(&s);
        s.link.chunk = sizes[i];
        s.agent.served = i % 2 == 0 ? 0 : sizes[i] / 2 + 1;
        CHECKF(fetch_all(&s, &list, &err), "%zu: %s", sizes[i], err.text);
        CHECK(bytes_equal(forge_view(&list), forge_view(&s.machine.list)));
        CHECK(bytes_equal(buffer_view(&s.fetch.boot_log), forge_view(&s.machine.boot_log)));
        forge_digest(DIGEST_SHA256, forge_view(&s.machine.boot_log), id);
        CHECK(memcmp(id, s.fetch.boot_log_id, sizeof(id)) == 0);
        CHECK(!s.fetch.boot_log_is_held);
        CHECK(s.fetch.received > list.len + s.fetch.boot_log.len);
        forge_bytes_clear(&list);
        setting_clear(&s);
    }
}

static void a_second_pass_reads_the_same_list(void)
{
    struct setting s;
    struct forge_bytes list = { 0 };
    struct error err = { 0 };

    setting_make(&s);
    s.link.chunk = 100;
    CHECKF(fetch_all(&s, &list, &err), "%s", err.text);
    for (int i = 0; i < 2; i++) {
        struct source again = fetch_list(&s.fetch);

        list.len = 0;
        CHECKF(again.rewind(again.ctx, &err) && pass(again, &list, &err), "%s", err.text);
        CHECK(bytes_equal(forge_view(&list), forge_view(&s.machine.list)));
    }
    forge_bytes_clear(&list);
    setting_clear(&s);
}

/* What an earlier round left: the boot log, and the first `entry` records. */
static void hold(struct setting *s, size_t entry)
{
    static struct tpm_name name;
    static uint8_t id[32];
    struct tpm_public public;
    struct error err = { 0 };

    CHECK(tpm_public_read(forge_key_public(&key), &public, &err) &&
            tpm_public_name(&hasher, &public, &name, &err));
    forge_digest(DIGEST_SHA256, forge_view(&s->machine.boot_log), id);
    s->request.boot_log_id = (struct bytes){ id, sizeof(id) };
    s->request.boot_log_size = s->machine.boot_log.len;
    s->request.has_cursor = true;
    s->request.cursor = (struct message_cursor){
        .ak_name = tpm_name_view(&name),
        .reset_count = s->agent.clock.reset,
        .restart_count = s->agent.clock.restart,
        .entry = entry,
    };
    s->request.list_offset = s->machine.record_at[entry];
}

static void only_what_is_new_comes(void)
{
    struct setting s;
    struct forge_bytes list = { 0 };
    struct error err = { 0 };

    setting_make(&s);
    hold(&s, 4);
    size_t at = s.machine.record_at[4];

    CHECKF(fetch_all(&s, &list, &err), "%s", err.text);
    CHECK(s.fetch.boot_log_is_held);
    CHECK_UINT(s.fetch.boot_log.len, 0);
    CHECK_UINT(s.fetch.evidence.log[LOG_KIND_IMA].offset, at);
    CHECK_UINT(s.fetch.evidence.log[LOG_KIND_IMA].entry, 4);
    CHECK(bytes_equal(forge_view(&list),
            (struct bytes){ s.machine.list.data + at, s.machine.list.len - at }));
    CHECK_UINT(s.agent.asks, 1);
    forge_bytes_clear(&list);
    setting_clear(&s);
}

static void a_log_that_is_not_wanted_is_not_asked_for(void)
{
    struct setting s;
    struct forge_bytes list = { 0 };
    struct error err = { 0 };

    setting_make(&s);
    s.request.wants_boot_log = false;
    CHECKF(fetch_all(&s, &list, &err), "%s", err.text);
    CHECK(!s.agent.last.want[LOG_KIND_BOOT].wanted && s.agent.last.want[LOG_KIND_IMA].wanted);
    CHECK(!s.fetch.evidence.log[LOG_KIND_BOOT].follows);
    CHECK_UINT(s.fetch.boot_log.len, 0);
    CHECK_UINT(list.len, s.machine.list.len);
    forge_bytes_clear(&list);
    setting_clear(&s);
}

static void challenges_differ(void)
{
    struct setting s;
    uint8_t first[FETCH_CHALLENGE_SIZE];
    struct error err = { 0 };

    setting_make(&s);
    CHECK(fetch_start(&s.fetch, &s.link, &s.limits, &s.request, &err));
    memcpy(first, s.fetch.challenge, sizeof(first));
    fetch_clear(&s.fetch);
    CHECK(fetch_start(&s.fetch, &s.link, &s.limits, &s.request, &err));
    CHECK(memcmp(first, s.fetch.challenge, sizeof(first)) != 0);
    setting_clear(&s);
}

/* Lies. The chunks of the first answer: boot log, IMA list; of a later one: one of them. */

static void drop(struct fake_answer *answer, size_t i)
{
    memmove(&answer->chunk[i], &answer->chunk[i + 1],
            (answer->chunk_count - i - 1) * sizeof(answer->chunk[0]));
    answer->chunk_count--;
}

static void no_evidence(struct fake_agent *a, const struct message_request *r,
        struct fake_answer *answer)
{
    (void)a;
    (void)r;
    answer->has_evidence = false;
}

static void no_boot_chunk(struct fake_agent *a, const struct message_request *r,
        struct fake_answer *answer)
{
    (void)a;
    (void)r;
    drop(answer, 0);
}

static void no_list_chunk(struct fake_agent *a, const struct message_request *r,
        struct fake_answer *answer)
{
    (void)a;
    (void)r;
    drop(answer, answer->chunk_count - 1);
}

static void logs_swapped(struct fake_agent *a, const struct message_request *r,
        struct fake_answer *answer)
{
    struct message_chunk first = answer->chunk[0];

    (void)a;
    (void)r;
    answer->chunk[0] = answer->chunk[1];
    answer->chunk[1] = first;
}

static void chunk_twice(struct fake_agent *a, const struct message_request *r,
        struct fake_answer *answer)
{
    (void)a;
    (void)r;
    answer->chunk[answer->chunk_count] = answer->chunk[answer->chunk_count - 1];
    answer->chunk_count++;
}

static void boot_not_announced(struct fake_agent *a, const struct message_request *r,
        struct fake_answer *answer)
{
    (void)a;
    (void)r;
    answer->evidence.log[LOG_KIND_BOOT].follows = false;
}

static void userspace_announced(struct fake_agent *a, const struct message_request *r,
        struct fake_answer *answer)
{
    (void)a;
    (void)r;
    answer->evidence.log[LOG_KIND_USERSPACE].follows = answer->has_evidence;
}

static void list_starts_elsewhere(struct fake_agent *a, const struct message_request *r,
        struct fake_answer *answer)
{
    (void)a;
    (void)r;
    answer->evidence.log[LOG_KIND_IMA].offset = 100;
    answer->evidence.log[LOG_KIND_IMA].entry = 1;
    answer->chunk[1].offset = 100;
}

static void boot_starts_elsewhere(struct fake_agent *a, const struct message_request *r,
        struct fake_answer *answer)
{
    (void)a;
    (void)r;
    answer->evidence.log[LOG_KIND_BOOT].offset = 100;
    answer->chunk[0].offset = 100;
}

static void list_chunk_late(struct fake_agent *a, const struct message_request *r,
        struct fake_answer *answer)
{
    (void)a;
    (void)r;
    answer->chunk[answer->chunk_count - 1].offset++;
}

static void chunk_too_long(struct fake_agent *a, const struct message_request *r,
        struct fake_answer *answer)
{
    struct message_chunk *chunk = &answer->chunk[answer->chunk_count - 1];

    (void)r;
    chunk->data = (struct bytes){ a->machine->list.data, 101 };
}

/* From the second answer on. */
static void more_in_the_past(struct fake_agent *a, const struct message_request *r,
        struct fake_answer *answer)
{
    (void)a;
    if (r->challenge.len == 0) {
        answer->chunk[0].offset--;
    }
}

static void more_of_the_other_log(struct fake_agent *a, const struct message_request *r,
        struct fake_answer *answer)
{
    (void)a;
    if (r->challenge.len == 0) {
        answer->chunk[0].log = LOG_KIND_USERSPACE;
    }
}

static void more_than_one_chunk(struct fake_agent *a, const struct message_request *r,
        struct fake_answer *answer)
{
    if (r->challenge.len == 0) {
        chunk_twice(a, r, answer);
    }
}

static void more_evidence(struct fake_agent *a, const struct message_request *r,
        struct fake_answer *answer)
{
    static struct message_evidence evidence;
    static uint8_t quote[64];

    (void)a;
    if (r->challenge.len > 0) {
        evidence = answer->evidence;
        evidence.quote = evidence.signature = evidence.ak_public =
                (struct bytes){ quote, sizeof(quote) };
    } else {
        answer->has_evidence = true;
        answer->evidence = evidence;
    }
}

static void held_log_goes_on(struct fake_agent *a, const struct message_request *r,
        struct fake_answer *answer)
{
    (void)a;
    (void)r;
    answer->chunk[0].data = bytes_of_text("more");
}

static void held_log_does_not_end(struct fake_agent *a, const struct message_request *r,
        struct fake_answer *answer)
{
    held_log_goes_on(a, r, answer);
    answer->chunk[0].last = false;
}

static void delta_from_another_entry(struct fake_agent *a, const struct message_request *r,
        struct fake_answer *answer)
{
    (void)a;
    (void)r;
    answer->evidence.log[LOG_KIND_IMA].entry++;
}

static void delta_from_another_byte(struct fake_agent *a, const struct message_request *r,
        struct fake_answer *answer)
{
    (void)a;
    (void)r;
    answer->evidence.log[LOG_KIND_IMA].offset++;
    answer->chunk[1].offset++;
}

static void bytes_behind(struct fake_agent *a, struct forge_bytes *answer)
{
    (void)a;
    forge_add(answer, bytes_of_text("\n"));
}

static void bytes_missing(struct fake_agent *a, struct forge_bytes *answer)
{
    (void)a;
    answer->len--;
}

static void empty_answer(struct fake_agent *a, struct forge_bytes *answer)
{
    (void)a;
    answer->len = 0;
}

/* {0: 1, 1: 3, 2: 2, 3: 0, 4: false, 5: h''}: an empty chunk that is not the last, written by hand,
 * since no encoder makes one. */
static void no_progress(struct fake_agent *a, struct forge_bytes *answer)
{
    static const uint8_t head[] = { 0xa6, 0x00, 0x01, 0x01, 0x03, 0x02, 0x02, 0x03, 0x18, 100, 0x04,
        0xf4, 0x05, 0x40 };

    if (a->asks > 1) {
        answer->len = 0;
        forge_add(answer, (struct bytes){ head, sizeof(head) });
    }
}

static void lies_are_refused_by_name(void)
{
    static const struct {
        const char *name;
        void (*change)(struct fake_agent *a, const struct message_request *r,
                struct fake_answer *answer);
        void (*change_bytes)(struct fake_agent *a, struct forge_bytes *answer);
        bool held;       /* ask for a delta */
        bool whole_boot; /* do not ask for the boot log: 100 bytes at a time are of the list */
        enum error_code want;
        const char *text; /* part of it */
    } cases[] = {
        { "no evidence message", no_evidence, NULL, false, false, ERROR_MALFORMED, "log chunk" },
        { "no chunk of the boot log", no_boot_chunk, NULL, false, false, ERROR_MALFORMED,
                "chunk of the IMA list, want the boot log" },
        { "no chunk of the list", no_list_chunk, NULL, false, false, ERROR_TRUNCATED,
                "the answer ends before the IMA list" },
        { "logs out of order", logs_swapped, NULL, false, false, ERROR_MALFORMED,
                "want the boot log" },
        { "a chunk twice", chunk_twice, NULL, false, false, ERROR_MALFORMED,
                "after the last message" },
        { "a boot log that was not announced", boot_not_announced, NULL, false, false,
                ERROR_MALFORMED, "want the IMA list" },
        { "a log that nobody asked for", userspace_announced, NULL, false, false, ERROR_MALFORMED,
                "user-space log: it was not asked for" },
        { "a list that starts elsewhere", list_starts_elsewhere, NULL, false, false,
                ERROR_MALFORMED, "IMA list starts at byte 100, entry 1: want 0" },
        { "a boot log that starts elsewhere", boot_starts_elsewhere, NULL, false, false,
                ERROR_MALFORMED, "boot log starts at byte 100" },
        { "a chunk that starts late", list_chunk_late, NULL, false, false, ERROR_MALFORMED,
                "starts at byte 1, want byte 0" },
        { "a chunk longer than asked for", chunk_too_long, NULL, false, false, ERROR_LIMIT,
                "101 bytes, want 100" },
        { "more, from an earlier byte", more_in_the_past, NULL, false, true, ERROR_MALFORMED,
                "starts at byte 99, want byte 100" },
        { "more, of another log", more_of_the_other_log, NULL, false, true, ERROR_MALFORMED,
                "chunk of the user-space log, want the IMA list" },
        { "more, in two chunks", more_than_one_chunk, NULL, false, true, ERROR_MALFORMED,
                "after the last message" },
        { "evidence where more is asked for", more_evidence, NULL, false, true, ERROR_MALFORMED,
                "evidence" },
        { "a held boot log that goes on", held_log_goes_on, NULL, true, false, ERROR_MALFORMED,
                "goes on" },
        { "a held boot log that does not end", held_log_does_not_end, NULL, true, false,
                ERROR_MALFORMED, "goes on" },
        { "a delta from another entry", delta_from_another_entry, NULL, true, false,
                ERROR_MALFORMED, "entry 5: want 0, or byte" },
        { "a delta from another byte", delta_from_another_byte, NULL, true, false, ERROR_MALFORMED,
                "want 0, or byte" },
        { "bytes behind the answer", NULL, bytes_behind, false, false, ERROR_MALFORMED,
                "1 bytes after the last message" },
        { "an answer cut short", NULL, bytes_missing, false, false, ERROR_TRUNCATED, "" },
        { "an empty answer", NULL, empty_answer, false, false, ERROR_TRUNCATED,
                "ends before the evidence message" },
        { "an empty chunk that is not the last", NULL, no_progress, false, true, ERROR_MALFORMED,
                "no data, and not the last" },
    };

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct setting s;
        struct forge_bytes list = { 0 };
        struct error err = { 0 };

        check_case = cases[i].name;
        setting_make(&s);
        s.link.chunk = 100;
        s.request.wants_boot_log = !cases[i].whole_boot;
        if (cases[i].held) {
            hold(&s, 4);
        }
        s.agent.change = cases[i].change;
        s.agent.change_bytes = cases[i].change_bytes;
        CHECKF(!fetch_all(&s, &list, &err), "accepted");
        CHECKF(err.code == cases[i].want, "\"%s\" (%s)", err.text, error_code_name(err.code));
        CHECKF(strstr(err.text, cases[i].text) != NULL, "\"%s\"", err.text);
        forge_bytes_clear(&list);
        setting_clear(&s);
    }
    check_case = "";
}

static void limits_end_a_fetch(void)
{
    struct setting s;
    struct forge_bytes list = { 0 };
    struct error err = { 0 };

    setting_make(&s);
    s.agent.served = 1;
    s.limits.asks = 20;
    CHECK(!fetch_all(&s, &list, &err));
    CHECKF(err.code == ERROR_LIMIT && strstr(err.text, "more than 20 pieces") != NULL, "%s",
            err.text);
    CHECK_UINT(s.agent.asks, 20);
    setting_clear(&s);

    setting_make(&s);
    s.link.chunk = 100;
    s.limits.bytes = 1500;
    CHECK(!fetch_all(&s, &list, &err));
    CHECKF(err.code == ERROR_LIMIT, "%s", err.text);
    CHECK(s.fetch.received <= 1500);
    setting_clear(&s);

    setting_make(&s);
    s.limits.deadline_ms = clock_now_ms();
    CHECK(!fetch_all(&s, &list, &err));
    CHECKF(err.code == ERROR_NO_ANSWER && strstr(err.text, "time") != NULL, "%s", err.text);
    CHECK_UINT(s.agent.asks, 0);
    setting_clear(&s);
    forge_bytes_clear(&list);
}

/* An endless boot log: whatever comes after it would be asked for no more. */
static void endless_boot_log(struct fake_agent *a, const struct message_request *r,
        struct fake_answer *answer)
{
    static uint8_t zeros[MESSAGE_CHUNK_DATA_MAX];

    (void)a;
    if (r->want[LOG_KIND_BOOT].wanted) {
        answer->chunk[0].data = (struct bytes){ zeros, sizeof(zeros) };
        answer->chunk[0].last = false;
    }
}

static void an_endless_boot_log_ends_at_its_limit(void)
{
    struct setting s;
    struct forge_bytes list = { 0 };
    struct error err = { 0 };

    setting_make(&s);
    s.link.chunk = SIZE_MAX;
    s.agent.change = endless_boot_log;
    CHECK(!fetch_all(&s, &list, &err));
    CHECKF(err.code == ERROR_LIMIT && strstr(err.text, "boot log") != NULL, "%s", err.text);
    CHECK(s.fetch.boot_log.len <= EVIDENCE_LOG_MAX);
    forge_bytes_clear(&list);
    setting_clear(&s);
}

static enum error_code silence_after_three(struct fake_agent *a, const struct message_request *r)
{
    (void)r;
    return a->asks > 3 ? ERROR_NO_ANSWER : ERROR_NONE;
}

static void silence_in_the_middle_is_silence(void)
{
    struct setting s;
    struct forge_bytes list = { 0 };
    struct error err = { 0 };

    setting_make(&s);
    s.link.chunk = 100;
    s.agent.fault = silence_after_three;
    CHECK(!fetch_all(&s, &list, &err));
    CHECK_UINT(err.code, ERROR_NO_ANSWER);
    CHECK(s.fetch.has_evidence);
    forge_bytes_clear(&list);
    setting_clear(&s);
}

/* Every bit of every answer flipped once: refused, or read; never a crash. */
static size_t flip_bit;

static void flip(struct fake_agent *a, struct forge_bytes *answer)
{
    (void)a;
    if (flip_bit / 8 < answer->len) {
        answer->data[flip_bit / 8] ^= (uint8_t)(1u << flip_bit % 8);
    }
}

static void changed_answers_never_crash(void)
{
    for (flip_bit = 0; flip_bit < 8u * 900; flip_bit++) {
        struct setting s;
        struct forge_bytes list = { 0 };
        struct error err = { 0 };

        setting_make(&s);
        s.agent.change_bytes = flip;
        s.link.chunk = 500;
        s.limits.asks = 50;
        if (!fetch_all(&s, &list, &err)) {
            CHECK(error_is_about_input(&err));
        }
        forge_bytes_clear(&list);
        setting_clear(&s);
        flip_bit += 6; /* every seventh: all positions in a byte get their turn */
    }
}

static size_t cut_to;

static void cut(struct fake_agent *a, struct forge_bytes *answer)
{
    (void)a;
    answer->len = cut_to < answer->len ? cut_to : answer->len;
}

static void an_answer_cut_after_any_byte_is_truncated(void)
{
    struct setting s;
    struct forge_bytes list = { 0 };
    struct error err = { 0 };

    setting_make(&s);
    CHECK(fetch_all(&s, &list, &err));
    size_t whole = s.agent.answer.len;

    setting_clear(&s);
    for (cut_to = 0; cut_to < whole; cut_to += 13) {
        setting_make(&s);
        s.agent.change_bytes = cut;
        CHECKF(!fetch_all(&s, &list, &err), "cut at %zu", cut_to);
        CHECKF(err.code == ERROR_TRUNCATED, "cut at %zu: %s", cut_to, err.text);
        setting_clear(&s);
    }
    forge_bytes_clear(&list);
}

int main(void)
{
    static const struct test tests[] = {
        { "whole logs come in any pieces", whole_logs_come_in_any_pieces },
        { "a second pass reads the same list", a_second_pass_reads_the_same_list },
        { "only what is new comes", only_what_is_new_comes },
        { "a log that is not wanted is not asked for", a_log_that_is_not_wanted_is_not_asked_for },
        { "R4: challenges differ", challenges_differ },
        { "R39, R57: lies are refused by name", lies_are_refused_by_name },
        { "R99: limits end a fetch", limits_end_a_fetch },
        { "R99: an endless boot log ends at its limit", an_endless_boot_log_ends_at_its_limit },
        { "silence in the middle is silence", silence_in_the_middle_is_silence },
        { "R58: changed answers never crash", changed_answers_never_crash },
        { "an answer cut after any byte is truncated", an_answer_cut_after_any_byte_is_truncated },
    };
    struct error err = { 0 };

    forge_key_make(&key, FORGE_P256, FORGE_AK_ATTRIBUTES);
    if (!hasher_init(&hasher, &err)) {
        return EXIT_FAILURE;
    }
    int status = run_tests("fetch", tests, ARRAY_LEN(tests));

    hasher_clear(&hasher);
    forge_key_clear(&key);
    return status;
}
