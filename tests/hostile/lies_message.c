/* SPDX-License-Identifier: BSD-3-Clause */
#include <string.h>

#include "eventlog/types.h"
#include "tests/hostile/lies.h"

/* R39, R57, R61, R73, R99: messages that are well formed and say what is not so. */

/* Hints are unsigned: what is wrong or missing in them must not matter where a log explains the
 * register, and never for the list's. */
static void wrong_boot_hints(struct machine *m, struct answer *a)
{
    (void)m;
    for (unsigned int pcr = 0; pcr < 10; pcr++) {
        a->evidence.hints.value[DIGEST_SHA256][pcr][0] ^= 1;
    }
}

static void wrong_list_hint(struct machine *m, struct answer *a)
{
    (void)m;
    a->evidence.hints.value[DIGEST_SHA256][10][0] ^= 1;
}

static void no_hints(struct machine *m, struct answer *a)
{
    (void)m;
    memset(a->evidence.hints.known, 0, sizeof(a->evidence.hints.known));
}

static void no_list_hint(struct machine *m, struct answer *a)
{
    (void)m;
    a->evidence.hints.known[DIGEST_SHA256] &= ~(1u << 10);
}

/* The value before the intruder came. */
static void intrude(struct machine *m)
{
    forge_file(&m->f, FORGE_EXTEND, 10, "/tmp/intruder");
}

static void hint_before_intruder(struct machine *m, struct answer *a)
{
    memcpy(a->evidence.hints.value[DIGEST_SHA256][10], m->other.tpm.value[DIGEST_SHA256][10], 32);
}

static void claims(struct machine *m, struct answer *a)
{
    (void)m;
    a->evidence.host_claims = bytes_of_text("all is well");
}

static void loud_agent(struct machine *m, struct answer *a)
{
    (void)m;
    a->evidence.agent_version = bytes_of_text("\x1b[2J\x1b[1;32mTRUSTED\x1b[0m");
}

static void userspace_log(struct machine *m, struct answer *a)
{
    (void)m;
    if (a->has_evidence) {
        a->evidence.log[LOG_KIND_USERSPACE].follows = true;
        a->chunk[a->chunks++] = (struct message_chunk){
            .log = LOG_KIND_USERSPACE,
            .last = true,
            .data = bytes_of_text("nobody asked for this"),
        };
    }
}

static struct message_log *list(struct answer *a)
{
    return &a->evidence.log[LOG_KIND_IMA];
}

static struct message_chunk *chunk_of(struct answer *a, enum log_kind kind)
{
    for (size_t i = 0; i < a->chunks; i++) {
        if (a->chunk[i].log == kind) {
            return &a->chunk[i];
        }
    }
    return NULL;
}

/* A first list that starts in its middle. */
static void list_starts_late(struct machine *m, struct answer *a)
{
    struct message_chunk *c = chunk_of(a, LOG_KIND_IMA);
    size_t skip = m->f.record_at[2];

    if (a->has_evidence && list(a)->offset == 0) {
        list(a)->offset = skip;
        list(a)->entry = 2;
        c->offset += skip;
        c->data.ptr += skip;
        c->data.len -= skip;
    }
}

static void entry_without_offset(struct machine *m, struct answer *a)
{
    (void)m;
    list(a)->entry = 3;
}

static void offset_without_entry(struct machine *m, struct answer *a)
{
    (void)m;
    if (a->has_evidence) {
        list(a)->offset = 120;
        list(a)->entry = 0;
        chunk_of(a, LOG_KIND_IMA)->offset = 120;
    }
}

static void boot_log_starts_late(struct machine *m, struct answer *a)
{
    struct message_chunk *c = chunk_of(a, LOG_KIND_BOOT);

    (void)m;
    if (a->has_evidence) {
        a->evidence.log[LOG_KIND_BOOT].offset = 37;
        c->offset += 37;
        c->data.ptr += 37;
        c->data.len -= 37;
    }
}

static void far_offset(struct machine *m, struct answer *a)
{
    (void)m;
    if (a->has_evidence) {
        list(a)->offset = MESSAGE_OFFSET_MAX;
        list(a)->entry = MESSAGE_OFFSET_MAX;
        chunk_of(a, LOG_KIND_IMA)->offset = MESSAGE_OFFSET_MAX;
    }
}

static bool is_delta(const struct answer *a)
{
    return a->has_evidence && a->evidence.log[LOG_KIND_IMA].offset > 0;
}

static void delta_entry(struct machine *m, struct answer *a)
{
    (void)m;
    if (is_delta(a)) {
        list(a)->entry += 1;
    }
}

/* Bytes from elsewhere, at the place that was asked for. */
static void delta_gap(struct machine *m, struct answer *a)
{
    size_t skip = 90;

    if (is_delta(a)) {
        struct message_chunk *c = chunk_of(a, LOG_KIND_IMA);
        size_t at = m->f.list.len - skip;

        c->data = (struct bytes){ m->f.list.data + at, skip };
    }
}

