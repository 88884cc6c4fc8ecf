/* SPDX-License-Identifier: BSD-3-Clause */
#include "tests/hostile/machine.h"

#include <stdio.h>
#include <string.h>

#include "tests/forge_internal.h"
#include "tests/hostile/wire.h"

/* What a chunk costs beside its data, at most. */
#define CHUNK_OVERHEAD 32

const char *machine_file(size_t i)
{
    static char path[64];

    if (i < FORGE_FILE_COUNT) {
        return forge_files[i];
    }
    (void)snprintf(path, sizeof(path), "/usr/bin/program-%zu", i);
    return path;
}

void machine_ak_name(const struct forge_key *k, uint8_t *out)
{
    struct bytes area = { k->public + 2, k->public_len - 2 };

    out[0] = 0x00;
    out[1] = 0x0b; /* TPM_ALG_SHA256 */
    forge_digest(DIGEST_SHA256, area, out + 2);
}

static void boot(struct forge *f, const struct forge_key *key, size_t files)
{
    forge_init(f, FORGE_SHA1 | FORGE_SHA256, key);
    forge_boot(f);
    forge_aggregate(f, DIGEST_SHA256, 9);
    for (size_t i = 0; i < files; i++) {
        forge_file(f, FORGE_BOTH, 10, machine_file(i));
    }
}

void machine_init(struct machine *m, const struct lie *lie, size_t files)
{
    *m = (struct machine){ .lie = lie, .files = files };
    forge_key_make(&m->key, FORGE_P256, FORGE_AK_ATTRIBUTES);
    forge_key_make(&m->other_key, FORGE_P256, FORGE_AK_ATTRIBUTES);
    forge_key_make(&m->ek, FORGE_P256, FORGE_AK_ATTRIBUTES);
    boot(&m->f, &m->key, files);
    boot(&m->other, &m->other_key, files);
}

void machine_clear(struct machine *m)
{
    forge_clear(&m->f);
    forge_clear(&m->other);
    forge_key_clear(&m->key);
    forge_key_clear(&m->other_key);
    forge_key_clear(&m->ek);
    forge_bytes_clear(&m->first_attest);
    forge_bytes_clear(&m->first_signature);
    forge_bytes_clear(&m->first_answer);
    forge_bytes_clear(&m->scratch);
}

static bool lies(const struct machine *m)
{
    return m->lie != NULL && m->rounds >= m->lie->from &&
            (m->lie->to == 0 || m->rounds <= m->lie->to);
}

/* The selection as it was asked for, in its order. */
static void ask(struct forge *f, const struct pcr_selection *want, unsigned int round)
{
    forge_ask(f, 0, 0);
    f->quote.clock.clock_ms += (uint64_t)1000 * round;
    f->quote.bank_count = want->count;
    for (size_t i = 0; i < want->count; i++) {
        uint32_t mask = want->bank[i].mask;

        f->quote.bank[i] = (struct forge_bank){
            .alg = digest_tpm_id(want->bank[i].alg),
            .size = 3,
            .bits = { (uint8_t)mask, (uint8_t)(mask >> 8), (uint8_t)(mask >> 16) },
        };
    }
    forge_quote_digest(f);
}

static void quote(struct machine *m, const struct message_request *r)
{
    uint8_t name[MACHINE_NAME_SIZE];

    m->rounds++;
    memcpy(m->challenge, r->challenge.ptr, r->challenge.len);
    m->challenge_len = r->challenge.len;
    if (m->rounds > 1 && (m->lie == NULL || !m->lie->idle)) {
        forge_file(&m->f, FORGE_BOTH, 10, machine_file(m->files++));
    }
    if (lies(m) && m->lie->live != NULL) {
        m->lie->live(m);
    }
    ask(&m->f, &r->selection, m->rounds);
    machine_ak_name(&m->key, name);
    wire_binding(r->challenge, (struct bytes){ name, sizeof(name) }, (struct bytes){ 0 },
            m->f.quote.nonce);
    if (lies(m) && m->lie->quote != NULL) {
        m->lie->quote(m);
    }
    forge_sign(&m->f);
    if (m->rounds == 1) {
        forge_add(&m->first_attest, forge_view(&m->f.attest));
        forge_add(&m->first_signature, forge_view(&m->f.signature));
    }
    if (lies(m) && m->lie->send != NULL) {
        m->lie->send(m);
    }
}

/* Where the boot log starts: behind what the verifier holds, if that is ours. */
static uint64_t boot_start(const struct machine *m, const struct message_request *r)
{
    uint8_t id[MESSAGE_BOOT_LOG_ID_SIZE];

    forge_digest(DIGEST_SHA256, forge_view(&m->f.boot_log), id);
    return bytes_equal(r->boot_log_id, (struct bytes){ id, sizeof(id) }) ? m->f.boot_log.len : 0;
}

