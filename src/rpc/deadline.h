/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Deadlines: what a client must have done by when, and what is done to it by when. */

#include "rpc/client.h"

G_BEGIN_DECLS

/** vccw_deadline_of: Returns: the monotonic time in microseconds when
 * vccw_deadline_expire() is due for @client; G_MAXINT64 for never. */
gint64 vccw_deadline_of(const VccwClient *client);

/** vccw_deadline_expire: Does what is due at @now: nothing, if it is too early. */
void vccw_deadline_expire(VccwClient *client, gint64 now);

G_END_DECLS
