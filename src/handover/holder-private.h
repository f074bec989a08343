/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What the holder's files share: holder.c (taking), holder-find.c and holder-give.c. */

#include "handover/holder-record.h"
#include "handover/holder.h"
#include <virtccw/mdev.h>

G_BEGIN_DECLS

/** vccw_holder_mdev_host: Returns: where mediated devices are; it lives as long as @host.
 */
VccwMdevHost vccw_holder_mdev_host(const VccwHolderHost *host);

/** vccw_holder_mdev_name: Returns: (transfer full): the name of a node device. */
char *vccw_holder_mdev_name(const VccwUuid *uuid, const VccwBusId *parent);

/** vccw_holder_find_active: Looks for the subchannel on which a UUID is active.
 * Returns: FALSE if it is not. */
gboolean vccw_holder_find_active(const VccwHolderHost *host,
                                 const VccwUuid *uuid,
                                 VccwBusId *ret_parent);

/** vccw_holder_is_active: Returns: whether it is active where the record says. */
gboolean vccw_holder_is_active(const VccwHolderHost *host,
                               const VccwHolderRecord *record);

/**
 * vccw_holder_find_parent: Looks for the subchannel of what a hostdev means.
 *
 * Returns: FALSE with VCCW_ERROR_DEVICE_MISSING, or because the subchannel has another
 *   device than the definition is for.
 */
gboolean vccw_holder_find_parent(const VccwHolderHost *host,
                                 const VccwGuestSource *source,
                                 VccwBusId *ret_parent,
                                 GError **error);

/**
 * vccw_holder_check_right: Whether the guest gets what it names: under the lock, for
 * numbers shift, and the UUID may be active on what somebody else meant by it.
 *
 * Returns: FALSE with VCCW_ERROR_OPERATION_INVALID or the errors of
 *   vccw_identity_check().
 */
gboolean vccw_holder_check_right(const VccwHolderHost *host,
                                 const VccwHolderRecord *record,
                                 const VccwGuestSource *source,
                                 GError **error);

/** vccw_holder_read_again: Reads a record under the lock. Returns: (transfer full)
 * (nullable): NULL if what was read before is over, or another guest's now. */
VccwHolderRecord *vccw_holder_read_again(const VccwHolderHost *host,
                                         const VccwHolderRecord *record);

/** vccw_holder_is_left_over: Returns: whether nobody will come back for what a record
 * says. */
gboolean vccw_holder_is_left_over(const VccwHolderHost *host,
                                  const VccwHolderRecord *record);

/** vccw_holder_is_with_host: Returns: whether a driver of the host's has the subchannel.
 */
gboolean vccw_holder_is_with_host(const VccwHolderHost *host, const VccwBusId *parent);

/** vccw_holder_give_record: Gives back what a record says, under the lock, and drops the
 * record. Returns: FALSE with the errors of vccw_holder_give(). */
gboolean vccw_holder_give_record(const VccwHolderHost *host,
                                 const VccwHolderRecord *record,
                                 GError **error);

/** vccw_holder_give_left_over: The same with the lock, if it is left over. Returns: also
 * FALSE with VCCW_ERROR_BUSY if a guest has come for it meanwhile. */
gboolean vccw_holder_give_left_over(const VccwHolderHost *host,
                                    const VccwHolderRecord *record,
                                    GError **error);

/** vccw_holder_give_parent: Gives a subchannel back. Returns: FALSE with the errors of
 * vccw_handover_give(); that it has gone, or is used by somebody else, is none. */
gboolean vccw_holder_give_parent(const VccwHolderHost *host,
                                 const VccwBusId *parent,
                                 GError **error);

/** vccw_holder_forsake: What cannot be given back now becomes nobody's: whoever wants it
 * next, or the next start of virtccwd, tries again. */
void vccw_holder_forsake(const VccwHolderHost *host, const VccwHolderRecord *record);

/** vccw_holder_refuse: Returns: FALSE with VCCW_ERROR_BUSY, and which guest has it. */
gboolean vccw_holder_refuse(const VccwHolderRecord *record, GError **error);

/** vccw_holder_check_damaged: Returns: FALSE with VCCW_ERROR_BUSY if a record that cannot
 * be understood may be of a guest that has what is active on @parent. */
gboolean vccw_holder_check_damaged(const VccwHolderHost *host,
                                   const VccwHolderRecord *record,
                                   const VccwBusId *parent,
                                   GError **error);

G_END_DECLS
