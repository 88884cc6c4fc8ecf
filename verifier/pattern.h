/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include <stdbool.h>

#include "common/attributes.h"
#include "common/bytes.h"
#include "common/error.h"

/*
 * Patterns over absolute paths, component by component: `*` stands for any bytes of one component,
 * `?` for one byte, and a component that is `**` for any number of components; as the last one it
 * stands for one or more. Everything else is literal. A space equals an underscore on both sides,
 * because IMA logs a space as one.
 */

/* PATH_MAX without its NUL. */
#define PATTERN_MAX 4095

/**
 * Say whether text is a pattern: absolute, no empty, `.` or `..` component, `**` only as a whole
 * component.
 *
 * @param err  ERROR_CONFIG, ERROR_LIMIT
 */
MUST_USE bool pattern_check(struct bytes text, struct error *err);

/**
 * True when the whole path matches. A path that is not absolute, or that has an empty, `.` or `..`
 * component, matches nothing. Takes at most pattern.len * path.len steps.
 *
 * @param pattern  passed pattern_check()
 */
bool pattern_matches(struct bytes pattern, struct bytes path);

/**
 * True when some path below the directory can match.
 *
 * @param directory  absolute, no slash at its end
 */
bool pattern_reaches(struct bytes pattern, struct bytes directory);
