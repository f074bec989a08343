/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "domain/store.h"
#include "base/hash.h"
#include <string.h>
#include <virtccw/error.h>

struct _VccwDomainStore {
    char *dir;
    GHashTable *uuids; /* VccwUuid (in the definition) → VccwDomainDefinition, owned */
    GHashTable *names; /* the name (in the definition) → the same */
};

VccwDomainStore *
vccw_domain_store_new(const char *dir)
{
    VccwDomainStore *store = g_new(VccwDomainStore, 1);

    store->dir = g_strdup(dir);
    store->names = g_hash_table_new(vccw_hash_string, g_str_equal);
    store->uuids = g_hash_table_new_full(vccw_uuid_hash, vccw_uuid_equal, NULL,
                                         (GDestroyNotify)vccw_domain_definition_free);
    return store;
}

void
vccw_domain_store_free(VccwDomainStore *store)
{
    if (!store)
        return;
    g_hash_table_unref(store->names);
    g_hash_table_unref(store->uuids);
    g_free(store->dir);
    g_free(store);
}

const char *
vccw_domain_store_dir(const VccwDomainStore *store)
{
    return store->dir;
}

const VccwDomainDefinition *
vccw_domain_store_by_uuid(const VccwDomainStore *store, const VccwUuid *uuid)
{
    return g_hash_table_lookup(store->uuids, uuid);
}

const VccwDomainDefinition *
vccw_domain_store_by_name(const VccwDomainStore *store, const char *name)
{
    return g_hash_table_lookup(store->names, name);
}

guint
vccw_domain_store_count(const VccwDomainStore *store)
{
    return g_hash_table_size(store->uuids);
}

static gint
compare_definitions(gconstpointer a, gconstpointer b)
{
    const VccwDomainDefinition *x = *(VccwDomainDefinition *const *)a;
    const VccwDomainDefinition *y = *(VccwDomainDefinition *const *)b;

    return strcmp(x->name, y->name);
}

GPtrArray *
vccw_domain_store_list(const VccwDomainStore *store)
{
    GPtrArray *all = g_ptr_array_sized_new(vccw_domain_store_count(store));
    GHashTableIter iter;
    gpointer definition;

    g_hash_table_iter_init(&iter, store->uuids);
    while (g_hash_table_iter_next(&iter, NULL, &definition))
        g_ptr_array_add(all, definition);
    g_ptr_array_sort(all, compare_definitions);
    return all;
}

gboolean
vccw_domain_store_put(VccwDomainStore *store,
                      VccwDomainDefinition *definition,
                      GError **error)
{
    g_autoptr(VccwDomainDefinition) owned = definition;
    const VccwDomainDefinition *same = vccw_domain_store_by_uuid(store, &owned->uuid);
    g_autofree char *uuid = vccw_uuid_to_string(&owned->uuid);

    if (same && !g_str_equal(same->name, owned->name)) {
        g_set_error(
            error, VCCW_ERROR, VCCW_ERROR_STORE,
            "ignoring the definition of domain '%s': domain '%s' has its UUID %s; "
            "change or remove one of them",
            owned->name, same->name, uuid);
        return FALSE;
    }
    vccw_domain_definition_free(vccw_domain_store_take(store, owned->name));
    g_hash_table_insert(store->names, owned->name, owned);
    g_hash_table_insert(store->uuids, &owned->uuid, owned);
    g_steal_pointer(&owned);
    return TRUE;
}

VccwDomainDefinition *
vccw_domain_store_take(VccwDomainStore *store, const char *name)
{
    VccwDomainDefinition *definition = g_hash_table_lookup(store->names, name);

    if (!definition)
        return NULL;
    g_hash_table_remove(store->names, definition->name);
    g_hash_table_steal(store->uuids, &definition->uuid);
    return definition;
}
