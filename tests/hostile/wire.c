/* SPDX-License-Identifier: BSD-3-Clause */
#include "tests/hostile/wire.h"

static void add_byte(struct forge_bytes *out, unsigned int b)
{
    uint8_t byte = (uint8_t)b;

    forge_add(out, (struct bytes){ &byte, 1 });
}

void wire_head(struct forge_bytes *out, enum wire_major major, uint64_t value)
{
    unsigned int top = (unsigned int)major << 5;
    unsigned int size = value <= 0xff ? 1 : value <= 0xffff ? 2 : value <= 0xffffffff ? 4 : 8;

    if (value < 24) {
        add_byte(out, top | (unsigned int)value);
        return;
    }
    add_byte(out, top | (size == 1 ? 24 : size == 2 ? 25 : size == 4 ? 26 : 27));
    for (unsigned int shift = 8 * size; shift > 0; shift -= 8) {
        add_byte(out, (unsigned int)(value >> (shift - 8)) & 0xff);
    }
}

void wire_bytes(struct forge_bytes *out, struct bytes b)
{
    wire_head(out, WIRE_BYTES, b.len);
    forge_add(out, b);
}

void wire_text(struct forge_bytes *out, struct bytes b)
{
    wire_head(out, WIRE_TEXT, b.len);
    forge_add(out, b);
}

static void pair_uint(struct forge_bytes *out, unsigned int key, uint64_t value)
{
    wire_head(out, WIRE_UINT, key);
    wire_head(out, WIRE_UINT, value);
}

static void pair_bytes(struct forge_bytes *out, unsigned int key, struct bytes b)
{
    wire_head(out, WIRE_UINT, key);
    wire_bytes(out, b);
}

static void write_hints(struct forge_bytes *out, const struct pcr_values *hints)
{
    struct forge_bytes items = { 0 };
    size_t count = 0;

    for (unsigned int alg = 0; alg < DIGEST_ALG_COUNT; alg++) {
        for (unsigned int pcr = 0; pcr < PCR_COUNT; pcr++) {
            struct bytes value;

            if (!pcr_values_get(hints, (enum digest_alg)alg, pcr, &value)) {
                continue;
            }
            count++;
            wire_head(&items, WIRE_ARRAY, 3);
            wire_head(&items, WIRE_UINT, digest_tpm_id((enum digest_alg)alg));
            wire_head(&items, WIRE_UINT, pcr);
            wire_bytes(&items, value);
        }
    }
    wire_head(out, WIRE_UINT, 6);
    wire_head(out, WIRE_ARRAY, count);
    forge_add(out, forge_view(&items));
    forge_bytes_clear(&items);
}

static void write_logs(struct forge_bytes *out, const struct message_log *logs)
{
    size_t count = 0;

    for (unsigned int kind = LOG_KIND_BOOT; kind < LOG_KIND_COUNT; kind++) {
        count += logs[kind].follows ? 1 : 0;
    }
    wire_head(out, WIRE_UINT, 8);
    wire_head(out, WIRE_MAP, count);
    for (unsigned int kind = LOG_KIND_BOOT; kind < LOG_KIND_COUNT; kind++) {
        const struct message_log *log = &logs[kind];

        if (!log->follows) {
            continue;
        }
        wire_head(out, WIRE_UINT, kind);
        wire_head(out, WIRE_MAP, kind == LOG_KIND_IMA ? 4 : 1);
        pair_uint(out, 0, log->offset);
        if (kind == LOG_KIND_IMA) {
            pair_uint(out, 1, log->entry);
            pair_uint(out, 2, digest_tpm_id(log->template_alg));
            pair_uint(out, 3, log->template_size);
        }
    }
}

void wire_evidence(struct forge_bytes *out, const struct message_evidence *m)
{
    wire_head(out, WIRE_MAP, m->ek_public.len > 0 ? 10 : 9);
    pair_uint(out, 0, MESSAGE_VERSION);
    pair_uint(out, 1, MESSAGE_EVIDENCE);
    pair_bytes(out, 2, m->quote);
    pair_bytes(out, 3, m->signature);
    pair_bytes(out, 4, m->ak_public);
    if (m->ek_public.len > 0) {
        pair_bytes(out, 5, m->ek_public);
    }
    write_hints(out, &m->hints);
    pair_bytes(out, 7, m->host_claims);
    write_logs(out, m->log);
    wire_head(out, WIRE_UINT, 9);
    wire_text(out, m->agent_version);
}

void wire_chunk(struct forge_bytes *out, const struct message_chunk *m)
{
    wire_head(out, WIRE_MAP, 6);
    pair_uint(out, 0, MESSAGE_VERSION);
    pair_uint(out, 1, MESSAGE_CHUNK);
    pair_uint(out, 2, m->log);
    pair_uint(out, 3, m->offset);
    wire_head(out, WIRE_UINT, 4);
    wire_head(out, WIRE_SIMPLE, m->last ? 21 : 20);
    pair_bytes(out, 5, m->data);
}

void wire_binding(struct bytes challenge, struct bytes ak_name, struct bytes claims,
        uint8_t out[32])
{
    struct forge_bytes array = { 0 };
    uint8_t claims_digest[32];

    forge_digest(DIGEST_SHA256, claims, claims_digest);
    wire_head(&array, WIRE_ARRAY, 6);
    wire_text(&array, bytes_of_text("tally-binding-v1"));
    wire_bytes(&array, challenge);
    wire_bytes(&array, ak_name);
    wire_bytes(&array, (struct bytes){ 0 }); /* verifier */
    wire_bytes(&array, (struct bytes){ 0 }); /* channel */
    wire_bytes(&array, (struct bytes){ claims_digest, sizeof(claims_digest) });
    forge_digest(DIGEST_SHA256, forge_view(&array), out);
    forge_bytes_clear(&array);
}
