/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * A watcher is one source of the main loop, whatever the number of its sockets: an epoll
 * descriptor tells which are ready, and one time covers all timers. So thousands of idle
 * connections cost the loop nothing.
 */

#include <glib.h>

G_BEGIN_DECLS

typedef struct _VccwWatcher VccwWatcher;

/** VccwWatcherTurn: one turn, to be begun with vccw_watcher_look(). Returns: the
 * monotonic time in microseconds when the next one is due though no socket is ready; 0
 * for at once, G_MAXINT64 for never. */
typedef gint64 (*VccwWatcherTurn)(gint64 now, gpointer data);

/** VccwWatcherFunc: told of a socket that is ready.
 * @what: what it was watched with
 * @events: of epoll */
typedef void (*VccwWatcherFunc)(gpointer what, guint32 events, gpointer data);

/**
 * vccw_watcher_new:
 * @name: of the source; must outlive it
 * @turn: called in the main loop of this thread; never while it is under way
 *
 * Returns: (transfer full): the watcher, without sockets.
 */
VccwWatcher *vccw_watcher_new(const char *name, VccwWatcherTurn turn, gpointer data);

/** vccw_watcher_free: NULL is fine. */
void vccw_watcher_free(VccwWatcher *watcher);

/** vccw_watcher_epoll: Returns: the descriptor, which stays the watcher's. */
int vccw_watcher_epoll(const VccwWatcher *watcher);

/** vccw_watcher_watch: Has a socket watched, or not any more, as by epoll_ctl(2). A
 * failure is logged, not too often. */
gboolean vccw_watcher_watch(VccwWatcher *watcher,
                            int operation,
                            int fd,
                            guint32 interest,
                            gpointer what);

/** vccw_watcher_look: Tells @func of each socket that is ready, up to some number. */
void vccw_watcher_look(VccwWatcher *watcher, VccwWatcherFunc func, gpointer data);

/** vccw_watcher_wake: Has a turn begin soon; inside of one, its result tells. */
void vccw_watcher_wake(VccwWatcher *watcher);

/** vccw_watcher_stop: No turn begins any more. */
void vccw_watcher_stop(VccwWatcher *watcher);

G_END_DECLS
