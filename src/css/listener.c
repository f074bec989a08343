/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Following the kernel's uevents.
 *
 * Uevents come in bursts, several for one node: binding a driver makes four or five. They
 * are taken off the socket in batches, and a node is named once per batch, however much
 * was said of it. The batch is limited, so that the main loop turns even in a storm.
 *
 * A listener never dies. When the kernel has dropped uevents (ENOBUFS), those that wait
 * are of no more use than those that are gone: they are dropped too, and the owner is
 * told to read everything. When the socket itself fails, another one is opened a little
 * later, and everything is read, because nobody listened in between.
 */

#include "css/listener.h"

#include "base/io.h"
#include "base/source.h"

#include <glib-unix.h>

#define BATCH        256   /* messages for one turn of the main loop */
#define DROP_MAX     65536 /* messages dropped at a time: a storm must not hold us up */
#define REOPEN_AFTER 200   /* milliseconds before each attempt to open another socket */

struct _VccwListener {
    VccwListenerFunc func;
    gpointer data;
    GMainContext *context;
    int fd;
    GSource *source; /* the socket, or the wait for another one */
    char message[VCCW_UEVENT_SIZE];
};

static void listen_on(VccwListener *listener, int fd);
static void reopen_later(VccwListener *listener);

static void
wait_for(VccwListener *listener, GSource *source, GSourceFunc func)
{
    vccw_source_clear(&listener->source);
    listener->source = vccw_source_attach(source, listener->context, func, listener);
}

static void
note(GHashTable *all, const VccwUevent *uevent)
{
    VccwNodeName name;
    VccwNews *news;

    if (!vccw_uevent_node(uevent, &name))
        return;
    news = g_hash_table_lookup(all, &name);
    if (!news) {
        news = g_new0(VccwNews, 1);
        g_hash_table_insert(all, g_memdup2(&name, sizeof(name)), news);
    }
    /* What is told of something below a device is no news of the device's own. */
    if (name.kind != VCCW_NODE_CCW || g_str_equal(uevent->subsystem, "ccw"))
        vccw_news_add(news, uevent);
}

/* Takes up to @max messages off the socket into @all, if that is given. */
static VccwUeventResult
receive(VccwListener *listener, guint max, GHashTable *all)
{
    for (guint i = 0; i < max; i++) {
        gsize length;
        VccwUevent uevent;
        VccwUeventResult result =
            vccw_uevent_receive(listener->fd, listener->message, &length);

        if (result == VCCW_UEVENT_FOREIGN)
            continue;
        if (result != VCCW_UEVENT_RECEIVED)
            return result;
        if (all && vccw_uevent_parse(listener->message, length, &uevent))
            note(all, &uevent);
    }
    return VCCW_UEVENT_RECEIVED;
}

static GHashTable *
news_table(void)
{
    return g_hash_table_new_full(vccw_node_name_hash, vccw_node_name_equal, g_free,
                                 g_free);
}

static void
drop_waiting(VccwListener *listener)
{
    /* More may be lost while these are dropped: that is one loss. */
    for (guint i = 0; i < DROP_MAX / BATCH; i++)
        if (receive(listener, BATCH, NULL) == VCCW_UEVENT_NONE)
            return;
}

static gboolean
on_readable(int fd, GIOCondition condition, gpointer data)
{
    VccwListener *listener = data;
    g_autoptr(GHashTable) news = news_table();
    VccwUeventResult result = receive(listener, BATCH, news);

    if (result == VCCW_UEVENT_LOST)
        drop_waiting(listener);
    if (result == VCCW_UEVENT_BROKEN) {
        reopen_later(listener);
        return G_SOURCE_REMOVE;
    }
    if (result == VCCW_UEVENT_LOST || g_hash_table_size(news) > 0)
        listener->func(news, result == VCCW_UEVENT_LOST, listener->data);
    return G_SOURCE_CONTINUE; /* without effect if func has freed the listener */
}

static gboolean
on_reopen(gpointer data)
{
    VccwListener *listener = data;
    g_autoptr(GHashTable) none = news_table();
    int fd = vccw_uevent_open(NULL);

    if (fd < 0)
        return G_SOURCE_CONTINUE;
    listen_on(listener, fd);
    listener->func(none, TRUE, listener->data);
    return G_SOURCE_REMOVE;
}

static void
listen_on(VccwListener *listener, int fd)
{
    listener->fd = fd;
    wait_for(listener, g_unix_fd_source_new(fd, G_IO_IN), G_SOURCE_FUNC(on_readable));
}

static void
reopen_later(VccwListener *listener)
{
    wait_for(listener, g_timeout_source_new(REOPEN_AFTER), on_reopen);
    vccw_fd_clear(&listener->fd);
}

VccwListener *
vccw_listener_new(VccwListenerFunc func, gpointer data, GError **error)
{
    g_auto(VccwFd) fd = vccw_uevent_open(error);
    VccwListener *listener;

    if (fd < 0)
        return NULL;
    listener = g_new0(VccwListener, 1);
    listener->func = func;
    listener->data = data;
    listener->context = g_main_context_ref_thread_default();
    listen_on(listener, vccw_fd_steal(&fd));
    return listener;
}

void
vccw_listener_free(VccwListener *listener)
{
    if (!listener)
        return;
    vccw_source_clear(&listener->source);
    vccw_fd_clear(&listener->fd);
    g_main_context_unref(listener->context);
    g_free(listener);
}
