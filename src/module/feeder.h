/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Feeds libvirt's queues of events, in a thread that nobody waits for.
 *
 * A queue has a lock of libvirt's, and libvirt may hold it while it closes the connection
 * that the queue is of. That closing waits for the root's thread, so the root's thread
 * must never wait for that lock.
 */

#include <glib.h>

G_BEGIN_DECLS

typedef struct _VccwFeeder VccwFeeder;

/** vccw_feeder_new: Returns: (transfer full): a feeder; NULL with G_UNIX_ERROR. */
VccwFeeder *vccw_feeder_new(GError **error);

/**
 * vccw_feeder_push: Has an event be put into a queue, after those before.
 * @queue: libvirt's virObjectEventState; a reference is kept until then
 * @event: (transfer full): libvirt's virObjectEvent
 */
void vccw_feeder_push(VccwFeeder *feeder, gpointer queue, gpointer event);

/** vccw_feeder_free: Has the feeder end when it has put all in; does not wait. NULL is
 * fine. */
void vccw_feeder_free(VccwFeeder *feeder);

G_END_DECLS
