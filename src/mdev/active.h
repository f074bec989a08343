/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * What sysfs shows of an active mediated device at this moment. Each of these may be gone
 * at the next: NULL is an ordinary answer.
 */

#include <virtccw/address.h>

G_BEGIN_DECLS

/**
 * vccw_active_path:
 * @attr: (nullable): an entry of the device's folder
 *
 * Returns: (transfer full): the path of a device below the root of sysfs.
 */
char *vccw_active_path(const VccwUuid *uuid, const char *attr);

/** vccw_active_exists: Returns: whether there is a device @uuid on any parent.
 * @sysfs: (here and below) the root of sysfs */
gboolean vccw_active_exists(int sysfs, const VccwUuid *uuid);

/** vccw_active_parent: Returns: (transfer full) (nullable): the name of its parent. */
char *vccw_active_parent(int sysfs, const VccwUuid *uuid);

/** vccw_active_type: Returns: (transfer full) (nullable): its type ID. */
char *vccw_active_type(int sysfs, const VccwUuid *uuid);

/** vccw_active_group: Returns: (transfer full) (nullable): its IOMMU group's number. */
char *vccw_active_group(int sysfs, const VccwUuid *uuid);

/** vccw_active_node: Returns: (transfer full) (nullable): the name of its device node
 * below DEV/vfio/devices, where the kernel has such nodes. */
char *vccw_active_node(int sysfs, const VccwUuid *uuid);

/** vccw_active_is: Returns: whether @uuid is active on that parent and of that type. */
gboolean vccw_active_is(int sysfs,
                        const VccwUuid *uuid,
                        const VccwBusId *parent,
                        const char *type);

/**
 * vccw_active_wait: Waits until a device is there, or until it is not.
 * @there: which of the two
 * @msec: how long at most
 *
 * Returns: FALSE if the time is over.
 */
gboolean vccw_active_wait(int sysfs, const VccwUuid *uuid, gboolean there, guint msec);

/**
 * vccw_active_wait_type: Waits until a device that is there shows its type: the kernel
 * links it only after it has added the device.
 *
 * Returns: (transfer full) (nullable): the type ID; NULL if the device has gone or the
 * time is over.
 */
char *vccw_active_wait_type(int sysfs, const VccwUuid *uuid, guint msec);

/**
 * vccw_active_name: Returns: (transfer full): the name of its node device,
 *   "mdev_UUID_PARENT", or "mdev_UUID" where the parent is no subchannel.
 * @parent: (nullable): the parent's name
 */
char *vccw_active_name(const VccwUuid *uuid, const char *parent);

G_END_DECLS
