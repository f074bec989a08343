/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Where to look: all, one folder, or one file. The look itself is in view.c.
 *
 * Looks at folders are numbered; what such a look does not come across again has gone. A
 * folder that cannot be read for the moment (no descriptors, no memory) says nothing
 * about its files: what was known of them stays, and it is tried again.
 *
 * A watch is set before the folder is read. Where inotify is not to be had, or not for
 * all folders, everything is looked at each second instead; files whose stamp is
 * unchanged are not read then.
 */

#include "base/io.h"
#include "base/source.h"
#include "mdev/stored.h"
#include "mdev/view.h"
#include "mdev/watch.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>
#include <virtccw/mdev.h>

#define POLL_MSEC 1000

#define ODD_FOLDER                                                                      \
    "is not spelt as the kernel spells that bus-ID, so mdevctl never finds what is in " \
    "it; rename it to lower case"
#define ODD_FILE                                                                       \
    "is not named like a definition, which is a UUID in lower case; rename it or put " \
    "it "                                                                              \
    "elsewhere"
#define NO_FOLDER "is not a folder and is not followed; put a folder in its place"

struct _VccwStore {
    VccwView *view;
    VccwWatch *watch;
    gboolean following; /* vccw_store_watch() was called */
    GSource *poll;
};

static gboolean poll_once(gpointer data);

static void
schedule_poll(VccwStore *store)
{
    if (!store->poll)
        store->poll = vccw_source_attach(g_timeout_source_new(POLL_MSEC),
                                         store->view->context, poll_once, store);
}

static void
look_at_file(VccwStore *store, int folder, const VccwBusId *parent, const char *name)
{
    g_autofree char *folder_path = NULL;
    g_autofree char *path = NULL;
    VccwNodeName key;
    VccwUuid uuid;

    switch (vccw_stored_parse_file(name, &uuid)) {
    case VCCW_STORED_OURS:
        key = vccw_node_name_mdev(&uuid, parent);
        vccw_view_look(store->view, folder, &key, FALSE);
        break;
    case VCCW_STORED_ODD:
        folder_path = vccw_stored_path(store->view->dir, NULL, parent);
        path = g_build_filename(folder_path, name, NULL);
        vccw_view_note_oddity(store->view, folder, name, path, ODD_FILE);
        break;
    case VCCW_STORED_FOREIGN:
        break;
    }
}

/* Whether an error means that there is no such folder, and so nothing in it. */
static gboolean
is_no_folder(const GError *problem)
{
    switch (vccw_error_errno(problem)) {
    case ENOENT:
    case ENOTDIR:
    case ELOOP:
        return TRUE;
    default:
        return FALSE;
    }
}

/* @name, @path: a folder in @dirfd that cannot be read; says so unless that will pass. */
static void
note_unreadable(VccwStore *store,
                int dirfd,
                const char *name,
                const char *path,
                const GError *problem)
{
    if (is_no_folder(problem))
        vccw_view_note_oddity(store->view, dirfd, name, path, NO_FOLDER);
    else if (vccw_view_is_passing(problem))
        schedule_poll(store);
    else
        vccw_view_note_oddity(store->view, dirfd, name, path, problem->message);
}

static void
look_at_folder(VccwStore *store, int dirfd, const VccwBusId *parent)
{
    g_autofree char *name = vccw_bus_id_to_string(parent);
    g_autofree char *path = g_build_filename(store->view->dir, name, NULL);
    guint64 look = ++store->view->looks;
    g_autoptr(GError) problem = NULL;
    g_autoptr(GPtrArray) names = NULL;
    g_auto(VccwFd) folder = -1;

    if (store->watch)
        vccw_watch_folder(store->watch, parent);
    folder = vccw_stored_open_folder(dirfd, parent, &problem);
    if (folder >= 0)
        names = vccw_list_dir(folder, ".", &problem);
    if (!names) {
        if (!is_no_folder(problem))
            vccw_shelf_see(store->view->shelf, parent, look);
        note_unreadable(store, dirfd, name, path, problem);
    }
    for (guint i = 0; names && i < names->len; i++)
        look_at_file(store, folder, parent, names->pdata[i]);
    vccw_view_forget(store->view, parent, look);
    vccw_view_forget_oddities(store->view, path, look);
    if (store->watch && vccw_watch_is_partial(store->watch))
        schedule_poll(store);
}

static void
look_at_top(VccwStore *store, int dirfd, const char *name)
{
    g_autofree char *path = NULL;
    VccwBusId parent;

    switch (vccw_stored_parse_folder(name, &parent)) {
    case VCCW_STORED_OURS:
        look_at_folder(store, dirfd, &parent);
        break;
    case VCCW_STORED_ODD:
        path = g_build_filename(store->view->dir, name, NULL);
        vccw_view_note_oddity(store->view, dirfd, name, path, ODD_FOLDER);
        break;
    case VCCW_STORED_FOREIGN:
        break;
    }
}

