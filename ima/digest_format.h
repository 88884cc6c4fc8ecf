/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include "ima/entry.h"

/**
 * Algorithm and width of a list's template digests by its file name: the kernel names the list of a
 * bank "..._sha256", or "..._tpm_alg_12" when it does not know the bank's hash (ima_fs.c); a
 * further suffix after a dot is ours. Any other name: SHA-1, 20 bytes.
 *
 * @param path  NUL-terminated; only its last component counts
 */
struct ima_digest_format ima_digest_format_of_path(const char *path);
