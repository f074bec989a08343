/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * What the host's devices are, also those that vfio_ccw has now: looked at whenever one
 * comes or changes, and kept from boot to boot. Belongs to the main loop.
 */

#include "base/jobs.h"
#include "handover/volume.h"

G_BEGIN_DECLS

typedef struct _VccwVolumes VccwVolumes;

/** vccw_volumes_new: Returns: (transfer full): what is kept, read at once; @jobs and
 * @host must outlive it. */
VccwVolumes *vccw_volumes_new(VccwJobs *jobs, const VccwHandoverHost *host);

/** vccw_volumes_free: Releases @volumes; after the jobs. NULL is fine. */
void vccw_volumes_free(VccwVolumes *volumes);

/** vccw_volumes_look: Looks at a device that the host has.
 * @sysfs: descriptor of the root of sysfs */
void vccw_volumes_look(VccwVolumes *volumes, int sysfs, const VccwBusId *device);

/** vccw_volumes_get: Returns: (transfer none) (nullable): what is known of a device. */
const VccwVolume *vccw_volumes_get(VccwVolumes *volumes, const VccwBusId *device);

G_END_DECLS
