/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * From a device to the mediated device that stands for it: the one that is active or
 * defined on its subchannel. Where there is none yet, its UUID is known all the same: it
 * is made from the device's number, so that whoever asks gets the same one.
 */

#include "driver/driver.h"

G_BEGIN_DECLS

/** VccwFoundMdev: a mediated device. */
typedef struct {
    VccwUuid uuid;
    gboolean has_parent; /* FALSE: the device is not on this host now */
    VccwBusId parent;
    gboolean exists; /* it is active, or defined */
} VccwFoundMdev;

/** VccwMdevFinder: zeroed but for @driver. What it read of the host it does not read
 * again, so it is for one call, and not kept until the main loop runs again. */
typedef struct {
    VccwDriver *driver;
    GHashTable *behind; /* private: number of a device → VccwBusId of its subchannel */
} VccwMdevFinder;

/** vccw_mdev_finder_clear: Releases what is in @finder. */
void vccw_mdev_finder_clear(VccwMdevFinder *finder);

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(VccwMdevFinder, vccw_mdev_finder_clear)

/**
 * vccw_find_mdev:
 * @name: a subchannel, a device or a mediated device, present or not
 * @ret_found: (out): what stands for it
 */
void vccw_find_mdev(VccwMdevFinder *finder,
                    const VccwNodeName *name,
                    VccwFoundMdev *ret_found);

G_END_DECLS
