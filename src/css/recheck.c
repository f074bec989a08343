/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Reading again.
 *
 * Some things show in sysfs only after their uevent: a device is still online while the
 * removal of its disk is told, a mediated device is added before its type and driver are
 * there. Such nodes are read again, twice within the next second. So is what could not be
 * read because this process was short of descriptors or memory: as often as it takes.
 *
 * The timer only runs while there is something to read: this is no polling.
 */

#include "css/recheck.h"

#include "base/source.h"
#include "css/inventory-private.h"
#include "css/update.h"

#define RECHECK_AFTER 300 /* milliseconds from one reading to the next */
#define RECHECK_TIMES 2

static gboolean on_recheck(gpointer data);

static void
wait(VccwInventory *inventory)
{
    if (!inventory->recheck)
        inventory->recheck =
            vccw_source_attach(g_timeout_source_new(RECHECK_AFTER), inventory->context,
                               on_recheck, inventory);
}

static void
remember(VccwInventory *inventory, const VccwNodeName *name, int times)
{
    g_hash_table_insert(inventory->in_flux, g_memdup2(name, sizeof(*name)),
                        GINT_TO_POINTER(times));
    wait(inventory);
}

/* Reads all that is in flux, and remembers it one time less than before. */
static void
read_in_flux(VccwInventory *inventory)
{
    static const VccwNews no_news;
    g_autoptr(GHashTable) in_flux = g_steal_pointer(&inventory->in_flux);
    GHashTableIter iter;
    gpointer name, times;

    inventory->in_flux =
        g_hash_table_new_full(vccw_node_name_hash, vccw_node_name_equal, g_free, NULL);
    g_hash_table_iter_init(&iter, in_flux);
    while (g_hash_table_iter_next(&iter, &name, &times)) {
        if (GPOINTER_TO_INT(times) > 1)
            remember(inventory, name, GPOINTER_TO_INT(times) - 1);
        vccw_update_node(inventory, name, &no_news);
    }
}

static gboolean
on_recheck(gpointer data)
{
    VccwInventory *inventory = data;
    gboolean scan_again = inventory->scan_again;

    vccw_source_clear(&inventory->recheck);
    inventory->scan_again = FALSE;
    vccw_update_begin(inventory);
    read_in_flux(inventory);
    if (scan_again)
        vccw_update_all(inventory, FALSE);
    vccw_update_finish(inventory);
    return G_SOURCE_REMOVE;
}

void
vccw_recheck_node(VccwInventory *inventory, const VccwNodeName *name)
{
    /* Who does not listen looks again when he wants to know. */
    if (inventory->listener)
        remember(inventory, name, RECHECK_TIMES);
}

void
vccw_recheck_all(VccwInventory *inventory)
{
    if (!inventory->listener)
        return;
    inventory->scan_again = TRUE;
    wait(inventory);
}

void
vccw_recheck_if_in_flux(VccwInventory *inventory, const VccwNodeName *name)
{
    const VccwMdev *mdev = NULL;

    if (name->kind == VCCW_NODE_MDEV)
        mdev = vccw_inventory_get_mdev(inventory, &name->uuid);
    if (name->kind == VCCW_NODE_CCW || (mdev && (!mdev->type || !mdev->driver)))
        vccw_recheck_node(inventory, name);
}
