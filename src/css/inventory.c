/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * The inventory of the host's channel subsystem: three tables, filled from sysfs.
 *
 * update.c keeps them right, listener.c says when they have to be looked at, changes.c
 * reports. Here is what the owner of an inventory calls.
 */

#include "base/io.h"
#include "base/source.h"
#include "css/inventory-private.h"
#include "css/recheck.h"
#include "css/update.h"

#include <fcntl.h>

VccwInventory *
vccw_inventory_new(const char *sysfs, GError **error)
{
    g_auto(VccwFd) root = vccw_open_dir(AT_FDCWD, sysfs, error);
    VccwInventory *inventory;

    if (root < 0)
        return NULL;
    inventory = g_new0(VccwInventory, 1);
    inventory->sysfs = g_strdup(sysfs);
    inventory->root = vccw_fd_steal(&root);
    inventory->context = g_main_context_ref_thread_default();
    vccw_table_init(&inventory->tables[VCCW_SUBCHANNELS], &vccw_record_subchannel);
    vccw_table_init(&inventory->tables[VCCW_DEVICES], &vccw_record_device);
    vccw_table_init(&inventory->tables[VCCW_MDEVS], &vccw_record_mdev);
    vccw_changes_init(&inventory->changes);
    inventory->in_flux =
        g_hash_table_new_full(vccw_node_name_hash, vccw_node_name_equal, g_free, NULL);
    return inventory;
}

void
vccw_inventory_free(VccwInventory *inventory)
{
    if (!inventory)
        return;
    vccw_path_watch_free(inventory->paths);
    vccw_listener_free(inventory->listener);
    vccw_source_clear(&inventory->recheck);
    vccw_source_clear(&inventory->release);
    vccw_changes_clear(&inventory->changes);
    for (guint i = 0; i < VCCW_N_TABLES; i++)
        vccw_table_clear(&inventory->tables[i]);
    g_hash_table_unref(inventory->in_flux);
    g_main_context_unref(inventory->context);
    vccw_fd_clear(&inventory->root);
    g_free(inventory->sysfs);
    g_free(inventory);
}

void
vccw_inventory_set_func(VccwInventory *inventory, VccwInventoryFunc func, gpointer data)
{
    inventory->changes.func = func;
    inventory->changes.data = data;
}

const char *
vccw_inventory_sysfs(VccwInventory *inventory)
{
    return inventory->sysfs;
}

int
vccw_inventory_sysfs_fd(VccwInventory *inventory)
{
    return inventory->root;
}

static void
on_uevents(GHashTable *all_news, gboolean lost, gpointer data)
{
    VccwInventory *inventory = data;
    GHashTableIter iter;
    gpointer name, news;

    vccw_update_begin(inventory);
    g_hash_table_iter_init(&iter, all_news);
    while (g_hash_table_iter_next(&iter, &name, &news)) {
        ((VccwNews *)news)->lost = lost;
        vccw_update_node(inventory, name, news);
        vccw_recheck_if_in_flux(inventory, name);
    }
    if (lost)
        vccw_update_all(inventory, TRUE);
    vccw_update_finish(inventory);
}

/* The host's driver verifies its paths some time after the write. */
static void
on_paths(const VccwPathSet *set, gpointer data)
{
    VccwInventory *inventory = data;
    g_autoptr(GPtrArray) subchannels = vccw_inventory_subchannels(inventory);
    static const VccwNews no_news;

    vccw_update_begin(inventory);
    for (guint i = 0; i < subchannels->len; i++) {
        const VccwSubchannel *subchannel = subchannels->pdata[i];
        VccwNodeName name = vccw_node_name_css(&subchannel->id);

        if (!vccw_paths_use(&subchannel->paths, set))
            continue;
        vccw_update_node(inventory, &name, &no_news);
        vccw_recheck_node(inventory, &name);
    }
    vccw_update_finish(inventory);
}

gboolean
vccw_inventory_listen(VccwInventory *inventory, GError **error)
{
    if (!inventory->listener)
        inventory->listener = vccw_listener_new(on_uevents, inventory, error);
    if (inventory->listener && !inventory->paths)
        inventory->paths = vccw_path_watch_new(inventory->root, on_paths, inventory);
    return inventory->listener != NULL;
}

void
vccw_inventory_scan(VccwInventory *inventory)
{
    if (inventory->paths)
        vccw_path_watch_update(inventory->paths);
    vccw_update_begin(inventory);
    vccw_update_all(inventory, FALSE);
    vccw_update_finish(inventory);
}

void
vccw_inventory_refresh(VccwInventory *inventory, const VccwNodeName *name)
{
    static const VccwNews no_news;

    vccw_update_begin(inventory);
    vccw_update_node(inventory, name, &no_news);
    if (name->kind == VCCW_NODE_CSS)
        vccw_update_children(inventory, &name->id);
    vccw_update_finish(inventory);
}

const VccwSubchannel *
vccw_inventory_get_subchannel(VccwInventory *inventory, const VccwBusId *id)
{
    return vccw_table_get(&inventory->tables[VCCW_SUBCHANNELS], id);
}

const VccwDevice *
vccw_inventory_get_device(VccwInventory *inventory, const VccwBusId *id)
{
    return vccw_table_get(&inventory->tables[VCCW_DEVICES], id);
}

const VccwMdev *
vccw_inventory_get_mdev(VccwInventory *inventory, const VccwUuid *uuid)
{
    return vccw_table_get(&inventory->tables[VCCW_MDEVS], uuid);
}

GPtrArray *
vccw_inventory_subchannels(VccwInventory *inventory)
{
    return vccw_table_list(&inventory->tables[VCCW_SUBCHANNELS]);
}

GPtrArray *
vccw_inventory_devices(VccwInventory *inventory)
{
    return vccw_table_list(&inventory->tables[VCCW_DEVICES]);
}

GPtrArray *
vccw_inventory_mdevs(VccwInventory *inventory)
{
    return vccw_table_list(&inventory->tables[VCCW_MDEVS]);
}
