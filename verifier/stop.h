/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include <stdbool.h>
#include <stdint.h>

/* The end that a person or the service manager asks for: SIGINT, SIGTERM, SIGHUP. */

/** From now on the first of these signals is only remembered; a second one ends the program. */
void stop_catch(void);

/** Has one come? */
bool stop_wanted(void);

/** Sleep so long, or until one comes. */
void stop_wait_ms(int64_t ms);
