/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * A root: a driver with a thread of its own, shared by all of this process's connections
 * that name the same root folder, and locked against other processes.
 */

#include "driver/driver.h"
#include "module/feeder.h"
#include "module/options.h"
#include <glib.h>

G_BEGIN_DECLS

typedef struct _VccwRoot VccwRoot;

/**
 * vccw_root_open: Opens a root, or takes part in one that is open. Waits until the host
 * has been read.
 *
 * Returns: (transfer full): the root; NULL with the errors of vccw_driver_new(), or
 *   VCCW_ERROR_OPERATION_INVALID if another process has it, or if it is open with other
 *   options.
 */
VccwRoot *vccw_root_open(const VccwOptions *options, GError **error);

/**
 * vccw_root_close: Takes no part in the root any more. Who does so last waits until the
 * driver has ended; but not for an operation that is still under way: then the root stays
 * open, and locked, until that is over. NULL is fine.
 */
void vccw_root_close(VccwRoot *root);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(VccwRoot, vccw_root_close)

/** VccwRootFunc: runs in the root's thread, where alone its driver may be used. */
typedef void (*VccwRootFunc)(VccwDriver *driver, gpointer data);

/** vccw_root_invoke: Has @func called soon, after those before; does not wait for it. */
void vccw_root_invoke(VccwRoot *root, VccwRootFunc func, gpointer data);

/** vccw_root_feeder: Returns: (transfer none): what feeds queues of events; for the
 * root's thread. */
VccwFeeder *vccw_root_feeder(VccwRoot *root);

/** vccw_root_is_alive: Returns: FALSE in a process that was forked from the one that has
 * opened the root: threads are not inherited. */
gboolean vccw_root_is_alive(const VccwRoot *root);

G_END_DECLS
