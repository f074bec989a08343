/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Bringing the inventory up to date.
 *
 * There is one way by which the inventory changes: a node is read from sysfs, what was
 * read is compared with what is kept, and the difference is noted. Scan, refresh and
 * uevents only differ in which nodes they read. So it does no harm if uevents come twice,
 * late or in another order, and what one of the three has seen is no difference for the
 * others.
 *
 * The differences are reported at the end of the update, when the whole inventory is
 * right.
 */

#include "css/update.h"

#include "base/io.h"
#include "base/source.h"
#include "css/inventory-private.h"
#include "css/recheck.h"

static const VccwNews no_news;

void
vccw_update_begin(VccwInventory *inventory)
{
    g_autofree char *text = vccw_read_attr(inventory->root, "kernel/uevent_seqnum", NULL);

    inventory->as_of = 0;
    if (text)
        g_ascii_string_to_unsigned(text, 10, 0, G_MAXUINT64, &inventory->as_of, NULL);
}

static gboolean
on_release(gpointer data)
{
    VccwInventory *inventory = data;

    for (guint i = 0; i < VCCW_N_TABLES; i++)
        vccw_table_release_retired(&inventory->tables[i]);
    vccw_source_clear(&inventory->release);
    return G_SOURCE_REMOVE;
}

void
vccw_update_finish(VccwInventory *inventory)
{
    gboolean retired = FALSE;

    for (guint i = 0; i < VCCW_N_TABLES; i++)
        retired = retired || inventory->tables[i].retired->len > 0;
    if (retired && !inventory->release) {
        GSource *idle = g_idle_source_new();

        g_source_set_priority(idle, G_PRIORITY_HIGH);
        inventory->release =
            vccw_source_attach(idle, inventory->context, on_release, inventory);
    }
    vccw_changes_report(&inventory->changes);
}

static void
take_away(VccwInventory *inventory, VccwTable *table, gpointer before)
{
    vccw_changes_add(&inventory->changes, table->kind->name(before), VCCW_CHANGE_REMOVED);
    vccw_table_remove(table, before);
}

/* Keeps @before, which shows the same as the newer @record, and drops that. */
static void
keep(VccwTable *table, gpointer before, gpointer record)
{
    if (table->kind == &vccw_record_subchannel) {
        VccwSubchannelRecord *kept = before;
        const VccwSubchannelRecord *newer = record;

        kept->types_inode = newer->types_inode;
        kept->as_of = newer->as_of;
    }
    table->kind->free(record);
}

/* Its paths are those of what is on it. */
static void
note_children(VccwInventory *inventory, const VccwBusId *id)
{
    g_autoptr(GPtrArray) devices = vccw_inventory_devices(inventory);
    g_autoptr(GPtrArray) mdevs = vccw_inventory_mdevs(inventory);

    for (guint i = 0; i < devices->len; i++) {
        const VccwDevice *device = devices->pdata[i];

        if (device->has_subchannel && vccw_bus_id_equal(&device->subchannel, id))
            vccw_changes_add(&inventory->changes, vccw_node_name_ccw(&device->id),
                             VCCW_CHANGE_UPDATED);
    }
    for (guint i = 0; i < mdevs->len; i++) {
        const VccwMdev *mdev = mdevs->pdata[i];

        if (vccw_bus_id_equal(&mdev->parent, id))
            vccw_changes_add(&inventory->changes,
                             vccw_node_name_mdev(&mdev->uuid, &mdev->parent),
                             VCCW_CHANGE_UPDATED);
    }
}

/* Whether only the paths differ: when the driver changes as well, what is on it does. */
static gboolean
is_other_path(const VccwTable *table, gconstpointer before, gconstpointer record)
{
    const VccwSubchannel *x = before;
    const VccwSubchannel *y = record;

    return table->kind == &vccw_record_subchannel && x->driver == y->driver &&
           !vccw_paths_equal(&x->paths, &y->paths);
}

/* Puts @record, which was just read, in the place of @before, which may be NULL. */
static void
compare(VccwInventory *inventory,
        VccwTable *table,
        gpointer before,
        gpointer record,
        const VccwNews *news)
{
    VccwNodeName name = table->kind->name(record);
    gboolean same = before && table->kind->same(before, record);
    gboolean registers = table->kind == &vccw_record_subchannel &&
                         vccw_news_begins_registration(news, before, record);

    if (!before)
        vccw_changes_add(&inventory->changes, name, VCCW_CHANGE_ADDED);
    else if (!same || news->changed || registers)
        vccw_changes_add(&inventory->changes, name, VCCW_CHANGE_UPDATED);
    if (registers)
        vccw_changes_add(&inventory->changes, name, VCCW_CHANGE_REGISTERED);
    if (before && !same && is_other_path(table, before, record))
        note_children(inventory, &name.id);
    if (same)
        keep(table, before, record);
    else
        vccw_table_put(table, record);
}

/* Returns: whether @record shows something half made or half gone, which nobody has to
 * see: it will come to rest, and one event tells it all. */
static gboolean
is_passing(VccwInventory *inventory,
           const VccwRecordKind *kind,
           gconstpointer before,
           gconstpointer record,
           const VccwNews *news)
{
    if (!inventory->listener || news->settled || !kind->in_flux || !kind->in_flux(record))
        return FALSE;
    return !before || !kind->in_flux(before);
}

