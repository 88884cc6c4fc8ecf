/* SPDX-License-Identifier: BSD-3-Clause */
#include "common/pcr.h"

#include <string.h>

void pcr_reset_value(unsigned int index, size_t size, uint8_t *out)
{
    memset(out, index >= 17 && index <= 22 ? 0xff : 0x00, size);
}

void pcr_bank_reset(struct pcr_bank *bank, enum digest_alg alg)
{
    bank->alg = alg;
    for (unsigned int i = 0; i < PCR_COUNT; i++) {
        pcr_reset_value(i, sizeof(bank->value[i]), bank->value[i]);
    }
}

bool pcr_extend(struct hasher *h, enum digest_alg alg, uint8_t *value, struct bytes digest,
        struct error *err)
{
    struct bytes old = { value, digest_size(alg) };

    return hasher_digest2(h, alg, old, digest, value, err);
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
