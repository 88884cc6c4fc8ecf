/* SPDX-License-Identifier: BSD-3-Clause */
/* Input: an event log; a first byte of 0xff, which no log starts with, makes the rest a
 * confidential-computing log. Reads, replays, proves and describes all of it. */
#include <string.h>

#include "eventlog/describe.h"
#include "eventlog/proof.h"
#include "eventlog/replay.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool claim)
{
    if (!claim) {
        __builtin_trap();
    }
}

static void look_at(struct hasher *h, const struct event *e)
{
    static char line[1 << 16];
    struct describe_text state;
    struct describe_sink sink = describe_text_sink(&state, line, sizeof(line));
    struct event_proof proof;
    struct error err = { 0 };

    require(event_proof_check(h, e, EVENTLOG_BANKS_ALL, &proof, &err));
    event_describe(e, &sink);
    require(state.depth == 0);
    for (const char *c = line; *c != '\0'; c++) {
        require((unsigned char)*c >= 0x20 && *c != 0x7f);
    }
}

static void note_all(const struct eventlog_replay *r)
{
    char text[EVENTLOG_NOTE_TEXT_MAX];

    for (size_t i = 0; i < r->note_count; i++) {
        require(strlen(eventlog_note_text(&r->note[i], text, sizeof(text))) < sizeof(text) - 1);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct hasher h;
    struct eventlog_replay_options options = { .banks = EVENTLOG_BANKS_ALL };
    struct bytes input = { data, size };
    struct eventlog_replay r;
    struct eventlog log;
    struct error err = { 0 };
    bool end = false;
    bool read = true;

    if (h.md[DIGEST_SHA256] == NULL) {
        require(hasher_init(&h, &err));
    }
    if (size > 0 && data[0] == 0xff) {
        options.registers = EVENTLOG_CC;
        input = (struct bytes){ data + 1, size - 1 };
    }
    bool replayed = eventlog_replay(input, &options, &h, &r, &err);

    if (replayed) {
        note_all(&r);
    }
    if (!eventlog_open(input, options.registers, &log, &err)) {
        require(!replayed);
        return 0;
    }
    while (read && !end) {
        struct event e;

        read = eventlog_next(&log, &e, &end, &err);
        if (read && !end) {
            look_at(&h, &e);
        }
    }
    require(read == replayed);
    require(!replayed || (r.events == log.next_index && r.padding == log.padding));
    return 0;
}
