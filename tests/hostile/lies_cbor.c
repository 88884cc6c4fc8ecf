/* SPDX-License-Identifier: BSD-3-Clause */
#include <string.h>

#include "tests/hostile/lies.h"
#include "tests/hostile/wire.h"

/* R57, R58: bytes that are no message. Every answer starts with a map whose first pairs are
 * version 1 and type: a9 00 01 01 02 for evidence, a6 00 01 01 03 for a chunk. */

static void set(struct forge_bytes *out, const void *bytes, size_t len)
{
    out->len = 0;
    forge_add(out, (struct bytes){ bytes, len });
}

static void put_in_front(struct forge_bytes *out, size_t skip, const void *bytes, size_t len)
{
    struct forge_bytes rest = { 0 };

    forge_add(&rest, (struct bytes){ out->data + skip, out->len - skip });
    set(out, bytes, len);
    forge_add(out, forge_view(&rest));
    forge_bytes_clear(&rest);
}

static void empty(struct machine *m, const struct answer *a, struct forge_bytes *out)
{
    (void)m;
    (void)a;
    out->len = 0;
}

static void garbage(struct machine *m, const struct answer *a, struct forge_bytes *out)
{
    (void)m;
    (void)a;
    for (size_t i = 0; i < out->len; i++) {
        out->data[i] = (uint8_t)(i * 131 + 7);
    }
}

static void long_integer(struct machine *m, const struct answer *a, struct forge_bytes *out)
{
    (void)m;
    (void)a;
    put_in_front(out, 3, "\xa9\x00\x18\x01", 4);
}

static void indefinite_map(struct machine *m, const struct answer *a, struct forge_bytes *out)
{
    (void)m;
    (void)a;
    put_in_front(out, 1, "\xbf", 1);
}

static void unsorted_keys(struct machine *m, const struct answer *a, struct forge_bytes *out)
{
    (void)m;
    (void)a;
    put_in_front(out, 5, "\xa9\x01\x02\x00\x01", 5);
}

static void key_twice(struct machine *m, const struct answer *a, struct forge_bytes *out)
{
    (void)m;
    (void)a;
    put_in_front(out, 5, "\xaa\x00\x01\x00\x01\x01\x02", 7);
}

static void tagged(struct machine *m, const struct answer *a, struct forge_bytes *out)
{
    (void)m;
    (void)a;
    put_in_front(out, 0, "\xd9\xd9\xf7", 3);
}

static void float_version(struct machine *m, const struct answer *a, struct forge_bytes *out)
{
    (void)m;
    (void)a;
    put_in_front(out, 3, "\xa9\x00\xf9\x3c\x00", 5);
}

static void other_version(struct machine *m, const struct answer *a, struct forge_bytes *out)
{
    (void)m;
    (void)a;
    out->data[2] = 2;
}

static void request_for_evidence(struct machine *m, const struct answer *a, struct forge_bytes *out)
{
    (void)m;
    (void)a;
    out->data[4] = 1;
}

static void deep(struct machine *m, const struct answer *a, struct forge_bytes *out)
{
    uint8_t arrays[60000];

    (void)m;
    (void)a;
    memset(arrays, 0x81, sizeof(arrays));
    set(out, arrays, sizeof(arrays));
}

static void many_items(struct machine *m, const struct answer *a, struct forge_bytes *out)
{
    uint8_t items[60000] = { 0x99, 0xea, 0x5d };

    (void)m;
    (void)a;
    set(out, items, sizeof(items));
}

static void huge_string(struct machine *m, const struct answer *a, struct forge_bytes *out)
{
    (void)m;
    (void)a;
    set(out, "\xa9\x00\x01\x01\x02\x02\x5b\x7f\xff\xff\xff\xff\xff\xff\xff", 15);
}

static void huge_map(struct machine *m, const struct answer *a, struct forge_bytes *out)
{
    (void)m;
    (void)a;
    set(out, "\xbb\xff\xff\xff\xff\xff\xff\xff\xff\x00\x01", 11);
}

/* Inside the quote. */
static void cut(struct machine *m, const struct answer *a, struct forge_bytes *out)
{
    (void)m;
    (void)a;
    out->len = out->len < 100 ? out->len : 100;
}

