/* SPDX-License-Identifier: BSD-3-Clause */
#include "verifier/siphash.h"

#include <stddef.h>
#include <string.h>

static uint64_t rotate(uint64_t v, unsigned int n)
{
    return v << n | v >> (64 - n);
}

uint64_t siphash13(const uint64_t key[2], struct bytes in)
{
    uint64_t v0 = key[0] ^ 0x736f6d6570736575u;
    uint64_t v1 = key[1] ^ 0x646f72616e646f6du;
    uint64_t v2 = key[0] ^ 0x6c7967656e657261u;
    uint64_t v3 = key[1] ^ 0x7465646279746573u;
    size_t words = in.len / sizeof(uint64_t);
    size_t rest = in.len % sizeof(uint64_t);

    /* A round for each word, one for the rest with the length, three with nothing at the end. */
    for (size_t i = 0; i < words + 4; i++) {
        uint64_t word = 0;

        if (i < words) {
            memcpy(&word, in.ptr + i * sizeof(word), sizeof(word));
        } else if (i == words) {
            if (rest > 0) {
                memcpy(&word, in.ptr + i * sizeof(word), rest);
            }
            word |= (uint64_t)in.len << 56;
        } else if (i == words + 1) {
            v2 ^= 0xff;
        }
        v3 ^= word;
        v0 += v1;
        v2 += v3;
        v1 = rotate(v1, 13) ^ v0;
        v3 = rotate(v3, 16) ^ v2;
        v0 = rotate(v0, 32);
        v2 += v1;
        v0 += v3;
        v1 = rotate(v1, 17) ^ v2;
        v3 = rotate(v3, 21) ^ v0;
        v2 = rotate(v2, 32);
        v0 ^= word;
    }
    return v0 ^ v1 ^ v2 ^ v3;
}
