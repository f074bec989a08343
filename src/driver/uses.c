/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * libvirt's folder of status files is watched, and the folder above, for that one may
 * come later or go. A guest's file is written often: what counts is whether another guest
 * has a mediated device than the last time.
 */

#include "driver/uses.h"

#include "base/io.h"
#include "base/source.h"
#include "handover/use-watch.h"

#include <glib-unix.h>
#include <sys/inotify.h>
#include <unistd.h>

#define SETTLE_MSEC 100

struct _VccwUses {
    VccwInventory *inventory;
    VccwGuests *guests;
    VccwUsesFunc func;
    gpointer data;
    VccwUseWatch *host;
    GMainContext *context;
    VccwFd fd; /* inotify */
    GSource *source;
    GSource *settle;
    GHashTable *owners; /* UUID of a mediated device → name of the guest that has it */
};

/* -- the host -- */

static void
on_host_use(const VccwBusId *id, gpointer data)
{
    VccwUses *uses = data;
    const VccwDevice *device = vccw_inventory_get_device(uses->inventory, id);
    VccwNodeName ccw = vccw_node_name_ccw(id);
    VccwNodeName css;

    if (!device)
        return;
    css = vccw_node_name_css(&device->subchannel);
    if (device->has_subchannel)
        uses->func(&css, uses->data);
    uses->func(&ccw, uses->data);
}

/* -- guests -- */

static void
add_owner(const VccwUuid *uuid, const char *name, gpointer data)
{
    g_hash_table_insert(data, g_memdup2(uuid, sizeof *uuid), g_strdup(name));
}

static GHashTable *
read_owners(VccwGuests *guests)
{
    GHashTable *owners =
        g_hash_table_new_full(vccw_uuid_hash, vccw_uuid_equal, g_free, g_free);

    vccw_guests_foreach(guests, add_owner, owners);
    return owners;
}

static void
tell_mdev(VccwUses *uses, const VccwUuid *uuid)
{
    const VccwMdev *mdev = vccw_inventory_get_mdev(uses->inventory, uuid);
    VccwNodeName css, name;

    if (!mdev)
        return;
    css = vccw_node_name_css(&mdev->parent);
    name = vccw_node_name_mdev(uuid, &mdev->parent);
    uses->func(&css, uses->data);
    uses->func(&name, uses->data);
}

/* Those that have another owner in @others, or, if @only_missing, none. */
static void
tell_others(VccwUses *uses, GHashTable *owners, GHashTable *others, gboolean only_missing)
{
    GHashTableIter iter;
    gpointer uuid, name;

    g_hash_table_iter_init(&iter, owners);
    while (g_hash_table_iter_next(&iter, &uuid, &name)) {
        const char *other = g_hash_table_lookup(others, uuid);

        if (only_missing ? !other : g_strcmp0(name, other) != 0)
            tell_mdev(uses, uuid);
    }
}

static void
watch_folders(VccwUses *uses)
{
    const char *folder = vccw_guests_folder(uses->guests);
    g_autofree char *above = g_path_get_dirname(folder);

    inotify_add_watch(uses->fd, above, IN_CREATE | IN_MOVED_TO | IN_ONLYDIR);
    inotify_add_watch(uses->fd, folder,
                      IN_MOVED_TO | IN_MOVED_FROM | IN_DELETE | IN_CLOSE_WRITE |
                          IN_ONLYDIR);
}

static gboolean
on_settled(gpointer data)
{
    VccwUses *uses = data;
    g_autoptr(GHashTable) before = uses->owners;

    vccw_source_clear(&uses->settle);
    watch_folders(uses);
    uses->owners = read_owners(uses->guests);
    tell_others(uses, uses->owners, before, FALSE);
    tell_others(uses, before, uses->owners, TRUE);
    return G_SOURCE_REMOVE;
}

static gboolean
on_event(int fd, GIOCondition condition, gpointer data)
{
    VccwUses *uses = data;
    char buffer[4096];

    while (read(fd, buffer, sizeof buffer) > 0)
        continue;
    if (!uses->settle)
        uses->settle = vccw_source_attach(g_timeout_source_new(SETTLE_MSEC),
                                          uses->context, on_settled, uses);
    return G_SOURCE_CONTINUE;
}

static void
watch_guests(VccwUses *uses)
{
    uses->fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
    if (uses->fd < 0)
        return;
    watch_folders(uses);
    uses->owners = read_owners(uses->guests);
    uses->source = vccw_source_attach(g_unix_fd_source_new(uses->fd, G_IO_IN),
                                      uses->context, G_SOURCE_FUNC(on_event), uses);
}

VccwUses *
vccw_uses_new(const VccwHandoverHost *host,
              VccwInventory *inventory,
              VccwGuests *guests,
              VccwUsesFunc func,
              gpointer data)
{
    VccwUses *uses = g_new0(VccwUses, 1);

    uses->inventory = inventory;
    uses->guests = guests;
    uses->func = func;
    uses->data = data;
    uses->fd = -1;
    uses->context = g_main_context_ref_thread_default();
    uses->host = vccw_use_watch_new(host, on_host_use, uses);
    if (guests)
        watch_guests(uses);
    return uses;
}

void
vccw_uses_free(VccwUses *uses)
{
    if (!uses)
        return;
    vccw_use_watch_free(uses->host);
    vccw_source_clear(&uses->source);
    vccw_source_clear(&uses->settle);
    vccw_fd_clear(&uses->fd);
    g_clear_pointer(&uses->owners, g_hash_table_unref);
    g_main_context_unref(uses->context);
    g_free(uses);
}
