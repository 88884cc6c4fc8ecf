/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

#include "common/bytes.h"
#include "common/writer.h"
#include "protocol/wire.h"

/* Messages byte by byte, for peers that no library would be. */

#define RAW_MAX 65536

/** An address of this machine and where it is connected to. */
struct raw_address {
    struct sockaddr_storage sa;
    socklen_t len;
};

/** "127.0.0.1" or "::1", and a port. */
struct raw_address raw_address(const char *host, uint16_t port);
/** An IPv4 (AF_INET) or IPv6 address of this machine that is neither loopback nor link-local, as
 * text. False when it has none. */
bool raw_remote_host(int family, char host[INET6_ADDRSTRLEN]);

/** A socket of type, connected. -1 on failure. */
int raw_connect(int type, const struct raw_address *to);
/** Receive what comes within ms; empty when nothing does, or the peer closes. */
struct bytes raw_receive(int fd, uint8_t buffer[RAW_MAX], int ms);
bool raw_send(int fd, struct bytes b);

/* What a FETCH request may have. */
struct raw_request {
    enum wire_type type;
    uint8_t code; /* 0: FETCH */
    uint16_t id;
    const char *token;
    const char *path;    /* NULL: attest; "": none */
    const char *payload; /* NULL: none */
    /* One more option; number 0: none. */
    uint32_t number;
    struct bytes value;
};

/** The request as a datagram. dst: RAW_MAX bytes. */
struct bytes raw_datagram(uint8_t *dst, const struct raw_request *r);
/** The same over TCP (RFC 8323 section 3.2). */
struct bytes raw_message(uint8_t *dst, const struct raw_request *r);
/** A Capabilities and Settings message; max_message 0: without the option. */
struct bytes raw_settings(uint8_t *dst, uint32_t max_message);

/** A TCP connection whose messages are read one by one. */
struct raw_stream {
    int fd;
    size_t at;  /* what has not been read yet is from here ... */
    size_t len; /* ... to here */
    uint8_t bytes[RAW_MAX];
};

/** The next message but settings, valid until the next call. False when none comes. */
bool raw_next(struct raw_stream *s, struct wire_message *m);

/** Value of the first option of that number; false when there is none. */
bool raw_option(const struct wire_message *d, uint32_t number, struct bytes *value);
