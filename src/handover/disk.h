/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * The block devices that a channel device provides: its disks, their partitions, and
 * whatever the host has built on top of those (device-mapper, MD), any number of levels.
 */

#include "handover/look.h"

G_BEGIN_DECLS

/** VccwDisk: a block device. */
typedef struct {
    char *name;    /* the kernel's: "dasda1", "dm-0" */
    char *mapper;  /* its name below /dev/mapper, or NULL */
    char *purpose; /* NULL for a disk or a partition; else "LVM volume vg-lv",
                      "device-mapper device NAME", "MD array md0" */
    char *below;   /* the name of what it is built on, or NULL */
    guint major;
    guint minor;
} VccwDisk;

/**
 * vccw_disk_list:
 * @look: tells whether all could be known
 * @sysfs: descriptor of the root of sysfs
 * @device: path of the channel device below it, "bus/ccw/devices/0.0.3000"
 *
 * Returns: (transfer full): its block devices, those below before those above, as a
 *   GPtrArray of VccwDisk * with a free function; empty if it has none.
 */
GPtrArray *vccw_disk_list(VccwLook *look, int sysfs, const char *device);

G_END_DECLS
