/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * inotify watches folders and not paths. So the folder that is watched under a path is
 * noted by its watch descriptor, and setting the same watch once more tells by another
 * descriptor that the folder was replaced. What is set is set before the folder is read;
 * so whatever happens later is heard, and whatever happened before is read.
 *
 * Regular writes by mdevctl end with the closing of the file, which is waited for; a
 * creation is heard too, because links, FIFOs and folders are never closed.
 */

#include "mdev/watch.h"

#include "base/io.h"
#include "base/source.h"

#include <errno.h>
#include <glib-unix.h>
#include <string.h>
#include <sys/inotify.h>
#include <unistd.h>

#define BUFFER_SIZE 65536

#define ABOVE_MASK (IN_CREATE | IN_MOVED_TO | IN_DELETE_SELF | IN_MOVE_SELF | IN_ONLYDIR)
#define DIR_MASK                                                                        \
    (IN_CREATE | IN_DELETE | IN_MOVED_FROM | IN_MOVED_TO | IN_ATTRIB | IN_DELETE_SELF | \
     IN_MOVE_SELF | IN_ONLYDIR)
#define FOLDER_MASK                                                                     \
    (IN_CREATE | IN_DELETE | IN_MOVED_FROM | IN_MOVED_TO | IN_CLOSE_WRITE | IN_ATTRIB | \
     IN_ONLYDIR | IN_DONT_FOLLOW)

/* A place where something may have changed: a key of VccwWatch.pending. */
typedef struct {
    gboolean in_folder;
    VccwBusId parent; /* if in a folder */
    char *name;
} Place;

struct _VccwWatch {
    char *dir;
    VccwWatchFuncs funcs;
    gpointer data;
    VccwFd fd;
    GSource *source;
    int above;             /* watch descriptor of a folder above @dir, or -1 */
    char *awaited;         /* the name that is to come there */
    int top;               /* watch descriptor of @dir, or -1 */
    GHashTable *by_wd;     /* watch descriptor → VccwBusId of a parent's folder */
    GHashTable *by_parent; /* bus-ID's key → watch descriptor */
    gboolean partial;
    gboolean pending_all;
    GHashTable *pending; /* Place → nothing */
};

static guint
place_hash(gconstpointer key)
{
    const Place *place = key;

    return g_str_hash(place->name) ^ (vccw_bus_id_key(&place->parent) * 31);
}

static gboolean
place_equal(gconstpointer a, gconstpointer b)
{
    const Place *x = a;
    const Place *y = b;

    return x->in_folder == y->in_folder && vccw_bus_id_equal(&x->parent, &y->parent) &&
           g_str_equal(x->name, y->name);
}

static void
place_free(gpointer data)
{
    Place *place = data;

    g_free(place->name);
    g_free(place);
}

static GHashTable *
places_new(void)
{
    return g_hash_table_new_full(place_hash, place_equal, place_free, NULL);
}

static void
drop(VccwWatch *watch, int *wd)
{
    if (*wd >= 0)
        inotify_rm_watch(watch->fd, *wd);
    *wd = -1;
}

/* A folder that was renamed keeps its watch descriptor, which then is another parent's.
 */
static void
drop_folder(VccwWatch *watch, const VccwBusId *parent)
{
    gpointer key = GUINT_TO_POINTER(vccw_bus_id_key(parent));
    const VccwBusId *owner;
    gpointer wd;

    if (!g_hash_table_lookup_extended(watch->by_parent, key, NULL, &wd))
        return;
    g_hash_table_remove(watch->by_parent, key);
    owner = g_hash_table_lookup(watch->by_wd, wd);
    if (owner && vccw_bus_id_equal(owner, parent)) {
        inotify_rm_watch(watch->fd, GPOINTER_TO_INT(wd));
        g_hash_table_remove(watch->by_wd, wd);
    }
}

