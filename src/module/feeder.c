/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "module/feeder.h"
#include "base/io.h"
#include "module/symbols.h"
#include <errno.h>

struct _VccwFeeder {
    GAsyncQueue *waiting; /* of Portion * */
};

typedef struct {
    gpointer queue;
    gpointer event; /* NULL: this was the last */
} Portion;

static gboolean
feed(Portion *portion)
{
    g_autofree Portion *owned = portion;

    if (!owned->event)
        return FALSE;
    vccw_libvirt.virObjectEventStateQueue(owned->queue, owned->event);
    vccw_libvirt.virObjectUnref(owned->queue);
    return TRUE;
}

static gpointer
feeder_thread(gpointer data)
{
    g_autoptr(GAsyncQueue) waiting = data;

    while (feed(g_async_queue_pop(waiting)))
        continue;
    return NULL;
}

VccwFeeder *
vccw_feeder_new(GError **error)
{
    g_autoptr(GAsyncQueue) waiting = g_async_queue_new();
    GThread *thread = g_thread_try_new("virtccw-events", feeder_thread,
                                       g_async_queue_ref(waiting), NULL);
    VccwFeeder *feeder;

    if (!thread) {
        g_async_queue_unref(waiting);
        vccw_set_errno(error, EAGAIN, "cannot make a thread for events");
        return NULL;
    }
    g_thread_unref(thread);
    feeder = g_new0(VccwFeeder, 1);
    feeder->waiting = g_steal_pointer(&waiting);
    return feeder;
}

static void
push(VccwFeeder *feeder, gpointer queue, gpointer event)
{
    Portion *portion = g_new(Portion, 1);

    *portion = (Portion){ queue, event };
    g_async_queue_push(feeder->waiting, portion);
}

void
vccw_feeder_push(VccwFeeder *feeder, gpointer queue, gpointer event)
{
    if (event)
        push(feeder, vccw_libvirt.virObjectRef(queue), event);
}

void
vccw_feeder_free(VccwFeeder *feeder)
{
    if (!feeder)
        return;
    push(feeder, NULL, NULL);
    g_async_queue_unref(feeder->waiting);
    g_free(feeder);
}
