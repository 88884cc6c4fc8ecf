/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include <stdbool.h>

/* Shared by forge.c and forge_quote.c. */
void forge_require(bool holds, const char *what, int line);

#define REQUIRE(cond) forge_require((cond), #cond, __LINE__)
