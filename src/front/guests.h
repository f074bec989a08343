/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Lists of our own domains, where access control may keep some from the client. */

#include "front/relay.h"

G_BEGIN_DECLS

/** vccw_guests_is_list: Returns: whether a call is answered with our domains, or with
 * their number. */
gboolean vccw_guests_is_list(gint32 procedure);

/**
 * vccw_guests_list: Answers such a call, without those that the client may not see.
 * @message: (transfer full)
 * @args: of the call
 */
void vccw_guests_list(VccwRelay *relay, VccwMessage *message, const VccwArgs *args);

G_END_DECLS
