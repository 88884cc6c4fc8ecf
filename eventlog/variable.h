/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include "common/attributes.h"
#include "common/bytes.h"
#include "common/error.h"

/** UEFI_VARIABLE_DATA (profile, "Measuring UEFI Variables"). Views into the event's data. */
struct uefi_variable {
    struct bytes vendor; /* GUID, 16 bytes as in memory */
    struct bytes name;   /* UTF-16LE without NUL */
    struct bytes data;
    struct bytes rest; /* behind the structure; should be empty */
};

/** @param err  ERROR_TRUNCATED when a length goes beyond the event */
MUST_USE bool uefi_variable_read(struct bytes event_data, struct uefi_variable *out,
        struct error *err);

/** True when the variable's name is this ASCII text. */
bool uefi_variable_is(const struct uefi_variable *v, const char *name);
