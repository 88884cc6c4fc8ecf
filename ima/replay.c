/* SPDX-License-Identifier: BSD-3-Clause */
#include "ima/replay.h"

#include <string.h>

#include "common/reader.h"

#define SHA1_SIZE 20
/* ima_calc_field_array_hash_tfm(): the name of an "ima" record is hashed with zeros up to this. */
#define LEGACY_NAME_ROOM 256

const char *ima_rule_name(enum ima_rule rule)
{
    return rule == IMA_RULE_PER_BANK ? "per-bank" : "padded-sha1";
}

void ima_replay_init(struct ima_replay *r, struct ima_digest_format format, uint32_t banks,
        bool padded)
{
    memset(r, 0, sizeof(*r));
    r->format = format;
    r->banks = banks;
    r->padded = padded;
    for (size_t alg = 0; alg < DIGEST_ALG_COUNT; alg++) {
        for (size_t rule = 0; rule < IMA_RULE_COUNT; rule++) {
            for (unsigned int pcr = 0; pcr < PCR_COUNT; pcr++) {
                pcr_reset_value(pcr, DIGEST_SIZE_MAX, r->value[alg][rule][pcr]);
            }
        }
    }
}

void ima_replay_start(struct ima_replay *r, const struct pcr_values *values)
{
    for (size_t alg = 0; alg < DIGEST_ALG_COUNT; alg++) {
        for (unsigned int pcr = 0; pcr < PCR_COUNT; pcr++) {
            struct bytes value;

            if (!pcr_values_get(values, (enum digest_alg)alg, pcr, &value)) {
                continue;
            }
            for (size_t rule = 0; rule < IMA_RULE_COUNT; rule++) {
                memcpy(r->value[alg][rule][pcr], value.ptr, value.len);
            }
        }
    }
}

struct bytes ima_replay_value(const struct ima_replay *r, enum digest_alg alg, enum ima_rule rule,
        unsigned int pcr)
{
    return (struct bytes){ r->value[alg][rule][pcr], digest_size(alg) };
}

unsigned int ima_replay_rules(const struct ima_replay *r, enum digest_alg alg)
{
    if (!r->padded || alg == DIGEST_SHA1) {
        return 1;
    }
    return r->violations == 0 ? 2 : 3;
}

/* "ima": H(20 digest bytes || name with zeros up to 256 bytes), no lengths. */
static bool legacy_digest(struct hasher *h, enum digest_alg alg, struct bytes data, uint8_t *out,
        struct error *err)
{
    uint8_t padded[SHA1_SIZE + LEGACY_NAME_ROOM] = { 0 };
    struct reader in = reader_init(data);
    struct bytes digest;
    struct bytes name;

    if (!reader_take(&in, SHA1_SIZE, &digest) || !reader_take_u32le(&in, &name) ||
            name.len > LEGACY_NAME_ROOM) {
        return error_set(err, ERROR_MALFORMED, "\"ima\" template data");
    }
    memcpy(padded, digest.ptr, digest.len);
    if (name.len > 0) {
        memcpy(padded + SHA1_SIZE, name.ptr, name.len);
    }
    return hasher_digest(h, alg, (struct bytes){ padded, sizeof(padded) }, out, err);
}

static bool compute(struct hasher *h, enum digest_alg alg, const struct ima_entry *entry,
        struct ima_measured *m, struct error *err)
{
    if ((m->computed & 1u << alg) != 0) {
        return true;
    }
    m->computed |= 1u << alg;
    if (entry->legacy) {
        return legacy_digest(h, alg, entry->template_data, m->digest[alg], err);
    }
    return hasher_digest(h, alg, entry->template_data, m->digest[alg], err);
}

/* digest, then zeros up to the width of the logged one. */
static bool equals_padded(struct bytes logged, const uint8_t *digest, size_t size)
{
    struct bytes tail;

    if (logged.len < size || memcmp(logged.ptr, digest, size) != 0) {
        return false;
    }
    tail = (struct bytes){ logged.ptr + size, logged.len - size };
    return bytes_are_zero(tail);
}

