/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Without a free descriptor a connection can be neither accepted nor refused, and the
 * socket would be reported as ready for ever. So one descriptor is kept in reserve: it
 * makes place for the connection just long enough to close it; then nobody is accepted
 * for a moment.
 */

#include "rpc/listeners.h"
#include "base/io.h"
#include "rpc/quiet.h"
#include <errno.h>
#include <fcntl.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#define ACCEPTS_AT_ONCE 64
#define PAUSE           (100 * G_TIME_SPAN_MILLISECOND)

typedef struct {
    int fd; /* -1 once it is closed */
    gboolean read_only;
} Listener;

struct _VccwListeners {
    int epoll;
    int reserve;
    GPtrArray *all;   /* of Listener; closed ones too, for an event may name them still */
    gint64 resume_at; /* the end of a pause; 0 if there is none */
    VccwQuiet failures;
    VccwListenersFunc func;
    gpointer data;
};

static int
open_reserve(void)
{
    return open("/dev/null", O_RDONLY | O_CLOEXEC);
}

VccwListeners *
vccw_listeners_new(int epoll, VccwListenersFunc func, gpointer data)
{
    VccwListeners *listeners = g_new0(VccwListeners, 1);

    listeners->epoll = epoll;
    listeners->reserve = open_reserve();
    listeners->all = g_ptr_array_new_with_free_func(g_free);
    listeners->func = func;
    listeners->data = data;
    return listeners;
}

void
vccw_listeners_close(VccwListeners *listeners)
{
    for (guint i = 0; i < listeners->all->len; i++) {
        Listener *listener = g_ptr_array_index(listeners->all, i);

        vccw_fd_clear(&listener->fd);
    }
    listeners->resume_at = 0;
}

void
vccw_listeners_free(VccwListeners *listeners)
{
    if (!listeners)
        return;
    vccw_listeners_close(listeners);
    vccw_fd_clear(&listeners->reserve);
    g_ptr_array_unref(listeners->all);
    g_free(listeners);
}

static void
watch(VccwListeners *listeners, int operation, Listener *listener, guint32 interest)
{
    struct epoll_event event = { .events = interest, .data.ptr = listener };

    if (epoll_ctl(listeners->epoll, operation, listener->fd, &event) < 0)
        g_warning("cannot watch a listening socket: %s", g_strerror(errno));
}

static void
watch_all(VccwListeners *listeners, guint32 interest)
{
    for (guint i = 0; i < listeners->all->len; i++) {
        Listener *listener = g_ptr_array_index(listeners->all, i);

        if (listener->fd >= 0)
            watch(listeners, EPOLL_CTL_MOD, listener, interest);
    }
}

void
vccw_listeners_add(VccwListeners *listeners, int fd, gboolean read_only)
{
    Listener *listener = g_new(Listener, 1);
    int flags = fcntl(fd, F_GETFL);

    /* A client that is gone before it is accepted must not block us. */
    if (flags >= 0)
        fcntl(fd, F_SETFL, flags | O_NONBLOCK);
    *listener = (Listener){ fd, read_only };
    g_ptr_array_add(listeners->all, listener);
    watch(listeners, EPOLL_CTL_ADD, listener, EPOLLIN);
}

static void
refuse_one(VccwListeners *listeners, const Listener *listener)
{
    VccwFd refused = -1;

    vccw_fd_clear(&listeners->reserve);
    refused = accept4(listener->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    vccw_fd_clear(&refused);
    listeners->reserve = open_reserve();
}

static void
pause_accepting(VccwListeners *listeners, const Listener *listener, int errnum)
{
    if (errnum == EMFILE || errnum == ENFILE)
        refuse_one(listeners, listener);
    vccw_quiet_message(&listeners->failures,
                       "cannot accept clients for a moment: %s; if this goes on, raise "
                       "the limit of open files",
                       g_strerror(errnum));
    listeners->resume_at = g_get_monotonic_time() + PAUSE;
    watch_all(listeners, 0);
}

static void
accept_from(VccwListeners *listeners, const Listener *listener)
{
    for (guint i = 0; i < ACCEPTS_AT_ONCE && listener->fd >= 0; i++) {
        int fd = accept4(listener->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);

        if (fd >= 0) {
            listeners->func(fd, listener->read_only, listeners->data);
        } else if (errno == EAGAIN) {
            return;
        } else if (errno != EINTR && errno != ECONNABORTED) {
            pause_accepting(listeners, listener, errno);
            return;
        }
    }
}

gboolean
vccw_listeners_handle(VccwListeners *listeners, gpointer what)
{
    for (guint i = 0; i < listeners->all->len; i++) {
        if (g_ptr_array_index(listeners->all, i) == what) {
            accept_from(listeners, what);
            return TRUE;
        }
    }
    return FALSE;
}

void
vccw_listeners_resume(VccwListeners *listeners, gint64 now)
{
    if (listeners->resume_at == 0 || listeners->resume_at > now)
        return;
    listeners->resume_at = 0;
    watch_all(listeners, EPOLLIN);
}

gint64
vccw_listeners_deadline(const VccwListeners *listeners)
{
    return listeners->resume_at ? listeners->resume_at : G_MAXINT64;
}
