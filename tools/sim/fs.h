/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The tree as a FUSE file system. */

#include "server.h"

typedef struct _VccwSimFs VccwSimFs;

/**
 * vccw_sim_fs_new:
 * @server: must outlive it
 * Returns: (transfer full): a file system that is not mounted; NULL with an error.
 */
VccwSimFs *vccw_sim_fs_new(VccwSimServer *server, GError **error);

/**
 * vccw_sim_fs_mount: mounts it at @path and serves it from now on, in threads of its own.
 * Returns: FALSE with an error.
 */
gboolean vccw_sim_fs_mount(VccwSimFs *fs, const char *path, GError **error);
