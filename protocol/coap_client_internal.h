/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "host/buffer.h"
#include "protocol/coap_address.h"
#include "protocol/coap_client.h"
#include "protocol/coap_library.h"

/* What the files of the client share. */

#define COAP_TOKEN_MAX 8
#define COAP_ETAG_MAX  8
/* RFC 9175 section 2.2.1. */
#define COAP_ECHO_MAX 40

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
    struct error error; /* STEP_FAIL and STEP_REOPEN */
    uint8_t token[COAP_TOKEN_MAX];
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
    bool reopened;        /* the connection, once */
    uint64_t progress_ms; /* when something arrived that had not been there */
};

struct coap_client {
    struct uri uri;
    struct coap_client_options options;
    struct coap_address_list addresses;
    size_t at; /* which of them */
    bool met;  /* an agent has answered there */
    coap_context_t *context;
    coap_session_t *session; /* of context; NULL: closed */
    int socket;              /* of a TCP session, libcoap's; -1: not known */
    uint64_t received;       /* bytes over this TCP connection */
    bool closed;             /* it is to be opened anew */
    struct buffer body;
    size_t capacity; /* bytes allocated for body */
    uint64_t shown_ms;
    struct coap_ask *ask; /* NULL between two */
};

/** The first block comes next. */
void coap_client_begin(struct coap_client *c, struct coap_ask *ask);
/** A response to the latest request has arrived. */
void coap_client_take(struct coap_client *c, struct coap_ask *ask, const coap_pdu_t *response);

/** Milliseconds of a clock that only goes forward. */
uint64_t coap_client_now(void);
