/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Mediated devices for guests of a stock daemon, of hostdevs that come and go while the
 * guest runs. No client can call these operations: they are in no table.
 *
 * Arguments: name and uuid are the guest's; text is the mediated device's UUID; third is
 * the name of the node device that the hostdev names, or NULL; number is whether the
 * device is to be started.
 */

#include "driver/driver.h"

G_BEGIN_DECLS

/** vccw_nodedev_guest_take: Gives the device to the guest (handover/holder.h). */
extern const VccwOperation vccw_nodedev_guest_take;

/** vccw_nodedev_guest_runs: The guest has got it. */
extern const VccwOperation vccw_nodedev_guest_runs;

/** vccw_nodedev_guest_give: Takes it away from the guest. */
extern const VccwOperation vccw_nodedev_guest_give;

/** vccw_nodedev_guest_forsake: Takes a device away from a guest, with nobody waiting. */
void vccw_nodedev_guest_forsake(VccwDriver *driver,
                                const VccwUuid *guest,
                                const VccwUuid *mdev);

G_END_DECLS
