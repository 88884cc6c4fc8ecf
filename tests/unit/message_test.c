/* SPDX-License-Identifier: BSD-3-Clause */
#include <stdlib.h>

#include "protocol/message.h"
#include "tests/check.h"
#include "tests/protocol/vectors.h"

/* The same fillings as tests/protocol/vectors.py. */
static struct bytes fill(uint8_t *dst, uint8_t first, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        dst[i] = (uint8_t)(first + i);
    }
    return (struct bytes){ dst, count };
}

static void set_hint(struct pcr_values *hints, enum digest_alg alg, unsigned int pcr, int with)
{
    uint8_t value[DIGEST_SIZE_MAX];

    memset(value, with, sizeof(value));
    pcr_values_set(hints, alg, pcr, value);
}

static struct message_evidence small_evidence(void)
{
    struct message_evidence m = {
        .quote = bytes_of_text("QUOTE"),
        .signature = bytes_of_text("SIGNATURE"),
        .ak_public = bytes_of_text("AK"),
        .agent_version = bytes_of_text("0.1.0"),
        .log[LOG_KIND_IMA] = { .follows = true, .template_alg = DIGEST_SHA1, .template_size = 20 },
    };

    set_hint(&m.hints, DIGEST_SHA256, 10, 0xaa);
    return m;
}

static struct message_evidence full_evidence(void)
{
    static uint8_t room[4][300];
    struct message_evidence m = {
        .quote = fill(room[0], 0, 300),
        .signature = fill(room[1], 1, 264),
        .ak_public = fill(room[2], 2, 90),
        .ek_public = fill(room[3], 3, 122),
        .host_claims = bytes_of_text("claims"),
        .agent_version = bytes_of_text("0.1.0-\xc3\xbc"),
        .log[LOG_KIND_BOOT] = { .follows = true, .offset = 41371 },
        .log[LOG_KIND_IMA] = { true, 15000000000, 100000, DIGEST_SHA256, 32 },
        .log[LOG_KIND_USERSPACE] = { .follows = true },
    };

    set_hint(&m.hints, DIGEST_SHA1, 0, 1);
    set_hint(&m.hints, DIGEST_SHA1, 23, 2);
    set_hint(&m.hints, DIGEST_SHA256, 7, 3);
    set_hint(&m.hints, DIGEST_SHA384, 10, 4);
    set_hint(&m.hints, DIGEST_SHA512, 10, 5);
    set_hint(&m.hints, DIGEST_SM3_256, 14, 6);
    return m;
}

static struct message_evidence no_logs_evidence(void)
{
    struct message_evidence m = small_evidence();

    m.ek_public = bytes_of_text("EK");
    m.hints = (struct pcr_values){ 0 };
    m.agent_version = (struct bytes){ 0 };
    m.log[LOG_KIND_IMA] = (struct message_log){ 0 };
    return m;
}

static struct message_evidence boot_held_evidence(void)
{
    struct message_evidence m = small_evidence();

    m.log[LOG_KIND_BOOT] = (struct message_log){ .follows = true, .offset = 41371 };
    m.log[LOG_KIND_IMA].offset = 14900000;
    m.log[LOG_KIND_IMA].entry = 100000;
    return m;
}

static bool same_hints(const struct pcr_values *a, const struct pcr_values *b)
{
    for (enum digest_alg alg = 0; alg < DIGEST_ALG_COUNT; alg++) {
        for (unsigned int pcr = 0; pcr < PCR_COUNT; pcr++) {
            struct bytes x = { 0 };
            struct bytes y = { 0 };

            if (pcr_values_get(a, alg, pcr, &x) != pcr_values_get(b, alg, pcr, &y) ||
                    !bytes_equal(x, y)) {
                return false;
            }
        }
    }
    return true;
}

static void check_same(const struct message_evidence *got, const struct message_evidence *want)
{
    CHECK(bytes_equal(got->quote, want->quote));
    CHECK(bytes_equal(got->signature, want->signature));
    CHECK(bytes_equal(got->ak_public, want->ak_public));
    CHECK(bytes_equal(got->ek_public, want->ek_public));
    CHECK(bytes_equal(got->host_claims, want->host_claims));
    CHECK(bytes_equal(got->agent_version, want->agent_version));
    CHECK(same_hints(&got->hints, &want->hints));
    for (size_t k = 0; k < LOG_KIND_COUNT; k++) {
        CHECK(got->log[k].follows == want->log[k].follows);
        CHECK_UINT(got->log[k].offset, want->log[k].offset);
        CHECK_UINT(got->log[k].entry, want->log[k].entry);
        CHECK_UINT(got->log[k].template_alg, want->log[k].template_alg);
        CHECK_UINT(got->log[k].template_size, want->log[k].template_size);
    }
}

