/* SPDX-License-Identifier: BSD-3-Clause */
#include "protocol/message.h"

#include <inttypes.h>

#include "common/reader.h"
#include "common/writer.h"
#include "protocol/envelope.h"
#include "protocol/field.h"
#include "protocol/item.h"

/* Map keys, as in docs/protocol.cddl. 0 and 1: envelope.c. */
enum {
    EVIDENCE_QUOTE = 2,
    EVIDENCE_SIGNATURE = 3,
    EVIDENCE_AK_PUBLIC = 4,
    EVIDENCE_EK_PUBLIC = 5,
    EVIDENCE_HINTS = 6,
    EVIDENCE_HOST_CLAIMS = 7,
    EVIDENCE_LOGS = 8,
    EVIDENCE_AGENT_VERSION = 9,

    LOG_OFFSET = 0,
    LOG_ENTRY = 1,
    LOG_TEMPLATE_ALG = 2,
    LOG_TEMPLATE_SIZE = 3,

    CHUNK_LOG = 2,
    CHUNK_OFFSET = 3,
    CHUNK_LAST = 4,
    CHUNK_DATA = 5,
};

static bool log_value(struct reader *r, unsigned int key, void *out, struct error *err)
{
    struct message_log *log = out;
    uint64_t size;

    switch (key) {
    case LOG_OFFSET:
        return field_read_uint(r, MESSAGE_OFFSET_MAX, &log->offset, err);
    case LOG_ENTRY:
        return field_read_uint(r, MESSAGE_OFFSET_MAX, &log->entry, err);
    case LOG_TEMPLATE_ALG:
        return field_read_alg(r, &log->template_alg, err);
    default:
        if (!field_read_uint(r, DIGEST_SIZE_MAX, &size, err)) {
            return false;
        }
        log->template_size = (size_t)size;
        return true;
    }
}

static bool read_log(struct reader *r, enum log_kind kind, struct message_log *out,
        struct error *err)
{
    static const char *const names[] = { "offset", "entry", "template digest algorithm",
        "template digest size" };
    static const struct field_shape plain = { names, 1, FIELD_BIT(LOG_OFFSET), log_value };
    static const struct field_shape ima = { names, 4,
        FIELD_BIT(LOG_OFFSET) | FIELD_BIT(LOG_ENTRY) | FIELD_BIT(LOG_TEMPLATE_ALG) |
                FIELD_BIT(LOG_TEMPLATE_SIZE),
        log_value };
    struct message_log log = { .follows = true };

    if (!field_read_map(r, kind == LOG_KIND_IMA ? &ima : &plain, &log, err)) {
        return false;
    }
    if (kind == LOG_KIND_IMA && log.template_size < digest_size(log.template_alg)) {
        return error_set(err, ERROR_MALFORMED, "template digest of %zu bytes for %s",
                log.template_size, digest_name(log.template_alg));
    }
    if (kind == LOG_KIND_IMA && (log.offset == 0) != (log.entry == 0)) {
        return error_set(err, ERROR_MALFORMED, "entry %" PRIu64 " at offset %" PRIu64, log.entry,
                log.offset);
    }
    *out = log;
    return true;
}

static bool read_logs(struct reader *r, struct message_log *out, struct error *err)
{
    struct item map;
    enum log_kind kind;

    if (!field_read_item(r, ITEM_MAP, &map, err)) {
        return false;
    }
    for (uint64_t i = 0; i < map.value; i++) {
        if (!envelope_read_log(r, &kind, err)) {
            return false;
        }
        if (!read_log(r, kind, &out[kind], err)) {
            return error_wrap(err, "%s", log_kind_name(kind));
        }
    }
    return true;
}

static bool read_hint(struct reader *r, uint32_t *last, struct pcr_values *out, struct error *err)
{
    enum digest_alg alg;
    uint64_t pcr;
    struct bytes value;

    if (!field_read_tuple(r, 3, err) || !field_read_alg(r, &alg, err) ||
            !field_read_uint(r, PCR_COUNT - 1, &pcr, err) ||
            !field_read_bytes(r, digest_size(alg), digest_size(alg), &value, err)) {
        return false;
    }
    /* 1 more than the pair itself, so that 0 is before the first. */
    uint32_t order = ((uint32_t)digest_tpm_id(alg) << 8 | (uint32_t)pcr) + 1;

    if (order <= *last) {
        return error_set(err, ERROR_MALFORMED, "%s PCR %" PRIu64 " is out of order",
                digest_name(alg), pcr);
    }
    *last = order;
    pcr_values_set(out, alg, (unsigned int)pcr, value.ptr);
    return true;
}

