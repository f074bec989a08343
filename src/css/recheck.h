/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Reading again a little later what may not have come to rest.
 */

#include <virtccw/css.h>

G_BEGIN_DECLS

/** vccw_recheck_node: Has @name read twice more, soon; without a listener never. */
void vccw_recheck_node(VccwInventory *inventory, const VccwNodeName *name);

/** vccw_recheck_passing: Has @name, which shows half made or half gone, read until it is
 * whole or gone, for some seconds; the last time it is taken as it is. */
void vccw_recheck_passing(VccwInventory *inventory, const VccwNodeName *name);

/** vccw_recheck_all: Has everything read once more, soon; without a listener never. */
void vccw_recheck_all(VccwInventory *inventory);

/** vccw_recheck_if_in_flux: Has @name, of which a uevent told, read again if it may
 * change without another uevent. */
void vccw_recheck_if_in_flux(VccwInventory *inventory, const VccwNodeName *name);

G_END_DECLS
