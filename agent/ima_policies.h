/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include "common/bytes.h"

/* The files of policies/ima/, which the build puts into the program (cmake/embed.cmake). */

struct ima_policy {
    const char *name; /* of the file, without ".policy" */
    struct bytes text;
};

/* The last one, "read-files", is no policy of its own: it is added to another. */
#define IMA_POLICIES          4
#define IMA_POLICIES_WHOLE    3
#define IMA_POLICY_READ_FILES IMA_POLICIES_WHOLE

extern const struct ima_policy ima_policies[IMA_POLICIES];
