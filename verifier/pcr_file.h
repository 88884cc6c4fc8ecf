/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include <stdbool.h>

#include "common/attributes.h"
#include "common/bytes.h"
#include "common/error.h"
#include "common/pcr.h"

/* Far more than five banks of 24 values take. */
#define PCR_FILE_MAX ((size_t)1 << 20)

/** PCR values as a person or a tool wrote them down. */
struct pcr_file {
    struct pcr_values pcrs;
    /* Measurement registers of a trust domain, by the index its log uses: RTMR n is n + 1. */
    struct pcr_values registers;
};

/**
 * Read PCR values: the output of tpm2_pcrread (YAML: "sha256:", then lines "N : 0xHEX"), lines
 * "BANK INDEX HEX", and for trust domains "BANK rtmrN HEX". Empty lines and lines that start with #
 * are skipped; banks we do not know are skipped by name (sha3_*).
 *
 * @param err  ERROR_MALFORMED with the line: bank, index, a value of another size than its bank's,
 * a register twice, no value at all
 */
MUST_USE bool pcr_file_parse(struct bytes text, struct pcr_file *out, struct error *err);

/** The same from a file. @param err  also ERROR_IO, ERROR_LIMIT; ERROR_MALFORMED is the content's
 */
MUST_USE bool pcr_file_read(const char *path, struct pcr_file *out, struct error *err);
