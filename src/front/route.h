/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Which messages of a client have to be looked at, and by whom. */

#include "front/relay.h"

G_BEGIN_DECLS

/** vccw_route_keeps: Returns: whether a message from the client that begins with @header
 * is to be kept whole for vccw_route_call(); else it is passed on as it comes. */
gboolean vccw_route_keeps(const VccwRelay *relay, const VccwHeader *header);

/** vccw_route_call: Answers a message that was kept, or passes it on.
 * @message: (transfer full) */
void vccw_route_call(VccwRelay *relay, VccwMessage *message);

G_END_DECLS
