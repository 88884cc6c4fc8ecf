/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "host/buffer.h"
#include "protocol/coap_address.h"
#include "protocol/coap_client.h"
#include "protocol/coap_library.h"
#include "protocol/coap_stream.h"

/* What the files of the client share. */

#define COAP_ETAG_MAX 8
/* RFC 9175 section 2.2.1. */
#define COAP_ECHO_MAX 40
/* Largest exponent of a block's size: 1024 bytes (RFC 7959). */
#define COAP_SZX_MAX 6

/** What there is to do next. */
enum coap_step {
    STEP_SEND,   /* the request for the next block */
    STEP_WAIT,   /* for an answer */
    STEP_PAUSE,  /* before sending again, as the agent asked for */
    STEP_DONE,   /* the body is whole */
    STEP_REOPEN, /* the connection is gone, or nobody is at this address */
    STEP_FAIL,   /* error says why */
};

/** One call of coap_client_ask(). */
struct coap_ask {
    struct bytes request;
    size_t max;
    enum coap_step step;
    struct error error; /* STEP_FAIL, STEP_REOPEN and STEP_PAUSE */
    uint8_t token[WIRE_TOKEN_MAX];
    uint16_t id; /* of the request, over UDP */
    /* The answer so far: what is in the client's body, and which block comes next. */
    bool begun;
    uint32_t num;
    unsigned int szx;
    uint8_t etag[COAP_ETAG_MAX];
    size_t etag_len;
    /* To be sent with the next request; empty: nothing. */
    uint8_t echo[COAP_ECHO_MAX];
    size_t echo_len;
    unsigned int echoes; /* times the agent wanted one, without any progress */
    unsigned int restarts;
    unsigned int pause_ms;
    bool reopened; /* the connection, once */
    bool interrupted;
    size_t arriving;      /* bytes of a message over TCP that is not all there */
    uint64_t began_ms;    /* with this address */
    uint64_t progress_ms; /* when something arrived that had not been there */
};

struct coap_client {
    struct uri uri;
    struct coap_client_options options;
    struct coap_address_list addresses;
    size_t at;               /* which of them */
    bool met;                /* an agent has answered there */
    bool open;               /* one of the two below is */
    coap_context_t *context; /* over UDP, ... */
    coap_session_t *session; /* ... its only session ... */
    int socket;              /* ... and that one's, which is libcoap's */
    struct coap_stream stream;
    struct buffer body;
    size_t capacity; /* bytes allocated for body */
    uint64_t shown_ms;
    struct coap_ask *ask; /* NULL between two */
};

/* coap_client.c */
/** The connection to the agent is of no use any more, because of why. */
void coap_client_lose(struct coap_client *c, const char *why);
/** How long the client may wait before it looks around again; 0: not any more.
 * @param err  ERROR_NO_ANSWER: interrupted */
MUST_USE bool coap_client_may_wait(struct coap_client *c, unsigned int *limit_ms,
        struct error *err);
/** Milliseconds of a clock that only goes forward. */
uint64_t coap_client_now(void);

/* coap_client_answer.c */
/** The first block comes next. */
void coap_client_begin(struct coap_client *c, struct coap_ask *ask);
/** A response has arrived. False: it answers something else. */
bool coap_client_take(struct coap_client *c, const coap_pdu_t *response);

/* coap_client_udp.c, coap_client_tcp.c: to the address whose turn it is. */
/** @param err  ERROR_NO_ANSWER, ERROR_NOMEM, ERROR_IO */
MUST_USE bool coap_client_udp_open(struct coap_client *c, struct error *err);
MUST_USE bool coap_client_tcp_open(struct coap_client *c, struct error *err);
void coap_client_udp_close(struct coap_client *c);
void coap_client_tcp_close(struct coap_client *c);
/** request is taken. A failure shows while waiting. */
void coap_client_udp_send(struct coap_client *c, coap_pdu_t *request);
/** @param err  ERROR_NOMEM */
MUST_USE bool coap_client_tcp_send(struct coap_client *c, const coap_pdu_t *request,
        struct error *err);
/** Let happen what happens within limit_ms, or until something did. */
MUST_USE bool coap_client_udp_wait(struct coap_client *c, unsigned int limit_ms, struct error *err);
MUST_USE bool coap_client_tcp_wait(struct coap_client *c, unsigned int limit_ms, struct error *err);
