/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Hostdevs of model vfio-ccw that come to a guest, or go, one at a time. What the person
 * wrote is noted in the guest's metadata by the stock daemon itself, on the client's own
 * connection; so who may not change the guest is refused before anything happens.
 */

#include "front/relay.h"

G_BEGIN_DECLS

/** vccw_hostdevs_change: Passes on a call to attach, detach or update a device.
 * @message: (transfer full) */
void vccw_hostdevs_change(VccwRelay *relay, VccwMessage *message);

/** vccw_hostdevs_detach_alias: Passes on a call to detach a device by its alias.
 * @message: (transfer full) */
void vccw_hostdevs_detach_alias(VccwRelay *relay, VccwMessage *message);

G_END_DECLS
