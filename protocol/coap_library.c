/* SPDX-License-Identifier: BSD-3-Clause */
#include "protocol/coap_library.h"

#include <sys/epoll.h>

#define EVENTS_MAX 8

void coap_library_run(coap_context_t *context, bool timer_only)
{
    struct epoll_event events[EVENTS_MAX];
    int n = epoll_wait(coap_context_get_coap_fd(context), events, EVENTS_MAX, 0);
    size_t count = 0;

    /* The timer's event has no socket. */
    for (int i = 0; i < n; i++) {
        if (!timer_only || events[i].data.ptr == NULL) {
            events[count++] = events[i];
        }
    }
    coap_io_do_epoll(context, events, count);
}
