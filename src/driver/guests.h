/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Which running guest of libvirt's QEMU driver has which mediated device, by the status
 * files that it keeps of them.
 *
 * Nothing tells of these, and nobody is asked: at each question the folder's time is
 * looked at, and what has changed since the last one is read. Belongs to one thread.
 */

#include <glib.h>
#include <virtccw/address.h>

G_BEGIN_DECLS

typedef struct _VccwGuests VccwGuests;

/** vccw_guests_new: Returns: (transfer full): the guests whose status is in @folder,
 * usually "/run/libvirt/qemu", which need not exist. */
VccwGuests *vccw_guests_new(const char *folder);

/** vccw_guests_free: Releases @guests. NULL is fine. */
void vccw_guests_free(VccwGuests *guests);

/** vccw_guests_folder: Returns: where their status is. */
const char *vccw_guests_folder(VccwGuests *guests);

/** vccw_guests_find: Returns: (transfer none) (nullable): the name of the guest that has
 * the device; valid until the next call. */
const char *vccw_guests_find(VccwGuests *guests, const VccwUuid *uuid);

/** vccw_guests_foreach: Calls @func for each device that a guest has. */
void
vccw_guests_foreach(VccwGuests *guests,
                    void (*func)(const VccwUuid *uuid, const char *name, gpointer data),
                    gpointer data);

G_END_DECLS
