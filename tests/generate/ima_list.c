/* SPDX-License-Identifier: BSD-3-Clause */
#include "tests/generate/ima_list.h"

#include <inttypes.h>
#include <string.h>

#include "common/bytes.h"
#include "common/digest.h"
#include "common/writer.h"

#define IMA_PCR       10
#define RECORD_MAX    1024
#define NAME_MAX_LEN  160
#define SHA1_SIZE     20
#define SHA256_SIZE   32
#define SIGNATURE_LEN 80 /* header and ECDSA P-256 signature, as evmctl writes them */

/* Shares of path lengths like those of a real root file system: 60 bytes on average. */
static const char *const directories[] = {
    "/usr/bin",
    "/usr/sbin",
    "/usr/lib/x86_64-linux-gnu",
    "/usr/lib/x86_64-linux-gnu/perl-base/unicore/lib",
    "/usr/lib/python3/dist-packages/service/handlers",
    "/usr/lib/modules/6.1.0-30-amd64/kernel/drivers/net/ethernet",
    "/usr/libexec/helpers",
    "/opt/vendor/application/releases/current/lib",
};

/* SplitMix64 (Steele, Lea, Flood 2014): tiny, and the same everywhere. */
static uint64_t next_random(uint64_t *state)
{
    uint64_t z = *state += 0x9e3779b97f4a7c15u;

    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    return z ^ z >> 31;
}

static void fill_random(uint64_t *state, uint8_t *dst, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        dst[i] = (uint8_t)(next_random(state) >> 56);
    }
}

/* What one list is written with. */
struct maker {
    const struct list_plan *plan;
    FILE *list;
    FILE *allow;
    struct hasher hasher;
    struct pcr_values *pcrs;
    uint64_t random;
};

struct record {
    char name[NAME_MAX_LEN];
    uint8_t digest[SHA256_SIZE];
    bool violation;
    bool has_signature_field;
    uint8_t signature[SIGNATURE_LEN];
    size_t signature_len;
};

static void write_field(struct writer *w, struct bytes value)
{
    writer_u32le(w, (uint32_t)value.len);
    writer_bytes(w, value);
}

/* d-ng | n-ng [| sig]: ima_template_lib.c in the kernel. */
static struct bytes template_data(const struct record *r, uint8_t *dst, size_t size)
{
    static const char algorithm[] = "sha256:"; /* with its NUL */
    struct writer w = writer_init(dst, size);
    struct bytes out = { 0 };

    writer_u32le(&w, sizeof(algorithm) + SHA256_SIZE);
    writer_bytes(&w, (struct bytes){ (const uint8_t *)algorithm, sizeof(algorithm) });
    writer_bytes(&w, (struct bytes){ r->digest, SHA256_SIZE });
    write_field(&w, (struct bytes){ (const uint8_t *)r->name, strlen(r->name) + 1 });
    if (r->has_signature_field) {
        write_field(&w, (struct bytes){ r->signature, r->signature_len });
    }
    return writer_done(&w, &out) ? out : (struct bytes){ 0 };
}

static bool extend(struct maker *m, struct bytes data, bool violation, struct error *err)
{
    static const enum digest_alg banks[] = { DIGEST_SHA1, DIGEST_SHA256, DIGEST_SHA384,
        DIGEST_SHA512 };

    for (size_t i = 0; i < ARRAY_LEN(banks); i++) {
        uint8_t digest[DIGEST_SIZE_MAX];
        struct bytes view = { digest, digest_size(banks[i]) };

        memset(digest, 0xff, sizeof(digest));
        if ((!violation && !hasher_digest(&m->hasher, banks[i], data, digest, err)) ||
                !pcr_extend(&m->hasher, banks[i], m->pcrs->value[banks[i]][IMA_PCR], view, err)) {
            return false;
        }
        m->pcrs->known[banks[i]] |= 1u << IMA_PCR;
    }
    return true;
}