/* The logged digest is that of the list's algorithm or, in a list of a bank whose hash the kernel
 * could not load, the SHA-1 one with zeros behind. */
static bool check_logged(const struct ima_replay *r, struct hasher *h,
        const struct ima_entry *entry, struct ima_measured *m, struct error *err)
{
    enum digest_alg alg = r->format.alg;

    if (!compute(h, alg, entry, m, err)) {
        return false;
    }
    m->digest_ok = equals_padded(entry->template_digest, m->digest[alg], digest_size(alg));
    if (!m->digest_ok && r->format.size > SHA1_SIZE) {
        if (!compute(h, DIGEST_SHA1, entry, m, err)) {
            return false;
        }
        m->digest_ok = equals_padded(entry->template_digest, m->digest[DIGEST_SHA1], SHA1_SIZE);
    }
    return true;
}

static bool extend(struct ima_replay *r, struct hasher *h, enum digest_alg alg, enum ima_rule rule,
        unsigned int pcr, const uint8_t *digest, struct error *err)
{
    return pcr_extend(h, alg, r->value[alg][rule][pcr], (struct bytes){ digest, digest_size(alg) },
            err);
}

static bool add_violation(struct ima_replay *r, struct hasher *h, enum digest_alg alg,
        unsigned int pcr, struct error *err)
{
    uint8_t ones[DIGEST_SIZE_MAX];
    uint8_t ones20[DIGEST_SIZE_MAX] = { 0 };

    memset(ones, 0xff, sizeof(ones));
    memset(ones20, 0xff, SHA1_SIZE);
    if (!extend(r, h, alg, IMA_RULE_PER_BANK, pcr, ones, err)) {
        return false;
    }
    return !r->padded || alg == DIGEST_SHA1 ||
            (extend(r, h, alg, IMA_RULE_PADDED, pcr, ones, err) &&
                    extend(r, h, alg, IMA_RULE_PADDED_20, pcr, ones20, err));
}

static bool add_digest(struct ima_replay *r, struct hasher *h, enum digest_alg alg,
        const struct ima_entry *entry, struct ima_measured *m, struct error *err)
{
    unsigned int pcr = entry->pcr;
    uint8_t padded[DIGEST_SIZE_MAX] = { 0 };

    if (!compute(h, alg, entry, m, err) ||
            !extend(r, h, alg, IMA_RULE_PER_BANK, pcr, m->digest[alg], err)) {
        return false;
    }
    if (!r->padded || alg == DIGEST_SHA1) {
        return true;
    }
    if (!compute(h, DIGEST_SHA1, entry, m, err)) {
        return false;
    }
    memcpy(padded, m->digest[DIGEST_SHA1], SHA1_SIZE);
    return extend(r, h, alg, IMA_RULE_PADDED, pcr, padded, err) &&
            extend(r, h, alg, IMA_RULE_PADDED_20, pcr, padded, err);
}

bool ima_replay_add(struct ima_replay *r, struct hasher *h, const struct ima_entry *entry,
        struct ima_measured *out, struct error *err)
{
    out->computed = 0;
    out->violation = ima_entry_is_violation(entry);
    out->digest_ok = true;
    if (!out->violation && !check_logged(r, h, entry, out, err)) {
        return false;
    }
    for (uint32_t left = r->banks; left != 0; left &= left - 1) {
        enum digest_alg alg = (enum digest_alg)__builtin_ctz(left);

        if (out->violation ? !add_violation(r, h, alg, entry->pcr, err)
                           : !add_digest(r, h, alg, entry, out, err)) {
            return false;
        }
    }
    r->pcrs |= 1u << entry->pcr;
    r->entries++;
    r->violations += out->violation ? 1 : 0;
    r->wrong_digests += out->digest_ok ? 0 : 1;
    return true;
}