static void evidence_is_the_golden_vectors(void)
{
    const struct {
        const char *name;
        struct message_evidence m;
    } cases[] = {
        { "evidence", small_evidence() },
        { "evidence-full", full_evidence() },
        { "evidence-no-logs", no_logs_evidence() },
        { "evidence-boot-held", boot_held_evidence() },
    };

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        static uint8_t buf[MESSAGE_EVIDENCE_MAX];
        struct bytes good = vector(cases[i].name);
        struct bytes out = { 0 };
        struct message_evidence got;
        struct error err = { 0 };

        check_case = cases[i].name;
        CHECKF(message_evidence_encode(&cases[i].m, buf, sizeof(buf), &out, &err), "%s", err.text);
        CHECK(bytes_equal(out, good));
        CHECKF(message_evidence_decode(good, &got, &err), "%s", err.text);
        check_same(&got, &cases[i].m);
    }
    check_case = "";
}

static void unknown_keys_of_evidence_are_ignored(void)
{
    struct message_evidence small = small_evidence();
    struct message_evidence got;
    struct error err = { 0 };

    CHECKF(message_evidence_decode(vector("evidence-unknown-keys"), &got, &err), "%s", err.text);
    check_same(&got, &small);
}

static void check_evidence_refused(struct bytes in, enum error_code want)
{
    struct message_evidence got;
    struct message_evidence untouched;
    struct error err = { 0 };

    memset(&got, 0xa5, sizeof(got));
    memset(&untouched, 0xa5, sizeof(untouched));
    CHECKF(!message_evidence_decode(in, &got, &err), "accepted");
    CHECKF(err.code == want, "\"%s\" (%s)", err.text, error_code_name(err.code));
    CHECK(memcmp(&got, &untouched, sizeof(got)) == 0);
}

