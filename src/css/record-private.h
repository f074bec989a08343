/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * What the kinds of record have in common.
 */

#include "css/record.h"

G_BEGIN_DECLS

/** VCCW_RECORD_KEYED_BY_BUS_ID: members of a VccwRecordKind whose keys are bus-IDs. */
#define VCCW_RECORD_KEYED_BY_BUS_ID                                         \
    .parse = vccw_record_parse_bus_id, .format = vccw_record_format_bus_id, \
    .hash = vccw_record_hash_bus_id, .equal = vccw_record_equal_bus_id,     \
    .compare = vccw_record_compare_bus_id

/** vccw_record_parse_bus_id: a VccwRecordKind's parse(). */
gboolean vccw_record_parse_bus_id(const char *name, VccwRecordKey *ret_key);

/** vccw_record_format_bus_id: a VccwRecordKind's format(). */
char *vccw_record_format_bus_id(const VccwRecordKey *key);

/** vccw_record_hash_bus_id: GHashFunc for VccwBusId. */
guint vccw_record_hash_bus_id(gconstpointer id);

/** vccw_record_equal_bus_id: GEqualFunc for VccwBusId. */
gboolean vccw_record_equal_bus_id(gconstpointer a, gconstpointer b);

/** vccw_record_compare_bus_id: GCompareFunc for VccwBusId, in the order of the bus. */
int vccw_record_compare_bus_id(gconstpointer a, gconstpointer b);

/** vccw_record_result_of: Returns: what an @error in reading says about the node. */
VccwRecordResult vccw_record_result_of(const GError *error);

/**
 * vccw_record_read_name: Reads the name of a driver or type, which all records share.
 * @dir: the node's folder
 * @link: a symbolic link in it
 *
 * Returns: (transfer full) (nullable): the last component of the link's target; to be
 *   released with vccw_record_free_name(). Equal names are the same string.
 */
char *vccw_record_read_name(int dir, const char *link);

/** vccw_record_free_name: Releases a shared name. NULL is fine. */
void vccw_record_free_name(char *name);

/** vccw_record_parent_of_path: Returns: whether the folder that @path is in is named like
 * a bus-ID, which then is in @ret_parent. */
gboolean vccw_record_parent_of_path(const char *path, VccwBusId *ret_parent);

G_END_DECLS
