/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * The block devices of DASDs that are online, and what the host has built on them.
 *
 * A DASD whose spec has "block" is that disk, with one partition, while it is online; one
 * whose spec has "holder" ("dm-0/NAME/UUID" or "md0") is held by such a device through
 * its partition. The disk, its partition and its holder are rows of the same ccw device.
 */

#include "tree.h"

/** vccw_sim_block_shown: Returns: whether @ccw is a disk now. */
gboolean vccw_sim_block_shown(const VccwSimCcw *ccw);

/** vccw_sim_block_held: Returns: whether something is built on the disk @ccw. */
gboolean vccw_sim_block_held(const VccwSimCcw *ccw);

/** vccw_sim_block_holder: Returns: (transfer full): part 0 ("dm-0"), 1 (the name) or 2
 * (the UUID) of what holds it; "" if it has no such part. */
char *vccw_sim_block_holder(const VccwSimCcw *ccw, guint part);

/** vccw_sim_block_minor: Returns: the disk's minor number; its partition has the next. */
guint vccw_sim_block_minor(const VccwSimCcw *ccw);

/** vccw_sim_block_emit: the uevents of a disk that comes ("add") or goes ("remove"). */
void vccw_sim_block_emit(VccwSim *sim, const VccwSimCcw *ccw, const char *action);

/* For the table of rows: what is visible, what links point to, what folders hold. */
#define VCCW_SIM_BLOCK_FOLDER(name)                                             \
    gboolean vccw_sim_##name##_child(VccwSim *sim, VccwSimObject *object,       \
                                     const char *entry, VccwSimNode *ret_node); \
    void vccw_sim_##name##_children(VccwSim *sim, VccwSimObject *object,        \
                                    VccwSimVisit visit, gpointer data);

VCCW_SIM_BLOCK_FOLDER(disks)         /* the folder "block" of a ccw device */
VCCW_SIM_BLOCK_FOLDER(parts)         /* the disk's own folder */
VCCW_SIM_BLOCK_FOLDER(holders)       /* the folder "holders" of the partition */
VCCW_SIM_BLOCK_FOLDER(virtual_block) /* devices/virtual/block */
VCCW_SIM_BLOCK_FOLDER(class_block)   /* class/block */

gboolean vccw_sim_block_is_disk(const VccwSimObject *object);
gboolean vccw_sim_block_is_held(const VccwSimObject *object);
gboolean vccw_sim_block_is_dm(const VccwSimObject *object);
gboolean vccw_sim_block_is_md(const VccwSimObject *object);
gboolean vccw_sim_block_is_dasd(const VccwSimObject *object);
char *vccw_sim_block_to_disk(VccwSim *sim, VccwSimObject *object);
char *vccw_sim_block_to_part(VccwSim *sim, VccwSimObject *object);
char *vccw_sim_block_to_holder(VccwSim *sim, VccwSimObject *object);
char *vccw_sim_block_to_class(VccwSim *sim, VccwSimObject *object);
char *vccw_sim_block_disk_path(const VccwSimObject *object);
char *vccw_sim_block_part_path(const VccwSimObject *object);
char *vccw_sim_block_holder_path(const VccwSimObject *object);
char *vccw_sim_block_holder_link_path(const VccwSimObject *object);
char *vccw_sim_block_class_disk_path(const VccwSimObject *object);
char *vccw_sim_block_class_part_path(const VccwSimObject *object);
char *vccw_sim_block_class_holder_path(const VccwSimObject *object);
