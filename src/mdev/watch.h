/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Hears of changes in the store by others: inotify on its folder and on those in it.
 *
 * What is reported is only where to look again; several changes in one place that come
 * together are reported once.
 */

#include <glib.h>
#include <virtccw/address.h>

G_BEGIN_DECLS

/** VccwWatchFuncs: told, in the main loop, where something may have changed. */
typedef struct {
    void (*all)(gpointer data);                   /* anywhere: events were lost, or the
                                                     store's folder came or went */
    void (*top)(const char *name, gpointer data); /* a name in the store's folder */
    void (*file)(const VccwBusId *parent,
                 const char *name,
                 gpointer data); /* a name in a parent's folder */
} VccwWatchFuncs;

typedef struct _VccwWatch VccwWatch;

/**
 * vccw_watch_new:
 * @dir: the store's folder; it need not exist
 * @context: (nullable): the main context in which @funcs are called
 * @funcs: copied
 * @data: handed to @funcs
 *
 * Returns: (transfer full): a watch that looks nowhere yet; NULL with G_UNIX_ERROR.
 */
VccwWatch *vccw_watch_new(const char *dir,
                          GMainContext *context,
                          const VccwWatchFuncs *funcs,
                          gpointer data,
                          GError **error);

/** vccw_watch_free: NULL is fine. Not from within one of the VccwWatchFuncs. */
void vccw_watch_free(VccwWatch *watch);

/**
 * vccw_watch_dir: Watches the store's folder, or while it is absent the nearest one above
 * it. To be called before the store's folder is read.
 *
 * Returns: FALSE with G_UNIX_ERROR.
 */
gboolean vccw_watch_dir(VccwWatch *watch, GError **error);

/**
 * vccw_watch_folder: Watches the folder of a parent, if there is one. To be called before
 * that folder is read.
 */
void vccw_watch_folder(VccwWatch *watch, const VccwBusId *parent);

/**
 * vccw_watch_is_partial: Returns: whether the kernel's limit kept a folder from being
 *   watched since vccw_watch_dir() was called last.
 */
gboolean vccw_watch_is_partial(VccwWatch *watch);

G_END_DECLS
