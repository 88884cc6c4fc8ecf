/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "agent/attester.h"
#include "common/attributes.h"
#include "common/bytes.h"
#include "common/error.h"
#include "protocol/message.h"

/**
 * The evidence message: what was proved, and the logs that follow it.
 *
 * @param dst  MESSAGE_EVIDENCE_MAX bytes hold every one
 * @param out  the message at dst
 */
MUST_USE bool evidence_encode(const struct attester_proof *proof,
        const struct message_log log[LOG_KIND_COUNT], uint8_t *dst, size_t size, struct bytes *out,
        struct error *err);
