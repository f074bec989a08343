/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Which device a definition is for.
 *
 * mdevctl's store knows a mediated device's parent by its subchannel number. That number
 * shifts when the I/O configuration changes, and then another disk is behind it; device
 * numbers do not shift. So the device number is remembered beside each definition, in
 * STATE/device/UUID@BUSID, and compared before a start.
 */

#include "handover/host.h"
#include <virtccw/address.h>

G_BEGIN_DECLS

/**
 * vccw_identity_check: Whether the parent has the device that the definition is for.
 *
 * Returns: FALSE with VCCW_ERROR_OPERATION_INVALID if it has another one, or none (the
 *   message names both, and where the right one is), VCCW_ERROR_STORE (what is remembered
 *   is damaged), or G_UNIX_ERROR. A definition of which nothing is remembered, and a
 *   kernel that has no word on it, are fine.
 */
gboolean vccw_identity_check(const VccwHandoverHost *host,
                             const VccwUuid *uuid,
                             const VccwBusId *parent,
                             GError **error);

/**
 * vccw_identity_remember: Remembers the device that the parent has now, if any.
 * @replace: also if another one is remembered, or what is remembered is damaged
 *
 * Returns: FALSE with G_UNIX_ERROR or VCCW_ERROR_STORE.
 */
gboolean vccw_identity_remember(const VccwHandoverHost *host,
                                const VccwUuid *uuid,
                                const VccwBusId *parent,
                                gboolean replace,
                                GError **error);

/** vccw_identity_find: Looks for the subchannel that has @device now. Returns: FALSE if
 * none has. */
gboolean vccw_identity_find(const VccwHandoverHost *host,
                            const VccwBusId *device,
                            VccwBusId *ret_subchannel);

/** vccw_identity_get: Returns: whether a device is remembered, which then is in
 * @ret_device.
 */
gboolean vccw_identity_get(const VccwHandoverHost *host,
                           const VccwUuid *uuid,
                           const VccwBusId *parent,
                           VccwBusId *ret_device);

/** vccw_identity_forget: Forgets a definition. Returns: FALSE with G_UNIX_ERROR. */
gboolean vccw_identity_forget(const VccwHandoverHost *host,
                              const VccwUuid *uuid,
                              const VccwBusId *parent,
                              GError **error);

G_END_DECLS
