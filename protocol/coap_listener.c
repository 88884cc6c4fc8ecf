/* SPDX-License-Identifier: BSD-3-Clause */
#include <string.h>

#include "protocol/coap_server_internal.h"

static bool open_listener(struct coap_server *s, const coap_address_t *a, bool reliable,
        struct error *err)
{
    struct coap_listener *l = &s->listeners[s->listener_count];
    char shown[COAP_ADDRESS_TEXT_MAX];

    coap_address_print(shown, a);
    if (s->listener_count == COAP_LISTENERS_MAX) {
        return error_set(err, ERROR_LIMIT, "more than %d addresses", COAP_LISTENERS_MAX);
    }
    *l = (struct coap_listener){ .server = s, .reliable = reliable, .socket = -1 };
    /* Counted before it is complete: coap_server_free() closes what is open. */
    s->listener_count++;
    bool ok = reliable ? coap_connection_listen(l, a, err) : coap_endpoint_open(l, a, err);

    return ok || error_wrap(err, "%s", shown);
}

bool coap_server_listen(struct coap_server *s, const struct uri *uri, struct error *err)
{
    struct coap_address_list list;
    size_t before = s->listener_count;

    if (!coap_address_resolve(uri, &list, err)) {
        err->code = ERROR_IO;
        return false;
    }
    for (size_t i = 0; i < list.count; i++) {
        /* One port for all addresses of a name, also when the kernel has chosen it. */
        if (i > 0 && uri->port == 0) {
            coap_address_set_port(&list.address[i], s->listeners[before].port);
        }
        if (!open_listener(s, &list.address[i], uri->transport == URI_TCP, err)) {
            return false;
        }
    }
    return true;
}

uint16_t coap_server_port(const struct coap_server *s, size_t index)
{
    return index < s->listener_count ? s->listeners[index].port : 0;
}
