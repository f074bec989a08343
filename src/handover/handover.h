/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Taking a device from the host, so that vfio_ccw has its subchannel, and giving it back.
 *
 * Either is one transaction: what it has done is undone when a later step fails, and what
 * a killed process left half done is finished or undone by the next call for that
 * subchannel, or by vccw_handover_repair(). Both are idempotent.
 */

#include "handover/host.h"
#include <virtccw/address.h>

G_BEGIN_DECLS

/** VccwHandoverBy: who wants it. */
typedef enum {
    VCCW_HANDOVER_BY_ADMIN, /* now, and at each boot */
    VCCW_HANDOVER_BY_START, /* the start of a mediated device, until that ends */
} VccwHandoverBy;

/**
 * vccw_handover_take: Takes the device behind a subchannel from the host.
 * @device: (nullable): the device that is meant; numbers of subchannels shift
 * @ret_taken: (out) (optional): whether this call took it; FALSE if vfio_ccw had it
 * @ret_warning: (out) (optional) (transfer full) (nullable): what will fight it later
 *
 * Returns: FALSE with an error that names the subchannel, the step and what to do:
 * - VCCW_ERROR_DEVICE_MISSING: the host has no such subchannel
 * - VCCW_ERROR_CONFIG_UNSUPPORTED: vfio_ccw cannot take it; nothing was touched
 * - VCCW_ERROR_BUSY: the host uses the device (every use is named), or somebody else
 *   hands it over just now
 * - VCCW_ERROR_CONFLICT: it has another device than @device, or gets one meanwhile
 * - VCCW_ERROR_OPERATION_INVALID: BY_START, and an administrator's override says that
 *   another driver is to have it
 * - VCCW_ERROR_OPERATION_FAILED: a step failed; what was done is undone
 */
gboolean vccw_handover_take(const VccwHandoverHost *host,
                            const VccwBusId *subchannel,
                            const VccwBusId *device,
                            VccwHandoverBy by,
                            gboolean *ret_taken,
                            char **ret_warning,
                            GError **error);

/**
 * vccw_handover_give: Gives the device back to the host, online if it was.
 * @device: (nullable): the device that is meant; numbers of subchannels shift
 * @by: BY_START gives back only what BY_START has taken, and no administrator has claimed
 * since
 * @ret_given: (out) (optional): whether this call gave it
 *
 * Returns: FALSE with VCCW_ERROR_BUSY (a mediated device is active on it),
 *   VCCW_ERROR_CONFLICT (it has another device than @device), VCCW_ERROR_DEVICE_MISSING
 * or VCCW_ERROR_OPERATION_FAILED.
 */
gboolean vccw_handover_give(const VccwHandoverHost *host,
                            const VccwBusId *subchannel,
                            const VccwBusId *device,
                            VccwHandoverBy by,
                            gboolean *ret_given,
                            GError **error);

/**
 * vccw_handover_check: Whether vccw_handover_take() would refuse; changes nothing.
 *
 * Returns: FALSE with the error that it would give.
 */
gboolean vccw_handover_check(const VccwHandoverHost *host,
                             const VccwBusId *subchannel,
                             VccwHandoverBy by,
                             GError **error);

/**
 * vccw_handover_is_for_start: Returns: whether a start has taken the device, is about to,
 *   or is giving it back, and no administrator has claimed it since: vfio_ccw has it for
 *   that start alone.
 */
gboolean vccw_handover_is_for_start(const VccwHandoverHost *host,
                                    const VccwBusId *subchannel);

/**
 * vccw_handover_repair: Finishes or undoes what was left half done, and gives back what a
 * start took whose mediated device is no more. For the start of a daemon.
 *
 * Returns: (transfer full): of char *: a sentence for each subchannel that was looked
 *   after, or that could not be.
 */
GPtrArray *vccw_handover_repair(const VccwHandoverHost *host);

G_END_DECLS
