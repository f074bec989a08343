/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Why a mediated device cannot be started: what errno means here, on this subchannel.
 *
 * The functions take the device that was to be started and set a complete message; none
 * changes anything.
 */

#include <virtccw/mdev.h>

G_BEGIN_DECLS

/**
 * vccw_refusal_check: Checks what must be so before a device can be made.
 * @sysfs: the root of sysfs
 *
 * Returns: FALSE with VCCW_ERROR_DEVICE_MISSING, VCCW_ERROR_OPERATION_INVALID or
 *   VCCW_ERROR_CONFIG_UNSUPPORTED, as vccw_mdev_start() does.
 */
gboolean vccw_refusal_check(int sysfs, const VccwMdevConfig *config, GError **error);

/**
 * vccw_refusal_explain: Explains why the kernel refused to make a device.
 * @errnum: what writing to "create" failed with
 */
void
vccw_refusal_explain(int sysfs, const VccwMdevConfig *config, int errnum, GError **error);

/** vccw_refusal_offer_undefine: Adds to an error of a start whose subchannel is missing
 * that there is a definition to remove; for one that has no definition, do not call it.
 */
void vccw_refusal_offer_undefine(GError **error);

/**
 * vccw_refusal_set:
 * @code: a VccwError
 * @format: why, printf-style; "cannot start NAME: " is put before it
 */
void vccw_refusal_set(GError **error,
                      int code,
                      const VccwMdevConfig *config,
                      const char *format,
                      ...) G_GNUC_PRINTF(4, 5);

G_END_DECLS
