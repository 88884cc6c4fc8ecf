/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include <stdbool.h>

#include "common/attributes.h"
#include "common/error.h"
#include "verifier/host_state.h"

/**
 * The file of `--state`, which one program at a time may use: PATH.lock is held locked from open to
 * close. All zero is a valid, closed one.
 */
struct state_file {
    char *path;
    int lock; /* open if and only if path is set */
};

/**
 * Lock the file and read it; one that is not there yet is a state of nothing.
 *
 * It has to be an ordinary file of ours that nobody else may read or write (mode 0600): whoever can
 * write it can take a finding away.
 *
 * @param f    closed on entry; state_file_close() it whatever happens
 * @param out  empty on entry; on success host_state_clear() it
 * @param err  ERROR_IO; ERROR_CONFIG: in use, or not ours alone; what is wrong with its content
 *             (host_state_decode()): never a fresh start
 */
MUST_USE bool state_file_open(struct state_file *f, const char *path, struct host_state *out,
        struct error *err);

/** Replace the file: the old state or the new one is there, whatever happens. @param err  ERROR_IO,
 * and what host_state_encode() says */
MUST_USE bool state_file_save(struct state_file *f, const struct host_state *s, struct error *err);

/** Let go of the lock; fits CLEANUP(). */
void state_file_close(struct state_file *f);