static void
drop_folders(VccwWatch *watch)
{
    GHashTableIter iter;
    gpointer wd;

    g_hash_table_iter_init(&iter, watch->by_wd);
    while (g_hash_table_iter_next(&iter, &wd, NULL))
        inotify_rm_watch(watch->fd, GPOINTER_TO_INT(wd));
    g_hash_table_remove_all(watch->by_wd);
    g_hash_table_remove_all(watch->by_parent);
}

/* The kernel has ended the watch: the folder is gone. */
static void
forget(VccwWatch *watch, int wd)
{
    VccwBusId *parent = g_hash_table_lookup(watch->by_wd, GINT_TO_POINTER(wd));

    if (wd == watch->top)
        watch->top = -1;
    if (wd == watch->above)
        watch->above = -1;
    if (!parent)
        return;
    g_hash_table_remove(watch->by_parent, GUINT_TO_POINTER(vccw_bus_id_key(parent)));
    g_hash_table_remove(watch->by_wd, GINT_TO_POINTER(wd));
}

static void
note(VccwWatch *watch, const VccwBusId *parent, const char *name)
{
    Place *place = g_new0(Place, 1);

    place->in_folder = parent != NULL;
    if (parent)
        place->parent = *parent;
    place->name = g_strdup(name);
    g_hash_table_add(watch->pending, place);
}

static void
hear_top(VccwWatch *watch, const struct inotify_event *event)
{
    if (event->mask & (IN_DELETE_SELF | IN_MOVE_SELF | IN_UNMOUNT)) {
        drop_folders(watch);
        drop(watch, &watch->top);
        watch->pending_all = TRUE;
    } else if (event->len) {
        note(watch, NULL, event->name);
    }
}

static void
hear_above(VccwWatch *watch, const struct inotify_event *event)
{
    if (!event->len || g_str_equal(event->name, watch->awaited))
        watch->pending_all = TRUE;
}

static void
hear(VccwWatch *watch, const struct inotify_event *event)
{
    VccwBusId *parent;

    if (event->mask & IN_Q_OVERFLOW) {
        watch->pending_all = TRUE;
        return;
    }
    if (event->wd == watch->top)
        hear_top(watch, event);
    else if (event->wd == watch->above)
        hear_above(watch, event);
    else if (event->len &&
             (parent = g_hash_table_lookup(watch->by_wd, GINT_TO_POINTER(event->wd))))
        note(watch, parent, event->name);
    if (event->mask & IN_IGNORED)
        forget(watch, event->wd);
}

/* Reports what was heard; the functions called may well lead to new watches. */
static void
report(VccwWatch *watch)
{
    g_autoptr(GHashTable) places = g_steal_pointer(&watch->pending);
    GHashTableIter iter;
    gpointer key;

    watch->pending = places_new();
    if (watch->pending_all) {
        watch->pending_all = FALSE;
        watch->funcs.all(watch->data);
        return;
    }
    g_hash_table_iter_init(&iter, places);
    while (g_hash_table_iter_next(&iter, &key, NULL)) {
        const Place *place = key;

        if (place->in_folder)
            watch->funcs.file(&place->parent, place->name, watch->data);
        else
            watch->funcs.top(place->name, watch->data);
    }
}

/* One read only: a flood of events must not keep the main loop from its other work. */
static gboolean
on_readable(gint fd, GIOCondition condition, gpointer data)
{
    VccwWatch *watch = data;
    char buffer[BUFFER_SIZE] __attribute__((aligned(__alignof__(struct inotify_event))));
    gssize length = TEMP_FAILURE_RETRY(read(fd, buffer, sizeof buffer));

    for (gssize at = 0; at < length;) {
        const struct inotify_event *event = (const void *)(buffer + at);

        hear(watch, event);
        at += sizeof *event + event->len;
    }
    report(watch);
    return G_SOURCE_CONTINUE;
}

