/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "agent/attester.h"
#include "common/attributes.h"
#include "common/error.h"
#include "common/pcr.h"
#include "protocol/envelope.h"

/*
 * One thread that makes the quotes, one after the other, in the order they were asked for. A
 * hardware TPM needs most of a second for each, and gains nothing from a second thread.
 */

/** A quote that is wanted, and what became of it. */
struct job {
    struct bytes challenge;
    struct pcr_selection selection;
    bool ok;
    struct attester_proof proof; /* if ok */
    struct error err;            /* if not */
    struct job *next;            /* the worker's */
};

struct worker; /* on the heap */

/**
 * Start the thread; attester is called from there only.
 *
 * @param queue_max  jobs that may wait beside the one in hand
 */
MUST_USE bool worker_new(const struct attester *attester, size_t queue_max, struct worker **out,
        struct error *err);

/**
 * End the thread after the job in hand. Jobs that were not taken are the caller's again.
 *
 * @return false: the TPM does not come back. Its thread goes on to use the attester and the jobs:
 *         end the program and leave them alone.
 */
MUST_USE bool worker_free(struct worker *w);

/** Readable when worker_take() has something to give. */
int worker_fd(const struct worker *w);

/** Put a job into the queue; it is the worker's until worker_take() gives it back. False when the
 * queue is full. */
MUST_USE bool worker_submit(struct worker *w, struct job *job);

/** Take a job back before its turn. False when it is in hand or done: then it comes by
 * worker_take(). */
MUST_USE bool worker_withdraw(struct worker *w, struct job *job);

/** The next job that is done, or NULL. */
struct job *worker_take(struct worker *w);
