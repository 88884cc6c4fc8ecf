/* SPDX-License-Identifier: BSD-3-Clause */
#include <stdlib.h>

#include "verifier/policy.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
const char *__lsan_default_suppressions(void);

/* libfyaml 0.7.12 loses 2 KiB over an unterminated quoted text with many quotes inside. */
const char *__lsan_default_suppressions(void)
{
    return "leak:libfyaml\n";
}

/* What is accepted keeps its promises. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct policy p CLEANUP(policy_clear) = { 0 };
    struct error err;

    if (!policy_parse((struct bytes){ data, size }, "dir/policy.yaml", &p, &err)) {
        return 0;
    }
    if (p.quote.count == 0 || p.quote.bank[0].mask == 0 ||
            (p.ima.pcrs & ~p.quote.bank[0].mask) != 0 ||
            (p.boot == POLICY_BOOT_REFERENCES) != (p.reference_count > 0)) {
        abort();
    }
    for (size_t i = 0; i < p.file_count; i++) {
        if (p.files[i].path == NULL) {
            abort();
        }
    }
    (void)policy_exclusion(&p, bytes_of_text("/usr/bin/x"));
    return 0;
}
