/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include <stdint.h>

/** Milliseconds of a clock that never goes back and nobody sets (CLOCK_MONOTONIC). */
int64_t clock_now_ms(void);
