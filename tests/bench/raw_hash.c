/* SPDX-License-Identifier: BSD-3-Clause */
/* OpenSSL 3 deprecates these functions in favour of EVP; the limit is what they cost. */
#define OPENSSL_SUPPRESS_DEPRECATED
#include "tests/bench/raw_hash.h"

#include <openssl/sha.h>

static void sha1(struct bytes a, struct bytes b, uint8_t *out)
{
    SHA_CTX ctx;

    (void)SHA1_Init(&ctx);
    (void)SHA1_Update(&ctx, a.ptr, a.len);
    (void)SHA1_Update(&ctx, b.ptr, b.len);
    (void)SHA1_Final(out, &ctx);
}

static void sha256(struct bytes a, struct bytes b, uint8_t *out)
{
    SHA256_CTX ctx;

    (void)SHA256_Init(&ctx);
    (void)SHA256_Update(&ctx, a.ptr, a.len);
    (void)SHA256_Update(&ctx, b.ptr, b.len);
    (void)SHA256_Final(out, &ctx);
}

static void sha384(struct bytes a, struct bytes b, uint8_t *out)
{
    SHA512_CTX ctx;

    (void)SHA384_Init(&ctx);
    (void)SHA384_Update(&ctx, a.ptr, a.len);
    (void)SHA384_Update(&ctx, b.ptr, b.len);
    (void)SHA384_Final(out, &ctx);
}

static void sha512(struct bytes a, struct bytes b, uint8_t *out)
{
    SHA512_CTX ctx;

    (void)SHA512_Init(&ctx);
    (void)SHA512_Update(&ctx, a.ptr, a.len);
    (void)SHA512_Update(&ctx, b.ptr, b.len);
    (void)SHA512_Final(out, &ctx);
}

void raw_hash(enum digest_alg alg, struct bytes a, struct bytes b, uint8_t *out)
{
    switch (alg) {
    case DIGEST_SHA1:
        sha1(a, b, out);
        break;
    case DIGEST_SHA256:
        sha256(a, b, out);
        break;
    case DIGEST_SHA384:
        sha384(a, b, out);
        break;
    default:
        sha512(a, b, out);
        break;
    }
}
