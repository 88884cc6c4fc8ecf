/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include "verifier/attest.h"

/**
 * Rounds again and again, each so long after the start of the one before (at once, when that one
 * took longer), until stop_wanted(). A line for each round and for each change; with --json an
 * object for each round.
 *
 * @return the exit status that goes with the last round
 */
int watch_run(struct attest *a);
