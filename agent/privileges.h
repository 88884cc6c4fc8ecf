/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include <stdbool.h>

#include "common/attributes.h"
#include "common/error.h"

/**
 * Give up for good what we need not have. Call it before threads are started: capabilities belong
 * to each of them.
 *
 * With a user, and as root: become that user, with the groups it has and the group that owns the
 * device, and no capability; there is no way back. In any case executed programs gain nothing any
 * more (PR_SET_NO_NEW_PRIVS).
 *
 * @param user    empty: stay who we are
 * @param device  path of the TPM, or NULL
 * @param err     ERROR_CONFIG: no such user, or we are another one; ERROR_IO
 */
MUST_USE bool privileges_drop(const char *user, const char *device, struct error *err);
