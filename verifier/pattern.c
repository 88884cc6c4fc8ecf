/* SPDX-License-Identifier: BSD-3-Clause */
#include "verifier/pattern.h"

#include <string.h>

/* Cut the first component off a path that begins with a slash. False at its end. */
static bool next_component(struct bytes *path, struct bytes *out)
{
    if (path->len == 0) {
        return false;
    }
    const uint8_t *start = path->ptr + 1;
    size_t left = path->len - 1;
    const uint8_t *slash = left > 0 ? memchr(start, '/', left) : NULL;
    size_t len = slash != NULL ? (size_t)(slash - start) : left;

    *out = (struct bytes){ start, len };
    *path = (struct bytes){ start + len, left - len };
    return true;
}

static bool is_any_depth(struct bytes component)
{
    return bytes_equal_text(component, "**");
}

/* Absolute, and every component is a name: nothing in it that a walk would resolve. */
static bool is_plain(struct bytes path)
{
    struct bytes component;

    if (path.len == 0 || path.ptr[0] != '/') {
        return false;
    }
    while (next_component(&path, &component)) {
        if (component.len == 0 || bytes_equal_text(component, ".") ||
                bytes_equal_text(component, "..")) {
            return false;
        }
    }
    return true;
}

bool pattern_check(struct bytes text, struct error *err)
{
    struct bytes component;

    if (text.len > PATTERN_MAX) {
        return error_set(err, ERROR_LIMIT, "pattern of more than %d bytes", PATTERN_MAX);
    }
    if (text.len == 0 || text.ptr[0] != '/') {
        return error_set(err, ERROR_CONFIG, "a pattern starts with a slash");
    }
    if (!is_plain(text)) {
        return error_set(err, ERROR_CONFIG,
                "a pattern with an empty, `.` or `..` component matches nothing");
    }
    while (next_component(&text, &component)) {
        if (!is_any_depth(component) && memmem(component.ptr, component.len, "**", 2) != NULL) {
            return error_set(err, ERROR_CONFIG, "`**` must be a whole component");
        }
    }
    return true;
}

static uint8_t as_logged(uint8_t c)
{
    return c == ' ' ? '_' : c;
}

/* Only the last star is ever taken back: an earlier one could not match more than it can. */
static bool component_matches(struct bytes pattern, struct bytes name)
{
    size_t p = 0;
    size_t n = 0;
    size_t star = SIZE_MAX;
    size_t retry = 0;

    while (n < name.len) {
        if (p < pattern.len && pattern.ptr[p] == '*') {
            star = p++;
            retry = n;
        } else if (p < pattern.len &&
                (pattern.ptr[p] == '?' || as_logged(pattern.ptr[p]) == as_logged(name.ptr[n]))) {
            p++;
            n++;
        } else if (star != SIZE_MAX) {
            p = star + 1;
            n = ++retry;
        } else {
            return false;
        }
    }
    while (p < pattern.len && pattern.ptr[p] == '*') {
        p++;
    }
    return p == pattern.len;
}

bool pattern_matches(struct bytes pattern, struct bytes path)
{
    struct bytes after_star = { 0 };
    struct bytes retry = { 0 };
    bool starred = false;

    /* No kernel logs a longer path; a name of megabytes would cost time for every pattern. */
    if (path.len > PATTERN_MAX || !is_plain(path)) {
        return false;
    }
    while (path.len > 0) {
        struct bytes want = { 0 };
        struct bytes name = { 0 };
        struct bytes pattern_rest = pattern;
        struct bytes path_rest = path;
        bool more = next_component(&pattern_rest, &want);

        (void)next_component(&path_rest, &name);
        if (more && is_any_depth(want)) {
            /* As the last one it is never none: it is looked at only while a component is left. */
            starred = true;
            after_star = pattern_rest;
            retry = path;
            pattern = pattern_rest;
        } else if (more && component_matches(want, name)) {
            pattern = pattern_rest;
            path = path_rest;
        } else if (starred) {
            (void)next_component(&retry, &name);
            pattern = after_star;
            path = retry;
        } else {
            return false;
        }
    }
    return pattern.len == 0;
}

bool pattern_reaches(struct bytes pattern, struct bytes directory)
{
    struct bytes want;
    struct bytes name;

    while (next_component(&directory, &name)) {
        if (!next_component(&pattern, &want)) {
            return false;
        }
        if (is_any_depth(want)) {
            return true;
        }
        if (!component_matches(want, name)) {
            return false;
        }
    }
    return pattern.len > 0;
}
