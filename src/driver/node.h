/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Node devices: the union of what the host shows (inventory) and what is defined (store).
 */

#include "driver/driver.h"
#include <glib.h>
#include <virtccw/address.h>
#include <virtccw/nodedev-xml.h>

G_BEGIN_DECLS

/** VccwNodeState: what a listing can be filtered by. */
typedef struct {
    gboolean active;
    gboolean persistent;
    gboolean autostart;
    gboolean registered; /* a subchannel that offers types of mediated device */
} VccwNodeState;

/**
 * vccw_node_lookup: Finds a node device by its name.
 * @text: any form of the name; the old form "mdev_UUID" finds the active device of that
 *   UUID, or its only definition
 * @ret_name: (out): the name in full
 * @ret_state: (out) (optional): its state
 *
 * Returns: FALSE with VCCW_ERROR_NO_NODE_DEVICE.
 */
gboolean vccw_node_lookup(VccwDriver *driver,
                          const char *text,
                          VccwNodeName *ret_name,
                          VccwNodeState *ret_state,
                          GError **error);

/**
 * vccw_node_state:
 * @ret_state: (out): the state
 *
 * Returns: whether there is such a node device.
 */
gboolean
vccw_node_state(VccwDriver *driver, const VccwNodeName *name, VccwNodeState *ret_state);

/** VccwNodeFunc: called for a node device; may not change the driver. */
typedef void (*VccwNodeFunc)(const VccwNodeName *name,
                             const VccwNodeState *state,
                             gpointer data);

/**
 * vccw_node_foreach: Calls @func for each node device: the computer, the subchannels, the
 * devices, the mediated devices, each kind in the order of its addresses.
 */
void vccw_node_foreach(VccwDriver *driver, VccwNodeFunc func, gpointer data);

/**
 * vccw_node_parent:
 *
 * Returns: (transfer full) (nullable): the name of the parent node device, one that a
 *   listing shows; NULL for the computer.
 */
char *vccw_node_parent(VccwDriver *driver, const VccwNodeName *name);

/**
 * vccw_node_describe:
 * @inactive: describe the definition even if the device is active
 *
 * Returns: (transfer full): the node device's document; NULL with
 *   VCCW_ERROR_NO_NODE_DEVICE, or VCCW_ERROR_OPERATION_INVALID if it is @inactive and not
 *   persistent.
 */
VccwNodedevXml *vccw_node_describe(VccwDriver *driver,
                                   const VccwNodeName *name,
                                   gboolean inactive,
                                   GError **error);

G_END_DECLS