static void wrong_evidence_is_refused(void)
{
    /* In "evidence": 00 01 01 02, 02 45 QUOTE, 03 49 SIGNATURE, 04 42 AK, 06 hints, 07 40,
     * 08 a1 02 a4 00 00 01 00 02 04 03 14, 09 65 "0.1.0". */
    static const struct {
        const char *name;
        const char *find;
        const char *with;
        enum error_code want;
    } cases[] = {
        { "version 0", "a9000101", "a9000001", ERROR_UNSUPPORTED },
        { "version 2", "a9000101", "a9000201", ERROR_UNSUPPORTED },
        { "version 2^64 - 1", "a9000101", "a9001bffffffffffffffff01", ERROR_UNSUPPORTED },
        { "version as text", "a9000101", "a900613101", ERROR_MALFORMED },
        { "version 1, not shortest", "a9000101", "a900180101", ERROR_MALFORMED },
        { "no version", "a900010102", "a80102", ERROR_MALFORMED },
        { "no type", "a900010102", "a80001", ERROR_MALFORMED },
        { "a request", "a900010102", "a900010101", ERROR_MALFORMED },
        { "a chunk", "a900010102", "a900010103", ERROR_MALFORMED },
        { "type 4", "a900010102", "a900010104", ERROR_UNSUPPORTED },
        { "type 0", "a900010102", "a900010100", ERROR_UNSUPPORTED },
        { "an array", "a900010102", "8900010102", ERROR_MALFORMED },
        { "an indefinite map", "a900010102", "bf00010102", ERROR_MALFORMED },
        { "one pair fewer than there are", "a900010102", "a800010102", ERROR_MALFORMED },
        { "one pair more than there are", "a900010102", "aa00010102", ERROR_TRUNCATED },
        { "2^32 pairs", "a900010102", "bb000000010000000000010102", ERROR_LIMIT },
        { "2^64 - 1 pairs", "a900010102", "bbffffffffffffffff00010102", ERROR_LIMIT },
        { "empty quote", "024551554f5445", "0240", ERROR_LIMIT },
        { "quote as text", "024551554f5445", "026551554f5445", ERROR_MALFORMED },
        { "quote as number", "024551554f5445", "0205", ERROR_MALFORMED },
        { "quote tagged", "024551554f5445", "02c24551554f5445", ERROR_MALFORMED },
        { "quote in pieces", "024551554f5445", "025f4551554f5445ff", ERROR_MALFORMED },
        { "quote with a long length", "024551554f5445", "02580551554f5445", ERROR_MALFORMED },
        { "quote of 2^32", "024551554f5445", "025b0000000100000000", ERROR_TRUNCATED },
        { "quote of 2^64 - 1", "024551554f5445", "025bffffffffffffffff", ERROR_TRUNCATED },
        { "quote twice", "024551554f5445", "024551554f5445024551554f5445", ERROR_MALFORMED },
        { "AK before signature", "03495349474e41545552450442414b", "0442414b03495349474e4154555245",
                ERROR_MALFORMED },
        { "empty EK", "0442414b", "0442414b0540", ERROR_MALFORMED },
        { "hints not an array", "0681830b0a", "06a1830b0a", ERROR_MALFORMED },
        { "hint of two", "0681830b0a", "0681820b0a", ERROR_MALFORMED },
        { "hint of four", "0681830b0a", "0681840b0a00", ERROR_MALFORMED },
        { "hint not an array", "0681830b0a", "0682000b0a", ERROR_MALFORMED },
        { "hint of an unknown algorithm", "0681830b0a", "0681830e0a", ERROR_UNSUPPORTED },
        { "hint of algorithm 65547", "0681830b0a", "0681831a0001000b0a", ERROR_LIMIT },
        { "hint of PCR 24", "0681830b0a", "0681830b1818", ERROR_LIMIT },
        { "hint of PCR 200", "0681830b0a", "0681830b18c8", ERROR_LIMIT },
        { "hint of PCR -1", "0681830b0a", "0681830b20", ERROR_MALFORMED },
        { "SHA-1 hint of 32 bytes", "0681830b0a", "068183040a", ERROR_MALFORMED },
        { "SHA-512 hint of 32 bytes", "0681830b0a", "0681830d0a", ERROR_MALFORMED },
        { "claims null", "0740", "07f6", ERROR_MALFORMED },
        { "logs an array", "08a102", "088102", ERROR_MALFORMED },
        { "log of kind 0", "08a102", "08a100", ERROR_UNSUPPORTED },
        { "log of kind 4", "08a102", "08a104", ERROR_UNSUPPORTED },
        { "log kind as text", "08a102", "08a16132", ERROR_MALFORMED },
        { "list without offset", "a40000010002040314", "a3010002040314", ERROR_MALFORMED },
        { "list without entry", "a40000010002040314", "a3000002040314", ERROR_MALFORMED },
        { "list without algorithm", "a40000010002040314", "a3000001000314", ERROR_MALFORMED },
        { "list without digest size", "a40000010002040314", "a3000001000204", ERROR_MALFORMED },
        { "template digest of 19 bytes", "02040314", "02040313", ERROR_MALFORMED },
        { "template digest of 65 bytes", "02040314", "0204031841", ERROR_LIMIT },
        { "template digest MD5", "02040314", "02030314", ERROR_UNSUPPORTED },
        { "entry 0 at offset 1", "a40000010002", "a40001010002", ERROR_MALFORMED },
        { "entry 1 at offset 0", "a40000010002", "a40000010102", ERROR_MALFORMED },
        { "offset of 2^63", "a40000010002", "a4001b8000000000000000010102", ERROR_LIMIT },
        { "agent version as bytes", "0965302e312e30", "0945302e312e30", ERROR_MALFORMED },
        { "agent version not UTF-8", "0965302e312e30", "0965302e31ff30", ERROR_MALFORMED },
        { "a byte at the end", "302e312e30", "302e312e3000", ERROR_MALFORMED },
        { "another message at the end", "302e312e30", "302e312e30a0", ERROR_MALFORMED },
        { "unknown key with a float", "0965302e312e30", "0965302e312e300af93c00", ERROR_MALFORMED },
    };
    struct bytes good = vector("evidence");

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct bytes bad = patched(good, cases[i].find, cases[i].with);

        check_case = cases[i].name;
        check_evidence_refused(bad, cases[i].want);
        heap_free(bad);
    }
    check_case = "";
}

