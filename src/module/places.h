/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * What lies where. Below the root folder, as libvirt's own embedded drivers have it:
 *
 *   etc/mdevctl.d     definitions of mediated devices
 *   etc/ccw           definitions of guests
 *   etc/driverctl.d   which subchannels were taken from the host
 *   lib/ccw           what of that is to be given back
 *   run/ccw           driver.pid (the lock), autostarted (the boot in which that was
 * done)
 *
 * With etc= in the URI all but the last is the host's own.
 */

#include "module/options.h"
#include <glib.h>

G_BEGIN_DECLS

/** VccwPlaces: folders of the driver's; strings are owned. */
typedef struct {
    char *definitions, *domains, *overrides, *rules, *state;
    char *runs; /* NULL: no guest of another driver gets a device of this root's */
} VccwPlaces;

/** vccw_places_init: Names them, and makes those in the root folder that must be there.
 * Returns: FALSE with G_UNIX_ERROR. */
gboolean vccw_places_init(VccwPlaces *places, const VccwOptions *options, GError **error);

/** vccw_places_clear: Releases what @places has. */
void vccw_places_clear(VccwPlaces *places);

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(VccwPlaces, vccw_places_clear)

/** vccw_places_make_folder: Makes a folder and those above it; one that is there is fine.
 * Returns: FALSE with G_UNIX_ERROR. */
gboolean vccw_places_make_folder(const char *path, GError **error);

G_END_DECLS
