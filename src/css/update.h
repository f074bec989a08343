/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Bringing the inventory up to date: begin, read any number of nodes, finish.
 */

#include "css/news.h"

G_BEGIN_DECLS

/** vccw_update_begin: Begins an update. It must be finished before the main loop runs. */
void vccw_update_begin(VccwInventory *inventory);

/**
 * vccw_update_node: Reads one node and notes the difference to what is kept.
 * @name: a subchannel, device or mdev (its parent does not matter); others are ignored
 * @news: what uevents told about it
 */
void vccw_update_node(VccwInventory *inventory,
                      const VccwNodeName *name,
                      const VccwNews *news);

/** vccw_update_children: Reads what is and what was below the subchannel @id. */
void vccw_update_children(VccwInventory *inventory, const VccwBusId *id);

/**
 * vccw_update_all: Reads all nodes.
 * @lost: whether uevents have been lost since the last update
 */
void vccw_update_all(VccwInventory *inventory, gboolean lost);

/** vccw_update_finish: Ends the update and reports the differences to the listener. */
void vccw_update_finish(VccwInventory *inventory);

G_END_DECLS
