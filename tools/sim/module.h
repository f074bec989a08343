/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The kernel module vfio_ccw, and those that it needs, loaded or not. */

#include "model.h"

/**
 * vccw_sim_module_set: loads or unloads; nothing when that is so already. Loading binds
 * the subchannels that wait for it by their override; unloading unbinds all. Returns:
 * FALSE when it cannot be unloaded because a mediated device is in use.
 */
gboolean vccw_sim_module_set(VccwSim *sim, gboolean loaded);
