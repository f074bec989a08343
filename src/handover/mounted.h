/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Who has block devices mounted, swaps on them, or has them open.
 */

#include "handover/host.h"
#include "handover/look.h"

G_BEGIN_DECLS

/**
 * vccw_mounted_find: Looks for mounted file systems, in the mount namespace of every
 * process, and for swap areas.
 * @look: tells whether all could be known
 * @disks: of VccwDisk *
 * @users: of char *: what is found is appended, "file system at '/srv' (dasda1)"
 */
void vccw_mounted_find(const VccwHandoverHost *host,
                       VccwLook *look,
                       GPtrArray *disks,
                       GPtrArray *users);

/**
 * vccw_mounted_glance: as vccw_mounted_find(), in what has been read of one mount
 * namespace and of the swap areas; quick, however much that is.
 * @mounts: a /proc/PID/mountinfo
 * @swaps: /proc/swaps
 */
void vccw_mounted_glance(const VccwHandoverHost *host,
                         GPtrArray *disks,
                         const char *mounts,
                         const char *swaps,
                         GPtrArray *users);

/**
 * vccw_mounted_find_openers: Looks for processes that have one of @disks open, but for
 * this one.
 * @look: (nullable): tells whether all could be known
 * @users: of char *: what is found is appended, "process 4711 (fio) has dasda open"
 */
void vccw_mounted_find_openers(const VccwHandoverHost *host,
                               VccwLook *look,
                               GPtrArray *disks,
                               GPtrArray *users);

/**
 * vccw_mounted_find_loops: Looks for loop devices on them: no process has the disk open,
 * the kernel claims nothing, and shows no holder.
 * @look: tells whether all could be known
 * @sysfs: descriptor of the root of sysfs
 * @users: of char *: what is found is appended, "loop device loop0 on dasda1"
 */
void vccw_mounted_find_loops(const VccwHandoverHost *host,
                             VccwLook *look,
                             int sysfs,
                             GPtrArray *disks,
                             GPtrArray *users);

/**
 * vccw_mounted_find_exclusive: Looks for disks that somebody has open exclusively, the
 * kernel included.
 * @look: (nullable): tells whether all could be known
 * @users: of char *: what is found is appended, "dasda is open exclusively"
 */
void vccw_mounted_find_exclusive(const VccwHandoverHost *host,
                                 VccwLook *look,
                                 GPtrArray *disks,
                                 GPtrArray *users);

G_END_DECLS
