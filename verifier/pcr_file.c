/* SPDX-License-Identifier: BSD-3-Clause */
#include "verifier/pcr_file.h"

#include "common/reader.h"
#include "eventlog/event.h"
#include "host/file.h"

/* Words of a line; more than any form has. */
#define WORDS_MAX 4

struct parser {
    struct pcr_file *out;
    bool in_bank; /* after "sha256:" of the YAML form */
    bool known;   /* that bank is one of ours */
    enum digest_alg alg;
    size_t values;
};

static bool is_blank(uint8_t c)
{
    return c == ' ' || c == '\t' || c == '\r';
}

static size_t split(struct bytes line, struct bytes words[WORDS_MAX])
{
    size_t count = 0;

    for (size_t i = 0; i < line.len && count < WORDS_MAX;) {
        size_t start = i;

        while (i < line.len && !is_blank(line.ptr[i])) {
            i++;
        }
        if (i > start) {
            words[count++] = (struct bytes){ line.ptr + start, i - start };
        }
        while (i < line.len && is_blank(line.ptr[i])) {
            i++;
        }
    }
    return count;
}

static bool starts_with(struct bytes b, const char *prefix)
{
    size_t n = strlen(prefix);

    return b.len >= n && memcmp(b.ptr, prefix, n) == 0;
}

/* Banks a TPM may have and we do not replay. */
static bool is_foreign_bank(struct bytes name)
{
    return starts_with(name, "sha3_");
}

static bool read_index(struct bytes text, unsigned int limit, unsigned int *out)
{
    unsigned int value = 0;

    if (text.len == 0 || text.len > 2) {
        return false;
    }
    for (size_t i = 0; i < text.len; i++) {
        if (text.ptr[i] < '0' || text.ptr[i] > '9') {
            return false;
        }
        value = value * 10 + (unsigned int)(text.ptr[i] - '0');
    }
    *out = value;
    return value < limit;
}

static bool set_value(struct parser *p, struct pcr_values *values, enum digest_alg alg,
        unsigned int index, struct bytes hex, struct error *err)
{
    uint8_t value[DIGEST_SIZE_MAX];
    struct bytes old;
    size_t len;

    if (starts_with(hex, "0x") || starts_with(hex, "0X")) {
        hex = (struct bytes){ hex.ptr + 2, hex.len - 2 };
    }
    if (!bytes_from_hex(hex, value, sizeof(value), &len) || len != digest_size(alg)) {
        return error_set(err, ERROR_MALFORMED, "value is not %zu bytes of hexadecimal",
                digest_size(alg));
    }
    if (pcr_values_get(values, alg, index, &old)) {
        return error_set(err, ERROR_MALFORMED, "register %u of %s is there twice", index,
                digest_name(alg));
    }
    pcr_values_set(values, alg, index, value);
    p->values++;
    return true;
}

static bool parse_bank_line(struct parser *p, struct bytes word, struct error *err)
{
    struct bytes name = { word.ptr, word.len - 1 };

    p->in_bank = true;
    p->known = digest_from_name(name, &p->alg);
    if (!p->known && !is_foreign_bank(name)) {
        return error_set(err, ERROR_MALFORMED, "unknown bank");
    }
    return true;
}

/* BANK INDEX HEX, or BANK rtmrN HEX */
static bool parse_flat_line(struct parser *p, const struct bytes words[3], struct error *err)
{
    struct bytes index_text = words[1];
    bool is_register = starts_with(index_text, "rtmr");
    enum digest_alg alg;
    unsigned int index;

    if (!digest_from_name(words[0], &alg)) {
        return is_foreign_bank(words[0]) || error_set(err, ERROR_MALFORMED, "unknown bank");
    }
    if (is_register) {
        index_text = (struct bytes){ index_text.ptr + 4, index_text.len - 4 };
    }
    if (!read_index(index_text, is_register ? EVENTLOG_CC_REGISTERS - 1 : PCR_COUNT, &index)) {
        return error_set(err, ERROR_MALFORMED, "no such register");
    }
    return is_register ? set_value(p, &p->out->registers, alg, index + 1, words[2], err)
                       : set_value(p, &p->out->pcrs, alg, index, words[2], err);
}

/* N : 0xHEX, or N: 0xHEX */
static bool parse_yaml_line(struct parser *p, struct bytes index_text, struct bytes hex,
        struct error *err)
{
    unsigned int index;

    if (index_text.len > 0 && index_text.ptr[index_text.len - 1] == ':') {
        index_text.len--;
    }
    if (!read_index(index_text, PCR_COUNT, &index)) {
        return error_set(err, ERROR_MALFORMED, "no such PCR");
    }
    return !p->known || set_value(p, &p->out->pcrs, p->alg, index, hex, err);
}

static bool parse_line(struct parser *p, struct bytes line, struct error *err)
{
    struct bytes words[WORDS_MAX];
    size_t count = split(line, words);

    if (count == 0 || words[0].ptr[0] == '#') {
        return true;
    }
    if (count == 1 && words[0].ptr[words[0].len - 1] == ':') {
        return parse_bank_line(p, words[0], err);
    }
    if (count == 3 && p->in_bank && bytes_equal_text(words[1], ":")) {
        return parse_yaml_line(p, words[0], words[2], err);
    }
    if (count == 2 && p->in_bank) {
        return parse_yaml_line(p, words[0], words[1], err);
    }
    if (count == 3) {
        return parse_flat_line(p, words, err);
    }
    return error_set(err, ERROR_MALFORMED, "want \"BANK INDEX HEX\" or the output of tpm2_pcrread");
}

bool pcr_file_parse(struct bytes text, struct pcr_file *out, struct error *err)
{
    struct pcr_file file = { 0 };
    struct parser p = { .out = &file };
    struct reader in = reader_init(text);

    for (size_t number = 1; !reader_done(&in); number++) {
        struct bytes line;

        if (!reader_take_until(&in, '\n', &line)) {
            line = reader_rest(&in);
        }
        if (!parse_line(&p, line, err)) {
            return error_wrap(err, "line %zu", number);
        }
    }
    if (p.values == 0) {
        return error_set(err, ERROR_MALFORMED, "no PCR value in it");
    }
    *out = file;
    return true;
}

bool pcr_file_read(const char *path, struct pcr_file *out, struct error *err)
{
    struct buffer text CLEANUP(buffer_clear) = { 0 };

    if (!file_read(path, PCR_FILE_MAX, &text, err)) {
        return false;
    }
    return pcr_file_parse(buffer_view(&text), out, err) || error_wrap(err, "%s", path);
}
