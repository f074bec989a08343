/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Mediated devices: parents, create and remove, and the users of /dev/vfio/N. */

#include "model.h"

/** vccw_sim_mdev_driver: registers bus mdev's driver. */
void vccw_sim_mdev_driver(VccwSim *sim);

/** vccw_sim_mdev_parent_probe: vfio_ccw takes a subchannel. Returns: 0 or -ENODEV. */
int vccw_sim_mdev_parent_probe(VccwSim *sim, VccwSimDev *dev);

/** vccw_sim_mdev_parent_remove: vfio_ccw leaves it. Returns: FALSE: when the user has
 * closed. */
gboolean vccw_sim_mdev_parent_remove(VccwSim *sim, VccwSimDev *dev);

/**
 * vccw_sim_mdev_create: the attribute create.
 * Returns: 0; -EINVAL not a UUID; -EEXIST active somewhere; -EUSERS none available;
 *   -ENODEV the parent is going or does not work.
 */
int vccw_sim_mdev_create(VccwSim *sim,
                         VccwSimSubchannel *parent,
                         const char *text,
                         gsize len);

/**
 * vccw_sim_mdev_remove_store: the attribute remove.
 * @ret_ticket: (out) (transfer full): set when the caller waits for the user to close
 * Returns: 0; -EINVAL not a number; -EAGAIN removal goes on already.
 */
int vccw_sim_mdev_remove_store(VccwSim *sim,
                               VccwSimMdev *mdev,
                               const char *text,
                               gsize len,
                               VccwSimTicket **ret_ticket);

/**
 * vccw_sim_mdev_open: opens /dev/vfio/N, which only one can at a time.
 * @use: also takes the device from the group, as a QEMU does; only that holds up removal
 * Returns: 0, -EBUSY has a user, -ENODEV going.
 */
int vccw_sim_mdev_open(VccwSimMdev *mdev, gboolean use);

/** vccw_sim_mdev_close: the user has closed: what waited for it goes on. */
void vccw_sim_mdev_close(VccwSim *sim, VccwSimMdev *mdev);

/** vccw_sim_mdev_free: bus mdev's release. */
void vccw_sim_mdev_free(VccwSim *sim, VccwSimDev *dev);