static void delta_overlap(struct machine *m, struct answer *a)
{
    if (is_delta(a)) {
        struct message_chunk *c = chunk_of(a, LOG_KIND_IMA);
        size_t at = m->f.record_at[m->f.records - 3];

        c->data = (struct bytes){ m->f.list.data + at, m->f.list.len - at };
    }
}

/* The whole list in the place of what is new: R73. */
static void delta_whole(struct machine *m, struct answer *a)
{
    if (is_delta(a)) {
        chunk_of(a, LOG_KIND_IMA)->data = forge_view(&m->f.list);
    }
}

/* ... and said so: an agent may always send all. */
static void whole_again(struct machine *m, struct answer *a)
{
    if (is_delta(a)) {
        struct message_chunk *c = chunk_of(a, LOG_KIND_IMA);

        list(a)->offset = 0;
        list(a)->entry = 0;
        c->offset = 0;
        c->data = forge_view(&m->f.list);
    }
}

static void delta_empty(struct machine *m, struct answer *a)
{
    (void)m;
    if (is_delta(a)) {
        chunk_of(a, LOG_KIND_IMA)->data.len = 0;
        chunk_of(a, LOG_KIND_IMA)->last = true;
    }
}

static void delta_elsewhere(struct machine *m, struct answer *a)
{
    if (is_delta(a)) {
        list(a)->offset = m->f.record_at[1];
        list(a)->entry = 1;
        chunk_of(a, LOG_KIND_IMA)->offset = m->f.record_at[1];
        chunk_of(a, LOG_KIND_IMA)->data = (struct bytes){ m->f.list.data + m->f.record_at[1],
            m->f.list.len - m->f.record_at[1] };
    }
}

/* The boot log that is held is said to be the same, and is not. */
static void stale_boot_log(struct machine *m, struct answer *a)
{
    struct message_chunk *c = chunk_of(a, LOG_KIND_BOOT);

    (void)m;
    if (a->has_evidence && a->request->want[LOG_KIND_BOOT].offset > 0) {
        a->evidence.log[LOG_KIND_BOOT].offset = a->request->want[LOG_KIND_BOOT].offset;
        *c = (struct message_chunk){
            .log = LOG_KIND_BOOT,
            .offset = a->request->want[LOG_KIND_BOOT].offset,
            .last = true,
        };
    }
}

static void extend_boot_log(struct machine *m)
{
    forge_event(&m->f, FORGE_BOTH, 14, EV_IPL, "another key list");
}

static void wrong_template_size(struct machine *m, struct answer *a)
{
    (void)m;
    list(a)->template_size = 32;
}

static void wrong_template_alg(struct machine *m, struct answer *a)
{
    (void)m;
    list(a)->template_alg = DIGEST_SHA256;
    list(a)->template_size = 32;
}

static void swap_logs(struct machine *m, struct answer *a)
{
    (void)m;
    if (a->chunks == 2) {
        struct message_chunk c = a->chunk[0];

        a->chunk[0] = a->chunk[1];
        a->chunk[1] = c;
    }
}

static void other_log(struct machine *m, struct answer *a)
{
    struct message_chunk *c = chunk_of(a, LOG_KIND_IMA);

    (void)m;
    if (c != NULL) {
        c->log = LOG_KIND_USERSPACE;
    }
}

static void no_chunks(struct machine *m, struct answer *a)
{
    (void)m;
    a->chunks = 0;
}

static void unannounced_chunk(struct machine *m, struct answer *a)
{
    (void)m;
    list(a)->follows = false;
}

static void repeat_chunk(struct machine *m, struct answer *a)
{
    (void)m;
    if (a->chunks > 0) {
        a->chunk[a->chunks] = a->chunk[a->chunks - 1];
        a->chunks++;
    }
}

static void shift(struct answer *a, int64_t by)
{
    struct message_chunk *c = chunk_of(a, LOG_KIND_IMA);

    if (c != NULL) {
        c->offset += (uint64_t)by;
    }
}

static void chunk_gap(struct machine *m, struct answer *a)
{
    (void)m;
    shift(a, 10);
}

static void chunk_overlap(struct machine *m, struct answer *a)
{
    (void)m;
    if (!a->has_evidence) {
        shift(a, -10);
    }
}

static void cut_chunk(struct answer *a, size_t len)
{
    for (size_t i = 0; i < a->chunks; i++) {
        if (a->chunk[i].data.len > len) {
            a->chunk[i].data.len = len;
            a->chunk[i].last = false;
        }
    }
}

/* In pieces, so that there is something to ask for; honest as such. */
static void in_pieces(struct machine *m, struct answer *a)
{
    (void)m;
    cut_chunk(a, 200);
}

static void overlapping_pieces(struct machine *m, struct answer *a)
{
    in_pieces(m, a);
    chunk_overlap(m, a);
}

static void pieces_with_gaps(struct machine *m, struct answer *a)
{
    in_pieces(m, a);
    if (!a->has_evidence) {
        shift(a, 10);
    }
}

static void drip(struct machine *m, struct answer *a)
{
    (void)m;
    cut_chunk(a, 1);
}

static void last_too_early(struct machine *m, struct answer *a)
{
    in_pieces(m, a);
    if (a->chunks > 0) {
        a->chunk[a->chunks - 1].last = true;
    }
}

