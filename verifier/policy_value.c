/* SPDX-License-Identifier: BSD-3-Clause */
#include "verifier/policy_value.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Put the place in front of a message. */
bool value_at(const struct policy_context *c, struct yaml_mark mark, struct error *err)
{
    return error_wrap(err, "%s:%zu:%zu", c->p->path, mark.line, mark.column);
}

bool value_wrong(const struct policy_context *c, const struct yaml_node *node, struct error *err,
        const char *want)
{
    char shown[64];

    if (node->kind == YAML_SCALAR) {
        (void)error_set(err, ERROR_CONFIG, "expected %s, found \"%s\"", want,
                bytes_print(shown, sizeof(shown), node->text));
    } else {
        (void)error_set(err, ERROR_CONFIG, "expected %s, found a %s", want,
                node->kind == YAML_MAPPING ? "mapping" : "sequence");
    }
    return value_at(c, node->start, err);
}

static bool unknown_key(const struct policy_context *c, const struct yaml_node *key,
        const struct policy_key *keys, size_t count, struct error *err)
{
    char known[256] = "";
    char shown[64];
    size_t n = 0;

    if (key->kind != YAML_SCALAR) {
        return value_wrong(c, key, err, "a key");
    }
    for (size_t i = 0; i < count && n < sizeof(known); i++) {
        n += (size_t)snprintf(known + n, sizeof(known) - n, "%s%s", i > 0 ? ", " : "",
                keys[i].name);
    }
    (void)error_set(err, ERROR_CONFIG, "unknown key \"%s\" (known here: %s)",
            bytes_print(shown, sizeof(shown), key->text), known);
    return value_at(c, key->start, err);
}

bool value_mapping(struct policy_context *c, const struct yaml_node *node,
        const struct policy_key *keys, size_t count, struct error *err)
{
    uint32_t seen = 0;

    if (node->kind != YAML_MAPPING) {
        return value_wrong(c, node, err, "a mapping");
    }
    for (const struct yaml_node *key = node->first; key != NULL; key = key->next->next) {
        size_t i = 0;

        while (i < count &&
                !(key->kind == YAML_SCALAR && bytes_equal_text(key->text, keys[i].name))) {
            i++;
        }
        if (i == count) {
            return unknown_key(c, key, keys, count, err);
        }
        if ((seen & 1u << i) != 0) {
            (void)error_set(err, ERROR_CONFIG, "key \"%s\" a second time", keys[i].name);
            return value_at(c, key->start, err);
        }
        seen |= 1u << i;
        if (!keys[i].read(c, key->next, err)) {
            return false;
        }
    }
    return true;
}

/* A sequence of 1 to max items; how many is told. */
bool value_items(const struct policy_context *c, const struct yaml_node *node, size_t max,
        const char *what, size_t *out, struct error *err)
{
    size_t count = 0;

    if (node->kind != YAML_SEQUENCE) {
        return value_wrong(c, node, err, what);
    }
    for (const struct yaml_node *item = node->first; item != NULL; item = item->next) {
        count++;
    }
    if (count > max) {
        (void)error_set(err, ERROR_LIMIT, "%zu items, at most %zu are allowed", count, max);
        return value_at(c, node->start, err);
    }
    *out = count;
    return true;
}

bool value_not_empty(const struct policy_context *c, const struct yaml_node *node,
        struct error *err)
{
    if (node->first == NULL) {
        (void)error_set(err, ERROR_CONFIG, "empty: at least one is needed");
        return value_at(c, node->start, err);
    }
    return true;
}

bool value_no_memory(const struct policy_context *c, const struct yaml_node *node,
        struct error *err)
{
    (void)error_set(err, ERROR_NOMEM, "no memory");
    return value_at(c, node->start, err);
}

/* A word out of a list; out gets its place in the list. */
bool value_word(const struct policy_context *c, const struct yaml_node *node,
        const char *const *words, const char *want, size_t *out, struct error *err)
{
    for (size_t i = 0; words[i] != NULL; i++) {
        if (node->kind == YAML_SCALAR && bytes_equal_text(node->text, words[i])) {
            *out = i;
            return true;
        }
    }
    return value_wrong(c, node, err, want);
}

/* Decimal without sign and leading zeros, so that nobody reads it as octal. */
bool value_number(const struct policy_context *c, const struct yaml_node *node, uint32_t max,
        uint32_t *out, struct error *err)
{
    char want[48];
    uint64_t value = 0;
    bool ok = node->kind == YAML_SCALAR && node->plain && node->text.len > 0 &&
            node->text.len <= 10 && !(node->text.len > 1 && node->text.ptr[0] == '0');

    for (size_t i = 0; ok && i < node->text.len; i++) {
        uint8_t digit = node->text.ptr[i];

        ok = digit >= '0' && digit <= '9';
        value = value * 10 + (uint64_t)(digit - '0');
    }
    if (!ok || value > max) {
        (void)snprintf(want, sizeof(want), "a number from 0 to %" PRIu32, max);
        return value_wrong(c, node, err, want);
    }
    *out = (uint32_t)value;
    return true;
}

bool value_pcr_mask(const struct policy_context *c, const struct yaml_node *node, uint32_t *out,
        struct error *err)
{
    uint32_t mask = 0;
    size_t count;

    if (!value_items(c, node, PCR_COUNT, "a sequence of PCR numbers", &count, err) ||
            !value_not_empty(c, node, err)) {
        return false;
    }
    for (const struct yaml_node *item = node->first; item != NULL; item = item->next) {
        uint32_t pcr;

        if (!value_number(c, item, PCR_COUNT - 1, &pcr, err)) {
            return false;
        }
        if ((mask & 1u << pcr) != 0) {
            (void)error_set(err, ERROR_CONFIG, "PCR %" PRIu32 " a second time", pcr);
            return value_at(c, item->start, err);
        }
        mask |= 1u << pcr;
    }
    *out = mask;
    return true;
}

bool value_bank(const struct policy_context *c, const struct yaml_node *node, enum digest_alg *out,
        struct error *err)
{
    return (node->kind == YAML_SCALAR && digest_from_name(node->text, out)) ||
            value_wrong(c, node, err, "a bank: sha1, sha256, sha384, sha512 or sm3_256");
}

bool value_text(const struct policy_context *c, const struct yaml_node *node, const char *want,
        size_t max, struct policy_text *out, struct error *err)
{
    if (node->kind != YAML_SCALAR || node->text.len == 0) {
        return value_wrong(c, node, err, want);
    }
    if (node->text.len > max || memchr(node->text.ptr, '\0', node->text.len) != NULL) {
        (void)error_set(err, ERROR_CONFIG, "a NUL, or more than %zu bytes", max);
        return value_at(c, node->start, err);
    }
    *out = (struct policy_text){ node->text, node->start };
    return true;
}

bool value_texts(const struct policy_context *c, const struct yaml_node *node, const char *want,
        size_t max_items, size_t max_len, struct policy_text **out, size_t *out_count,
        struct error *err)
{
    size_t count;
    size_t n = 0;

    if (!value_items(c, node, max_items, "a sequence", &count, err)) {
        return false;
    }
    free(*out); /* the default */
    *out_count = 0;
    *out = calloc(count + 1, sizeof(**out));
    if (*out == NULL) {
        return value_no_memory(c, node, err);
    }
    for (const struct yaml_node *item = node->first; item != NULL; item = item->next) {
        if (!value_text(c, item, want, max_len, &(*out)[n++], err)) {
            return false;
        }
    }
    *out_count = count;
    return true;
}
