/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The sockets by which clients come in. */

#include <glib.h>

G_BEGIN_DECLS

typedef struct _VccwListeners VccwListeners;

/** VccwListenersFunc: told of a new connection, whose descriptor @fd passes to it. */
typedef void (*VccwListenersFunc)(int fd, gboolean read_only, gpointer data);

/**
 * vccw_listeners_new:
 * @epoll: a descriptor of epoll that watches the sockets; stays the caller's
 * @func: told of new connections
 * @data: handed to @func
 *
 * Returns: (transfer full): no sockets yet.
 */
VccwListeners *vccw_listeners_new(int epoll, VccwListenersFunc func, gpointer data);

/** vccw_listeners_free: Closes the sockets. NULL is fine. */
void vccw_listeners_free(VccwListeners *listeners);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(VccwListeners, vccw_listeners_free)

/**
 * vccw_listeners_add:
 * @fd: (transfer full): a socket that is listening
 * @read_only: what its connections are
 */
void vccw_listeners_add(VccwListeners *listeners, int fd, gboolean read_only);

/** vccw_listeners_close: Closes the sockets, so that nobody comes in any more. */
void vccw_listeners_close(VccwListeners *listeners);

/**
 * vccw_listeners_handle: Accepts connections, if the event is of a listening socket.
 * @what: the pointer in an event of epoll
 *
 * Returns: FALSE if @what is not of a listening socket.
 */
gboolean vccw_listeners_handle(VccwListeners *listeners, gpointer what);

/** vccw_listeners_resume: Accepts again, if a pause is over at @now. */
void vccw_listeners_resume(VccwListeners *listeners, gint64 now);

/** vccw_listeners_deadline: Returns: the monotonic time in microseconds when
 * vccw_listeners_resume() is due; G_MAXINT64 for never. */
gint64 vccw_listeners_deadline(const VccwListeners *listeners);

G_END_DECLS