static void every_required_key_must_be_there(void)
{
    static const char *const pairs[] = {
        "024551554f5445",
        "03495349474e4154555245",
        "0442414b",
        "0681830b0a5820aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
        "0740",
        "08a102a40000010002040314",
        "0965302e312e30",
    };
    struct bytes good = vector("evidence");

    for (size_t i = 0; i < ARRAY_LEN(pairs); i++) {
        struct bytes less = patched(good, pairs[i], "");
        struct bytes bad = patched(less, "a900010102", "a800010102");

        check_case = pairs[i];
        check_evidence_refused(bad, ERROR_MALFORMED);
        heap_free(less);
        heap_free(bad);
    }
    check_case = "";
}

/* Rows of these need a correct count of pairs, so that the reason is the unknown key itself. */
static void unknown_keys_are_checked_and_ignored(void)
{
    static const struct {
        const char *name;
        const char *with; /* behind key 9 */
        enum error_code want;
    } cases[] = {
        { "true", "0af5", ERROR_NONE },
        { "null", "0af6", ERROR_NONE },
        { "a negative key", "2000", ERROR_NONE },
        { "a text key", "617800", ERROR_NONE },
        { "a key of 2^64 - 1", "1bffffffffffffffff00", ERROR_NONE },
        { "eight levels, the message's included", "0a81818181818180", ERROR_NONE },
        { "nine levels", "0a8181818181818180", ERROR_LIMIT },
        { "a float", "0af93c00", ERROR_MALFORMED },
        { "a tag", "0ac100", ERROR_MALFORMED },
        { "an integer that is not the shortest", "0a1801", ERROR_MALFORMED },
        { "an inner key twice", "0aa200000000", ERROR_MALFORMED },
        { "an indefinite array", "0a9fff", ERROR_MALFORMED },
        { "text that is not UTF-8", "0a61ff", ERROR_MALFORMED },
        { "a key below the last", "08a0", ERROR_MALFORMED },
    };
    struct bytes good = vector("evidence");
    struct message_evidence want = small_evidence();

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        char with[64];

        (void)snprintf(with, sizeof(with), "302e312e30%s", cases[i].with);
        struct bytes more = patched(good, "302e312e30", with);
        struct bytes in = patched(more, "a900010102", "aa00010102");
        struct message_evidence got;
        struct error err = { 0 };

        check_case = cases[i].name;
        if (cases[i].want == ERROR_NONE) {
            CHECKF(message_evidence_decode(in, &got, &err), "%s", err.text);
            check_same(&got, &want);
        } else {
            check_evidence_refused(in, cases[i].want);
        }
        heap_free(more);
        heap_free(in);
    }
    check_case = "";
}

static void hints_are_sorted_and_unique(void)
{
    static const struct {
        const char *name;
        const char *find;
        const char *with;
    } cases[] = {
        { "same PCR twice", "830417", "830400" },
        { "banks out of order", "830b07", "831207" },
        { "PCRs out of order", "830400", "830417" },
    };
    struct bytes good = vector("evidence-full");

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct bytes bad = patched(good, cases[i].find, cases[i].with);

        check_case = cases[i].name;
        check_evidence_refused(bad, ERROR_MALFORMED);
        heap_free(bad);
    }
    check_case = "";
}

static void evidence_cut_after_any_byte_is_truncated(void)
{
    static const char *const names[] = { "evidence", "evidence-full", "evidence-unknown-keys" };

    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        struct bytes good = vector(names[i]);

        check_case = names[i];
        for (size_t cut = 0; cut < good.len; cut++) {
            struct bytes part = heap_copy((struct bytes){ good.ptr, cut });

            check_evidence_refused(part, ERROR_TRUNCATED);
            heap_free(part);
        }
    }
    check_case = "";
}

static void a_changed_message_never_crashes(void)
{
    static const char *const names[] = { "evidence-full", "chunk" };
    struct message_evidence evidence;
    struct message_chunk chunk;
    struct error err = { 0 };
    size_t refused = 0;

    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        struct bytes good = vector(names[i]);
        uint8_t *copy = malloc(good.len);

        for (size_t at = 0; at < good.len; at++) {
            for (unsigned int bit = 0; bit < 8; bit++) {
                memcpy(copy, good.ptr, good.len);
                copy[at] ^= (uint8_t)(1u << bit);
                refused +=
                        !message_evidence_decode((struct bytes){ copy, good.len }, &evidence, &err);
                refused += !message_chunk_decode((struct bytes){ copy, good.len }, &chunk, &err);
            }
        }
        free(copy);
    }
    CHECK(refused > 0);
}

