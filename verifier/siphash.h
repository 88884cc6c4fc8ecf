/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include <stdint.h>

#include "common/bytes.h"

/**
 * SipHash-1-3 (Aumasson and Bernstein, "SipHash: a fast short-input PRF", with one round for each
 * word and three at the end): who does not know the key cannot choose inputs that collide. The
 * result is that of the reference on little-endian machines.
 */
uint64_t siphash13(const uint64_t key[2], struct bytes in);
