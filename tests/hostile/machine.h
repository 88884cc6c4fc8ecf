/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "protocol/message.h"
#include "protocol/request.h"
#include "tests/forge.h"

/*
 * A machine with an agent that lies in one way, or in none: requests in, answers out, without a
 * network. The TPM is forged (tests/forge.h), the messages are written by wire.h.
 */

#define MACHINE_CHUNKS_MAX 8
#define MACHINE_NAME_SIZE  34 /* TPM2B_NAME of a SHA-256 key */

struct lie;

struct machine {
    struct forge f;
    struct forge other; /* another host: honest, with a key of its own */
    struct forge_key key;
    struct forge_key other_key;
    struct forge_key ek;   /* a key that could be an EK, of no TPM here */
    const struct lie *lie; /* NULL: honest */
    size_t files;          /* in the list at the start */
    unsigned int rounds;   /* challenges answered, this one included */
    uint8_t challenge[MESSAGE_CHALLENGE_MAX];
    size_t challenge_len;
    struct forge_bytes first_attest; /* of the first round */
    struct forge_bytes first_signature;
    struct forge_bytes first_answer;
    struct forge_bytes scratch; /* bytes that a lie made up for this answer */
};

/** What is about to be written. */
struct answer {
    const struct message_request *request;
    size_t limit;
    bool has_evidence;
    struct message_evidence evidence;
    struct message_chunk chunk[MACHINE_CHUNKS_MAX];
    size_t chunks;
};

/** One way to lie: what differs from an honest machine, in the order in which it happens. */
struct lie {
    const char *name;
    unsigned int from;                /* first round that lies; 0: the first one */
    unsigned int to;                  /* last one that does; 0: all */
    bool idle;                        /* no file is opened between rounds */
    void (*live)(struct machine *m);  /* on the machine, before the quote */
    void (*quote)(struct machine *m); /* m->f.quote, before it is signed */
    void (*send)(struct machine *m);  /* signed quote and logs, before they are read */
    void (*answer)(struct machine *m, struct answer *a); /* messages; for every request */
    void (*bytes)(struct machine *m, const struct answer *a, struct forge_bytes *out);
};

/** Lie i of all; NULL behind the last one. */
const struct lie *lie_at(size_t i);

/** NULL when there is none of this name. */
const struct lie *lie_find(const char *name);

/** @param files  in the list: forge_files[] first, then /usr/bin/program-N */
void machine_init(struct machine *m, const struct lie *lie, size_t files);
void machine_clear(struct machine *m);

/** Path of file i of the list; valid until the next call. */
const char *machine_file(size_t i);

/** TPM2B_NAME without its size. out: MACHINE_NAME_SIZE bytes. */
void machine_ak_name(const struct forge_key *k, uint8_t *out);

/**
 * Answer a request message as an agent does. False when it is none.
 *
 * @param limit  bytes that an honest answer has at most
 * @param out    empty on entry
 */
bool machine_answer(struct machine *m, struct bytes request, size_t limit, struct forge_bytes *out);