/* ima_measurements_show() in the kernel's ima_fs.c. */
static bool write_record(struct maker *m, const struct record *r, struct error *err)
{
    uint8_t data_room[RECORD_MAX];
    uint8_t room[2 * RECORD_MAX];
    uint8_t digest[SHA1_SIZE] = { 0 };
    struct bytes data = template_data(r, data_room, sizeof(data_room));
    struct writer w = writer_init(room, sizeof(room));
    struct bytes out = { 0 };

    if (!r->violation && !hasher_digest(&m->hasher, DIGEST_SHA1, data, digest, err)) {
        return false;
    }
    writer_u32le(&w, IMA_PCR);
    writer_bytes(&w, (struct bytes){ digest, sizeof(digest) });
    write_field(&w, bytes_of_text(r->has_signature_field ? "ima-sig" : "ima-ng"));
    write_field(&w, data);
    if (data.len == 0 || !writer_done(&w, &out)) {
        return error_set(err, ERROR_LIMIT, "record of %s does not fit", r->name);
    }
    if (fwrite(out.ptr, 1, out.len, m->list) != out.len) {
        return error_set(err, ERROR_IO, "list cannot be written");
    }
    return extend(m, data, r->violation, err);
}

static bool boot_aggregate(struct maker *m, struct record *r, struct error *err)
{
    static const uint8_t zeros[10 * SHA256_SIZE]; /* PCRs 0-9 */

    (void)snprintf(r->name, sizeof(r->name), "boot_aggregate");
    return hasher_digest(&m->hasher, DIGEST_SHA256, (struct bytes){ zeros, sizeof(zeros) },
            r->digest, err);
}

static void measured_file(struct maker *m, uint64_t index, struct record *r)
{
    static const char letters[] = "abcdefghijklmnopqrstuvwxyz-_.0123";
    const char *directory = directories[next_random(&m->random) % ARRAY_LEN(directories)];
    char stem[32];
    size_t len = 4 + next_random(&m->random) % 20;

    for (size_t i = 0; i < len; i++) {
        stem[i] = letters[next_random(&m->random) % (sizeof(letters) - 1)];
    }
    stem[len] = '\0';
    (void)snprintf(r->name, sizeof(r->name), "%s/lib%s-%" PRIu64 ".so", directory, stem, index);
    r->violation = m->plan->violation_every > 0 && index % m->plan->violation_every == 0;
    if (!r->violation) {
        fill_random(&m->random, r->digest, sizeof(r->digest));
    }
    if (r->has_signature_field && index % 3 == 0) {
        fill_random(&m->random, r->signature, sizeof(r->signature));
        r->signature_len = sizeof(r->signature);
    }
}

static bool write_allowed(struct maker *m, const struct record *r, struct error *err)
{
    char hex[2 * SHA256_SIZE + 1];

    (void)bytes_hex(hex, sizeof(hex), (struct bytes){ r->digest, sizeof(r->digest) });
    if (fprintf(m->allow, "%s  %s\n", hex, r->name) < 0) {
        return error_set(err, ERROR_IO, "allowlist cannot be written");
    }
    return true;
}

static bool write_all(struct maker *m, struct error *err)
{
    for (uint64_t i = 0; i < m->plan->entries; i++) {
        struct record r = { .has_signature_field = m->plan->template == LIST_IMA_SIG ||
                    (m->plan->template == LIST_MIXED && i % 2 == 1) };

        if (i == 0 && !boot_aggregate(m, &r, err)) {
            return false;
        }
        if (i > 0) {
            measured_file(m, i, &r);
        }
        if (!write_record(m, &r, err)) {
            return false;
        }
        if (i > 0 && m->allow != NULL && !r.violation && !write_allowed(m, &r, err)) {
            return false;
        }
    }
    return true;
}

bool ima_list_write(const struct list_plan *plan, FILE *list, FILE *allow, struct pcr_values *out,
        struct error *err)
{
    struct maker m = { .plan = plan, .list = list, .allow = allow, .pcrs = out };

    m.random = plan->seed;
    *out = (struct pcr_values){ 0 };
    if (!hasher_init(&m.hasher, err)) {
        return false;
    }
    bool done = write_all(&m, err);

    hasher_clear(&m.hasher);
    return done;
}
