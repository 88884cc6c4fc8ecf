/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/* The only compiler extensions this project uses, under one name each. GCC 12+ and Clang 14+. */
#define MUST_USE         __attribute__((warn_unused_result))
#define PRINTF(fmt, arg) __attribute__((format(printf, fmt, arg)))
#define COLD             __attribute__((cold))
#define CLEANUP(fn)      __attribute__((cleanup(fn)))

/* Fetch the cache line at p, which is about to be written. */
#define PREFETCH(p) __builtin_prefetch(p, 1)

#define ARRAY_LEN(a) (sizeof(a) / sizeof((a)[0]))
