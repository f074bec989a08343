/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * The host's mounts and swap areas, for looking at uses often: read again only when the
 * kernel says that they have changed. Belongs to one thread.
 */

#include "handover/host.h"
#include <virtccw/address.h>

G_BEGIN_DECLS

typedef struct _VccwGlance VccwGlance;

/** vccw_glance_new: Returns: (transfer full): nothing read yet; @host is copied, its
 * strings must outlive it. */
VccwGlance *vccw_glance_new(const VccwHandoverHost *host);

/** vccw_glance_free: Releases @glance. NULL is fine. */
void vccw_glance_free(VccwGlance *glance);

/** vccw_glance_users: Returns: (transfer full): of char *: what the host uses a device
 * for, as vccw_use_glance() sees it; empty if nothing is seen. */
GPtrArray *vccw_glance_users(VccwGlance *glance, int sysfs, const VccwBusId *device);

G_END_DECLS
