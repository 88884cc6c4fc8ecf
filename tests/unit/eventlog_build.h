/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/* Writes event logs for tests: banks are a mask over enum digest_alg, digests are those of the data
 * unless given. */
#include "common/digest.h"
#include "common/writer.h"
#include "eventlog/event.h"
#include "eventlog/types.h"
#include "tests/check.h"

#define SHA1_BANK   (1u << DIGEST_SHA1)
#define SHA256_BANK (1u << DIGEST_SHA256)

struct log_builder {
    struct writer w;
    struct hasher hasher;
    uint32_t banks;
    uint8_t data[8192];
};

static inline void build_u16le(struct writer *w, unsigned int v)
{
    writer_u8(w, (uint8_t)v);
    writer_u8(w, (uint8_t)(v >> 8));
}

static inline void build_u64le(struct writer *w, uint64_t v)
{
    writer_u32le(w, (uint32_t)v);
    writer_u32le(w, (uint32_t)(v >> 32));
}

static inline void build_utf16(struct writer *w, const char *ascii)
{
    for (; *ascii != '\0'; ascii++) {
        build_u16le(w, (unsigned char)*ascii);
    }
}

static inline void build_init(struct log_builder *b, uint32_t banks)
{
    struct error err = { 0 };

    *b = (struct log_builder){ .banks = banks };
    b->w = writer_init(b->data, sizeof(b->data));
    CHECK(hasher_init(&b->hasher, &err));
}

static inline void build_clear(struct log_builder *b)
{
    hasher_clear(&b->hasher);
}

static inline struct bytes build_done(const struct log_builder *b)
{
    struct bytes log = { 0 };

    CHECK(writer_done(&b->w, &log));
    return log;
}

/** A SHA-1 record, which is how every log starts. */
static inline void build_legacy(struct log_builder *b, uint32_t pcr, uint32_t type,
        struct bytes data)
{
    uint8_t digest[DIGEST_SIZE_MAX] = { 0 };
    struct error err = { 0 };

    if (type != EV_NO_ACTION) {
        CHECK(hasher_digest(&b->hasher, DIGEST_SHA1, data, digest, &err));
    }
    writer_u32le(&b->w, pcr);
    writer_u32le(&b->w, type);
    writer_bytes(&b->w, (struct bytes){ digest, digest_size(DIGEST_SHA1) });
    writer_u32le(&b->w, (uint32_t)data.len);
    writer_bytes(&b->w, data);
}

static inline void build_spec(struct log_builder *b)
{
    uint8_t data[256];
    struct writer w = writer_init(data, sizeof(data));
    struct bytes spec = { 0 };
    uint32_t count = 0;

    writer_bytes(&w, (struct bytes){ (const uint8_t *)"Spec ID Event03", 16 });
    writer_u32le(&w, 0);
    writer_bytes(&w, (struct bytes){ (const uint8_t *)"\0\2\0\2", 4 });
    for (unsigned int alg = 0; alg < DIGEST_ALG_COUNT; alg++) {
        count += b->banks >> alg & 1;
    }
    writer_u32le(&w, count);
    for (unsigned int alg = 0; alg < DIGEST_ALG_COUNT; alg++) {
        if ((b->banks >> alg & 1) != 0) {
            build_u16le(&w, digest_tpm_id((enum digest_alg)alg));
            build_u16le(&w, (unsigned int)digest_size((enum digest_alg)alg));
        }
    }
    writer_u8(&w, 0);
    CHECK(writer_done(&w, &spec));
    build_legacy(b, 0, EV_NO_ACTION, spec);
}

/** A crypto-agile record of these banks whose digests are of measured. */
static inline void build_event_of(struct log_builder *b, uint32_t banks, uint32_t pcr,
        uint32_t type, struct bytes data, struct bytes measured)
{
    uint32_t count = 0;

    writer_u32le(&b->w, pcr);
    writer_u32le(&b->w, type);
    for (unsigned int alg = 0; alg < DIGEST_ALG_COUNT; alg++) {
        count += banks >> alg & 1;
    }
    writer_u32le(&b->w, count);
    for (unsigned int i = 0; i < DIGEST_ALG_COUNT; i++) {
        enum digest_alg alg = (enum digest_alg)i;
        uint8_t digest[DIGEST_SIZE_MAX] = { 0 };
        struct error err = { 0 };

        if ((banks >> i & 1) == 0) {
            continue;
        }
        if (type != EV_NO_ACTION) {
            CHECK(hasher_digest(&b->hasher, alg, measured, digest, &err));
        }
        build_u16le(&b->w, digest_tpm_id(alg));
        writer_bytes(&b->w, (struct bytes){ digest, digest_size(alg) });
    }
    writer_u32le(&b->w, (uint32_t)data.len);
    writer_bytes(&b->w, data);
}

static inline void build_event(struct log_builder *b, uint32_t pcr, uint32_t type,
        struct bytes data)
{
    build_event_of(b, b->banks, pcr, type, data, data);
}

static inline void build_text(struct log_builder *b, uint32_t pcr, uint32_t type, const char *text)
{
    build_event(b, pcr, type, bytes_of_text(text));
}

static inline void build_separator(struct log_builder *b, uint32_t pcr)
{
    build_event(b, pcr, EV_SEPARATOR, (struct bytes){ (const uint8_t *)"\0\0\0\0", 4 });
}

/** "StartupLocality", a NUL and the locality. */
static inline void build_locality(struct log_builder *b, uint32_t pcr, uint8_t locality)
{
    uint8_t data[17] = "StartupLocality";

    data[16] = locality;
    build_event(b, pcr, EV_NO_ACTION, (struct bytes){ data, sizeof(data) });
}
