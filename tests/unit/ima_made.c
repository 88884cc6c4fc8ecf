/* SPDX-License-Identifier: BSD-3-Clause */
#include "tests/unit/ima_made.h"

#include <assert.h>
#include <stdlib.h>

#include "common/reader.h"
#include "common/writer.h"
#include "host/file.h"
#include "tests/check.h"

#define FIXTURE_MAX ((size_t)1 << 20)

void made_raw(struct made *m, uint32_t pcr, struct bytes digest, const char *name,
        struct bytes data)
{
    struct writer w = writer_init(m->data + m->len, sizeof(m->data) - m->len);
    struct bytes record;

    writer_u32le(&w, pcr);
    writer_bytes(&w, digest);
    writer_u32le(&w, (uint32_t)strlen(name));
    writer_bytes(&w, bytes_of_text(name));
    if (strcmp(name, "ima") != 0) {
        writer_u32le(&w, (uint32_t)data.len);
    }
    writer_bytes(&w, data);
    bool fits = writer_done(&w, &record) && m->count < MADE_RECORDS_MAX;

    assert(fits);
    (void)fits;
    m->len += record.len;
    m->at[++m->count] = m->len;
}

/* With libcrypto directly: what the tests expect does not come from the code they test. */
static void digest_of(enum digest_alg alg, struct bytes data, uint8_t *out)
{
    bool done = EVP_Q_digest(NULL, digest_name(alg), NULL, data.ptr, data.len, out, NULL) == 1;

    assert(done);
    (void)done;
}

void made_record(struct made *m, struct ima_digest_format format, uint32_t pcr, const char *name,
        struct bytes data)
{
    uint8_t digest[DIGEST_SIZE_MAX] = { 0 };
    uint8_t legacy[20 + 256] = { 0 };
    struct bytes hashed = data;

    if (strcmp(name, "ima") == 0) {
        memcpy(legacy, data.ptr, 20);
        memcpy(legacy + 20, data.ptr + 24, data.len - 24);
        hashed = (struct bytes){ legacy, sizeof(legacy) };
    }
    digest_of(format.alg, hashed, digest);
    made_raw(m, pcr, (struct bytes){ digest, format.size }, name, data);
}

struct bytes made_fields(uint8_t *dst, size_t size, const struct bytes *values, size_t count)
{
    struct writer w = writer_init(dst, size);
    struct bytes out = { 0 };

    for (size_t i = 0; i < count; i++) {
        writer_u32le(&w, (uint32_t)values[i].len);
        writer_bytes(&w, values[i]);
    }
    bool fits = writer_done(&w, &out);

    assert(fits);
    (void)fits;
    return out;
}

struct bytes made_digest(uint8_t *dst, const char *prefix, uint8_t fill, size_t count)
{
    size_t n = strlen(prefix) + 1;

    memcpy(dst, prefix, n);
    memset(dst + n, fill, count);
    return (struct bytes){ dst, n + count };
}

static struct bytes file_data(uint8_t *dst, size_t size, const char *path)
{
    uint8_t d_ng[8 + 32] = "sha256:";
    struct bytes values[] = {
        { d_ng, sizeof(d_ng) },
        { (const uint8_t *)path, strlen(path) + 1 },
    };

    digest_of(DIGEST_SHA256, bytes_of_text(path), d_ng + 8);
    return made_fields(dst, size, values, ARRAY_LEN(values));
}

void made_file(struct made *m, struct ima_digest_format format, uint32_t pcr, const char *path)
{
    uint8_t data[8192];

    made_record(m, format, pcr, "ima-ng", file_data(data, sizeof(data), path));
}

void made_violation(struct made *m, struct ima_digest_format format, uint32_t pcr, const char *path)
{
    static const uint8_t zeros[DIGEST_SIZE_MAX];
    uint8_t data[8192];

    made_raw(m, pcr, (struct bytes){ zeros, format.size }, "ima-ng",
            file_data(data, sizeof(data), path));
}

struct buffer fixture(const char *name)
{
    struct buffer out = { 0 };
    struct error err = { 0 };
    char path[1024];

    (void)snprintf(path, sizeof(path), "%s/ima/%s", TALLY_FIXTURES, name);
    CHECKF(file_read(path, FIXTURE_MAX, &out, &err), "%s", err.text);
    return out;
}

static bool take_pcr(struct reader *in, struct pcr_values *out)
{
    struct bytes bank;
    struct bytes index;
    struct bytes hex;
    uint8_t value[DIGEST_SIZE_MAX];
    enum digest_alg alg;
    unsigned int pcr = 0;
    size_t len;

    if (!reader_take_until(in, ' ', &bank) || !reader_take_until(in, ' ', &index) ||
            !reader_take_until(in, '\n', &hex)) {
        return false;
    }
    for (size_t i = 0; i < index.len; i++) {
        pcr = pcr * 10 + (index.ptr[i] - (unsigned int)'0');
    }
    if (digest_from_name(bank, &alg) && pcr < PCR_COUNT &&
            bytes_from_hex(hex, value, sizeof(value), &len) && len == digest_size(alg)) {
        pcr_values_set(out, alg, pcr, value);
    }
    return true;
}

bool pcrs_from_text(struct bytes text, struct pcr_values *out)
{
    struct reader in = reader_init(text);

    *out = (struct pcr_values){ 0 };
    while (!reader_done(&in)) {
        if (!take_pcr(&in, out)) {
            return false;
        }
    }
    return true;
}

struct pcr_values fixture_pcrs(const char *name)
{
    struct buffer text CLEANUP(buffer_clear) = fixture(name);
    struct pcr_values out = { 0 };

    CHECK(pcrs_from_text(buffer_view(&text), &out));
    return out;
}
