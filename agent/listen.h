/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "common/attributes.h"
#include "common/error.h"
#include "protocol/uri.h"

/* URIs in the setting, and addresses they may stand for. */
#define LISTEN_URIS_MAX      8
#define LISTEN_ADDRESSES_MAX 32

/** An address to listen on. */
struct listen_address {
    struct uri uri; /* host: an address, never a name */
    bool by_name;   /* the setting has a name there: others of its addresses may do */
    bool loopback;
};

struct listen_addresses {
    size_t count;
    struct listen_address address[LISTEN_ADDRESSES_MAX];
};

/** Check the setting "listen": URIs between spaces. @param err  ERROR_CONFIG */
MUST_USE bool listen_check(const char *setting, struct error *err);

/**
 * The addresses of the setting "listen". Names are looked up once: what was checked is what is
 * listened on.
 *
 * @param insecure  false: every address must be loopback
 * @param err       ERROR_CONFIG; ERROR_IO: a name that does not resolve
 */
MUST_USE bool listen_resolve(const char *setting, bool insecure, struct listen_addresses *out,
        struct error *err);

/** Write the URI of an address as the setting has them; cut to fit. size at least 1. Returns dst.
 */
const char *listen_print(char *dst, size_t size, const struct uri *uri);
