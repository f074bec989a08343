/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Calls that start a guest. When libvirt's hook (virtccw-hook) has refused a device, the
 * client is told what it said, with the code for it, and not libvirt's account of a
 * program that failed.
 */

#include "front/relay.h"

G_BEGIN_DECLS

/** vccw_start_call: Passes on a call that starts a guest.
 * @message: (transfer full) */
void vccw_start_call(VccwRelay *relay, VccwMessage *message);

G_END_DECLS
