/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <sys/stat.h>
#include <time.h>

#include "common/attributes.h"
#include "common/error.h"
#include "verifier/policy.h"

/** A policy, and whether it or a list that it names is another one on the disk by now. All zero:
 * nothing is loaded. */
struct policy_watch {
    struct policy policy;
    bool loaded;
    struct timespec loaded_at;
    struct stat *seen; /* of the policy, and of each of its files */
    size_t count;
};

/**
 * Load the policy at path, unless what is loaded is what is on the disk.
 *
 * @param err  as policy_load(); nothing is loaded then, since a policy that is no longer there
 *             judges no more
 */
MUST_USE bool policy_watch_update(struct policy_watch *w, const char *path, struct error *err);

/** Free everything; fits CLEANUP(). */
void policy_watch_clear(struct policy_watch *w);
