/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* A process that has /dev/vfio/N open, as a QEMU would. */

#include <glib.h>

/**
 * vccw_sim_hold: starts one in the background; it lives until it is told to let go.
 * @uuid: of an active mediated device
 * Returns: FALSE with an error when the device cannot be opened.
 */
gboolean vccw_sim_hold(const char *uuid, GError **error);