static bool read_hints(struct reader *r, struct pcr_values *out, struct error *err)
{
    struct item array;
    uint32_t last = 0;

    if (!field_read_item(r, ITEM_ARRAY, &array, err)) {
        return false;
    }
    for (uint64_t i = 0; i < array.value; i++) {
        if (!read_hint(r, &last, out, err)) {
            return error_wrap(err, "hint %" PRIu64, i);
        }
    }
    return true;
}

static bool evidence_value(struct reader *r, unsigned int key, void *out, struct error *err)
{
    struct message_evidence *m = out;

    switch (key) {
    case EVIDENCE_QUOTE:
        return field_read_bytes(r, 1, MESSAGE_TPM_MAX, &m->quote, err);
    case EVIDENCE_SIGNATURE:
        return field_read_bytes(r, 1, MESSAGE_TPM_MAX, &m->signature, err);
    case EVIDENCE_AK_PUBLIC:
        return field_read_bytes(r, 1, MESSAGE_TPM_MAX, &m->ak_public, err);
    case EVIDENCE_EK_PUBLIC:
        return field_read_bytes(r, 1, MESSAGE_TPM_MAX, &m->ek_public, err);
    case EVIDENCE_HINTS:
        return read_hints(r, &m->hints, err);
    case EVIDENCE_HOST_CLAIMS:
        return field_read_bytes(r, 0, MESSAGE_CLAIMS_MAX, &m->host_claims, err);
    case EVIDENCE_LOGS:
        return read_logs(r, m->log, err);
    case EVIDENCE_AGENT_VERSION:
        return field_read_text(r, MESSAGE_AGENT_MAX, &m->agent_version, err);
    default:
        return item_skip(r, err);
    }
}

bool message_evidence_decode(struct bytes in, struct message_evidence *out, struct error *err)
{
    static const char *const names[] = { "version", "type", "quote", "signature", "AK public",
        "EK public", "PCR hints", "host claims", "logs", "agent version" };
    static const struct field_shape shape = { names, ARRAY_LEN(names),
        FIELD_BIT(EVIDENCE_QUOTE) | FIELD_BIT(EVIDENCE_SIGNATURE) | FIELD_BIT(EVIDENCE_AK_PUBLIC) |
                FIELD_BIT(EVIDENCE_HINTS) | FIELD_BIT(EVIDENCE_HOST_CLAIMS) |
                FIELD_BIT(EVIDENCE_LOGS) | FIELD_BIT(EVIDENCE_AGENT_VERSION),
        evidence_value };
    struct message_evidence m = { 0 };

    if (!envelope_read(in, MESSAGE_EVIDENCE, MESSAGE_EVIDENCE_MAX, &shape, &m, err)) {
        return false;
    }
    *out = m;
    return true;
}

static void write_hints(struct writer *w, const struct pcr_values *hints)
{
    size_t count = 0;
    struct bytes value;

    for (int alg = 0; alg < DIGEST_ALG_COUNT; alg++) {
        count += (size_t)__builtin_popcount(hints->known[alg] & PCR_ALL);
    }
    item_write_uint(w, EVIDENCE_HINTS);
    item_write_array(w, count);
    /* enum digest_alg is in the order of TPM_ALG_ID. */
    for (enum digest_alg alg = 0; alg < DIGEST_ALG_COUNT; alg++) {
        for (unsigned int pcr = 0; pcr < PCR_COUNT; pcr++) {
            if (pcr_values_get(hints, alg, pcr, &value)) {
                item_write_array(w, 3);
                item_write_uint(w, digest_tpm_id(alg));
                item_write_uint(w, pcr);
                item_write_bytes(w, value);
            }
        }
    }
}

