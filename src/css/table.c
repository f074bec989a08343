/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * All nodes of one kind.
 *
 * A caller may hold on to a record while it has the inventory read anew, which may put
 * another record in its place. So a record that leaves the table is not freed but
 * retired, until the main loop runs again.
 *
 * Lists are asked for more often than they change: the order is kept until it does.
 */

#include "css/table.h"

void
vccw_table_init(VccwTable *table, const VccwRecordKind *kind)
{
    *table = (VccwTable){
        .kind = kind,
        .records = g_hash_table_new(kind->hash, kind->equal),
        .retired = g_ptr_array_new_with_free_func(kind->free),
    };
}

void
vccw_table_clear(VccwTable *table)
{
    GHashTableIter iter;
    gpointer record;

    g_hash_table_iter_init(&iter, table->records);
    while (g_hash_table_iter_next(&iter, &record, NULL))
        table->kind->free(record);
    g_clear_pointer(&table->records, g_hash_table_unref);
    g_clear_pointer(&table->sorted, g_ptr_array_unref);
    g_clear_pointer(&table->retired, g_ptr_array_unref);
}

gpointer
vccw_table_get(VccwTable *table, gconstpointer key)
{
    return g_hash_table_lookup(table->records, key);
}

static int
compare_records(gconstpointer a, gconstpointer b, gpointer kind)
{
    return ((const VccwRecordKind *)kind)
        ->compare(*(gconstpointer *)a, *(gconstpointer *)b);
}

static GPtrArray *
sort_records(VccwTable *table)
{
    GPtrArray *sorted = g_ptr_array_sized_new(g_hash_table_size(table->records));
    GHashTableIter iter;
    gpointer record;

    g_hash_table_iter_init(&iter, table->records);
    while (g_hash_table_iter_next(&iter, &record, NULL))
        g_ptr_array_add(sorted, record);
    g_ptr_array_sort_with_data(sorted, compare_records, (gpointer)table->kind);
    return sorted;
}

GPtrArray *
vccw_table_list(VccwTable *table)
{
    if (!table->sorted)
        table->sorted = sort_records(table);
    return g_ptr_array_copy(table->sorted, NULL, NULL);
}

void
vccw_table_remove(VccwTable *table, gconstpointer key)
{
    gpointer record = vccw_table_get(table, key);

    if (!record)
        return;
    g_hash_table_remove(table->records, record);
    g_ptr_array_add(table->retired, record);
    g_clear_pointer(&table->sorted, g_ptr_array_unref);
}

void
vccw_table_put(VccwTable *table, gpointer record)
{
    vccw_table_remove(table, record);
    g_hash_table_add(table->records, record);
    g_clear_pointer(&table->sorted, g_ptr_array_unref);
}

gboolean
vccw_table_release_retired(VccwTable *table)
{
    gboolean any = table->retired->len > 0;

    g_ptr_array_set_size(table->retired, 0);
    return any;
}
