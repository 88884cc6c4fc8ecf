/* SPDX-License-Identifier: BSD-3-Clause */
#include <openssl/bio.h>
#include <openssl/bn.h>
#include <openssl/err.h>
#include <openssl/x509.h>

#include "eventlog/describe_internal.h"

/* A db certificate has 1 to 2 KiB. */
#define CERTIFICATE_MAX ((size_t)64 << 10)

static void bio_free(BIO **bio)
{
    BIO_free(*bio);
}

static void certificate_free(X509 **cert)
{
    X509_free(*cert);
}

/* RFC 2253 as OpenSSL writes it: printable ASCII, everything else after a backslash. */
static void put_name(const struct describe_sink *s, const char *key, const X509_NAME *name)
{
    BIO *bio CLEANUP(bio_free) = BIO_new(BIO_s_mem());
    char buffer[DESCRIBE_TEXT_MAX];
    struct text t = text_init(buffer, sizeof(buffer));
    char *text = NULL;

    if (bio == NULL || X509_NAME_print_ex(bio, name, 0, XN_FLAG_RFC2253) < 0) {
        return;
    }
    long len = BIO_get_mem_data(bio, &text);
    struct bytes ascii = { (const uint8_t *)text, len > 0 ? (size_t)len : 0 };

    if (text_is_ascii(ascii)) {
        text_append(&t, text, ascii.len);
        put_text(s, key, buffer);
    } else {
        put_utf8(s, key, ascii);
    }
}

bool put_certificate(const struct describe_sink *s, const char *key, struct bytes der,
        struct error *err)
{
    const unsigned char *p = der.ptr;
    X509 *cert CLEANUP(certificate_free) = NULL;

    if (der.len > CERTIFICATE_MAX) {
        return error_set(err, ERROR_LIMIT, "certificate of %zu bytes", der.len);
    }
    cert = d2i_X509(NULL, &p, (long)der.len);
    ERR_clear_error();
    if (cert == NULL || p != der.ptr + der.len) {
        return error_set(err, ERROR_MALFORMED, "not an X.509 certificate of %zu bytes", der.len);
    }
    const ASN1_INTEGER *serial = X509_get0_serialNumber(cert);

    s->begin_object(s->ctx, key);
    put_name(s, "subject", X509_get_subject_name(cert));
    put_name(s, "issuer", X509_get_issuer_name(cert));
    put_hex(s, "serial",
            (struct bytes){ ASN1_STRING_get0_data(serial), (size_t)ASN1_STRING_length(serial) });
    s->end(s->ctx);
    return true;
}
