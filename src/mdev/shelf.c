/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * One table by UUID and parent holds the items; two more lead from a UUID and from a
 * parent to the queue of its items. The links of these queues are part of the item, so
 * that it leaves them without a search.
 */

#include "mdev/shelf.h"

#include <string.h>

struct _VccwShelf {
    GHashTable *items;   /* VccwNodeName (in the item) → VccwShelfItem */
    GHashTable *uuids;   /* VccwUuid → GQueue of items */
    GHashTable *parents; /* bus-ID's key → GQueue of items */
};

static void
item_free(gpointer data)
{
    VccwShelfItem *item = data;

    vccw_mdev_config_free(item->config);
    g_free(item);
}

VccwShelf *
vccw_shelf_new(void)
{
    VccwShelf *shelf = g_new(VccwShelf, 1);

    shelf->items =
        g_hash_table_new_full(vccw_node_name_hash, vccw_node_name_equal, NULL, item_free);
    /* The queues consist of links in the items: nothing in them is to be released. */
    shelf->uuids = g_hash_table_new_full(vccw_uuid_hash, vccw_uuid_equal, g_free, g_free);
    shelf->parents = g_hash_table_new_full(NULL, NULL, NULL, g_free);
    return shelf;
}

void
vccw_shelf_free(VccwShelf *shelf)
{
    if (!shelf)
        return;
    g_hash_table_unref(shelf->uuids);
    g_hash_table_unref(shelf->parents);
    g_hash_table_unref(shelf->items);
    g_free(shelf);
}

static gpointer
parent_key(const VccwBusId *parent)
{
    return GUINT_TO_POINTER(vccw_bus_id_key(parent));
}

VccwShelfItem *
vccw_shelf_find(VccwShelf *shelf, const VccwUuid *uuid, const VccwBusId *parent)
{
    VccwNodeName key = vccw_node_name_mdev(uuid, parent);

    return g_hash_table_lookup(shelf->items, &key);
}

VccwShelfItem *
vccw_shelf_put(VccwShelf *shelf, const VccwUuid *uuid, const VccwBusId *parent)
{
    VccwShelfItem *item = g_new0(VccwShelfItem, 1);
    GQueue *same_uuid = g_hash_table_lookup(shelf->uuids, uuid);
    GQueue *same_parent = g_hash_table_lookup(shelf->parents, parent_key(parent));

    item->key = vccw_node_name_mdev(uuid, parent);
    item->by_uuid.data = item->by_parent.data = item;
    if (!same_uuid) {
        same_uuid = g_new0(GQueue, 1); /* not g_queue_new(): released by g_free() */
        g_hash_table_insert(shelf->uuids, g_memdup2(uuid, sizeof *uuid), same_uuid);
    }
    if (!same_parent) {
        same_parent = g_new0(GQueue, 1); /* not g_queue_new(): released by g_free() */
        g_hash_table_insert(shelf->parents, parent_key(parent), same_parent);
    }
    g_queue_push_tail_link(same_uuid, &item->by_uuid);
    g_queue_push_tail_link(same_parent, &item->by_parent);
    g_hash_table_insert(shelf->items, &item->key, item);
    return item;
}

void
vccw_shelf_take(VccwShelf *shelf, VccwShelfItem *item)
{
    GQueue *same_uuid = g_hash_table_lookup(shelf->uuids, &item->key.uuid);
    GQueue *same_parent = g_hash_table_lookup(shelf->parents, parent_key(&item->key.id));

    g_queue_unlink(same_uuid, &item->by_uuid);
    g_queue_unlink(same_parent, &item->by_parent);
    if (g_queue_is_empty(same_uuid))
        g_hash_table_remove(shelf->uuids, &item->key.uuid);
    if (g_queue_is_empty(same_parent))
        g_hash_table_remove(shelf->parents, parent_key(&item->key.id));
    g_hash_table_remove(shelf->items, &item->key);
}

static void
add_key(GArray *keys, const VccwShelfItem *item, guint64 before)
{
    if (item->seen < before)
        g_array_append_val(keys, item->key);
}

GArray *
vccw_shelf_keys(VccwShelf *shelf, const VccwBusId *parent, guint64 before)
{
    GArray *keys = g_array_new(FALSE, FALSE, sizeof(VccwNodeName));
    GHashTableIter iter;
    gpointer item;

    if (parent) {
        GQueue *items = g_hash_table_lookup(shelf->parents, parent_key(parent));

        for (GList *link = items ? items->head : NULL; link; link = link->next)
            add_key(keys, link->data, before);
        return keys;
    }
    g_hash_table_iter_init(&iter, shelf->items);
    while (g_hash_table_iter_next(&iter, NULL, &item))
        add_key(keys, item, before);
    return keys;
}

void
vccw_shelf_see(VccwShelf *shelf, const VccwBusId *parent, guint64 seen)
{
    GQueue *items = g_hash_table_lookup(shelf->parents, parent_key(parent));

    for (GList *link = items ? items->head : NULL; link; link = link->next)
        ((VccwShelfItem *)link->data)->seen = seen;
}

static gint
compare_configs(gconstpointer a, gconstpointer b)
{
    const VccwMdevConfig *x = *(VccwMdevConfig *const *)a;
    const VccwMdevConfig *y = *(VccwMdevConfig *const *)b;
    int order = memcmp(&x->uuid, &y->uuid, sizeof x->uuid);
    guint32 on_x = vccw_bus_id_key(&x->parent);
    guint32 on_y = vccw_bus_id_key(&y->parent);

    return order ? order : (on_x > on_y) - (on_x < on_y);
}

static void
add_config(GPtrArray *configs, VccwShelfItem *item)
{
    if (item->config)
        g_ptr_array_add(configs, item->config);
}

GPtrArray *
vccw_shelf_list(VccwShelf *shelf, const VccwUuid *uuid, const VccwBusId *parent)
{
    GPtrArray *configs = g_ptr_array_new();
    GHashTableIter iter;
    gpointer item;

    if (uuid || parent) {
        GQueue *items = uuid ? g_hash_table_lookup(shelf->uuids, uuid)
                             : g_hash_table_lookup(shelf->parents, parent_key(parent));

        for (GList *link = items ? items->head : NULL; link; link = link->next)
            add_config(configs, link->data);
    } else {
        g_hash_table_iter_init(&iter, shelf->items);
        while (g_hash_table_iter_next(&iter, NULL, &item))
            add_config(configs, item);
    }
    g_ptr_array_sort(configs, compare_configs);
    return configs;
}
