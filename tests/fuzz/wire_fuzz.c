/* SPDX-License-Identifier: BSD-3-Clause */
/* Any bytes as a CoAP message, over UDP and over TCP, and as the words of an error answer. */
#include <stdlib.h>

#include "protocol/problem.h"
#include "protocol/uri.h"
#include "protocol/wire.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool ok)
{
    if (!ok) {
        abort();
    }
}

/* Options and payload are all there is behind the token. */
static void check(const struct wire_message *m, size_t size)
{
    struct reader options = m->options;
    struct wire_option o = { 0 };
    uint32_t before = 0;

    while (wire_option_next(&options, &o)) {
        require(o.number >= before && o.number <= UINT16_MAX && o.value.len <= size);
        before = o.number;
    }
    require(reader_left(&options) == (m->payload.len > 0 ? m->payload.len + 1 : 0));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct bytes in = { data, size };
    struct wire_message m;
    struct problem problem;
    struct uri uri;
    struct error err = { 0 };
    uint64_t stream_size;

    if (wire_read_datagram(in, &m, &err)) {
        check(&m, size);
    }
    if (wire_stream_size(in, &stream_size) && stream_size <= size) {
        in.len = (size_t)stream_size;
        if (wire_read_stream(in, &m, &err)) {
            check(&m, size);
        }
    }
    in.len = size;
    if (problem_decode(in, &problem, &err)) {
        require(problem.title.len <= PROBLEM_TEXT_MAX && problem.detail.len <= PROBLEM_TEXT_MAX);
    }
    if (uri_read(in, &uri, &err)) {
        require(uri.host[URI_HOST_MAX] == '\0');
    }
    return 0;
}
