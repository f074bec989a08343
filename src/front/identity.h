/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Whom a client works for. A daemon of libvirt's may be a client of ours: virtqemud is
 * one, as root, when its own clients ask it about node devices. It tells us for whom by
 * the same call that we use with the stock daemon.
 */

#include "front/relay.h"

G_BEGIN_DECLS

/** vccw_identity_call: Passes on a call that tells whom the client works for, and heeds
 * it if the client is root. Anybody else stays who he is to us, whatever he tells.
 * @message: (transfer full) */
void vccw_identity_call(VccwRelay *relay, VccwMessage *message);

G_END_DECLS
