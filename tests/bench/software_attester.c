/* SPDX-License-Identifier: BSD-3-Clause */
#include "tests/bench/software_attester.h"

#include <errno.h>
#include <string.h>
#include <time.h>

#include "common/reader.h"
#include "protocol/binding.h"
#include "tpm/public.h"

#define RECORD_MAX          4096
#define PCR_AND_DIGEST_SIZE 24
#define SHA256_BANK         (1u << DIGEST_SHA256)

static uint64_t thread_cpu_ns(void)
{
    struct timespec t;

    (void)clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

/* A record of the feed while it is read. */
struct record {
    uint8_t data[RECORD_MAX];
    size_t len;
};

static bool read_more(FILE *feed, struct record *r, size_t n)
{
    if (n > sizeof(r->data) - r->len || fread(r->data + r->len, 1, n, feed) != n) {
        return false;
    }
    r->len += n;
    return true;
}

/* Bytes with their length in front. */
static bool read_sized(FILE *feed, struct record *r)
{
    size_t at = r->len;
    uint32_t size;

    if (!read_more(feed, r, sizeof(size))) {
        return false;
    }
    struct reader in = reader_init((struct bytes){ r->data + at, sizeof(size) });

    return reader_u32le(&in, &size) && read_more(feed, r, size);
}

/* False at the end of the feed. */
static bool next_record(FILE *feed, struct record *out)
{
    out->len = 0;
    return read_more(feed, out, PCR_AND_DIGEST_SIZE) && read_sized(feed, out) &&
            read_sized(feed, out);
}

/* What the kernel does for each file: extend, then the record can be read. */
static bool measure(struct software_attester *s, struct bytes record, struct error *err)
{
    static const struct ima_digest_format format = { DIGEST_SHA1, 20 };
    struct reader in = reader_init(record);
    uint8_t digest[DIGEST_SIZE_MAX];
    struct ima_entry entry;

    if (!ima_entry_read(&in, format, &entry, err) ||
            !hasher_digest(&s->hasher, DIGEST_SHA256, entry.template_data, digest, err) ||
            !pcr_extend(&s->hasher, DIGEST_SHA256, s->machine.tpm.value[DIGEST_SHA256][entry.pcr],
                    (struct bytes){ digest, digest_size(DIGEST_SHA256) }, err)) {
        return false;
    }
    return fwrite(record.ptr, 1, record.len, s->list) == record.len ||
            error_set(err, ERROR_IO, "served list: %s", strerror(errno));
}

static bool measure_some(struct software_attester *s, uint64_t count, struct error *err)
{
    struct record record;

    for (uint64_t i = 0; i < count && next_record(s->feed, &record); i++) {
        if (!measure(s, (struct bytes){ record.data, record.len }, err)) {
            return false;
        }
    }
    return fflush(s->list) == 0 || error_set(err, ERROR_IO, "served list: %s", strerror(errno));
}

static void copy(struct tpm_blob *out, struct bytes b)
{
    memcpy(out->data, b.ptr, b.len);
    out->len = b.len;
}

static bool quote(struct software_attester *s, struct bytes challenge,
        const struct pcr_selection *selection, struct attester_proof *out, struct error *err)
{
    struct binding binding = { .challenge = challenge, .ak_name = tpm_name_view(&s->name) };
    struct forge *f = &s->machine;

    if (selection->count != 1 || selection->bank[0].alg != DIGEST_SHA256) {
        return error_set(err, ERROR_CONFIG, "only sha256 is there");
    }
    if (!binding_digest(&s->hasher, &binding, f->nonce, err)) {
        return false;
    }
    forge_ask(f, SHA256_BANK, selection->bank[0].mask);
    f->quote.clock.clock_ms += ++s->quotes;
    forge_sign(f);
    *out = (struct attester_proof){ .ak_name = s->name,
        .reset_count = f->quote.clock.reset,
        .restart_count = f->quote.clock.restart,
        .hints = f->tpm };
    out->hints.known[DIGEST_SHA256] = selection->bank[0].mask;
    copy(&out->attest, forge_view(&f->attest));
    copy(&out->signature, forge_view(&f->signature));
    copy(&out->ak_public, forge_key_public(&s->key));
    return true;
}

static bool prove(void *ctx, struct bytes challenge, const struct pcr_selection *selection,
        struct attester_proof *out, struct error *err)
{
    struct software_attester *s = ctx;
    uint64_t start = thread_cpu_ns();
    bool ok = measure_some(s, s->grow, err) && quote(s, challenge, selection, out, err);

    s->cpu_ns += thread_cpu_ns() - start;
    return ok;
}

static void rest(void *ctx)
{
    (void)ctx;
}

static FILE *open_file(const char *path, const char *mode, struct error *err)
{
    FILE *file = fopen(path, mode);

    if (file == NULL) {
        (void)error_set(err, ERROR_IO, "%s: %s", path, strerror(errno));
    }
    return file;
}

bool software_attester_open(struct software_attester *s, enum forge_key_kind kind, const char *feed,
        uint64_t start, uint64_t grow, const char *list, struct error *err)
{
    struct tpm_public public;

    *s = (struct software_attester){ .grow = grow };
    if (!hasher_init(&s->hasher, err)) {
        return false;
    }
    forge_key_make(&s->key, kind, FORGE_AK_ATTRIBUTES);
    forge_init(&s->machine, SHA256_BANK, &s->key);
    if (!tpm_public_read(forge_key_public(&s->key), &public, err) ||
            !tpm_public_name(&s->hasher, &public, &s->name, err)) {
        return false;
    }
    s->feed = open_file(feed, "rbe", err);
    s->list = s->feed != NULL ? open_file(list, "wbe", err) : NULL;
    return s->list != NULL && measure_some(s, start, err);
}

static void close_file(FILE *file)
{
    if (file != NULL) {
        (void)fclose(file);
    }
}

void software_attester_close(struct software_attester *s)
{
    close_file(s->feed);
    close_file(s->list);
    forge_clear(&s->machine);
    forge_key_clear(&s->key);
    hasher_clear(&s->hasher);
}

struct attester software_attester(struct software_attester *s)
{
    return (struct attester){ .prove = prove, .rest = rest, .ctx = s };
}
