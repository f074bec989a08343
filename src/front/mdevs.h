/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Mediated devices that guests need and nobody has defined yet. They are ours, so we
 * define them; but whether the client may have any defined is the stock daemon's to say,
 * which knows the person and may have rules for him.
 */

#include "driver/find-mdev.h"
#include "front/relay.h"
#include "xml/guest-source.h"

G_BEGIN_DECLS

/** vccw_mdevs_wanted: Returns: (transfer full): of char *: documents of what @sources
 * (VccwGuestSource) need, is not there, and can be defined on this host now. */
GPtrArray *vccw_mdevs_wanted(VccwMdevFinder *finder, const GArray *sources);

/** VccwMdevsDone: told of the end. @error: (nullable): stays the caller's.
 * @data: now the callee's */
typedef void (*VccwMdevsDone)(VccwRelay *relay, const GError *error, gpointer data);

/**
 * vccw_mdevs_define: Defines mediated devices, if the client may.
 * @call: the call that needs them, which is not answered yet: its serial is used
 * @wanted: (transfer full): from vccw_mdevs_wanted(); may be empty
 * @data: (transfer full): for @done, or else for @destroy
 *
 * What the client may not have defined is not defined, without an error.
 */
void vccw_mdevs_define(VccwRelay *relay,
                       const VccwHeader *call,
                       GPtrArray *wanted,
                       VccwMdevsDone done,
                       gpointer data,
                       GDestroyNotify destroy);

G_END_DECLS
