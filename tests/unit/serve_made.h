/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include <pthread.h>

#include "agent/serve.h"
#include "protocol/message.h"
#include "protocol/request.h"
#include "tests/check.h"

/*
 * A struct serve between a network that is not there (this defines what coap_server.h promises of
 * exchanges) and a TPM that works when it is told to, with logs in files.
 */

/** Where serve's answers end up. */
struct coap_exchange {
    size_t limit;
    int answers; /* of both kinds */
    struct buffer body;
    bool refused;
    enum coap_refusal why;
    char detail[512];
};

struct serve_tpm {
    pthread_mutex_t lock;
    pthread_cond_t change;
    bool closed; /* quotes wait while it is */
    int begun;
    int made;
    int rests;
    uint8_t first[64]; /* byte of each challenge, in order */
    enum error_code fails;
    void (*meanwhile)(void); /* while a quote is made */
};

extern struct serve_tpm serve_tpm;
extern struct serve *serve;
extern char serve_dir[];
extern char serve_path[LOG_KIND_COUNT][64];
extern uint8_t serve_challenge[32];

/* resetCount and key of every quote. */
#define SERVE_RESET 7
extern const struct tpm_name serve_ak_name;

/* What is in the logs at first; there is no user-space log. */
#define BOOT "boot log"
#define LIST "0123456789abcdef"

/** Make the folder, run the tests, remove it; the exit status for main(). */
int serve_run(const char *suite, const struct test *tests, size_t count);

/** A new agent, and the logs as above. */
void serve_begin(void);
void serve_end(void);

void serve_close_tpm(bool closed);
/** Wait until a counter of serve_tpm is that far. */
void serve_wait_tpm(const int *what, int count);

void serve_write_log(enum log_kind kind, const char *text, const char *mode);
void serve_remove_log(enum log_kind kind);

/** A request for a quote and all logs, from their start. */
struct message_request serve_whole(void);
/** A request for more of one log. */
struct message_request serve_more(enum log_kind kind, uint64_t offset, uint64_t max);
void serve_ask(struct coap_exchange *x, const struct message_request *m);
void serve_wait(const struct coap_exchange *x);

/** Checks that there is one, and that it is content. */
struct reader serve_answer(const struct coap_exchange *x);
struct message_evidence serve_evidence(struct reader *r);
/** The next message, any. */
struct bytes serve_message(struct reader *r);
void serve_check_chunk(struct reader *r, enum log_kind kind, uint64_t offset, bool last,
        const char *data);
void serve_check_refused(const struct coap_exchange *x, enum coap_refusal why, const char *says);
