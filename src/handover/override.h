/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * driverctl's store: DIR/css-BUSID holds the name of the driver that the subchannel is to
 * have at each boot, and a newline.
 */

#include "handover/host.h"
#include <virtccw/address.h>

G_BEGIN_DECLS

/**
 * vccw_override_load:
 * @ret_driver: (out) (transfer full) (nullable): the driver, or NULL if none is stored
 *
 * Returns: FALSE with G_UNIX_ERROR if that cannot be known.
 */
gboolean vccw_override_load(const VccwHandoverHost *host,
                            const VccwBusId *subchannel,
                            char **ret_driver,
                            GError **error);

/**
 * vccw_override_store: Stores an override, whole or not at all and durably; what is so
 * already is not written again.
 * @driver: (nullable): the driver; NULL removes the override
 *
 * Returns: FALSE with G_UNIX_ERROR.
 */
gboolean vccw_override_store(const VccwHandoverHost *host,
                             const VccwBusId *subchannel,
                             const char *driver,
                             GError **error);

G_END_DECLS
