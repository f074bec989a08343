/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Which process a number means: numbers are given again, but not with the same start. */

#include <glib.h>
#include <sys/types.h>

G_BEGIN_DECLS

/**
 * vccw_process_start:
 * @proc: usually "/proc"
 *
 * Returns: when the process began, in clock ticks since the boot; 0 if it is not there.
 */
guint64 vccw_process_start(const char *proc, pid_t pid);

/** vccw_process_parent: Returns: the process that @pid is a child of; 0 if there is none,
 * or no such process. */
pid_t vccw_process_parent(const char *proc, pid_t pid);

G_END_DECLS
