/* SPDX-License-Identifier: BSD-3-Clause */
#include "tests/hostile/lies.h"

#include <string.h>

const struct lie *lie_at(size_t i)
{
    const struct {
        const struct lie *lies;
        size_t count;
    } tables[] = {
        { lies_quote, lies_quote_count },
        { lies_logs, lies_logs_count },
        { lies_message, lies_message_count },
        { lies_cbor, lies_cbor_count },
    };

    for (size_t t = 0; t < ARRAY_LEN(tables); t++) {
        if (i < tables[t].count) {
            return &tables[t].lies[i];
        }
        i -= tables[t].count;
    }
    return NULL;
}

const struct lie *lie_find(const char *name)
{
    const struct lie *lie;

    for (size_t i = 0; (lie = lie_at(i)) != NULL; i++) {
        if (strcmp(lie->name, name) == 0) {
            return lie;
        }
    }
    return NULL;
}
