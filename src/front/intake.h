/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What comes in on the two sides of a relay, and where it goes. */

#include "front/relay.h"

G_BEGIN_DECLS

#define VCCW_INTAKE_MAX (256 * 1024) /* bytes received at once, at most */

/** vccw_intake_wants: Returns: whether @port should be watched for input. */
gboolean vccw_intake_wants(const VccwRelay *relay, const VccwPort *port);

/** vccw_intake_receive: Receives once on @port, and passes on or answers what came. */
void vccw_intake_receive(VccwRelay *relay, VccwPort *port);

/**
 * vccw_intake_resume: Goes on with what had been received before the client had to wait,
 * if it need not any more. To be called in each turn of the front.
 *
 * Returns: whether there was anything.
 */
gboolean vccw_intake_resume(VccwRelay *relay);

/** vccw_intake_hung_up: @port is closed at the other end, while it was not watched for
 * input. */
void vccw_intake_hung_up(VccwRelay *relay, VccwPort *port);

G_END_DECLS
