/* SPDX-License-Identifier: BSD-3-Clause */
/* A state file, whose checksum is made right first: what is read is written and read the same. */
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "common/digest.h"
#include "verifier/host_state.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct hasher hasher;

/* The text with the checksum of its content; NULL: it is none. To be freed. */
static char *mend(const uint8_t *data, size_t size)
{
    json_t *file = json_loadb((const char *)data, size, JSON_REJECT_DUPLICATES, NULL);
    char *content = json_dumps(json_object_get(file, "content"), JSON_COMPACT | JSON_SORT_KEYS);
    char *text = NULL;
    struct error err;
    uint8_t sum[32];
    char hex[65];

    if (content != NULL &&
            hasher_digest(&hasher, DIGEST_SHA256, bytes_of_text(content), sum, &err)) {
        (void)json_object_set_new(file, "sha256",
                json_string(bytes_hex(hex, sizeof(hex), (struct bytes){ sum, sizeof(sum) })));
        text = json_dumps(file, 0);
    }
    free(content);
    json_decref(file);
    return text;
}

static void check(const struct host_state *s)
{
    struct host_state back CLEANUP(host_state_clear) = { 0 };
    struct buffer one CLEANUP(buffer_clear) = { 0 };
    struct buffer two CLEANUP(buffer_clear) = { 0 };
    struct error err = { 0 };

    if (!host_state_encode(s, &one, &err) || !host_state_decode(buffer_view(&one), &back, &err) ||
            !host_state_encode(&back, &two, &err) ||
            !bytes_equal(buffer_view(&one), buffer_view(&two))) {
        abort();
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct host_state s CLEANUP(host_state_clear) = { 0 };
    struct error err = { 0 };

    if (hasher.ctx[DIGEST_SHA256] == NULL && !hasher_init(&hasher, &err)) {
        return 0;
    }
    char *text = mend(data, size);

    if (text != NULL && host_state_decode(bytes_of_text(text), &s, &err)) {
        check(&s);
    }
    free(text);
    return 0;
}
