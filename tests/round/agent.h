/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "protocol/message.h"
#include "protocol/request.h"
#include "tests/forge.h"
#include "tpm/quote.h"
#include "verifier/link.h"

/** What an answer is made of, before it is encoded. */
struct fake_answer {
    bool has_evidence;
    struct message_evidence evidence;
    size_t chunk_count;
    struct message_chunk chunk[2 * LOG_KIND_COUNT];
};

/**
 * An agent in this process, as docs/protocol.md wants it, over a forged machine that a test may
 * change between rounds. Everything it says can be turned into a lie by the hooks.
 */
struct fake_agent {
    struct forge *machine;
    struct tpm_clock clock; /* of the machine's TPM; its milliseconds advance with each quote */
    struct forge_key ek;    /* sent when its public_len is not 0 */
    const char *version;    /* of the agent */
    size_t chunk;           /* that the verifier asks for: link.chunk */
    size_t served;          /* bytes of log in one chunk, if less than that is asked for; 0: all */

    /* Hooks; NULL: none. */
    void (*before_quote)(struct fake_agent *a); /* what the machine does in the meantime */
    void (*change_quote)(struct fake_agent *a); /* machine->quote, before it is signed */
    void (*after_quote)(struct fake_agent *a);  /* when it has, before the logs are read */
    void (*change)(struct fake_agent *a, const struct message_request *request,
            struct fake_answer *answer);                                    /* what will be said */
    void (*change_bytes)(struct fake_agent *a, struct forge_bytes *answer); /* as it is encoded */
    /* Instead of any answer: the link's error; ERROR_NONE answers. */
    enum error_code (*fault)(struct fake_agent *a, const struct message_request *request);
    void *ctx; /* for the hooks */

    /* What was seen. */
    size_t asks;
    size_t quotes;
    struct message_request last; /* the last request with a challenge; its views are gone */
    uint64_t list_bytes;         /* of the list that were sent */

    struct forge_bytes answer;
};

/** An honest agent of machine, which it does not own; clock as forge_ask() sets it. */
void fake_agent_init(struct fake_agent *a, struct forge *machine);
void fake_agent_clear(struct fake_agent *a);

/** The way to it. It must not be moved as long as that is used. */
struct link fake_agent_link(struct fake_agent *a);
