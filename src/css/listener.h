/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Following the kernel's uevents from a main loop.
 */

#include "css/news.h"

G_BEGIN_DECLS

typedef struct _VccwListener VccwListener;

/**
 * VccwListenerFunc: told of uevents, many at a time.
 * @news: VccwNodeName * → VccwNews *: each node that has to be read, once
 * @lost: uevents have been lost before or after these: everything has to be read
 */
typedef void (*VccwListenerFunc)(GHashTable *news, gboolean lost, gpointer data);

/**
 * vccw_listener_new: Listens from now on; @func is called on the thread's default main
 * context, never from within this function.
 *
 * Returns: (transfer full): the listener; NULL with G_UNIX_ERROR.
 */
VccwListener *vccw_listener_new(VccwListenerFunc func, gpointer data, GError **error);

/** vccw_listener_free: Stops listening; also from within @func. NULL is fine. */
void vccw_listener_free(VccwListener *listener);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(VccwListener, vccw_listener_free)

G_END_DECLS
