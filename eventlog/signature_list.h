/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "common/attributes.h"
#include "common/bytes.h"
#include "common/error.h"
#include "common/reader.h"

/** One EFI_SIGNATURE_LIST (UEFI specification, "Signature Database"). Views into the input. */
struct signature_list {
    struct bytes type;   /* GUID */
    struct bytes header; /* of the list; empty for every type that is defined */
    size_t entry_size;   /* bytes of each EFI_SIGNATURE_DATA, at least 16 */
    size_t count;
    struct bytes entries; /* count * entry_size bytes */
};

/** EFI_SIGNATURE_DATA. */
struct signature_data {
    struct bytes owner; /* GUID */
    struct bytes data;  /* a certificate, a hash, ...: what the list's type says */
};

/**
 * Read the next list of a variable such as db or dbx. Sizes inside are checked against each other
 * and against the frame before anything is cut: header and entries fill the list exactly.
 *
 * @param r    moves over the list on success
 * @param err  ERROR_TRUNCATED, ERROR_MALFORMED
 */
MUST_USE bool signature_list_read(struct reader *r, struct signature_list *out, struct error *err);

/** Entry of a list; index must be below count. */
struct signature_data signature_list_entry(const struct signature_list *list, size_t index);

/** A single EFI_SIGNATURE_DATA that fills data, as EV_EFI_VARIABLE_AUTHORITY has it. */
MUST_USE bool signature_data_read(struct bytes data, struct signature_data *out, struct error *err);
