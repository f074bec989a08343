/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The folders of what virtccw remembers: STATE/FOLDER. */

#include "handover/host.h"

G_BEGIN_DECLS

/** vccw_state_open: Opens a folder below the state folder; both are made if need be.
 * Returns: a descriptor; -1 with G_UNIX_ERROR. */
int vccw_state_open(const VccwHandoverHost *host, const char *folder, GError **error);

/** vccw_state_remove: Removes a file of a folder durably; none is fine. Returns: FALSE
 * with G_UNIX_ERROR. */
gboolean vccw_state_remove(const VccwHandoverHost *host,
                           const char *folder,
                           const char *name,
                           GError **error);

#define VCCW_STATE_LOCK_GUEST "guest-" /* before a bus-ID: for giving it to a guest */

/**
 * vccw_state_lock: Keeps every other process and thread from what @name stands for; waits
 * some seconds for one that has it.
 * @subchannel: for the message
 *
 * Returns: a descriptor that holds the lock until it is closed; -1 with VCCW_ERROR_BUSY
 *   or G_UNIX_ERROR.
 */
int vccw_state_lock(const VccwHandoverHost *host,
                    const char *name,
                    const char *subchannel,
                    GError **error);

/** vccw_state_sweep: Removes what interrupted writes left behind. */
void vccw_state_sweep(const VccwHandoverHost *host);

G_END_DECLS
