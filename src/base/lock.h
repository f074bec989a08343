/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Lock files: one process at a time has what the file stands for. */

#include <glib.h>

G_BEGIN_DECLS

/**
 * vccw_lock_file: Locks a file, and writes this process's number into it.
 * @path: made if need be, readable by its owner only, for whoever may read it may lock it
 * @ret_holder: (out): what the file says if another process has it locked, usually that
 *   one's number; untouched otherwise
 *
 * Returns: a descriptor that holds the lock until it is closed; -1 with G_UNIX_ERROR,
 * which is EWOULDBLOCK if another process has it.
 */
int vccw_lock_file(const char *path, char **ret_holder, GError **error);

G_END_DECLS
