/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Calls about node devices: subchannels, their devices, and mediated devices on them are
 * ours, all others the stock daemon's. A list is what both have.
 */

#include "front/relay.h"

G_BEGIN_DECLS

/** vccw_nodes_is_ours: Returns: whether a device of this name is ours. */
gboolean vccw_nodes_is_ours(const char *name);

/** vccw_nodes_is_about_ours: Returns: whether the optional text of @message at byte @at
 * is there, and the name of a device of ours. */
gboolean vccw_nodes_is_about_ours(const VccwMessage *message, gsize at);

/** vccw_nodes_is_unsupported: Returns: whether the stock daemon answered that it has no
 * such call. */
gboolean vccw_nodes_is_unsupported(const VccwMessage *reply);

/** vccw_nodes_by_name: Answers or passes on a call that begins with a device's name.
 * @message: (transfer full) */
void vccw_nodes_by_name(VccwRelay *relay, VccwMessage *message);

/** vccw_nodes_by_xml: The same for one that begins with a device's document. */
void vccw_nodes_by_xml(VccwRelay *relay, VccwMessage *message);

/** vccw_nodes_list: Answers a call for a list of devices, or for their number.
 * @message: (transfer full) */
void vccw_nodes_list(VccwRelay *relay, VccwMessage *message);

G_END_DECLS
