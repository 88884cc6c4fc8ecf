/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include <stdio.h>

#include "host/file.h"
#include "tests/check.h"

/* What the fixtures' quotes were asked to carry. */
static const uint8_t fixture_nonce[32] = { 0x00, 0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77, 0x88,
    0x99, 0xaa, 0xbb, 0xcc, 0xdd, 0xee, 0xff, 0x00, 0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77, 0x88,
    0x99, 0xaa, 0xbb, 0xcc, 0xdd, 0xee, 0xff };

/** Read tests/fixtures/tpm/NAME; an empty buffer and a failed check where it cannot be read. */
static inline struct buffer fixture(const char *name)
{
    struct buffer buf = { 0 };
    struct error err = { 0 };
    char path[512];

    (void)snprintf(path, sizeof(path), "%s/tpm/%s", TALLY_FIXTURES, name);
    CHECKF(file_read(path, 1 << 16, &buf, &err), "%s", err.text);
    return buf;
}
