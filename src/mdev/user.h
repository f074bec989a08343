/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>
#include <virtccw/mdev.h>

G_BEGIN_DECLS

/**
 * vccw_user_find_stranger: As vccw_mdev_find_user(), but whoever has started this
 * process, or has had it started, is no user: stock libvirtd keeps the group open while
 * it has mdevctl stop a device, so that nobody takes it meanwhile.
 */
gboolean
vccw_user_find_stranger(const VccwMdevHost *host, const VccwUuid *uuid, char **ret_user);

G_END_DECLS