static void never_last(struct machine *m, struct answer *a)
{
    (void)m;
    for (size_t i = 0; i < a->chunks; i++) {
        a->chunk[i].last = false;
    }
}

static void empty_chunks(struct machine *m, struct answer *a)
{
    (void)m;
    for (size_t i = 0; i < a->chunks; i++) {
        a->chunk[i].last = false;
        a->chunk[i].data.len = 0;
    }
}

/* One record over and over, as long as anybody asks. */
static void endless_list(struct machine *m, struct answer *a)
{
    struct message_chunk *c = chunk_of(a, LOG_KIND_IMA);
    const struct forge *f = &m->f;
    size_t size = f->record_at[2] - f->record_at[1];
    uint64_t want;

    if (c == NULL || !c->last) {
        return;
    }
    want = a->request->want[LOG_KIND_IMA].max_bytes;
    want = want < MESSAGE_CHUNK_DATA_MAX ? want : MESSAGE_CHUNK_DATA_MAX;
    want = want < a->limit / 2 ? want : a->limit / 2;
    while (m->scratch.len < want) {
        uint64_t at = c->offset + m->scratch.len;

        if (at < f->list.len) {
            forge_add(&m->scratch, (struct bytes){ f->list.data + at, f->list.len - at });
        } else {
            size_t phase = (size_t)((at - f->list.len) % size);

            forge_add(&m->scratch,
                    (struct bytes){ f->list.data + f->record_at[1] + phase, size - phase });
        }
    }
    c->data = (struct bytes){ m->scratch.data, (size_t)want };
    c->last = false;
}

static void endless_boot_log(struct machine *m, struct answer *a)
{
    struct message_chunk *c = chunk_of(a, LOG_KIND_BOOT);
    static const uint8_t zeros[4096];

    if (c != NULL && c->data.len > 0) {
        c->last = false;
    } else if (c != NULL && !a->has_evidence) {
        while (m->scratch.len < a->limit / 2 &&
                m->scratch.len < a->request->want[LOG_KIND_BOOT].max_bytes) {
            forge_add(&m->scratch, (struct bytes){ zeros, sizeof(zeros) });
        }
        c->data = forge_view(&m->scratch);
        c->last = false;
    }
}

static void more_than_asked(struct machine *m, struct answer *a)
{
    static const uint8_t zeros[4096];

    for (size_t i = 0; i < 1024; i++) {
        forge_add(&m->scratch, (struct bytes){ zeros, sizeof(zeros) });
    }
    if (a->chunks > 0) {
        struct message_chunk *c = &a->chunk[a->chunks - 1];

        c->data = forge_view(&m->scratch);
        c->last = false;
    }
}

const struct lie lies_message[] = {
    { "wrong-boot-hints", .answer = wrong_boot_hints },
    { "wrong-list-hint", .answer = wrong_list_hint },
    { "no-hints", .answer = no_hints },
    { "no-list-hint", .answer = no_list_hint },
    { "hint-before-intruder", .live = intrude, .answer = hint_before_intruder },
    { "unsigned-claims", .answer = claims },
    { "loud-agent", .answer = loud_agent },
    { "user-space-log", .answer = userspace_log },
    { "list-starts-late", .answer = list_starts_late },
    { "entry-without-offset", .answer = entry_without_offset },
    { "offset-without-entry", .answer = offset_without_entry },
    { "boot-log-starts-late", .answer = boot_log_starts_late },
    { "far-offset", .answer = far_offset },
    { "delta-entry", .from = 2, .to = 2, .answer = delta_entry },
    { "delta-gap", .from = 2, .answer = delta_gap },
    { "delta-overlap", .from = 2, .answer = delta_overlap },
    { "delta-whole", .from = 2, .answer = delta_whole },
    { "delta-empty", .from = 2, .answer = delta_empty },
    { "delta-elsewhere", .from = 2, .to = 2, .answer = delta_elsewhere },
    { "whole-again", .from = 2, .answer = whole_again },
    { "stale-boot-log", .from = 2, .to = 2, .live = extend_boot_log, .answer = stale_boot_log },
    { "wrong-template-size", .answer = wrong_template_size },
    { "wrong-template-algorithm", .answer = wrong_template_alg },
    { "swap-logs", .answer = swap_logs },
    { "other-log", .answer = other_log },
    { "no-chunks", .answer = no_chunks },
    { "unannounced-chunk", .answer = unannounced_chunk },
    { "repeat-chunk", .answer = repeat_chunk },
    { "chunk-gap", .answer = chunk_gap },
    { "in-pieces", .answer = in_pieces },
    { "overlapping-pieces", .answer = overlapping_pieces },
    { "pieces-with-gaps", .answer = pieces_with_gaps },
    { "drip", .answer = drip },
    { "last-too-early", .answer = last_too_early },
    { "never-last", .answer = never_last },
    { "empty-chunks", .answer = empty_chunks },
    { "endless-list", .answer = endless_list },
    { "endless-boot-log", .answer = endless_boot_log },
    { "more-than-asked", .answer = more_than_asked },
};
const size_t lies_message_count = ARRAY_LEN(lies_message);