static bool knows_cursor(const struct machine *m, const struct message_request *r)
{
    uint8_t name[MACHINE_NAME_SIZE];

    machine_ak_name(&m->key, name);
    return r->has_cursor && bytes_equal(r->cursor.ak_name, (struct bytes){ name, sizeof(name) }) &&
            r->cursor.reset_count == m->f.quote.clock.reset &&
            r->want[LOG_KIND_IMA].offset <= m->f.list.len;
}

static void announce(const struct machine *m, const struct message_request *r, struct answer *a)
{
    struct message_evidence *e = &a->evidence;

    a->has_evidence = true;
    *e = (struct message_evidence){
        .quote = forge_view(&m->f.attest),
        .signature = forge_view(&m->f.signature),
        .ak_public = forge_key_public(&m->key),
        .hints = m->f.hints,
        .agent_version = bytes_of_text("0.1.0"),
    };
    if (r->want[LOG_KIND_BOOT].wanted && m->f.send_boot_log) {
        e->log[LOG_KIND_BOOT] = (struct message_log){ .follows = true, .offset = boot_start(m, r) };
    }
    if (r->want[LOG_KIND_IMA].wanted && m->f.send_list) {
        bool delta = knows_cursor(m, r);

        e->log[LOG_KIND_IMA] = (struct message_log){
            .follows = true,
            .offset = delta ? r->want[LOG_KIND_IMA].offset : 0,
            .entry = delta ? r->cursor.entry : 0,
            .template_alg = m->f.format.alg,
            .template_size = m->f.format.size,
        };
    }
}

static void plan_chunk(struct answer *a, enum log_kind kind, struct bytes log, uint64_t offset,
        size_t room)
{
    uint64_t max = a->request->want[kind].max_bytes;
    uint64_t left = offset < log.len ? log.len - offset : 0;
    uint64_t n = left < max ? left : max;

    n = n < room ? n : room;
    n = n < MESSAGE_CHUNK_DATA_MAX ? n : MESSAGE_CHUNK_DATA_MAX;
    a->chunk[a->chunks++] = (struct message_chunk){
        .log = kind,
        .offset = offset,
        .last = n == left,
        .data = { left > 0 ? log.ptr + offset : NULL, (size_t)n },
    };
}

/* The first chunk of each log, as far as they fit. */
static void plan(const struct machine *m, const struct message_request *r, size_t evidence_size,
        struct answer *a)
{
    const struct bytes logs[LOG_KIND_COUNT] = {
        [LOG_KIND_BOOT] = forge_view(&m->f.boot_log),
        [LOG_KIND_IMA] = forge_view(&m->f.list),
    };
    size_t used = evidence_size;

    for (enum log_kind kind = LOG_KIND_BOOT; kind <= LOG_KIND_IMA; kind++) {
        const struct message_log *log = &a->evidence.log[kind];
        size_t room = a->limit > used + CHUNK_OVERHEAD ? a->limit - used - CHUNK_OVERHEAD : 1;

        if (a->has_evidence ? !log->follows : !r->want[kind].wanted) {
            continue;
        }
        plan_chunk(a, kind, logs[kind], a->has_evidence ? log->offset : r->want[kind].offset, room);
        used += a->chunk[a->chunks - 1].data.len + CHUNK_OVERHEAD;
    }
}

static size_t evidence_size(const struct answer *a)
{
    struct forge_bytes b = { 0 };
    size_t size;

    wire_evidence(&b, &a->evidence);
    size = b.len;
    forge_bytes_clear(&b);
    return size;
}

static void write_answer(const struct answer *a, struct forge_bytes *out)
{
    if (a->has_evidence) {
        wire_evidence(out, &a->evidence);
    }
    for (size_t i = 0; i < a->chunks; i++) {
        wire_chunk(out, &a->chunk[i]);
    }
}

bool machine_answer(struct machine *m, struct bytes request, size_t limit, struct forge_bytes *out)
{
    struct message_request r;
    struct error err = { 0 };
    struct answer a = { .request = &r, .limit = limit };

    if (!message_request_decode(request, &r, &err)) {
        fprintf(stderr, "request: %s\n", err.text);
        return false;
    }
    if (r.challenge.len > 0) {
        quote(m, &r);
        announce(m, &r, &a);
    }
    plan(m, &r, a.has_evidence ? evidence_size(&a) : 0, &a);
    if (lies(m) && m->lie->answer != NULL) {
        m->scratch.len = 0;
        m->lie->answer(m, &a);
    }
    write_answer(&a, out);
    if (lies(m) && m->lie->bytes != NULL) {
        m->lie->bytes(m, &a, out);
    }
    if (a.has_evidence && m->rounds == 1) {
        forge_add(&m->first_answer, forge_view(out));
    }
    return true;
}