static void
put(VccwInventory *inventory, VccwTable *table, gpointer record, const VccwNews *news)
{
    gpointer before = vccw_table_get(table, record);
    VccwNodeName name = table->kind->name(record);

    if (table->kind == &vccw_record_subchannel)
        ((VccwSubchannelRecord *)record)->as_of = inventory->as_of;
    if (before) {
        VccwNodeName old = table->kind->name(before);

        /* A mediated device that has gone and come back elsewhere is another node. */
        if (!vccw_node_name_equal(&old, &name)) {
            take_away(inventory, table, before);
            before = NULL;
        }
    }
    if (is_passing(inventory, table->kind, before, record, news)) {
        vccw_recheck_passing(inventory, &name);
        table->kind->free(record);
        return;
    }
    compare(inventory, table, before, record, news);
}

/* Returns: FALSE if nothing could be learned about it. */
static gboolean
read_key(VccwInventory *inventory,
         VccwTable *table,
         const VccwRecordKey *key,
         const VccwNews *news)
{
    gpointer before = vccw_table_get(table, key);
    gpointer record = NULL;

    switch (vccw_record_read(table->kind, inventory->root, key, &record)) {
    case VCCW_RECORD_READ:
        put(inventory, table, record, news);
        return TRUE;
    case VCCW_RECORD_ABSENT:
        if (before)
            take_away(inventory, table, before);
        return TRUE;
    case VCCW_RECORD_UNKNOWN:
        break;
    }
    return FALSE;
}

void
vccw_update_node(VccwInventory *inventory, const VccwNodeName *name, const VccwNews *news)
{
    VccwRecordKey key;

    if (name->kind == VCCW_NODE_MDEV)
        key.uuid = name->uuid;
    else
        key.id = name->id;
    for (guint i = 0; i < VCCW_N_TABLES; i++)
        if (inventory->tables[i].kind->node == name->kind &&
            !read_key(inventory, &inventory->tables[i], &key, news))
            vccw_recheck_node(inventory, name);
}

/* Reads those in the subchannel's folder that are named like a device or an mdev. */
static void
update_found_children(VccwInventory *inventory, const VccwBusId *id)
{
    const VccwSubchannel *subchannel = vccw_inventory_get_subchannel(inventory, id);
    g_autoptr(GPtrArray) names = NULL;

    if (subchannel)
        names = vccw_list_dir(inventory->root, subchannel->path + 1, NULL);
    for (guint i = 0; names && i < names->len; i++) {
        VccwRecordKey key;
        VccwNodeName name;

        if (vccw_record_device.parse(names->pdata[i], &key))
            name = vccw_node_name_ccw(&key.id);
        else if (vccw_record_mdev.parse(names->pdata[i], &key))
            name = vccw_node_name_mdev(&key.uuid, id);
        else
            continue;
        vccw_update_node(inventory, &name, &no_news);
    }
}

void
vccw_update_children(VccwInventory *inventory, const VccwBusId *id)
{
    g_autoptr(GPtrArray) devices = vccw_inventory_devices(inventory);
    g_autoptr(GPtrArray) mdevs = vccw_inventory_mdevs(inventory);

    for (guint i = 0; i < devices->len; i++) {
        const VccwDevice *device = devices->pdata[i];
        VccwNodeName name = vccw_node_name_ccw(&device->id);

        if (device->has_subchannel && vccw_bus_id_equal(&device->subchannel, id))
            vccw_update_node(inventory, &name, &no_news);
    }
    for (guint i = 0; i < mdevs->len; i++) {
        const VccwMdev *mdev = mdevs->pdata[i];
        VccwNodeName name = vccw_node_name_mdev(&mdev->uuid, &mdev->parent);

        if (vccw_bus_id_equal(&mdev->parent, id))
            vccw_update_node(inventory, &name, &no_news);
    }
    update_found_children(inventory, id);
}

/* Reads what is kept but was not listed: it is gone, or came while the folder was read.
 */
static gboolean
read_unlisted(VccwInventory *inventory,
              VccwTable *table,
              GArray *keys,
              const VccwNews *news)
{
    g_autoptr(GPtrArray) kept = vccw_table_list(table);
    g_autoptr(GHashTable) listed = NULL;
    gboolean ok = TRUE;

    if (kept->len == 0)
        return TRUE;
    listed = g_hash_table_new(table->kind->hash, table->kind->equal);
    for (guint i = 0; i < keys->len; i++)
        g_hash_table_add(listed, &g_array_index(keys, VccwRecordKey, i));
    for (guint i = 0; i < kept->len; i++)
        if (!g_hash_table_contains(listed, kept->pdata[i]))
            ok = read_key(inventory, table, kept->pdata[i], news) && ok;
    return ok;
}

/* Returns: FALSE if there may be more to learn. */
static gboolean
read_all(VccwInventory *inventory, VccwTable *table, const VccwNews *news)
{
    g_autoptr(GArray) keys = NULL;
    gboolean ok;

    switch (vccw_record_list(table->kind, inventory->root, &keys)) {
    case VCCW_RECORD_UNKNOWN:
        return FALSE;
    case VCCW_RECORD_ABSENT:
        keys = g_array_new(FALSE, FALSE, sizeof(VccwRecordKey));
        break;
    case VCCW_RECORD_READ:
        break;
    }
    ok = read_unlisted(inventory, table, keys, news);
    for (guint i = 0; i < keys->len; i++)
        ok = read_key(inventory, table, &g_array_index(keys, VccwRecordKey, i), news) &&
             ok;
    return ok;
}

void
vccw_update_all(VccwInventory *inventory, gboolean lost)
{
    VccwNews news = { .lost = lost };
    gboolean ok = TRUE;

    for (guint i = 0; i < VCCW_N_TABLES; i++)
        ok = read_all(inventory, &inventory->tables[i], &news) && ok;
    /* If uevents were lost, it is not known either what is in flux. */
    if (!ok || lost)
        vccw_recheck_all(inventory);
}
