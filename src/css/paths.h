/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * The channel paths of a subchannel, and noticing that they change.
 *
 * The kernel tells of that by no uevent. What an administrator does (chchp varies a path,
 * or configures it) is a write to an attribute of the channel path, which inotify tells.
 * What the machine does shows when something else has the subchannel read.
 */

#include <virtccw/css.h>

G_BEGIN_DECLS

/** vccw_paths_read: Reads the channel paths in the folder of a subchannel.
 * @driver: (nullable): its driver, for only one of them verifies paths
 * Returns: FALSE if the kernel does not tell. */
gboolean vccw_paths_read(int dir, const char *driver, VccwChannelPaths *ret_paths);

/** vccw_paths_equal: Returns: whether both say the same. */
gboolean vccw_paths_equal(const VccwChannelPaths *a, const VccwChannelPaths *b);

/** VccwPathSet: channel paths by their ID. */
typedef struct {
    gboolean has[256];
} VccwPathSet;

/** vccw_paths_use: Returns: whether one of @set is among @paths. */
gboolean vccw_paths_use(const VccwChannelPaths *paths, const VccwPathSet *set);

typedef struct _VccwPathWatch VccwPathWatch;

/** VccwPathFunc: told that something was written to these channel paths. */
typedef void (*VccwPathFunc)(const VccwPathSet *set, gpointer data);

/** vccw_path_watch_new: Watches the host's channel paths, on the thread's default main
 * context.
 * @root: descriptor of the root of sysfs
 * Returns: (transfer full) (nullable): NULL if that is not to be had. */
VccwPathWatch *vccw_path_watch_new(int root, VccwPathFunc func, gpointer data);

/** vccw_path_watch_update: Watches those as well that have come since. */
void vccw_path_watch_update(VccwPathWatch *watch);

/** vccw_path_watch_free: Stops watching. NULL is fine. */
void vccw_path_watch_free(VccwPathWatch *watch);

G_END_DECLS
