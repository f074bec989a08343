/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Lists of libvirt's own objects, made of what an operation answers with. */

#include "module/connection.h"

G_BEGIN_DECLS

/**
 * VccwObjectNew: Makes one of libvirt's objects.
 * @entry: of the operation's list: a name, or a VccwDomainRef
 *
 * Returns: (transfer full): it; NULL if it failed, with the error raised.
 */
typedef gpointer (*VccwObjectNew)(virConnectPtr conn, gconstpointer entry);

/**
 * vccw_objects_list: Calls an operation that lists, as virConnectListAll…() do.
 * @make: makes an object of each entry
 * @ret_objects: (out) (optional): a NULL-terminated array of libvirt's objects, to be
 *   released as libvirt's clients do; with NULL they are only counted
 *
 * Returns: how many there are; -1 if it failed, with the error raised.
 */
int vccw_objects_list(virConnectPtr conn,
                      gint32 procedure,
                      unsigned int flags,
                      VccwObjectNew make,
                      gpointer **ret_objects);

G_END_DECLS
