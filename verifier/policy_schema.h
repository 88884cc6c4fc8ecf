/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include "common/attributes.h"
#include "common/error.h"
#include "verifier/policy.h"

/**
 * Fill a policy from its document: keys, types, ranges, defaults, and what must hold between keys.
 *
 * @param p  path and document are set; to be cleared whatever the result
 * @param err  ERROR_CONFIG with "PATH:LINE:COLUMN: ", ERROR_LIMIT, ERROR_NOMEM
 */
MUST_USE bool policy_schema_read(struct policy *p, struct error *err);
