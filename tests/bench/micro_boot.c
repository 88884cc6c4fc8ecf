/* SPDX-License-Identifier: BSD-3-Clause */
/* Parsing and replaying a boot log into all its banks; peer: extending the same digests raw. */
#include <stdlib.h>
#include <string.h>

#include "common/pcr.h"
#include "eventlog/event.h"
#include "eventlog/replay.h"
#include "eventlog/types.h"
#include "host/file.h"
#include "tests/bench/raw_hash.h"
#include "tests/bench/sample.h"

struct extend {
    enum digest_alg alg;
    unsigned int pcr;
    struct bytes digest;
};

struct work {
    struct bytes log;
    struct hasher hasher;
    struct extend *extends;
    size_t count;
    size_t room;
};

static bool replay(void *ctx, size_t count, struct error *err)
{
    static struct eventlog_replay result;
    struct work *w = ctx;
    struct eventlog_replay_options options = { .registers = EVENTLOG_PCR,
        .banks = EVENTLOG_BANKS_ALL };

    for (size_t i = 0; i < count; i++) {
        if (!eventlog_replay(w->log, &options, &w->hasher, &result, err)) {
            return false;
        }
    }
    return true;
}

static bool hash(void *ctx, size_t count, struct error *err)
{
    static uint8_t pcrs[DIGEST_ALG_COUNT][PCR_COUNT][DIGEST_SIZE_MAX];
    struct work *w = ctx;

    (void)err;
    for (size_t i = 0; i < count; i++) {
        for (size_t e = 0; e < w->count; e++) {
            uint8_t *value = pcrs[w->extends[e].alg][w->extends[e].pcr];
            struct bytes old = { value, w->extends[e].digest.len };

            raw_hash(w->extends[e].alg, old, w->extends[e].digest, value);
        }
    }
    return true;
}

static bool remember(struct work *w, const struct event *event, struct error *err)
{
    for (enum digest_alg alg = 0; alg < DIGEST_SM3_256; alg++) {
        struct bytes digest;

        if (event->type == EV_NO_ACTION || !event_digest_get(event, alg, &digest)) {
            continue;
        }
        if (w->count == w->room) {
            w->room = w->room == 0 ? 256 : 2 * w->room;
            struct extend *more = realloc(w->extends, w->room * sizeof(*more));
            if (more == NULL) {
                return error_set(err, ERROR_NOMEM, "%zu events", w->room);
            }
            w->extends = more;
        }
        w->extends[w->count++] = (struct extend){ alg, event->pcr, digest };
    }
    return true;
}

static bool collect(struct work *w, struct error *err)
{
    struct eventlog log;
    struct event event;
    bool end = false;

    if (!eventlog_open(w->log, EVENTLOG_PCR, &log, err)) {
        return false;
    }
    while (eventlog_next(&log, &event, &end, err) && !end) {
        if (!remember(w, &event, err)) {
            return false;
        }
    }
    return end;
}

bool micro_boot(size_t rounds, char *const args[], struct error *err)
{
    struct buffer log CLEANUP(buffer_clear) = { 0 };
    struct work w = { 0 };
    const char *name = strrchr(args[0], '/');
    bool done;

    if (!file_read(args[0], EVENTLOG_SIZE_MAX, &log, err) || !hasher_init(&w.hasher, err)) {
        return false;
    }
    w.log = buffer_view(&log);
    done = collect(&w, err) &&
            sample_compare(&(struct sample_pair){ name != NULL ? name + 1 : args[0], replay, hash,
                                   &w, 200 },
                    rounds, err);
    hasher_clear(&w.hasher);
    free(w.extends);
    return done;
}