static void an_encoder_refuses_what_its_decoder_would(void)
{
    static uint8_t buf[2 * MESSAGE_EVIDENCE_MAX];
    static uint8_t big[MESSAGE_EVIDENCE_MAX];
    struct bytes got = { 0 };
    struct error err = { 0 };
    struct message_evidence m = small_evidence();

    CHECK(message_evidence_encode(&m, buf, sizeof(buf), &got, &err));
    CHECK(!message_evidence_encode(&m, buf, got.len - 1, &got, &err));
    CHECK_UINT(err.code, ERROR_LIMIT);
    m.quote = (struct bytes){ 0 };
    CHECK(!message_evidence_encode(&m, buf, sizeof(buf), &got, &err));
    CHECK_UINT(err.code, ERROR_LIMIT);
    m = small_evidence();
    m.host_claims = (struct bytes){ big, MESSAGE_CLAIMS_MAX };
    CHECKF(message_evidence_encode(&m, buf, sizeof(buf), &got, &err), "%s", err.text);
    m.host_claims.len++;
    CHECK(!message_evidence_encode(&m, buf, sizeof(buf), &got, &err));
    CHECK_UINT(err.code, ERROR_LIMIT);
    m.host_claims.len = sizeof(big);
    CHECK(!message_evidence_encode(&m, buf, sizeof(buf), &got, &err));
    CHECK_UINT(err.code, ERROR_LIMIT);
    m = small_evidence();
    m.agent_version = bytes_of_text("\xff");
    CHECK(!message_evidence_encode(&m, buf, sizeof(buf), &got, &err));
    CHECK_UINT(err.code, ERROR_MALFORMED);
}

static void the_largest_evidence_fits(void)
{
    static uint8_t buf[MESSAGE_EVIDENCE_MAX];
    static uint8_t big[MESSAGE_CLAIMS_MAX];
    struct bytes got = { 0 };
    struct error err = { 0 };
    struct message_evidence m = full_evidence();

    for (enum digest_alg alg = 0; alg < DIGEST_ALG_COUNT; alg++) {
        for (unsigned int pcr = 0; pcr < PCR_COUNT; pcr++) {
            set_hint(&m.hints, alg, pcr, (int)pcr);
        }
    }
    m.quote = m.signature = m.ak_public = m.ek_public = (struct bytes){ big, MESSAGE_TPM_MAX };
    m.host_claims = (struct bytes){ big, MESSAGE_CLAIMS_MAX };
    CHECKF(message_evidence_encode(&m, buf, sizeof(buf), &got, &err), "%s", err.text);
}

static void chunks_are_the_golden_vectors(void)
{
    static uint8_t filled[256];
    static const struct {
        const char *name;
        struct message_chunk m;
    } cases[] = {
        { "chunk", { LOG_KIND_BOOT, 0, false, { (const uint8_t *)"\1\2\3", 3 } } },
        { "chunk-last", { LOG_KIND_IMA, 70000, true, { filled, sizeof(filled) } } },
        { "chunk-end", { LOG_KIND_USERSPACE, 5, true, { 0 } } },
    };

    (void)fill(filled, 0, sizeof(filled));
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        uint8_t buf[512];
        struct bytes want = vector(cases[i].name);
        struct bytes out = { 0 };
        struct message_chunk got;
        struct error err = { 0 };

        check_case = cases[i].name;
        CHECKF(message_chunk_encode(&cases[i].m, buf, sizeof(buf), &out, &err), "%s", err.text);
        CHECK(bytes_equal(out, want));
        CHECKF(message_chunk_decode(want, &got, &err), "%s", err.text);
        CHECK_UINT(got.log, cases[i].m.log);
        CHECK_UINT(got.offset, cases[i].m.offset);
        CHECK(got.last == cases[i].m.last);
        CHECK(bytes_equal(got.data, cases[i].m.data));
        for (size_t cut = 0; cut < want.len; cut++) {
            struct bytes part = heap_copy((struct bytes){ want.ptr, cut });

            CHECKF(!message_chunk_decode(part, &got, &err), "cut at %zu", cut);
            CHECK_UINT(err.code, ERROR_TRUNCATED);
            heap_free(part);
        }
    }
    check_case = "";
}

