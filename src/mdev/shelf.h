/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * The shelf on which the view of the store keeps what it knows of each definition's file.
 * Putting, finding and taking cost the same however many there are.
 */

#include "base/io.h"
#include <virtccw/mdev.h>

G_BEGIN_DECLS

/** VccwShelfItem: what is known of the file of one definition. */
typedef struct {
    VccwNodeName key;       /* its UUID and parent */
    VccwMdevConfig *config; /* NULL while the file cannot be used */
    VccwFileStamp stamp;    /* the version that was looked at last */
    gboolean at_rest;       /* that version was old enough for its stamp to tell it from
                               any later one */
    gboolean told;          /* that version is unusable, and that was reported */
    guint64 seen;           /* number of the last look at the folder that found it */
    GList by_uuid;          /* the shelf's own */
    GList by_parent;        /* the shelf's own */
} VccwShelfItem;

typedef struct _VccwShelf VccwShelf;

/** vccw_shelf_new: Returns: (transfer full): an empty shelf. */
VccwShelf *vccw_shelf_new(void);

/** vccw_shelf_free: Releases @shelf and all on it. NULL is fine. */
void vccw_shelf_free(VccwShelf *shelf);

/** vccw_shelf_find: Returns: (nullable): the item of that UUID and parent. */
VccwShelfItem *
vccw_shelf_find(VccwShelf *shelf, const VccwUuid *uuid, const VccwBusId *parent);

/** vccw_shelf_put: Returns: a new, empty item; there must be none of that key yet. */
VccwShelfItem *
vccw_shelf_put(VccwShelf *shelf, const VccwUuid *uuid, const VccwBusId *parent);

/** vccw_shelf_take: Removes @item and releases it with its configuration. */
void vccw_shelf_take(VccwShelf *shelf, VccwShelfItem *item);

/**
 * vccw_shelf_keys:
 * @parent: (nullable): only those on that parent
 * @before: only those whose "seen" is less
 *
 * Returns: (transfer full): the keys (VccwNodeName) of items.
 */
GArray *vccw_shelf_keys(VccwShelf *shelf, const VccwBusId *parent, guint64 before);

/** vccw_shelf_see: Sets "seen" of all items on @parent. */
void vccw_shelf_see(VccwShelf *shelf, const VccwBusId *parent, guint64 seen);

/**
 * vccw_shelf_list:
 * @uuid: (nullable): only those of that UUID
 * @parent: (nullable): only those on that parent; not together with @uuid
 *
 * Returns: (transfer container): the configurations that there are, by UUID, then parent.
 */
GPtrArray *
vccw_shelf_list(VccwShelf *shelf, const VccwUuid *uuid, const VccwBusId *parent);

G_END_DECLS