VccwWatch *
vccw_watch_new(const char *dir,
               GMainContext *context,
               const VccwWatchFuncs *funcs,
               gpointer data,
               GError **error)
{
    g_auto(VccwFd) fd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
    VccwWatch *watch;

    if (fd < 0) {
        vccw_set_errno(error, errno, "cannot watch '%s'", dir);
        return NULL;
    }
    watch = g_new0(VccwWatch, 1);
    watch->dir = g_canonicalize_filename(dir, NULL);
    watch->funcs = *funcs;
    watch->data = data;
    watch->fd = vccw_fd_steal(&fd);
    watch->above = watch->top = -1;
    watch->by_wd = g_hash_table_new_full(NULL, NULL, NULL, g_free);
    watch->by_parent = g_hash_table_new(NULL, NULL);
    watch->pending = places_new();
    watch->source = vccw_source_attach(g_unix_fd_source_new(watch->fd, G_IO_IN), context,
                                       G_SOURCE_FUNC(on_readable), watch);
    return watch;
}

void
vccw_watch_free(VccwWatch *watch)
{
    if (!watch)
        return;
    vccw_source_clear(&watch->source);
    vccw_fd_clear(&watch->fd);
    g_hash_table_unref(watch->pending);
    g_hash_table_unref(watch->by_parent);
    g_hash_table_unref(watch->by_wd);
    g_free(watch->awaited);
    g_free(watch->dir);
    g_free(watch);
}

static gboolean
is_limit(int errnum)
{
    return errnum == ENOSPC || errnum == ENOMEM || errnum == EMFILE;
}

/* Watches the nearest folder above that exists, for the next name on the way to @dir. */
static void
watch_above(VccwWatch *watch)
{
    g_autofree char *path = g_strdup(watch->dir);
    int wd = -1;

    while (wd < 0 && strlen(path) > 1) {
        g_autofree char *above = g_path_get_dirname(path);

        wd = inotify_add_watch(watch->fd, above, ABOVE_MASK);
        if (wd >= 0) {
            g_free(watch->awaited);
            watch->awaited = g_path_get_basename(path);
        }
        g_free(path);
        path = g_steal_pointer(&above);
    }
    if (watch->above >= 0 && watch->above != wd)
        drop(watch, &watch->above);
    watch->above = wd;
}

/* FALSE with errno. */
static gboolean
watch_top(VccwWatch *watch)
{
    int wd = inotify_add_watch(watch->fd, watch->dir, DIR_MASK);

    if (wd >= 0 && wd == watch->top)
        return TRUE;
    drop_folders(watch);
    if (watch->top >= 0) {
        int errnum = errno;

        drop(watch, &watch->top);
        errno = errnum;
    }
    watch->top = wd;
    return wd >= 0;
}

gboolean
vccw_watch_dir(VccwWatch *watch, GError **error)
{
    watch->partial = FALSE;
    if (!watch_top(watch)) {
        watch_above(watch);
        /* It may have come before the folder above was watched. */
        if (!watch_top(watch)) {
            int errnum = errno;

            watch->partial = is_limit(errnum) || watch->above < 0;
            if (!watch->partial)
                return TRUE;
            vccw_set_errno(error, errnum, "cannot watch '%s'", watch->dir);
            return FALSE;
        }
    }
    drop(watch, &watch->above);
    return TRUE;
}

void
vccw_watch_folder(VccwWatch *watch, const VccwBusId *parent)
{
    g_autofree char *name = vccw_bus_id_to_string(parent);
    g_autofree char *path = g_build_filename(watch->dir, name, NULL);
    gpointer key = GUINT_TO_POINTER(vccw_bus_id_key(parent));
    int wd = inotify_add_watch(watch->fd, path, FOLDER_MASK);
    gpointer old;

    if (wd < 0 && is_limit(errno))
        watch->partial = TRUE;
    if (g_hash_table_lookup_extended(watch->by_parent, key, NULL, &old)) {
        if (GPOINTER_TO_INT(old) == wd)
            return;
        drop_folder(watch, parent);
    }
    if (wd < 0)
        return;
    g_hash_table_insert(watch->by_parent, key, GINT_TO_POINTER(wd));
    g_hash_table_insert(watch->by_wd, GINT_TO_POINTER(wd),
                        g_memdup2(parent, sizeof *parent));
}

gboolean
vccw_watch_is_partial(VccwWatch *watch)
{
    return watch->partial;
}
