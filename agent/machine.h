/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>

#include "common/attributes.h"
#include "host/buffer.h"

/*
 * Small facts about this machine from /proc, /sys, /boot and /etc. root is put in front of every
 * path: "" for this machine, a directory for the tests' machines or for one that is mounted there.
 */

/** The path under root. False: too long. */
MUST_USE bool machine_path(const char *root, const char *path, char out[PATH_MAX]);

/** True when the path leads to something, whether or not we may read it. */
bool machine_exists(const char *root, const char *path);

/** Read the start of a small file as text, without the white space at its end: size - 1 bytes at
 * most, cut at a NUL. False, and "", when it cannot be read. */
bool machine_read_text(const char *root, const char *path, char *dst, size_t size);

/** Release of the running kernel, "6.1.0-56-amd64", as printable ASCII; "?" when not known. */
const char *machine_release(const char *root, char *dst, size_t size);

/** What a kernel was built with. */
enum machine_option {
    OPTION_UNKNOWN,
    OPTION_OFF,
    OPTION_ON,
};

/** The configuration that was kept of a kernel; empty when there is none, or none to read. */
void machine_kernel_config(const char *root, const char *release, struct buffer *out);

/** Look up an option, as "CONFIG_IMA". */
enum machine_option machine_kernel_option(struct bytes config, const char *name);
