/* SPDX-License-Identifier: BSD-3-Clause */
#include "ima/aggregate.h"

bool ima_boot_aggregate(struct hasher *h, const struct pcr_values *boot, enum digest_alg alg,
        unsigned int last, uint8_t *out, bool *known, struct error *err)
{
    *known = false;
    if (!hasher_begin(h, alg, err)) {
        return false;
    }
    for (unsigned int pcr = 0; pcr <= last; pcr++) {
        struct bytes value;

        if (!pcr_values_get(boot, alg, pcr, &value)) {
            return true;
        }
        if (!hasher_update(h, alg, value, err)) {
            return false;
        }
    }
    if (!hasher_finish(h, alg, out, err)) {
        return false;
    }
    *known = true;
    return true;
}
