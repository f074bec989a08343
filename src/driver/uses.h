/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Noticing that what documents say of a device's user has changed: file systems and swap
 * on the host, and guests of libvirt's QEMU driver. The kernel tells of both.
 */

#include "driver/guests.h"
#include "handover/host.h"
#include <virtccw/css.h>

G_BEGIN_DECLS

typedef struct _VccwUses VccwUses;

/** VccwUsesFunc: told of a node whose document has changed. */
typedef void (*VccwUsesFunc)(const VccwNodeName *name, gpointer data);

/**
 * vccw_uses_new: Watches from now on; @func is called on the thread's default main
 * context.
 * @guests: (nullable): the guests; as @inventory, it must live longer
 *
 * Returns: (transfer full): the watch.
 */
VccwUses *vccw_uses_new(const VccwHandoverHost *host,
                        VccwInventory *inventory,
                        VccwGuests *guests,
                        VccwUsesFunc func,
                        gpointer data);

/** vccw_uses_free: Stops watching; not from within @func. NULL is fine. */
void vccw_uses_free(VccwUses *uses);

G_END_DECLS
