/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Uevents for real: sent by the kernel of this network namespace, and as udevd would. */

#include "model.h"

typedef struct {
    int kernel; /* socket, -1: nothing is sent */
    int udev;
    guint64 seqnum;
    guint64 start; /* µs, for USEC_INITIALIZED */
} VccwSimNetlink;

/** vccw_sim_netlink_open: opens the sockets. Returns: FALSE with an error. */
gboolean vccw_sim_netlink_open(VccwSimNetlink *netlink, GError **error);

/** vccw_sim_netlink_close: closes them. */
void vccw_sim_netlink_close(VccwSimNetlink *netlink);

/**
 * vccw_sim_netlink_send: emits one uevent to both audiences.
 * Returns: FALSE with an error when the kernel refused it.
 */
gboolean vccw_sim_netlink_send(VccwSimNetlink *netlink,
                               const VccwSimUevent *uevent,
                               GError **error);
