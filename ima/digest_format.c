/* SPDX-License-Identifier: BSD-3-Clause */
#include "ima/digest_format.h"

#include <string.h>

/* Banks of a hash the kernel does not know hold the SHA-1 digest with zeros behind. */
static bool format_of_tpm_alg(const char *hex_id, struct ima_digest_format *out)
{
    static const struct {
        const char *hex_id;
        size_t size;
    } banks[] = { { "12", 32 }, { "27", 32 }, { "28", 48 }, { "29", 64 } };
    struct bytes id = { (const uint8_t *)hex_id, strcspn(hex_id, ".") };

    for (size_t i = 0; i < ARRAY_LEN(banks); i++) {
        if (bytes_equal_text(id, banks[i].hex_id)) {
            *out = (struct ima_digest_format){ DIGEST_SHA1, banks[i].size };
            return true;
        }
    }
    return false;
}

struct ima_digest_format ima_digest_format_of_path(const char *path)
{
    struct ima_digest_format format = { DIGEST_SHA1, digest_size(DIGEST_SHA1) };
    const char *base = strrchr(path, '/');

    base = base == NULL ? path : base + 1;
    const char *tpm_alg = strstr(base, "_tpm_alg_");

    if (tpm_alg != NULL && format_of_tpm_alg(tpm_alg + strlen("_tpm_alg_"), &format)) {
        return format;
    }
    for (const char *at = strchr(base, '_'); at != NULL; at = strchr(at + 1, '_')) {
        struct bytes name = { (const uint8_t *)at + 1, strcspn(at + 1, ".") };
        enum digest_alg alg;

        if (digest_from_name(name, &alg)) {
            format = (struct ima_digest_format){ alg, digest_size(alg) };
        }
    }
    return format;
}