static void write_logs(struct writer *w, const struct message_log *logs)
{
    size_t count = 0;

    for (size_t kind = 0; kind < LOG_KIND_COUNT; kind++) {
        count += logs[kind].follows;
    }
    item_write_uint(w, EVIDENCE_LOGS);
    item_write_map(w, count);
    for (size_t kind = 0; kind < LOG_KIND_COUNT; kind++) {
        if (!logs[kind].follows) {
            continue;
        }
        item_write_uint(w, kind);
        item_write_map(w, kind == LOG_KIND_IMA ? 4 : 1);
        field_write_uint(w, LOG_OFFSET, logs[kind].offset);
        if (kind == LOG_KIND_IMA) {
            field_write_uint(w, LOG_ENTRY, logs[kind].entry);
            field_write_uint(w, LOG_TEMPLATE_ALG, digest_tpm_id(logs[kind].template_alg));
            field_write_uint(w, LOG_TEMPLATE_SIZE, logs[kind].template_size);
        }
    }
}

bool message_evidence_encode(const struct message_evidence *m, uint8_t *dst, size_t size,
        struct bytes *out, struct error *err)
{
    struct writer w = writer_init(dst, size);
    bool has_ek = m->ek_public.len > 0;
    struct message_evidence check;
    struct bytes message;

    envelope_write(&w, has_ek ? 10 : 9, MESSAGE_EVIDENCE);
    field_write_bytes(&w, EVIDENCE_QUOTE, m->quote);
    field_write_bytes(&w, EVIDENCE_SIGNATURE, m->signature);
    field_write_bytes(&w, EVIDENCE_AK_PUBLIC, m->ak_public);
    if (has_ek) {
        field_write_bytes(&w, EVIDENCE_EK_PUBLIC, m->ek_public);
    }
    write_hints(&w, &m->hints);
    field_write_bytes(&w, EVIDENCE_HOST_CLAIMS, m->host_claims);
    write_logs(&w, m->log);
    item_write_uint(&w, EVIDENCE_AGENT_VERSION);
    item_write_text(&w, m->agent_version);
    if (!envelope_written(&w, &message, err) || !message_evidence_decode(message, &check, err)) {
        return false;
    }
    *out = message;
    return true;
}

static bool chunk_value(struct reader *r, unsigned int key, void *out, struct error *err)
{
    struct message_chunk *m = out;
    struct item item;

    switch (key) {
    case CHUNK_LOG:
        return envelope_read_log(r, &m->log, err);
    case CHUNK_OFFSET:
        return field_read_uint(r, MESSAGE_OFFSET_MAX - MESSAGE_CHUNK_DATA_MAX, &m->offset, err);
    case CHUNK_LAST:
        if (!field_read_item(r, ITEM_BOOL, &item, err)) {
            return false;
        }
        m->last = item.value != 0;
        return true;
    case CHUNK_DATA:
        return field_read_bytes(r, 0, MESSAGE_CHUNK_DATA_MAX, &m->data, err);
    default:
        return item_skip(r, err);
    }
}

bool message_chunk_decode(struct bytes in, struct message_chunk *out, struct error *err)
{
    static const char *const names[] = { "version", "type", "log", "offset", "last", "data" };
    static const struct field_shape shape = { names, ARRAY_LEN(names),
        FIELD_BIT(CHUNK_LOG) | FIELD_BIT(CHUNK_OFFSET) | FIELD_BIT(CHUNK_LAST) |
                FIELD_BIT(CHUNK_DATA),
        chunk_value };
    struct message_chunk m = { 0 };

    if (!envelope_read(in, MESSAGE_CHUNK, MESSAGE_CHUNK_MAX, &shape, &m, err)) {
        return false;
    }
    /* An empty chunk that is not the last makes no progress. */
    if (m.data.len == 0 && !m.last) {
        return error_set(err, ERROR_MALFORMED, "log chunk message: no data, and not the last");
    }
    *out = m;
    return true;
}

bool message_chunk_encode(const struct message_chunk *m, uint8_t *dst, size_t size,
        struct bytes *out, struct error *err)
{
    struct writer w = writer_init(dst, size);
    struct message_chunk check;
    struct bytes message;

    envelope_write(&w, 6, MESSAGE_CHUNK);
    field_write_uint(&w, CHUNK_LOG, m->log);
    field_write_uint(&w, CHUNK_OFFSET, m->offset);
    item_write_uint(&w, CHUNK_LAST);
    item_write_bool(&w, m->last);
    field_write_bytes(&w, CHUNK_DATA, m->data);
    if (!envelope_written(&w, &message, err) || !message_chunk_decode(message, &check, err)) {
        return false;
    }
    *out = message;
    return true;
}