static void wrong_chunks_are_refused(void)
{
    static const struct {
        const char *name;
        const char *find; /* in a6 0001 0103 0201 0300 04f4 0543010203 */
        const char *with;
        enum error_code want;
    } cases[] = {
        { "version 3", "a60001", "a60003", ERROR_UNSUPPORTED },
        { "an evidence message's type", "0103", "0102", ERROR_MALFORMED },
        { "log 0", "0201", "0200", ERROR_UNSUPPORTED },
        { "log 4", "0201", "0204", ERROR_UNSUPPORTED },
        { "log -1", "0201", "0220", ERROR_MALFORMED },
        { "no log", "a6000101030201", "a500010103", ERROR_MALFORMED },
        { "no offset", "a60001010302010300", "a5000101030201", ERROR_MALFORMED },
        { "offset at the end of numbers", "0300", "031bffffffffffffffff", ERROR_LIMIT },
        { "offset of 2^63 - 1", "0300", "031b7fffffffffffffff", ERROR_LIMIT },
        { "last is 0", "04f4", "0400", ERROR_MALFORMED },
        { "last is null", "04f4", "04f6", ERROR_MALFORMED },
        { "no data, not the last", "0543010203", "0540", ERROR_MALFORMED },
        { "data as text", "0543010203", "0563010203", ERROR_MALFORMED },
        { "data as an array", "0543010203", "0583010203", ERROR_MALFORMED },
        { "data in pieces", "0543010203", "055f43010203ff", ERROR_MALFORMED },
        { "data of 2^32", "0543010203", "055b0000000100000000010203", ERROR_TRUNCATED },
        { "data of 2^64 - 1", "0543010203", "055bffffffffffffffff010203", ERROR_TRUNCATED },
        { "a byte at the end", "0543010203", "054301020300", ERROR_MALFORMED },
    };
    struct bytes good = vector("chunk");

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct bytes bad = patched(good, cases[i].find, cases[i].with);
        struct message_chunk got;
        struct error err = { 0 };

        check_case = cases[i].name;
        CHECKF(!message_chunk_decode(bad, &got, &err), "accepted");
        CHECKF(err.code == cases[i].want, "\"%s\" (%s)", err.text, error_code_name(err.code));
        heap_free(bad);
    }
    check_case = "";
}

static void a_chunk_is_full_at_its_limit(void)
{
    uint8_t *data = calloc(1, MESSAGE_CHUNK_DATA_MAX + 1);
    uint8_t *buf = malloc(MESSAGE_SIZE_MAX + 1);
    struct message_chunk m = { LOG_KIND_IMA, 0, false, { data, MESSAGE_CHUNK_DATA_MAX } };
    struct bytes got = { 0 };
    struct error err = { 0 };

    CHECKF(message_chunk_encode(&m, buf, MESSAGE_SIZE_MAX, &got, &err), "%s", err.text);
    m.data.len++;
    CHECK(!message_chunk_encode(&m, buf, MESSAGE_SIZE_MAX, &got, &err));
    CHECK_UINT(err.code, ERROR_LIMIT);
    CHECK(!message_chunk_decode((struct bytes){ buf, MESSAGE_CHUNK_MAX + 1 }, &m, &err));
    CHECK_UINT(err.code, ERROR_LIMIT);
    free(data);
    free(buf);
}

int main(void)
{
    static const struct test tests[] = {
        { "evidence is the golden vectors", evidence_is_the_golden_vectors },
        { "unknown keys of evidence are ignored", unknown_keys_of_evidence_are_ignored },
        { "R58: wrong evidence is refused", wrong_evidence_is_refused },
        { "every required key must be there", every_required_key_must_be_there },
        { "R58: unknown keys are checked and ignored", unknown_keys_are_checked_and_ignored },
        { "hints are sorted and unique", hints_are_sorted_and_unique },
        { "evidence cut after any byte is truncated", evidence_cut_after_any_byte_is_truncated },
        { "a changed message never crashes", a_changed_message_never_crashes },
        { "an encoder refuses what its decoder would", an_encoder_refuses_what_its_decoder_would },
        { "the largest evidence fits", the_largest_evidence_fits },
        { "chunks are the golden vectors", chunks_are_the_golden_vectors },
        { "R58: wrong chunks are refused", wrong_chunks_are_refused },
        { "R57: a chunk is full at its limit", a_chunk_is_full_at_its_limit },
    };

    return run_tests("message", tests, ARRAY_LEN(tests));
}
