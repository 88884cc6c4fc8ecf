/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/queue.h>

#include "protocol/coap_address.h"
#include "protocol/coap_echo.h"
#include "protocol/coap_library.h"
#include "protocol/coap_rate.h"
#include "protocol/coap_server.h"
#include "protocol/coap_stream.h"

/* What the files of the server share. */

/* Addresses it listens on. */
#define COAP_LISTENERS_MAX 16
/* Kept answers together: their number, their bytes, and how long the peer may do without them. */
#define COAP_KEPT_MAX       64
#define COAP_KEPT_BYTES_MAX ((size_t)4 * 1024 * 1024)
#define COAP_KEPT_MS        60000u
/* Longest answers: an evidence message and as many chunks of logs as are worth one request. Over
 * UDP each KiB is a round trip, and the answer is kept meanwhile. */
#define COAP_ANSWER_MAX_UDP ((size_t)128 * 1024)
#define COAP_ANSWER_MAX_TCP ((size_t)578 * 1024)
/* Requests of one peer, and of all, that wait for their answers. */
#define COAP_WAITING_PEER_MAX 4
#define COAP_WAITING_MAX      256
/* How long an answer may take and still be the acknowledgement: less than a peer waits for one (a
 * second at least), and as long as many a TPM needs for a quote. */
#define COAP_ACKNOWLEDGE_MS 700u
/* When it makes sense to ask again after 5.03. */
#define COAP_RETRY_SECONDS 1
#define COAP_ETAG_SIZE     8
#define COAP_RESOURCE      "attest"
/* Token, options and payload marker of a response, generously. */
#define COAP_RESPONSE_OVERHEAD 64
#define COAP_RESPONSE_MAX_TCP  (COAP_ANSWER_MAX_TCP + COAP_RESPONSE_OVERHEAD)

struct coap_listener;

/** Who is called when a descriptor is readable or writable. */
struct coap_watch {
    void (*ready)(void *owner);
    void *owner;
};

/** One address that is listened on. Over UDP it has a libcoap context of its own: what one endpoint
 * suffers, the others do not. */
struct coap_listener {
    struct coap_watch watch;
    struct coap_server *server;
    bool reliable;
    uint16_t port;
    int socket;              /* over UDP libcoap's; it closes it */
    coap_context_t *context; /* over UDP */
};

/** Whom a request came from: a UDP address, or a TCP connection. */
struct coap_peer {
    TAILQ_ENTRY(coap_peer) link;
    struct coap_listener *listener;
    coap_address_t address;
    struct coap_address_key key;
    unsigned int held;    /* waiting requests and kept answers */
    unsigned int waiting; /* requests among them */
    uint64_t active_ms;   /* when it last asked something, or took some of an answer */
    /* Over UDP: libcoap keeps it while it is held. */
    coap_session_t *session;
    /* Over TCP: */
    struct coap_watch watch;
    struct coap_stream stream;
};
TAILQ_HEAD(coap_peers, coap_peer);

/** Which part of an answer is asked for: a Block2 option (RFC 7959). */
struct coap_block {
    bool asked; /* there is such an option */
    uint32_t num;
    unsigned int szx; /* the block's size is 2^(szx+4) */
};

/** Which request it was. */
struct coap_identity {
    coap_mid_t mid;
    struct buffer payload;
};

struct coap_exchange {
    TAILQ_ENTRY(coap_exchange) link;
    struct coap_peer *peer;
    coap_pdu_t *response; /* set while the handler runs: what it says goes in here */
    uint8_t token[WIRE_TOKEN_MAX];
    size_t token_len;
    bool confirmable;
    bool acknowledged;
    uint64_t acknowledge_ms; /* when it is to be acknowledged; 0: not */
    struct coap_block block2;
    struct coap_identity id;
};
TAILQ_HEAD(coap_exchanges, coap_exchange);

/** An answer that the peer may ask for again, or for the next block of. */
struct coap_answer {
    TAILQ_ENTRY(coap_answer) link; /* least recently used first */
    struct coap_peer *peer;
    struct coap_identity id;
    struct buffer body;
    uint8_t etag[COAP_ETAG_SIZE];
    uint64_t used_ms;
};
TAILQ_HEAD(coap_answers, coap_answer);

struct coap_server {
    struct coap_server_options options;
    int epoll;
    int timer;       /* runs only while something can expire */
    uint64_t due_ms; /* when it will run out; 0: it does not run */
    struct coap_watch timer_watch;
    size_t listener_count;
    struct coap_listener listeners[COAP_LISTENERS_MAX];
    struct coap_peers peers;
    size_t connection_count; /* peers over TCP */
    struct coap_exchanges waiting;
    size_t waiting_count;
    struct coap_answers kept;
    size_t kept_count;
    size_t kept_bytes;
    uint64_t next_etag;
    struct coap_exchange *answering; /* whose request is being handled */
    struct coap_rate rate;
    struct coap_echo echo;
};

