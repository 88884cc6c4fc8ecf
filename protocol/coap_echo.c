/* SPDX-License-Identifier: BSD-3-Clause */
#include "protocol/coap_echo.h"

#include <string.h>
#include <sys/random.h>

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include "common/reader.h"
#include "common/writer.h"

#define SHA256_SIZE 32
#define MAC_SIZE    8

bool coap_echo_init(struct coap_echo *e, struct error *err)
{
    if (getrandom(e, sizeof(*e), 0) != sizeof(*e)) {
        return error_set(err, ERROR_IO, "no random numbers");
    }
    return true;
}

static bool make(const struct coap_echo *e, const coap_address_t *peer, uint32_t time,
        uint8_t out[COAP_ECHO_SIZE])
{
    uint8_t signed_bytes[COAP_ADDRESS_TEXT_MAX + 4];
    uint8_t mac[SHA256_SIZE];
    char address[COAP_ADDRESS_TEXT_MAX];
    struct writer w = writer_init(signed_bytes, sizeof(signed_bytes));
    struct writer value = writer_init(out, COAP_ECHO_SIZE);
    struct bytes text;

    writer_u32be(&w, time);
    writer_bytes(&w, bytes_of_text(coap_address_print(address, peer)));
    if (!writer_done(&w, &text) ||
            HMAC(EVP_sha256(), e->key, sizeof(e->key), text.ptr, text.len, mac, NULL) == NULL) {
        return false;
    }
    writer_u32be(&value, time);
    writer_bytes(&value, (struct bytes){ mac, MAC_SIZE });
    return !value.overflow;
}

bool coap_echo_make(const struct coap_echo *e, const coap_address_t *peer, uint64_t now_s,
        uint8_t out[COAP_ECHO_SIZE], struct error *err)
{
    if (!make(e, peer, (uint32_t)now_s + e->epoch, out)) {
        return error_set(err, ERROR_CRYPTO, "HMAC-SHA-256 fails");
    }
    return true;
}

bool coap_echo_is_good(const struct coap_echo *e, const coap_address_t *peer, uint64_t now_s,
        struct bytes value)
{
    uint8_t want[COAP_ECHO_SIZE];
    struct reader r = reader_init(value);
    uint32_t time;

    if (value.len != COAP_ECHO_SIZE || !reader_u32be(&r, &time) ||
            (uint32_t)now_s + e->epoch - time > COAP_ECHO_SECONDS) {
        return false;
    }
    return make(e, peer, time, want) &&
            bytes_equal_secret(value, (struct bytes){ want, sizeof(want) });
}
