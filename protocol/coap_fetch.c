/* SPDX-License-Identifier: BSD-3-Clause */
#include "protocol/coap_server_internal.h"

/* IANA, CoAP Content-Formats; RFC 8742 for sequences. */
enum {
    FORMAT_CBOR = 60,
    FORMAT_CBOR_SEQUENCE = 63,
};

/* Block size exponent of 1024 bytes; 7 is reserved over UDP and BERT over TCP (RFC 8323). */
#define SZX_MAX 6

static bool refuse(struct coap_problem *out, coap_pdu_code_t code, const char *title,
        const char *detail)
{
    *out = (struct coap_problem){ .code = code, .title = title, .detail = detail };
    return false;
}

static struct coap_block read_block(uint32_t value)
{
    unsigned int szx = value & 7;

    return (struct coap_block){ .asked = true,
        .num = value >> 4,
        .szx = szx > SZX_MAX ? SZX_MAX : szx };
}

/* RFC 7252 section 5.4.1: what is critical and not understood ends the request. Options with even
 * numbers are not critical. */
static bool read_option(coap_option_num_t number, uint32_t value, bool repeated,
        struct coap_fetch *out, struct coap_problem *problem)
{
    switch (number) {
    case COAP_OPTION_URI_HOST:
    case COAP_OPTION_URI_PORT:
    case COAP_OPTION_URI_PATH:
        return true;
    case COAP_OPTION_CONTENT_FORMAT:
        return repeated || value == FORMAT_CBOR ||
                refuse(problem, COAP_RESPONSE_CODE_UNSUPPORTED_CONTENT_FORMAT,
                        "Unsupported Content-Format", "a request is CBOR (60)");
    case COAP_OPTION_ACCEPT:
        return (value == FORMAT_CBOR_SEQUENCE && !repeated) ||
                refuse(problem, COAP_RESPONSE_CODE_NOT_ACCEPTABLE, "Not Acceptable",
                        "answers are CBOR sequences (63)");
    case COAP_OPTION_BLOCK2:
        out->block2 = read_block(value);
        return !repeated || refuse(problem, COAP_RESPONSE_CODE_BAD_OPTION, "Bad Option", "Block2");
    case COAP_OPTION_BLOCK1:
        /* The only block of a body is that body. */
        return value >> 3 == 0 ||
                refuse(problem, COAP_RESPONSE_CODE_REQUEST_TOO_LARGE, "Request Too Large",
                        "a request fits one message");
    default:
        return (number & 1) == 0 ||
                refuse(problem, COAP_RESPONSE_CODE_BAD_OPTION, "Bad Option",
                        "only Uri-Path, Content-Format, Accept and Block2 are understood");
    }
}

/* Blocks after the first may be asked for without the payload. */
static bool check_payload(const struct coap_fetch *fetch, size_t max, struct coap_problem *problem)
{
    if (fetch->payload.len > max) {
        return refuse(problem, COAP_RESPONSE_CODE_REQUEST_TOO_LARGE, "Request Too Large",
                "no request is that long");
    }
    return fetch->payload.len > 0 || fetch->block2.num > 0 ||
            refuse(problem, COAP_RESPONSE_CODE_BAD_REQUEST, "Bad Request", "the payload is empty");
}

bool coap_fetch_read(const coap_pdu_t *request, size_t payload_max, struct coap_fetch *out,
        struct coap_problem *out_problem)
{
    struct coap_fetch fetch = { .block2 = { .szx = SZX_MAX } };
    coap_opt_iterator_t i;
    coap_opt_t *option;
    coap_option_num_t last = 0;

    coap_option_iterator_init(request, &i, COAP_OPT_ALL);
    while ((option = coap_option_next(&i)) != NULL) {
        uint32_t value = coap_decode_var_bytes(coap_opt_value(option), coap_opt_length(option));

        if (!read_option(i.number, value, i.number == last, &fetch, out_problem)) {
            return false;
        }
        last = i.number;
    }
    coap_get_data(request, &fetch.payload.len, &fetch.payload.ptr);
    if (!check_payload(&fetch, payload_max, out_problem)) {
        return false;
    }
    *out = fetch;
    return true;
}
