/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "common/bytes.h"
#include "eventlog/event.h"
#include "eventlog/text.h"

/**
 * Who takes the pieces of a described event: one decoder serves JSON and text for people.
 *
 * key is our own ASCII, or NULL inside an array. Text is valid UTF-8 without control characters
 * (bytes_escape(); UTF-16 and device paths as text.h says), NUL-terminated and valid for the call.
 */
struct describe_sink {
    void *ctx;
    void (*text)(void *ctx, const char *key, const char *value);
    void (*number)(void *ctx, const char *key, uint64_t value); /* at most INT64_MAX */
    void (*hex)(void *ctx, const char *key, struct bytes value);
    void (*boolean)(void *ctx, const char *key, bool value);
    void (*begin_object)(void *ctx, const char *key);
    void (*begin_array)(void *ctx, const char *key);
    void (*end)(void *ctx);
};

/* Longest text and longest hex that a sink is given; what is longer is cut, and "truncated" or the
 * "size" beside it says so. */
#define DESCRIBE_TEXT_MAX 8192
#define DESCRIBE_HEX_MAX  64
/* Entries of a list that are shown; "count" has them all. */
#define DESCRIBE_ENTRIES_MAX 32u

/**
 * Decode the data of an event for people, as the members of one object.
 *
 * Nothing here is trusted or has been checked: proof.h says whether the data is what was measured.
 * Data that contradicts its own format ends in "malformed" (why), "size" and "hex" (its first
 * bytes), after whatever could be read; data of a type without a format is shown as text where it
 * is text, else as "size" and "hex".
 */
void event_describe(const struct event *e, const struct describe_sink *sink);

/** State of describe_text_sink(). */
struct describe_text {
    struct text text;
    bool first; /* nothing written yet at this level */
    unsigned int depth;
    uint32_t arrays; /* bit n: level n is an array */
};

/**
 * A sink that writes one line: key=value, objects in {}, arrays in [], text that is not one word in
 * double quotes, a double quote inside as \x22. The line is cut at the end of dst.
 */
struct describe_sink describe_text_sink(struct describe_text *state, char *dst, size_t size);