static void
look_at_all(VccwStore *store)
{
    VccwView *view = store->view;
    guint64 look = ++view->looks;
    g_autoptr(GError) problem = NULL;
    g_autoptr(GPtrArray) names = NULL;
    g_auto(VccwFd) dirfd = -1;

    dirfd = vccw_open_dir(AT_FDCWD, view->dir, &problem);
    if (dirfd >= 0)
        names = vccw_list_dir(dirfd, ".", &problem);
    if (!names) {
        note_unreadable(store, AT_FDCWD, view->dir, view->dir, problem);
        if (!is_no_folder(problem))
            return;
    }
    for (guint i = 0; names && i < names->len; i++)
        look_at_top(store, dirfd, names->pdata[i]);
    vccw_view_forget(view, NULL, look);
    vccw_view_forget_oddities(view, NULL, look);
}

void
vccw_store_load(VccwStore *store)
{
    vccw_source_clear(&store->poll);
    if (store->watch)
        vccw_watch_dir(store->watch, NULL);
    look_at_all(store);
    if (store->following && (!store->watch || vccw_watch_is_partial(store->watch)))
        schedule_poll(store);
}

static gboolean
poll_once(gpointer data)
{
    VccwStore *store = data;

    store->view->trusting = TRUE;
    vccw_store_load(store);
    store->view->trusting = FALSE;
    return G_SOURCE_REMOVE;
}

static void
on_all(gpointer data)
{
    vccw_store_load(data);
}

static void
on_top(const char *name, gpointer data)
{
    VccwStore *store = data;
    g_autoptr(GError) problem = NULL;
    g_auto(VccwFd) dirfd = vccw_open_dir(AT_FDCWD, store->view->dir, &problem);

    if (dirfd >= 0)
        look_at_top(store, dirfd, name);
    else
        vccw_store_load(store);
}

/* An event may come from a folder that is being replaced: its name decides, not itself.
 */
static void
on_file(const VccwBusId *parent, const char *name, gpointer data)
{
    VccwStore *store = data;
    g_autoptr(GError) problem = NULL;
    g_auto(VccwFd) folder = vccw_stored_open(store->view->dir, parent, &problem);

    if (folder >= 0 || is_no_folder(problem))
        look_at_file(store, folder, parent, name);
    else
        schedule_poll(store);
}

VccwStore *
vccw_store_new(const char *dir)
{
    VccwStore *store = g_new0(VccwStore, 1);

    store->view = vccw_view_new(dir);
    return store;
}

void
vccw_store_free(VccwStore *store)
{
    if (!store)
        return;
    vccw_source_clear(&store->poll);
    vccw_watch_free(store->watch);
    vccw_view_free(store->view);
    g_free(store);
}

void
vccw_store_set_func(VccwStore *store, VccwStoreFunc func, gpointer data)
{
    store->view->func = func;
    store->view->data = data;
}

gboolean
vccw_store_watch(VccwStore *store, GError **error)
{
    static const VccwWatchFuncs funcs = { on_all, on_top, on_file };
    gboolean loaded = store->view->looks > 0;

    if (store->watch)
        return TRUE;
    store->following = TRUE;
    store->watch =
        vccw_watch_new(store->view->dir, store->view->context, &funcs, store, error);
    if (store->watch && !vccw_watch_dir(store->watch, error))
        g_clear_pointer(&store->watch, vccw_watch_free);
    if (!store->watch)
        schedule_poll(store);
    else if (loaded) /* what changed since then was not heard */
        vccw_store_load(store);
    return store->watch != NULL;
}

void
vccw_store_refresh(VccwStore *store, const VccwUuid *uuid, const VccwBusId *parent)
{
    g_autofree char *name = vccw_uuid_to_string(uuid);

    on_file(parent, name, store);
}

void
vccw_store_refresh_parent(VccwStore *store, const VccwBusId *parent)
{
    g_autofree char *path = vccw_stored_path(store->view->dir, NULL, parent);
    g_autoptr(GPtrArray) known = vccw_store_list_parent(store, parent);
    gboolean trusting = store->view->trusting;
    g_auto(VccwFd) dirfd = -1;

    /* Of thousands of subchannels few have a definition. */
    if (known->len == 0 && access(path, F_OK) < 0)
        return;
    dirfd = vccw_open_dir(AT_FDCWD, store->view->dir, NULL);
    if (dirfd < 0) /* an event will tell, or a poll */
        return;
    store->view->trusting = TRUE;
    look_at_folder(store, dirfd, parent);
    store->view->trusting = trusting;
}

const char *
vccw_store_dir(VccwStore *store)
{
    return store->view->dir;
}

const VccwMdevConfig *
vccw_store_get(VccwStore *store, const VccwUuid *uuid, const VccwBusId *parent)
{
    VccwShelfItem *item = vccw_shelf_find(store->view->shelf, uuid, parent);

    return item ? item->config : NULL;
}

GPtrArray *
vccw_store_list(VccwStore *store)
{
    return vccw_shelf_list(store->view->shelf, NULL, NULL);
}

GPtrArray *
vccw_store_list_uuid(VccwStore *store, const VccwUuid *uuid)
{
    return vccw_shelf_list(store->view->shelf, uuid, NULL);
}

GPtrArray *
vccw_store_list_parent(VccwStore *store, const VccwBusId *parent)
{
    return vccw_shelf_list(store->view->shelf, NULL, parent);
}
