/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Calls that name a mediated device: found and checked, or answered with the error.
 *
 * A subchannel or a device that is named instead is answered with the code that libvirt
 * has for that call; they differ.
 */

#include "driver/call.h"
#include "driver/node.h"
#include <glib.h>
#include <virtccw/error.h>

G_BEGIN_DECLS

/**
 * vccw_mdev_call_lookup: Finds the mediated device that a call names.
 * @verb: what is to be done, for the message
 * @otherwise: the error for a node device of another kind
 *
 * Returns: FALSE if the call has been answered: no such node device, or one of another
 *   kind.
 */
gboolean vccw_mdev_call_lookup(VccwCall *call,
                               const char *verb,
                               VccwError otherwise,
                               VccwNodeName *ret_name,
                               VccwNodeState *ret_state);

/**
 * vccw_mdev_call_persistent: as vccw_mdev_call_lookup(), and the device must be defined.
 *
 * Returns: FALSE if the call has been answered; a transient device is
 *   VCCW_ERROR_OPERATION_INVALID.
 */
gboolean vccw_mdev_call_persistent(VccwCall *call,
                                   const char *verb,
                                   VccwError otherwise,
                                   VccwNodeName *ret_name);

G_END_DECLS
