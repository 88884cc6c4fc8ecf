/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include <stdbool.h>

#include "common/attributes.h"
#include "common/error.h"
#include "common/source.h"
#include "host/file.h"
#include "ima/ascii.h"
#include "ima/entry.h"

/**
 * Width and algorithm of a list's template digests by the option --ima-digest
 * (sha1|sha256|sha384|sha512|ALG:SIZE), or with option NULL by the file name: the kernel names the
 * list of a bank "..._sha256", or "..._tpm_alg_12" when it does not know the bank's hash; else
 * SHA-1.
 *
 * @param err  ERROR_CONFIG: no such option value
 */
MUST_USE bool ima_digest_format_choose(const char *option, const char *path,
        struct ima_digest_format *out, struct error *err);

/** A list on disk, binary or text, as a source of binary records. Must not be moved once open. */
struct ima_input {
    struct ima_digest_format format;
    struct file_source file;
    struct bytes head; /* first chunk, read ahead to tell text from binary */
    bool has_head;
    bool is_text;
    struct ima_ascii_source ascii;
};

/** @param err  ERROR_IO, ERROR_CONFIG */
MUST_USE bool ima_input_open(struct ima_input *out, const char *path, const char *digest_option,
        struct error *err);
void ima_input_clear(struct ima_input *in);
struct source ima_input_source(struct ima_input *in);
