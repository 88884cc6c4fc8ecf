/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include <stdbool.h>

#include "common/attributes.h"
#include "common/bytes.h"
#include "common/error.h"

/**
 * Would this kernel take this line of an IMA policy? A kernel that refuses one line refuses the
 * whole policy. Empty lines and comments are taken.
 *
 * The grammar is that of ima_parse_rule() and ima_validate_rule() in the kernel's
 * security/integrity/ima/ima_policy.c, versions 6.1 to 7.2. Where a kernel's configuration,
 * security module or loaded hashes decide, the line is taken: labels (obj_type=, subj_user= and the
 * like), appended signatures, algorithms to appraise with.
 *
 * @param line    without its line end
 * @param kernel  its version, as 0x0601 for 6.1; 0 when it is not known
 * @param err     ERROR_MALFORMED, or ERROR_UNSUPPORTED: newer kernels take it
 */
MUST_USE bool ima_rule_check(struct bytes line, unsigned int kernel, struct error *err);

/**
 * The same for a whole policy.
 *
 * @param err  begins with "line N: "
 */
MUST_USE bool ima_rules_check(struct bytes policy, unsigned int kernel, struct error *err);

/** "6.1.0-56-amd64" to 0x0601; 0 for other text. */
unsigned int ima_kernel_version(const char *release);
