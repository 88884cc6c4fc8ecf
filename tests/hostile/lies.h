/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include "common/attributes.h"
#include "tests/hostile/machine.h"

/* The lies, by what they are about. */
extern const struct lie lies_quote[];
extern const size_t lies_quote_count;
extern const struct lie lies_logs[];
extern const size_t lies_logs_count;
extern const struct lie lies_message[];
extern const size_t lies_message_count;
extern const struct lie lies_cbor[];
extern const size_t lies_cbor_count;
