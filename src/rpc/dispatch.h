/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Dispatch: what a call means, from its header to its reply. */

#include "rpc/client.h"
#include "rpc/frame.h"

G_BEGIN_DECLS

/**
 * vccw_dispatch_call: Answers a call, now or when the driver has its result.
 * @frame: a message of type CALL or CALL_WITH_FDS
 */
void vccw_dispatch_call(VccwClient *client, const VccwFrame *frame);

G_END_DECLS