/** A FETCH request, its options read and checked. */
struct coap_fetch {
    struct coap_block block2;
    struct bytes payload;
};

/** An error answer. */
struct coap_problem {
    coap_pdu_code_t code;
    const char *title;
    const char *detail;
    unsigned int max_age; /* seconds; 0: not said */
};

/* coap_server.c */
/** Milliseconds of a clock that only goes forward. */
uint64_t coap_server_now(void);
/** Call w when fd is readable, or writable instead. */
MUST_USE bool coap_server_watch(struct coap_server *s, int fd, struct coap_watch *w,
        struct error *err);
void coap_server_watch_writable(struct coap_server *s, int fd, struct coap_watch *w, bool writable);
/** Something is due from now on. */
void coap_server_set_timer(struct coap_server *s);
/** Longest request message. */
size_t coap_server_message_max(const struct coap_server *s);

/* coap_peer.c */
/** NULL: no memory. */
struct coap_peer *coap_peer_new(struct coap_listener *l, const coap_address_t *address);
/** Nothing can be sent to p any more: its requests and answers go. */
void coap_peer_free(struct coap_peer *p);
/** True for a UDP peer that asked something not long ago: it is where it says it is. */
bool coap_peer_is_known(const struct coap_listener *l, const coap_address_t *address);
void coap_peer_hold(struct coap_peer *p);
void coap_peer_unhold(struct coap_peer *p);
/** Longest payload that a message to p has room for. */
size_t coap_peer_room(const struct coap_peer *p);

/* coap_guard.c */
/** Handle what has arrived over UDP. */
void coap_guard_ready(void *listener);

/* coap_endpoint.c */
/** Listen over UDP. l: all but watch, context and socket is set. */
MUST_USE bool coap_endpoint_open(struct coap_listener *l, const coap_address_t *a,
        struct error *err);

/* coap_connection.c */
/** Listen over TCP. */
MUST_USE bool coap_connection_listen(struct coap_listener *l, const coap_address_t *a,
        struct error *err);
/** Send a response, which is freed. */
void coap_connection_send(struct coap_peer *p, coap_pdu_t *response);
void coap_connection_close(struct coap_peer *p);
/** Close connections on which nothing moves. */
void coap_connection_expire(struct coap_server *s);

/* coap_request.c */
/** A FETCH request for the resource: the answer goes into response now, or later. */
void coap_request_handle(struct coap_peer *p, const coap_pdu_t *request, coap_pdu_t *response);

/* coap_fetch.c */
/** Read and check a request. False: out_problem says why not. */
MUST_USE bool coap_fetch_read(const coap_pdu_t *request, size_t payload_max, struct coap_fetch *out,
        struct coap_problem *out_problem);

/* coap_exchange.c */
struct coap_exchange *coap_exchange_new(struct coap_peer *p, const coap_pdu_t *request,
        const struct coap_fetch *fetch);
void coap_exchange_drop(struct coap_exchange *x);
/** The same request has come again: the answer belongs to the latest. */
void coap_exchange_repeat(struct coap_exchange *x, const coap_pdu_t *request);
/** The answer is not there yet: leave response out, acknowledge later. */
void coap_exchange_wait(struct coap_exchange *x, coap_pdu_t *response);
/** Acknowledge requests whose answers take long. */
void coap_exchange_acknowledge_due(struct coap_server *s);
/** When there is one next; UINT64_MAX: not at all. */
uint64_t coap_exchange_next_due(const struct coap_server *s);
bool coap_identity_same_payload(const struct coap_identity *id, struct bytes payload);
bool coap_identity_is_duplicate(const struct coap_identity *id, const coap_pdu_t *request,
        struct bytes payload);
void coap_identity_clear(struct coap_identity *id);

/* coap_answer.c */
void coap_problem_write(coap_pdu_t *pdu, const struct coap_problem *p);
/** Keep body as the answer to x; takes both body and x's identity over. NULL: no memory. */
struct coap_answer *coap_answer_keep(struct coap_exchange *x, struct buffer *body);
void coap_answer_drop(struct coap_server *s, struct coap_answer *a);
/** Write block b of a into pdu, which has a token and nothing else. */
void coap_answer_write(coap_pdu_t *pdu, const struct coap_answer *a, const struct coap_block *b);
/** True when that is all of a. */
bool coap_answer_is_whole(const struct coap_answer *a, const struct coap_block *b);
/** The latest answer to p that matches. */
struct coap_answer *coap_answer_find(struct coap_server *s, const struct coap_peer *p,
        bool (*matches)(const struct coap_answer *a, const void *ctx), const void *ctx);
/** Drop answers that nobody asked for in a while. */
void coap_answers_expire(struct coap_server *s);
