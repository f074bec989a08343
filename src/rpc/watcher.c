/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "rpc/watcher.h"
#include "base/io.h"
#include "rpc/quiet.h"
#include <errno.h>
#include <sys/epoll.h>

#define EVENTS_PER_TURN 256

/* What the main loop sees. */
typedef struct {
    GSource source;
    VccwWatcher *watcher;
} WatcherSource;

struct _VccwWatcher {
    WatcherSource *source;
    int epoll;
    gboolean in_turn;
    VccwWatcherTurn turn;
    gpointer data;
    VccwQuiet failures;
};

static gboolean
take_turn(GSource *source, GSourceFunc func, gpointer data)
{
    VccwWatcher *watcher = ((WatcherSource *)source)->watcher;
    gint64 next;

    if (watcher->in_turn)
        return G_SOURCE_CONTINUE;
    watcher->in_turn = TRUE;
    next = watcher->turn(g_source_get_time(source), watcher->data);
    watcher->in_turn = FALSE;
    g_source_set_ready_time(source, next == G_MAXINT64 ? -1 : next);
    return G_SOURCE_CONTINUE;
}

VccwWatcher *
vccw_watcher_new(const char *name, VccwWatcherTurn turn, gpointer data)
{
    static GSourceFuncs funcs = { .dispatch = take_turn };
    VccwWatcher *watcher = g_new0(VccwWatcher, 1);

    watcher->turn = turn;
    watcher->data = data;
    watcher->epoll = epoll_create1(EPOLL_CLOEXEC);
    if (watcher->epoll < 0)
        g_error("cannot watch sockets: %s", g_strerror(errno));
    watcher->source = (WatcherSource *)g_source_new(&funcs, sizeof(WatcherSource));
    watcher->source->watcher = watcher;
    g_source_set_static_name(&watcher->source->source, name);
    /* Otherwise GLib takes the descriptor out of its poll for each turn, at the price of
     * three more system calls. */
    g_source_set_can_recurse(&watcher->source->source, TRUE);
    g_source_add_unix_fd(&watcher->source->source, watcher->epoll, G_IO_IN);
    g_source_attach(&watcher->source->source, g_main_context_get_thread_default());
    return watcher;
}

void
vccw_watcher_free(VccwWatcher *watcher)
{
    if (!watcher)
        return;
    g_source_destroy(&watcher->source->source);
    g_source_unref(&watcher->source->source);
    vccw_fd_clear(&watcher->epoll);
    g_free(watcher);
}

int
vccw_watcher_epoll(const VccwWatcher *watcher)
{
    return watcher->epoll;
}

gboolean
vccw_watcher_watch(VccwWatcher *watcher,
                   int operation,
                   int fd,
                   guint32 interest,
                   gpointer what)
{
    struct epoll_event event = { .events = interest, .data.ptr = what };

    if (epoll_ctl(watcher->epoll, operation, fd, &event) == 0)
        return TRUE;
    vccw_quiet_message(&watcher->failures, "cannot watch a socket: %s",
                       g_strerror(errno));
    return FALSE;
}

void
vccw_watcher_look(VccwWatcher *watcher, VccwWatcherFunc func, gpointer data)
{
    struct epoll_event events[EVENTS_PER_TURN];
    int n = epoll_wait(watcher->epoll, events, EVENTS_PER_TURN, 0);

    for (int i = 0; i < n; i++)
        func(events[i].data.ptr, events[i].events, data);
}

void
vccw_watcher_wake(VccwWatcher *watcher)
{
    if (!watcher->in_turn)
        g_source_set_ready_time(&watcher->source->source, 0);
}

void
vccw_watcher_stop(VccwWatcher *watcher)
{
    watcher->in_turn = TRUE;
}
