/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include "common/attributes.h"

/*
 * One event, one line on standard error: "event=NAME key=value ...". Text from outside belongs
 * through bytes_print() and between quotes. In front is the priority as systemd's journal reads it
 * ("<4>"), unless a person is watching a terminal. Lines are cut at 2 KiB.
 */

/** An operator must act. */
void log_error(const char *fmt, ...) COLD PRINTF(1, 2);
/** Something is wrong, and we went on. */
void log_warning(const char *fmt, ...) COLD PRINTF(1, 2);
/** The state of the service changed. */
void log_info(const char *fmt, ...) COLD PRINTF(1, 2);
