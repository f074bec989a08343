/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What the simulated host sees instead of the real one's folders. */

#include "server.h"

#define VCCW_SIM_SWAPS   "/run/virtccw-sim/swaps"       /* bound over /proc/swaps */
#define VCCW_SIM_FSTYPES "/run/virtccw-sim/filesystems" /* over /proc/filesystems */
#define VCCW_SIM_STAGE   "/run/virtccw-sim"             /* our own corner inside */

/** VccwSimMounts: the real host's folders, kept reachable while they are being covered.
 */
typedef struct {
    int run, etc, var, dev, sys; /* O_PATH, or -1 */
    int extra_etc;               /* the folder given by --etc, -1: none */
} VccwSimMounts;

/** vccw_sim_mounts_begin: in a new mount namespace: nothing propagates out any more, the
 * real folders are remembered, and /run is private. @etc: (nullable): of --etc */
gboolean vccw_sim_mounts_begin(VccwSimMounts *mounts, const char *etc, GError **error);

/** vccw_sim_mounts_system: private /etc, /var and /dev. */
gboolean vccw_sim_mounts_system(VccwSimMounts *mounts, GError **error);

/** vccw_sim_mounts_sysfs: /sys and /dev/vfio from the file system that is mounted at
 * @path already; whatever else the real /sys has is bound into it. */
gboolean vccw_sim_mounts_sysfs(VccwSimMounts *mounts,
                               VccwSimServer *server,
                               const char *path,
                               GError **error);

/** vccw_sim_mounts_end: forgets the real folders. */
void vccw_sim_mounts_end(VccwSimMounts *mounts);
