/* SPDX-License-Identifier: BSD-3-Clause */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "agent/ima_rule.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct error err = { 0 };

    if (!ima_rules_check((struct bytes){ data, size }, 0x0601, &err) &&
            strncmp(err.text, "line ", 5) != 0) {
        abort();
    }
    return 0;
}
