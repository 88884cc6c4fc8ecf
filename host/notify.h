/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/**
 * Tell the service manager how we are, as "READY=1" (sd_notify(3)). Nothing happens where none
 * listens ($NOTIFY_SOCKET), and a manager that does not take it is not our fault.
 */
void notify_state(const char *state);

/** The same for "RELOADING=1", which needs the time. */
void notify_reloading(void);
