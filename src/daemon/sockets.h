/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * The sockets that libvirt's client library looks for: virtccwd-sock and
 * virtccwd-sock-ro, and on wish those of the stock daemons that we stand in front of;
 * handed over by systemd or made here.
 */

#include "daemon/settings.h"
#include <glib.h>

G_BEGIN_DECLS

/** VccwSocketKind: whose clients come in by a socket. */
typedef enum {
    VCCW_SOCKET_CCW,     /* ours */
    VCCW_SOCKET_QEMU,    /* those of the stock QEMU driver */
    VCCW_SOCKET_NODEDEV, /* those of the stock node-device driver */
    VCCW_SOCKET_KINDS
} VccwSocketKind;

/** VccwSocket: a listening socket. */
typedef struct {
    VccwSocketKind kind;
    gboolean read_only;
    int fd;     /* -1 if it was taken over by somebody */
    char *path; /* to be removed at the end; NULL if the socket is not ours */
} VccwSocket;

/** VccwSockets: those that there are. */
typedef struct {
    guint n;
    VccwSocket all[2 * VCCW_SOCKET_KINDS];
} VccwSockets;

/**
 * vccw_sockets_open: Takes over systemd's sockets, or makes our own.
 *
 * Returns: (transfer full): the sockets; NULL with G_UNIX_ERROR, or
 *   VCCW_ERROR_OPERATION_INVALID if another daemon answers at one of them.
 */
VccwSockets *vccw_sockets_open(const VccwSettings *settings, GError **error);

/** vccw_sockets_free: Closes what is still open and removes the paths. NULL is fine. */
void vccw_sockets_free(VccwSockets *sockets);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(VccwSockets, vccw_sockets_free)

/**
 * vccw_lock_instance: Makes sure that this is the only daemon with that state folder.
 * @state_dir: made if need be
 *
 * Returns: a descriptor that holds the lock until it is closed; -1 with G_UNIX_ERROR, or
 *   VCCW_ERROR_OPERATION_INVALID, naming the process that has it.
 */
int vccw_lock_instance(const char *state_dir, GError **error);

G_END_DECLS
