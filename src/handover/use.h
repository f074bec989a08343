/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * What the host uses a channel device for.
 *
 * Whoever takes a device that is in use loses data, so that everything the kernel shows
 * is looked at, and what cannot be looked at is an error rather than "not in use".
 */

#include "handover/host.h"
#include "handover/look.h"
#include <virtccw/address.h>

G_BEGIN_DECLS

/**
 * vccw_use_find: Looks for uses of the device behind a subchannel.
 * @subchannel: a subchannel; one without a device that the host has is not in use
 * @ret_users: (out) (transfer full): of char *, each a phrase: "file system mounted at
 *   '/srv' (dasda1)"; empty if it is free
 *
 * Returns: FALSE with VCCW_ERROR_OPERATION_FAILED if it cannot be known.
 */
gboolean vccw_use_find(const VccwHandoverHost *host,
                       const VccwBusId *subchannel,
                       GPtrArray **ret_users,
                       GError **error);

/**
 * vccw_use_glance: What can be seen of the uses of a device without searching: not those
 * in other mount namespaces, no aliases of a base, no disk that is only open exclusively.
 * For showing, not for deciding.
 * @sysfs: descriptor of the root of sysfs
 * @mounts: the /proc/PID/mountinfo to look in
 * @swaps: /proc/swaps
 *
 * Returns: (transfer full): of char *, phrases as of vccw_use_find().
 */
GPtrArray *vccw_use_glance(const VccwHandoverHost *host,
                           int sysfs,
                           const VccwBusId *device,
                           const char *mounts,
                           const char *swaps);

/**
 * vccw_use_find_openers: Names the processes that have a disk of the device open, which
 * alone does not make it used, but keeps it from going offline.
 *
 * Returns: (transfer full): of char *, each a phrase.
 */
GPtrArray *vccw_use_find_openers(const VccwHandoverHost *host,
                                 const VccwBusId *subchannel);

/**
 * vccw_use_is_qdio: Whether a subchannel is of a device that works in QDIO mode, which
 * vfio_ccw does not take.
 * @look: tells whether that could be known
 * @ret_kind: (out) (transfer full): what it is: "1731/01"
 */
gboolean vccw_use_is_qdio(const VccwHandoverHost *host,
                          VccwLook *look,
                          const VccwBusId *subchannel,
                          char **ret_kind);

/**
 * vccw_use_find_rule: Looks for a udev rule that sets the device online at each boot, and
 * so fights an override. chzdev writes them, as do dracut and dasd_configure.
 *
 * Returns: (transfer full) (nullable): the path of the rule, or NULL.
 */
char *vccw_use_find_rule(const VccwHandoverHost *host, const VccwBusId *device);

/** vccw_use_device: Finds the device that the host has behind a subchannel.
 * @look: tells whether that could be known
 * @sysfs: descriptor of the root of sysfs
 * Returns: (transfer full) (nullable): its bus-ID as text; NULL if there is none. */
char *vccw_use_device(VccwLook *look, int sysfs, const VccwBusId *subchannel);

/** vccw_use_join: Returns: (transfer full): the phrases with ", " between them. */
char *vccw_use_join(GPtrArray *users);

G_END_DECLS
