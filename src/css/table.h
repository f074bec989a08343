/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * All nodes of one kind: a set of records and their order.
 */

#include "css/record.h"

G_BEGIN_DECLS

/** VccwTable: records of one kind, by key. */
typedef struct {
    const VccwRecordKind *kind;
    GHashTable *records; /* a set; a record's first member is its key */
    GPtrArray *sorted;   /* the records in order, or NULL when it has to be made */
    GPtrArray *retired;  /* replaced records that somebody may still look at */
} VccwTable;

/** vccw_table_init: Makes @table an empty table of @kind. */
void vccw_table_init(VccwTable *table, const VccwRecordKind *kind);

/** vccw_table_clear: Releases what @table holds. */
void vccw_table_clear(VccwTable *table);

/** vccw_table_get: Returns: (nullable): the record with @key, its first member. */
gpointer vccw_table_get(VccwTable *table, gconstpointer key);

/**
 * vccw_table_list: Returns: (transfer container): all records by key. They stay the
 *   table's.
 */
GPtrArray *vccw_table_list(VccwTable *table);

/**
 * vccw_table_put: Adds @record in place of the one of the same key, if any.
 * @record: (transfer full): a record of the table's kind
 */
void vccw_table_put(VccwTable *table, gpointer record);

/** vccw_table_remove: Removes the record with @key, if there is one. */
void vccw_table_remove(VccwTable *table, gconstpointer key);

/**
 * vccw_table_release_retired: Frees the records that have been replaced or removed since
 * the last call. Until then they are as valid as those in the table.
 *
 * Returns: whether there were any.
 */
gboolean vccw_table_release_retired(VccwTable *table);

G_END_DECLS
