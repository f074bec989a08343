/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * One file never harms another: what cannot be used is reported once for each version of
 * it and otherwise passed by.
 *
 * Since mdevctl writes in place, a file that is bad may just be half written. So if it
 * was good before or is very new, it gets the benefit of the doubt: it is looked at a
 * second time before anything is said.
 */

#include "mdev/view.h"

#include "base/quote.h"
#include "base/source.h"
#include "mdev/document.h"
#include "mdev/stored.h"

#include <errno.h>
#include <glib-unix.h>
#include <string.h>
#include <virtccw/error.h>

#define DOUBT_MSEC 200 /* until the second look */
#define REST_NSEC                                                         \
    G_GINT64_CONSTANT(2000000000) /* coarser than any file system's clock \
                                   */

typedef struct {
    VccwFileStamp stamp;
    guint64 seen;
} Oddity;

static gboolean take_second_look(gpointer data);

VccwView *
vccw_view_new(const char *dir)
{
    VccwView *view = g_new0(VccwView, 1);

    view->dir = g_strdup(dir);
    view->context = g_main_context_ref_thread_default();
    view->shelf = vccw_shelf_new();
    view->oddities = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    view->doubts =
        g_hash_table_new_full(vccw_node_name_hash, vccw_node_name_equal, g_free, NULL);
    view->retired = g_ptr_array_new_with_free_func((GDestroyNotify)vccw_mdev_config_free);
    return view;
}

static void
tell(VccwView *view,
     VccwStoreChange change,
     const VccwNodeName *key,
     const GError *problem)
{
    if (view->func)
        view->func(change, key ? &key->uuid : NULL, key ? &key->id : NULL, problem,
                   view->data);
}

/* @slot: where the source is kept while it is pending. */
static void
schedule(VccwView *view, GSource **slot, guint msec, GSourceFunc func)
{
    if (!*slot)
        *slot = vccw_source_attach(g_timeout_source_new(msec), view->context, func, view);
}

static gboolean
release_retired(gpointer data)
{
    VccwView *view = data;

    vccw_source_clear(&view->release);
    g_ptr_array_set_size(view->retired, 0);
    return G_SOURCE_REMOVE;
}

/* Keeps the promise that what was handed out is valid until the main loop runs again. */
static void
retire(VccwView *view, VccwShelfItem *item)
{
    if (!item->config)
        return;
    g_ptr_array_add(view->retired, g_steal_pointer(&item->config));
    schedule(view, &view->release, 0, release_retired);
}

static void
vanish(VccwView *view, const VccwNodeName *key)
{
    VccwNodeName gone = *key; /* @key may be the item's own */
    VccwShelfItem *item = vccw_shelf_find(view->shelf, &gone.uuid, &gone.id);
    gboolean was_defined = item && item->config;

    if (!item)
        return;
    retire(view, item);
    vccw_shelf_take(view->shelf, item);
    if (was_defined)
        tell(view, VCCW_STORE_UNDEFINED, &gone, NULL);
}

/* Whether a change of the file right after this look would show in its stamp. */
static gboolean
is_at_rest(const VccwFileStamp *stamp)
{
    gint64 now = g_get_real_time() * 1000;

    return now - MAX(stamp->mtime_ns, stamp->ctime_ns) > REST_NSEC;
}

static VccwShelfItem *
item_for(VccwView *view, const VccwNodeName *key, const VccwFileStamp *stamp)
{
    VccwShelfItem *item = vccw_shelf_find(view->shelf, &key->uuid, &key->id);

    if (!item)
        item = vccw_shelf_put(view->shelf, &key->uuid, &key->id);
    item->stamp = *stamp;
    item->at_rest = is_at_rest(stamp);
    item->seen = view->looks;
    return item;
}

/* @config: (transfer full) */
static void
accept_config(VccwView *view,
              const VccwNodeName *key,
              const VccwFileStamp *stamp,
              VccwMdevConfig *config)
{
    VccwShelfItem *item = item_for(view, key, stamp);
    gboolean was_defined = item->config != NULL;

    item->told = FALSE;
    if (was_defined && vccw_mdev_config_equal(item->config, config)) {
        vccw_mdev_config_free(config);
        return;
    }
    retire(view, item);
    item->config = config;
    tell(view, was_defined ? VCCW_STORE_CHANGED : VCCW_STORE_DEFINED, key, NULL);
}

static void
reject_file(VccwView *view,
            const VccwNodeName *key,
            const VccwFileStamp *stamp,
            const GError *problem)
{
    VccwShelfItem *item = vccw_shelf_find(view->shelf, &key->uuid, &key->id);
    gboolean known = item && item->told && vccw_file_stamp_equal(&item->stamp, stamp);
    gboolean was_defined = item && item->config;
    g_autofree char *path = NULL;
    g_autoptr(GError) told = NULL;

    item = item_for(view, key, stamp);
    if (known)
        return;
    retire(view, item);
    item->told = TRUE;
    path = vccw_stored_path(view->dir, &key->uuid, &key->id);
    told = g_error_new(VCCW_ERROR, VCCW_ERROR_STORE,
                       "the definition '%s' cannot be used and is left as it is: %s",
                       path, problem->message);
    if (was_defined)
        tell(view, VCCW_STORE_UNDEFINED, key, NULL);
    tell(view, VCCW_STORE_UNUSABLE, key, told);
}

/* Whether a bad file may be one that is just being written. */
static gboolean
is_doubtful(VccwView *view, const VccwNodeName *key, const VccwFileStamp *stamp)
{
    VccwShelfItem *item = vccw_shelf_find(view->shelf, &key->uuid, &key->id);

    if (item && item->told && vccw_file_stamp_equal(&item->stamp, stamp))
        return FALSE;
    return (item && item->config) || !is_at_rest(stamp);
}

