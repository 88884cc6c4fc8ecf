/* SPDX-License-Identifier: BSD-3-Clause */
#include "verifier/ima_input.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "ima/algorithm.h"
#include "ima/digest_format.h"

/* strtoul() takes spaces and signs, too. */
static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

bool ima_digest_format_choose(const char *option, const char *path, struct ima_digest_format *out,
        struct error *err)
{
    enum digest_alg alg;

    if (option == NULL) {
        *out = ima_digest_format_of_path(path);
        return true;
    }
    struct bytes name = { (const uint8_t *)option, strcspn(option, ":") };
    size_t size = 0;

    if (!digest_from_name(name, &alg)) {
        return error_set(err, ERROR_CONFIG,
                "--ima-digest %s: want sha1, sha256, sha384, sha512 or ALG:SIZE", option);
    }
    size = digest_size(alg);
    if (option[name.len] == ':') {
        char *end;

        errno = 0;
        unsigned long n = strtoul(option + name.len + 1, &end, 10);

        if (errno != 0 || !is_digit(option[name.len + 1]) || *end != '\0' || n < size ||
                n > DIGEST_SIZE_MAX) {
            return error_set(err, ERROR_CONFIG, "--ima-digest %s: SIZE is %zu to %d bytes", option,
                    size, DIGEST_SIZE_MAX);
        }
        size = n;
    }
    *out = (struct ima_digest_format){ alg, size };
    return true;
}

/* A text list shows how wide its digests are: "10 HEX template ...". */
static void format_of_text(struct bytes head, struct ima_digest_format *out)
{
    size_t width = 0;

    while (3 + width < head.len && head.ptr[3 + width] != ' ') {
        width++;
    }
    const struct ima_algorithm *algorithm = ima_algorithm_of_size(width / 2);

    if (algorithm != NULL) {
        *out = (struct ima_digest_format){ algorithm->alg, algorithm->size };
    }
}

static bool input_next(void *ctx, struct bytes *out, struct error *err)
{
    struct ima_input *in = ctx;

    if (in->has_head) {
        in->has_head = false;
        *out = in->head;
        return true;
    }
    struct source file = file_source(&in->file);

    return file.next(file.ctx, out, err);
}

static bool input_rewind(void *ctx, struct error *err)
{
    struct ima_input *in = ctx;
    struct source file = file_source(&in->file);

    in->has_head = false;
    return file.rewind(file.ctx, err);
}

bool ima_input_open(struct ima_input *out, const char *path, const char *digest_option,
        struct error *err)
{
    *out = (struct ima_input){ 0 };
    if (!ima_digest_format_choose(digest_option, path, &out->format, err) ||
            !file_source_open(&out->file, path, err)) {
        return false;
    }
    struct source file = file_source(&out->file);

    if (!file.next(file.ctx, &out->head, err)) {
        ima_input_clear(out);
        return false;
    }
    out->has_head = true;
    out->is_text = ima_ascii_detect(out->head);
    if (out->is_text) {
        if (digest_option == NULL) {
            format_of_text(out->head, &out->format);
        }
        struct source lines = { input_next, input_rewind, out };

        ima_ascii_source_init(&out->ascii, lines, out->format);
    }
    return true;
}

void ima_input_clear(struct ima_input *in)
{
    ima_ascii_source_clear(&in->ascii);
    file_source_clear(&in->file);
    *in = (struct ima_input){ 0 };
}

struct source ima_input_source(struct ima_input *in)
{
    return in->is_text ? ima_ascii_source(&in->ascii)
                       : (struct source){ input_next, input_rewind, in };
}
