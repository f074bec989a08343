/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Which messages of a client have to be looked at, and by whom. */

#include "front/relay.h"

G_BEGIN_DECLS

#define VCCW_ROUTE_FIRST_MAX                                  \
    (64 * 1024) /* bytes of one before the connection is open \
                 */

/** vccw_route_keeps: Returns: whether a message from the client that begins with @header
 * is to be kept whole for vccw_route_call(); else it is passed on as it comes. */
gboolean vccw_route_keeps(const VccwRelay *relay, const VccwHeader *header);

/** vccw_route_longest: Returns: the most bytes that a message which is kept whole, and
 * begins with @header, may have. */
guint32 vccw_route_longest(const VccwRelay *relay, const VccwHeader *header);

/** vccw_route_takes_fds: Returns: whether a message that is kept whole may come with file
 * descriptors. */
gboolean vccw_route_takes_fds(const VccwRelay *relay, const VccwHeader *header);

/** vccw_route_call: Answers a message that was kept, or passes it on.
 * @message: (transfer full) */
void vccw_route_call(VccwRelay *relay, VccwMessage *message);

G_END_DECLS
