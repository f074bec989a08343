/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * What a device is, as it was told while the host had it: its types, and the unique ID of
 * its volume. Kept in STATE/volumes, one line for each device, for while vfio_ccw has it.
 */

#include "handover/host.h"
#include <virtccw/address.h>

G_BEGIN_DECLS

/** VccwVolume: a device. Strings are NULL where nothing is known. */
typedef struct {
    VccwBusId id;
    char *cutype;  /* "3990/e9" */
    char *devtype; /* "3390/0c" */
    char *uid;     /* "IBM.750000000BELG1.3000.00" */
} VccwVolume;

/** vccw_volume_free: Releases @volume. NULL is fine. */
void vccw_volume_free(VccwVolume *volume);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(VccwVolume, vccw_volume_free)

/** vccw_volume_read: Returns: (transfer full) (nullable): what sysfs tells of a device;
 * NULL if the host does not have it, or no longer. */
VccwVolume *vccw_volume_read(int sysfs, const VccwBusId *device);

/** vccw_volume_merge: Brings @known up to date: what is not told now stays, as long as it
 * is a device of the same type. Returns: whether that changed it. */
gboolean vccw_volume_merge(VccwVolume *known, const VccwVolume *now);

/** vccw_volume_load: Adds what is kept to @volumes, of VccwVolume * with a free function.
 * Returns: FALSE with G_UNIX_ERROR when the file cannot be read; then only what was taken
 * from the host has been added. */
gboolean
vccw_volume_load(const VccwHandoverHost *host, GPtrArray *volumes, GError **error);

/** vccw_volume_to_line: Appends @volume's line of the file to @text. */
void vccw_volume_to_line(const VccwVolume *volume, GString *text);

/** vccw_volume_save: Keeps the lines in @text durably. Returns: FALSE with G_UNIX_ERROR.
 */
gboolean
vccw_volume_save(const VccwHandoverHost *host, const GString *text, GError **error);

G_END_DECLS
