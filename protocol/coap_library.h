/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include <stdbool.h>

#include <coap3/coap.h>

/* What differs between the versions of libcoap that we build with: 4.3.1 (Debian 12) to 4.3.5. */

#if LIBCOAP_VERSION < 4003001U
#error "libcoap 4.3.1 or newer is needed"
#endif

#if LIBCOAP_VERSION < 4003002U
#define COAP_LIBRARY_LOG_NOTHING LOG_EMERG
#else
#define COAP_LIBRARY_LOG_NOTHING COAP_LOG_EMERG
#endif

static inline void coap_library_discard_log(coap_log_t level, const char *message)
{
    (void)level;
    (void)message;
}

/** Once before anything else. libcoap's log lines carry bytes of the peer, unescaped: none. */
static inline void coap_library_start(void)
{
    coap_startup();
    coap_set_log_level(COAP_LIBRARY_LOG_NOTHING);
    coap_set_log_handler(coap_library_discard_log);
}

/* What libcoap reads of a datagram (COAP_RXBUFFER_SIZE); it would cut a longer one. */
#define COAP_LIBRARY_DATAGRAM_MAX 1472

/** Let libcoap read one datagram of each socket, or only look at its timer. Does not wait. */
void coap_library_run(coap_context_t *context, bool timer_only);