static void cut_last_byte(struct machine *m, const struct answer *a, struct forge_bytes *out)
{
    (void)m;
    (void)a;
    out->len -= 1;
}

static void byte_more(struct machine *m, const struct answer *a, struct forge_bytes *out)
{
    (void)m;
    (void)a;
    forge_add(out, (struct bytes){ (const uint8_t *)"", 1 });
}

static void evidence_twice(struct machine *m, const struct answer *a, struct forge_bytes *out)
{
    struct forge_bytes evidence = { 0 };

    (void)m;
    if (a->has_evidence) {
        wire_evidence(&evidence, &a->evidence);
        put_in_front(out, 0, evidence.data, evidence.len);
    }
    forge_bytes_clear(&evidence);
}

static void chunks_only(struct machine *m, const struct answer *a, struct forge_bytes *out)
{
    (void)m;
    out->len = 0;
    for (size_t i = 0; i < a->chunks; i++) {
        wire_chunk(out, &a->chunk[i]);
    }
}

static void long_evidence(struct machine *m, const struct answer *a, struct forge_bytes *out)
{
    static uint8_t claims[MESSAGE_EVIDENCE_MAX];
    struct message_evidence e = a->evidence;

    (void)m;
    e.host_claims = (struct bytes){ claims, sizeof(claims) };
    out->len = 0;
    wire_evidence(out, &e);
}

static void agent_not_utf8(struct machine *m, const struct answer *a, struct forge_bytes *out)
{
    struct message_evidence e = a->evidence;

    (void)m;
    e.agent_version = bytes_of_text("\xff\xfe");
    out->len = 0;
    wire_evidence(out, &e);
}

static void hints_twice(struct machine *m, const struct answer *a, struct forge_bytes *out)
{
    static const uint8_t hint[] = { 0x83, 0x04, 0x00, 0x54 };
    uint8_t *at;

    (void)m;
    (void)a;
    at = memmem(out->data, out->len, hint, sizeof(hint));
    if (at != NULL) {
        at[sizeof(hint) + 20 + 2] = 0; /* PCR 1 becomes a second PCR 0 */
    }
}

static void hint_of_pcr_200(struct machine *m, const struct answer *a, struct forge_bytes *out)
{
    static const uint8_t hint[] = { 0x83, 0x04, 0x17, 0x54 };
    uint8_t *at;

    (void)m;
    (void)a;
    at = memmem(out->data, out->len, hint, sizeof(hint));
    if (at != NULL) {
        memcpy(at, "\x83\x04\x18\xc8\x53", 5);
    }
}

static void old_answer(struct machine *m, const struct answer *a, struct forge_bytes *out)
{
    if (a->has_evidence) {
        set(out, m->first_answer.data, m->first_answer.len);
    }
}

const struct lie lies_cbor[] = {
    { "empty", .bytes = empty },
    { "garbage", .bytes = garbage },
    { "long-integer", .bytes = long_integer },
    { "indefinite-map", .bytes = indefinite_map },
    { "unsorted-keys", .bytes = unsorted_keys },
    { "key-twice", .bytes = key_twice },
    { "tagged", .bytes = tagged },
    { "float-version", .bytes = float_version },
    { "other-version", .bytes = other_version },
    { "request-for-evidence", .bytes = request_for_evidence },
    { "deep", .bytes = deep },
    { "many-items", .bytes = many_items },
    { "huge-string", .bytes = huge_string },
    { "huge-map", .bytes = huge_map },
    { "cut", .bytes = cut },
    { "cut-last-byte", .bytes = cut_last_byte },
    { "byte-more", .bytes = byte_more },
    { "evidence-twice", .bytes = evidence_twice },
    { "chunks-only", .bytes = chunks_only },
    { "long-evidence", .bytes = long_evidence },
    { "agent-not-utf8", .bytes = agent_not_utf8 },
    { "hints-twice", .bytes = hints_twice },
    { "hint-of-pcr-200", .bytes = hint_of_pcr_200 },
    { "old-answer", .from = 2, .to = 2, .bytes = old_answer },
};
const size_t lies_cbor_count = ARRAY_LEN(lies_cbor);