/* Leaves all as it was known for now. */
static void
postpone(VccwView *view, const VccwNodeName *key)
{
    VccwShelfItem *item = vccw_shelf_find(view->shelf, &key->uuid, &key->id);

    if (item)
        item->seen = view->looks;
    g_hash_table_add(view->doubts, g_memdup2(key, sizeof *key));
    schedule(view, &view->second_look, DOUBT_MSEC, take_second_look);
}

gboolean
vccw_view_is_passing(const GError *problem)
{
    switch (vccw_error_errno(problem)) {
    case EMFILE:
    case ENFILE:
    case ENOMEM:
    case EINTR:
    case EAGAIN:
        return TRUE;
    default:
        return FALSE;
    }
}

static VccwMdevConfig *
read_config(int folder,
            const char *name,
            const VccwNodeName *key,
            VccwFileStamp *stamp,
            GError **error)
{
    g_autofree char *text = NULL;
    gsize length;

    if (!vccw_stored_read(folder, name, &text, &length, stamp, error))
        return NULL;
    return vccw_document_parse(&key->uuid, &key->id, text, length, error);
}

void
vccw_view_look(VccwView *view, int folder, const VccwNodeName *key, gboolean final)
{
    g_autofree char *name = vccw_uuid_to_string(&key->uuid);
    VccwShelfItem *item = vccw_shelf_find(view->shelf, &key->uuid, &key->id);
    g_autoptr(GError) problem = NULL;
    VccwMdevConfig *config;
    VccwFileStamp stamp;

    if (folder < 0 || !vccw_stored_stamp(folder, name, &stamp)) {
        vanish(view, key);
        return;
    }
    if (view->trusting && item && item->at_rest &&
        vccw_file_stamp_equal(&item->stamp, &stamp)) {
        item->seen = view->looks;
        return;
    }
    config = read_config(folder, name, key, &stamp, &problem);
    if (config)
        accept_config(view, key, &stamp, config);
    else if (vccw_error_errno(problem) == ENOENT)
        vanish(view, key);
    else if (vccw_view_is_passing(problem) || (!final && is_doubtful(view, key, &stamp)))
        postpone(view, key);
    else
        reject_file(view, key, &stamp, problem);
}

static gboolean
take_second_look(gpointer data)
{
    VccwView *view = data;
    g_autoptr(GHashTable) doubts = g_steal_pointer(&view->doubts);
    GHashTableIter iter;
    gpointer key;

    view->doubts =
        g_hash_table_new_full(vccw_node_name_hash, vccw_node_name_equal, g_free, NULL);
    vccw_source_clear(&view->second_look);
    g_hash_table_iter_init(&iter, doubts);
    while (g_hash_table_iter_next(&iter, &key, NULL)) {
        const VccwNodeName *name = key;
        g_autoptr(GError) problem = NULL;
        g_auto(VccwFd) folder = vccw_stored_open(view->dir, &name->id, &problem);

        if (folder < 0 && vccw_view_is_passing(problem))
            postpone(view, name);
        else
            vccw_view_look(view, folder, name, TRUE);
    }
    return G_SOURCE_REMOVE;
}

void
vccw_view_forget(VccwView *view, const VccwBusId *parent, guint64 before)
{
    g_autoptr(GArray) keys = vccw_shelf_keys(view->shelf, parent, before);

    for (guint i = 0; i < keys->len; i++)
        vanish(view, &g_array_index(keys, VccwNodeName, i));
}

void
vccw_view_note_oddity(VccwView *view,
                      int dirfd,
                      const char *name,
                      const char *path,
                      const char *problem)
{
    Oddity *known = g_hash_table_lookup(view->oddities, path);
    Oddity oddity = { .seen = view->looks };
    g_autofree char *quoted = NULL;
    g_autoptr(GError) told = NULL;

    if (dirfd == -1 || !vccw_stored_stamp(dirfd, name, &oddity.stamp)) {
        g_hash_table_remove(view->oddities, path);
        return;
    }
    if (known && vccw_file_stamp_equal(&known->stamp, &oddity.stamp)) {
        known->seen = view->looks;
        return;
    }
    g_hash_table_insert(view->oddities, g_strdup(path),
                        g_memdup2(&oddity, sizeof oddity));
    quoted = vccw_quote(path, VCCW_QUOTE_PATH);
    told = g_error_new(VCCW_ERROR, VCCW_ERROR_STORE, "%s %s", quoted, problem);
    tell(view, VCCW_STORE_UNUSABLE, NULL, told);
}

static gboolean
is_at_or_below(const char *path, const char *top)
{
    gsize length = strlen(top);

    return strncmp(path, top, length) == 0 &&
           (path[length] == '\0' || path[length] == '/');
}

void
vccw_view_forget_oddities(VccwView *view, const char *path, guint64 before)
{
    GHashTableIter iter;
    gpointer key;
    gpointer oddity;

    g_hash_table_iter_init(&iter, view->oddities);
    while (g_hash_table_iter_next(&iter, &key, &oddity))
        if (((Oddity *)oddity)->seen < before && (!path || is_at_or_below(key, path)))
            g_hash_table_iter_remove(&iter);
}

void
vccw_view_free(VccwView *view)
{
    if (!view)
        return;
    vccw_source_clear(&view->release);
    vccw_source_clear(&view->second_look);
    g_hash_table_unref(view->oddities);
    g_hash_table_unref(view->doubts);
    g_ptr_array_unref(view->retired);
    vccw_shelf_free(view->shelf);
    g_main_context_unref(view->context);
    g_free(view->dir);
    g_free(view);
}
