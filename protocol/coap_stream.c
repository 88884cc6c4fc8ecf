/* SPDX-License-Identifier: BSD-3-Clause */
#include "protocol/coap_stream.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

/* RFC 8323 section 5: codes of signals, options of settings. */
enum {
    SIGNAL_SETTINGS = WIRE_CODE(7, 1),
    SIGNAL_PING = WIRE_CODE(7, 2),
    SIGNAL_PONG = WIRE_CODE(7, 3),
    SIGNAL_RELEASE = WIRE_CODE(7, 4),
    SIGNAL_ABORT = WIRE_CODE(7, 5),
    SETTING_MAX_MESSAGE = 2,
    SETTING_BLOCKS = 4,
};

#define IN_SIZE_MIN 4096

bool coap_stream_is_sending(const struct coap_stream *s)
{
    return s->sent < s->out.len;
}

/* Keep what could not be sent, behind what waits already. */
static bool keep(struct coap_stream *s, struct bytes head, struct bytes payload, struct error *err)
{
    size_t left = s->out.len - s->sent;
    struct buffer out = { malloc(left + head.len + payload.len), left + head.len + payload.len };
    struct writer w = writer_init(out.data, out.len);

    if (out.data == NULL) {
        return error_set(err, ERROR_NOMEM, "out of memory");
    }
    if (left > 0) {
        writer_bytes(&w, (struct bytes){ s->out.data + s->sent, left });
    }
    writer_bytes(&w, head);
    writer_bytes(&w, payload);
    buffer_clear(&s->out);
    s->out = out;
    s->sent = 0;
    return true;
}

static struct bytes without(struct bytes b, size_t n)
{
    return n < b.len ? (struct bytes){ b.ptr + n, b.len - n } : (struct bytes){ 0 };
}

static bool send_parts(struct coap_stream *s, struct bytes head, struct bytes payload,
        struct error *err)
{
    char *base[2];
    ssize_t n = 0;

    /* struct iovec is for reading, too, and has no const. */
    memcpy(&base[0], &head.ptr, sizeof(base[0]));
    memcpy(&base[1], &payload.ptr, sizeof(base[1]));
    struct iovec parts[] = { { base[0], head.len }, { base[1], payload.len } };
    const struct msghdr m = { .msg_iov = parts, .msg_iovlen = ARRAY_LEN(parts) };

    if (s->over) {
        return true;
    }
    if (!coap_stream_is_sending(s)) {
        n = sendmsg(s->fd, &m, MSG_NOSIGNAL | MSG_DONTWAIT);
    }
    if (n < 0 && errno != EAGAIN && errno != EINTR) {
        s->over = true;
        return true;
    }
    size_t sent = n > 0 ? (size_t)n : 0;

    return sent == head.len + payload.len ||
            keep(s, without(head, sent), without(payload, sent > head.len ? sent - head.len : 0),
                    err);
}

static bool send_settings(struct coap_stream *s, size_t message_max, struct error *err)
{
    uint8_t size[4];
    uint8_t bytes[32];
    uint8_t options[16];
    struct writer v = writer_init(size, sizeof(size));
    struct writer o = writer_init(options, sizeof(options));
    struct writer w = writer_init(bytes, sizeof(bytes));
    struct bytes value;
    struct bytes rest;
    struct bytes message;

    writer_u32be(&v, (uint32_t)message_max);
    if (!writer_done(&v, &value)) {
        return error_set(err, ERROR_LIMIT, "settings too long");
    }
    wire_write_option(&o, 0, SETTING_MAX_MESSAGE, value);
    wire_write_option(&o, SETTING_MAX_MESSAGE, SETTING_BLOCKS, (struct bytes){ 0 });
    if (!writer_done(&o, &rest)) {
        return error_set(err, ERROR_LIMIT, "settings too long");
    }
    wire_write_stream(&w, SIGNAL_SETTINGS, (struct bytes){ 0 }, (uint32_t)rest.len);
    writer_bytes(&w, rest);
    return writer_done(&w, &message) && send_parts(s, message, (struct bytes){ 0 }, err);
}

bool coap_stream_open(struct coap_stream *s, enum coap_stream_role role, int fd, size_t message_max,
        struct error *err)
{
    *s = (struct coap_stream){ .role = role,
        .fd = fd,
        .in_max = message_max,
        .message_max = COAP_STREAM_MESSAGE_DEFAULT };
    return send_settings(s, message_max, err);
}

void coap_stream_close(struct coap_stream *s)
{
    if (s->fd >= 0) {
        close(s->fd);
    }
    free(s->in);
    buffer_clear(&s->out);
    *s = (struct coap_stream){ .fd = -1, .over = true };
}

bool coap_stream_flush(struct coap_stream *s)
{
    bool any = false;

    while (coap_stream_is_sending(s) && !s->over) {
        ssize_t n = send(s->fd, s->out.data + s->sent, s->out.len - s->sent,
                MSG_NOSIGNAL | MSG_DONTWAIT);

        if (n < 0 && errno != EINTR) {
            s->over = errno != EAGAIN;
            break;
        }
        any = any || n > 0;
        s->sent += n > 0 ? (size_t)n : 0;
    }
    if (!coap_stream_is_sending(s)) {
        buffer_clear(&s->out);
        s->sent = 0;
    }
    return any;
}

/* Options in the order of their numbers, as libcoap keeps them. */
static void write_options(struct writer *w, const coap_pdu_t *pdu)
{
    coap_opt_iterator_t i;
    coap_opt_t *option;
    uint32_t before = 0;

    coap_option_iterator_init(pdu, &i, COAP_OPT_ALL);
    while ((option = coap_option_next(&i)) != NULL) {
        wire_write_option(w, before, i.number,
                (struct bytes){ coap_opt_value(option), coap_opt_length(option) });
        before = i.number;
    }
}

