/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Mediated devices that guests have: one guest at a time. For a hostdev with
 * managed='yes' its mediated device is started when the guest gets it, on a subchannel
 * that is taken from the host if need be, and both are undone when the guest has done
 * with it.
 *
 * Called by libvirt's hook when a guest starts and ends, and by virtccwd for what comes
 * and goes meanwhile. Neither needs the other: what must be remembered is in files.
 */

#include "handover/host.h"
#include "xml/guest-source.h"
#include <sys/types.h>

G_BEGIN_DECLS

/** VccwHolderHost: where things are. */
typedef struct {
    const VccwHandoverHost *handover;
    const char *definitions; /* mdevctl's store, usually "/etc/mdevctl.d" */
    const char
        *runs; /* where libvirt has a file NAME.xml of each guest that runs, usually
                  "/run/libvirt/qemu" */
    gboolean take_parents; /* whether a start may take its subchannel from the host */
} VccwHolderHost;

/** VccwHolder: the guest that has, or gets, a device. */
typedef struct {
    const char *name;
    VccwUuid uuid;
} VccwHolder;

/**
 * vccw_holder_take: Gives a guest the mediated device of one of its hostdevs.
 * @source: with a UUID
 * @pid: who does it, and has not done it any more when that process ends
 *
 * Returns: FALSE, and everything as before, with VCCW_ERROR_BUSY (another guest has it:
 *   the message names it; or the host uses the device), VCCW_ERROR_DEVICE_MISSING, or the
 *   errors of vccw_handover_take() and vccw_mdev_start().
 */
gboolean vccw_holder_take(const VccwHolderHost *host,
                          const VccwHolder *guest,
                          const VccwGuestSource *source,
                          pid_t pid,
                          GError **error);

/** vccw_holder_runs: The guest has got what was taken for it. */
void vccw_holder_runs(const VccwHolderHost *host, const VccwUuid *guest);

/**
 * vccw_holder_give: Takes a guest's mediated devices away from it: what was started for
 * it is stopped, and its subchannel given back.
 * @mdev: (nullable): only that one
 *
 * Returns: FALSE with the errors of vccw_mdev_stop() and vccw_handover_give(), of the
 *   first one that failed; the others are gone through all the same.
 */
gboolean vccw_holder_give(const VccwHolderHost *host,
                          const VccwUuid *guest,
                          const VccwUuid *mdev,
                          GError **error);

/**
 * vccw_holder_lock: Keeps everybody from giving a guest what is on a subchannel.
 *
 * Returns: a descriptor that holds the lock until it is closed; -1 with VCCW_ERROR_BUSY
 *   or G_UNIX_ERROR.
 */
int vccw_holder_lock(const VccwHolderHost *host, const VccwBusId *parent, GError **error);

/** vccw_holder_check: Whether no guest has what is on a subchannel. Returns: FALSE with
 * VCCW_ERROR_BUSY, and which guest has it. */
gboolean
vccw_holder_check(const VccwHolderHost *host, const VccwBusId *parent, GError **error);

/**
 * vccw_holder_repair: Gives back what guests had that are no more.
 * @ret_left: (out) (optional): whether something could not be given back, and may be
 * later
 *
 * Returns: (transfer full): of char *: a sentence for each.
 */
GPtrArray *vccw_holder_repair(const VccwHolderHost *host, gboolean *ret_left);

G_END_DECLS
