/* SPDX-License-Identifier: BSD-3-Clause */
#include "tests/protocol/vectors.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "host/file.h"

static COLD void give_up(const char *what, const char *name)
{
    fprintf(stderr, "%s: %s\n", what, name);
    exit(EXIT_FAILURE);
}

static const char *all(void)
{
    static char text[64 * 1024];
    struct buffer file CLEANUP(buffer_clear) = { 0 };
    struct error err = { 0 };

    if (text[0] == '\0') {
        if (!file_read(TALLY_FIXTURES "/protocol/vectors.txt", sizeof(text) - 2, &file, &err)) {
            give_up("vectors", err.text);
        }
        text[0] = '\n';
        memcpy(text + 1, file.data, file.len);
    }
    return text;
}

struct bytes vector(const char *name)
{
    static uint8_t room[64 * 1024];
    static size_t used;
    char key[80];
    size_t len;

    (void)snprintf(key, sizeof(key), "\n%s ", name);
    const char *at = strstr(all(), key);

    if (at == NULL) {
        give_up("no vector", name);
    }
    at += strlen(key);
    struct bytes hex = { (const uint8_t *)at, strcspn(at, "\n") };

    if (!bytes_from_hex(hex, room + used, sizeof(room) - used, &len)) {
        give_up("bad hex", name);
    }
    used += len;
    return (struct bytes){ room + used - len, len };
}

static size_t from_hex(const char *hex, uint8_t *dst, size_t size)
{
    size_t len;

    if (!bytes_from_hex(bytes_of_text(hex), dst, size, &len)) {
        give_up("bad hex", hex);
    }
    return len;
}

struct bytes patched(struct bytes in, const char *find, const char *with)
{
    uint8_t old[256];
    uint8_t new[256];
    size_t old_len = from_hex(find, old, sizeof(old));
    size_t new_len = from_hex(with, new, sizeof(new));
    const uint8_t *at = memmem(in.ptr, in.len, old, old_len);

    if (at == NULL) {
        give_up("not in the message", find);
    }
    size_t before = (size_t)(at - in.ptr);
    size_t after = in.len - before - old_len;
    uint8_t *out = malloc(in.len - old_len + new_len + 1);

    if (out == NULL) {
        give_up("no memory", find);
    }
    memcpy(out, in.ptr, before);
    memcpy(out + before, new, new_len);
    memcpy(out + before + new_len, at + old_len, after);
    struct bytes whole = heap_copy((struct bytes){ out, before + new_len + after });

    free(out);
    return whole;
}

struct bytes heap_copy(struct bytes in)
{
    uint8_t *copy = malloc(in.len > 0 ? in.len : 1);

    if (copy == NULL) {
        give_up("no memory", "copy");
    }
    if (in.len > 0) {
        memcpy(copy, in.ptr, in.len);
    }
    return (struct bytes){ copy, in.len };
}

void heap_free(struct bytes b)
{
    /* The test owns it: heap_copy() made it. */
    free((void *)(uintptr_t)b.ptr);
}