bool coap_stream_send(struct coap_stream *s, const coap_pdu_t *pdu, struct error *err)
{
    uint8_t options_bytes[COAP_STREAM_OVERHEAD];
    uint8_t head_bytes[WIRE_STREAM_HEAD_MAX + COAP_STREAM_OVERHEAD];
    struct writer o = writer_init(options_bytes, sizeof(options_bytes));
    struct writer w = writer_init(head_bytes, sizeof(head_bytes));
    coap_bin_const_t token = coap_pdu_get_token(pdu);
    struct bytes payload = { 0 };
    struct bytes options;
    struct bytes head;

    write_options(&o, pdu);
    if (coap_get_data(pdu, &payload.len, &payload.ptr)) {
        writer_u8(&o, WIRE_PAYLOAD_MARKER);
    }
    if (!writer_done(&o, &options)) {
        return error_set(err, ERROR_LIMIT, "options too long");
    }
    wire_write_stream(&w, (uint8_t)coap_pdu_get_code(pdu), (struct bytes){ token.s, token.length },
            (uint32_t)(options.len + payload.len));
    writer_bytes(&w, options);
    if (!writer_done(&w, &head)) {
        return error_set(err, ERROR_LIMIT, "options too long");
    }
    return send_parts(s, head, payload, err);
}

/* Room for more bytes; not more than have arrived is asked for again. */
static bool make_room(struct coap_stream *s)
{
    size_t size = s->in_size < IN_SIZE_MIN ? IN_SIZE_MIN : 2 * s->in_size;
    uint8_t *in;

    if (s->in_at > 0) {
        s->in_len -= s->in_at;
        memmove(s->in, s->in + s->in_at, s->in_len);
        s->in_at = 0;
    }
    if (s->in_len < s->in_size) {
        return true;
    }
    size = size < s->in_max ? size : s->in_max;
    in = size > s->in_size ? realloc(s->in, size) : NULL;
    if (in == NULL) {
        return false;
    }
    s->in = in;
    s->in_size = size;
    return true;
}

bool coap_stream_receive(struct coap_stream *s)
{
    if (s->over || coap_stream_is_sending(s)) {
        return false;
    }
    if (!make_room(s)) {
        s->over = true;
        return false;
    }
    ssize_t n = recv(s->fd, s->in + s->in_len, s->in_size - s->in_len, MSG_DONTWAIT);

    if (n > 0) {
        s->in_len += (size_t)n;
        return true;
    }
    s->over = n == 0 || (errno != EAGAIN && errno != EINTR);
    return false;
}

/* RFC 8323 section 5.3: options with odd numbers that are not understood end the connection. */
static bool take_settings(struct coap_stream *s, const struct wire_message *m)
{
    struct reader options = m->options;
    struct wire_option o = { 0 };

    while (wire_option_next(&options, &o)) {
        uint64_t value = 0;

        if ((o.number & 1) != 0 || o.value.len > 4) {
            return false;
        }
        for (size_t i = 0; i < o.value.len; i++) {
            value = value << 8 | o.value.ptr[i];
        }
        if (o.number == SETTING_MAX_MESSAGE) {
            s->message_max = (size_t)value;
        }
    }
    s->settled = true;
    return true;
}

static bool send_pong(struct coap_stream *s, struct bytes token)
{
    uint8_t bytes[WIRE_STREAM_HEAD_MAX];
    struct writer w = writer_init(bytes, sizeof(bytes));
    struct bytes message;
    struct error ignored;

    wire_write_stream(&w, SIGNAL_PONG, token, 0);
    return writer_done(&w, &message) && send_parts(s, message, (struct bytes){ 0 }, &ignored);
}

static bool is_for_role(const struct coap_stream *s, uint8_t code)
{
    return s->role == COAP_STREAM_SERVER ? code != WIRE_EMPTY && code < WIRE_CODE(1, 0)
                                         : code >= WIRE_CODE(2, 0) && code < WIRE_CODE(6, 0);
}

/* False when the peer breaks the rules. Settings come first (RFC 8323 section 5.3). */
static bool take_message(struct coap_stream *s, struct bytes in, bool *is_wanted)
{
    struct wire_message m;
    struct error ignored;

    *is_wanted = false;
    if (!wire_read_stream(in, &m, &ignored)) {
        return false;
    }
    switch (m.code) {
    case SIGNAL_SETTINGS:
        return take_settings(s, &m);
    case SIGNAL_PING:
        return send_pong(s, m.token);
    case SIGNAL_RELEASE:
    case SIGNAL_ABORT:
        s->over = true;
        return true;
    default:
        *is_wanted = is_for_role(s, m.code);
        return s->settled;
    }
}

static void give_up(struct coap_stream *s)
{
    s->over = true;
    s->broken = true;
}

bool coap_stream_next(struct coap_stream *s, struct bytes *out)
{
    bool is_wanted = false;
    uint64_t size;

    while (!s->over && !is_wanted && !coap_stream_is_sending(s)) {
        struct bytes unread = { s->in + s->in_at, s->in_len - s->in_at };

        if (!wire_stream_size(unread, &size)) {
            break;
        }
        if (size > s->in_max) {
            give_up(s);
            break;
        }
        if (size > unread.len) {
            break;
        }
        *out = (struct bytes){ unread.ptr, (size_t)size };
        s->in_at += (size_t)size;
        if (!take_message(s, *out, &is_wanted)) {
            give_up(s);
        }
    }
    return is_wanted && !s->over;
}
