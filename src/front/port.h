/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * A port is one side of a relayed connection: a socket, and what waits to be sent on it.
 * File descriptors travel as libvirt sends them: each with one byte of its own.
 */

#include "rpc/buffer.h"
#include <glib.h>
#include <sys/types.h>

G_BEGIN_DECLS

/** VccwPort: zeroed memory with @fd -1 is a port that is not connected. */
typedef struct {
    int fd;
    VccwBuffer out;
    GQueue carried;   /* of file descriptors that wait, with their places in the stream */
    GQueue ends;      /* of what is released when the bytes before it are gone */
    guint64 appended; /* bytes of the stream that ever were in @out */
    guint64 sent;     /* of these, those that are gone */
    gboolean broken;  /* the peer is gone, or cannot be written to */

    /* The owner's. */
    gboolean watched; /* by epoll, */
    guint32 interest; /* for these */
    gboolean hung_up; /* closed at the other end; what it sent may still be received */
    gpointer owner;
} VccwPort;

/** vccw_port_clear: Closes the socket, and all that waits for it. */
void vccw_port_clear(VccwPort *port);

/** vccw_port_append: Appends bytes to what is to be sent. */
void vccw_port_append(VccwPort *port, const guint8 *data, gsize size);

/** vccw_port_appended: To be called after something was appended to @out by others.
 * @size: how many bytes */
void vccw_port_appended(VccwPort *port, gsize size);

/** vccw_port_append_fd: Appends a byte that carries a file descriptor.
 * @fd: (transfer full) */
void vccw_port_append_fd(VccwPort *port, int fd);

/** vccw_port_append_end: Has @destroy called as soon as all that was appended until now
 * is sent, or dropped.
 * @data: (transfer full) */
void vccw_port_append_end(VccwPort *port, gpointer data, GDestroyNotify destroy);

/** vccw_port_waiting: Returns: the number of bytes that wait. */
gsize vccw_port_waiting(const VccwPort *port);

/** vccw_port_flush: Sends what the socket takes; drops it and sets @hung_up if nobody
 * reads any more. */
void vccw_port_flush(VccwPort *port);

/**
 * vccw_port_receive: Receives once.
 * @ret_fd: (out): a file descriptor that came with the last of the bytes, which is now
 * the caller's; -1 if there was none
 *
 * Returns: the number of bytes; 0 if the peer has ended, and then @broken is set; -1 if
 * there is nothing yet. More than one descriptor at once is not this protocol: @broken.
 */
gssize vccw_port_receive(VccwPort *port, guint8 *data, gsize size, int *ret_fd);

G_END_DECLS
