/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Noticing that something is mounted or unmounted, or that swapping begins or ends: in
 * the mount namespace of this process. The kernel tells of it, nothing is polled.
 */

#include "handover/host.h"
#include <virtccw/address.h>

G_BEGIN_DECLS

typedef struct _VccwUseWatch VccwUseWatch;

/** VccwUseWatchFunc: told that what the host does with a channel device has changed. */
typedef void (*VccwUseWatchFunc)(const VccwBusId *device, gpointer data);

/**
 * vccw_use_watch_new: Watches from now on; @func is called on the thread's default main
 * context, a moment after the change, so that many at once cost as much as one.
 *
 * Returns: (transfer full): the watch; of what cannot be watched it tells nothing.
 */
VccwUseWatch *
vccw_use_watch_new(const VccwHandoverHost *host, VccwUseWatchFunc func, gpointer data);

/** vccw_use_watch_free: Stops watching; not from within @func. NULL is fine. */
void vccw_use_watch_free(VccwUseWatch *watch);

G_END_DECLS
