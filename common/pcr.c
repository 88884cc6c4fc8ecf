/* SPDX-License-Identifier: BSD-3-Clause */
#include "common/pcr.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

void pcr_reset_value(unsigned int index, size_t size, uint8_t *out)
{
    memset(out, index >= 17 && index <= 22 ? 0xff : 0x00, size);
}

bool pcr_extend(struct hasher *h, enum digest_alg alg, uint8_t *value, struct bytes digest,
        struct error *err)
{
    size_t size = digest_size(alg);
    uint8_t both[2 * DIGEST_SIZE_MAX];

    if (digest.len != size) {
        return error_set(err, ERROR_MALFORMED, "digest of %zu bytes for a %s bank", digest.len,
                digest_name(alg));
    }
    /* In one piece: a second update costs a tenth of the whole. */
    memcpy(both, value, size);
    memcpy(both + size, digest.ptr, size);
    return hasher_digest(h, alg, (struct bytes){ both, 2 * size }, value, err);
}

void pcr_values_set(struct pcr_values *v, enum digest_alg alg, unsigned int index,
        const uint8_t *value)
{
    memcpy(v->value[alg][index], value, digest_size(alg));
    v->known[alg] |= 1u << index;
}

bool pcr_values_get(const struct pcr_values *v, enum digest_alg alg, unsigned int index,
        struct bytes *out)
{
    if (index >= PCR_COUNT || (v->known[alg] & 1u << index) == 0) {
        return false;
    }
    *out = (struct bytes){ v->value[alg][index], digest_size(alg) };
    return true;
}

uint32_t pcr_selection_mask(const struct pcr_selection *s, enum digest_alg alg)
{
    for (size_t i = 0; i < s->count; i++) {
        if (s->bank[i].alg == alg) {
            return s->bank[i].mask;
        }
    }
    return 0;
}

bool pcr_selection_covers(const struct pcr_selection *have, const struct pcr_selection *want)
{
    for (size_t i = 0; i < want->count; i++) {
        if ((want->bank[i].mask & ~pcr_selection_mask(have, want->bank[i].alg)) != 0) {
            return false;
        }
    }
    return true;
}

/* Text that is being put together and is cut where it does not fit. */
struct text {
    char *dst;
    size_t size;
    size_t len;
};

static void PRINTF(2, 3) text_add(struct text *t, const char *fmt, ...)
{
    va_list args;

    va_start(args, fmt);
    int n = vsnprintf(t->dst + t->len, t->size - t->len, fmt, args);
    va_end(args);
    t->len += n > 0 ? (size_t)n : 0;
    t->len = t->len < t->size ? t->len : t->size - 1;
}

static void text_add_mask(struct text *t, uint32_t mask)
{
    const char *comma = "";

    for (unsigned int first = 0; first < PCR_COUNT; first++) {
        unsigned int last = first;

        if ((mask & 1u << first) == 0) {
            continue;
        }
        while (last + 1 < PCR_COUNT && (mask & 1u << (last + 1)) != 0) {
            last++;
        }
        text_add(t, "%s%u", comma, first);
        if (last > first) {
            text_add(t, "%s%u", last == first + 1 ? "," : "-", last);
        }
        comma = ",";
        first = last;
    }
}

const char *pcr_selection_print(char *dst, size_t size, const struct pcr_selection *s)
{
    struct text t = { dst, size, 0 };

    dst[0] = '\0';
    for (size_t i = 0; i < s->count; i++) {
        text_add(&t, "%s%s:", i > 0 ? "+" : "", digest_name(s->bank[i].alg));
        text_add_mask(&t, s->bank[i].mask);
    }
    return dst;
}

bool pcr_composite(struct hasher *h, enum digest_alg alg, const struct pcr_selection *s,
        const struct pcr_values *v, uint8_t *out, struct error *err)
{
    if (!hasher_begin(h, alg, err)) {
        return false;
    }
    for (size_t i = 0; i < s->count; i++) {
        for (unsigned int pcr = 0; pcr < PCR_COUNT; pcr++) {
            struct bytes value;

            if ((s->bank[i].mask & 1u << pcr) == 0) {
                continue;
            }
            if (!pcr_values_get(v, s->bank[i].alg, pcr, &value)) {
                return error_set(err, ERROR_MALFORMED, "value of PCR %u in bank %s is not known",
                        pcr, digest_name(s->bank[i].alg));
            }
            if (!hasher_update(h, alg, value, err)) {
                return false;
            }
        }
    }
    return hasher_finish(h, alg, out, err);
}
