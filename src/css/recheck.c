/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Reading again.
 *
 * Some things show in sysfs only after their uevent: a device is still online while the
 * removal of its disk is told. Such nodes are read again, twice within the next second.
 * So is what could not be read because this process was short of descriptors or memory:
 * as often as it takes. A mediated device is added before its driver and type are there;
 * it gets more time before it is shown without them.
 *
 * The timer only runs while there is something to read: this is no polling.
 */

#include "css/recheck.h"

#include "base/source.h"
#include "css/inventory-private.h"
#include "css/update.h"

#define RECHECK_AFTER 300 /* milliseconds from one reading to the next */
#define RECHECK_TIMES 2
#define PASSING_TIMES 10

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
    g_autoptr(GHashTable) in_flux = g_steal_pointer(&inventory->in_flux);
    GHashTableIter iter;
    gpointer name, times;

    inventory->in_flux =
        g_hash_table_new_full(vccw_node_name_hash, vccw_node_name_equal, g_free, NULL);
    g_hash_table_iter_init(&iter, in_flux);
    while (g_hash_table_iter_next(&iter, &name, &times)) {
        VccwNews news = { .settled = GPOINTER_TO_INT(times) <= 1 };

        if (!news.settled)
            remember(inventory, name, GPOINTER_TO_INT(times) - 1);
        vccw_update_node(inventory, name, &news);
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
vccw_recheck_passing(VccwInventory *inventory, const VccwNodeName *name)
{
    /* Reading it once more must not put off the last time. */
    if (!g_hash_table_contains(inventory->in_flux, name))
        remember(inventory, name, PASSING_TIMES);
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
    if (name->kind == VCCW_NODE_CCW || (mdev && vccw_record_mdev.in_flux(mdev)))
        vccw_recheck_node(inventory, name);
}
