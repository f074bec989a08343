/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Reporting changes.
 *
 * An operation (a scan, a refresh, a batch of uevents) first brings the inventory up to
 * date as a whole and only then reports, so that the listener never sees it half changed
 * and may call back into it, even into another scan: that one's changes queue up behind.
 *
 * Within an operation the order is that of a tree: what goes is reported from the leaves
 * to the root, what comes or changes from the root to the leaves. Two runs over the same
 * host report in the same order, whatever order sysfs lists it in.
 */

#include "css/changes.h"

#include <string.h>

typedef struct {
    VccwNodeName name;
    VccwChange change;
} VccwChangeEntry;

void
vccw_changes_init(VccwChanges *changes)
{
    *changes = (VccwChanges){
        .made = g_array_new(FALSE, FALSE, sizeof(VccwChangeEntry)),
        .queued = g_array_new(FALSE, FALSE, sizeof(VccwChangeEntry)),
    };
}

void
vccw_changes_clear(VccwChanges *changes)
{
    changes->func = NULL;
    g_clear_pointer(&changes->made, g_array_unref);
    g_clear_pointer(&changes->queued, g_array_unref);
}

void
vccw_changes_add(VccwChanges *changes, VccwNodeName name, VccwChange change)
{
    VccwChangeEntry entry = { .name = name, .change = change };

    if (changes->func)
        g_array_append_val(changes->made, entry);
}

/* The place of a kind of change among those of one operation. */
static int
rank(const VccwChangeEntry *entry)
{
    int depth = entry->name.kind == VCCW_NODE_CSS   ? 1
                : entry->name.kind == VCCW_NODE_CCW ? 2
                                                    : 3;

    return entry->change == VCCW_CHANGE_REMOVED ? -depth : depth;
}

static int
compare_entries(gconstpointer a, gconstpointer b)
{
    const VccwChangeEntry *x = a;
    const VccwChangeEntry *y = b;
    guint32 id_x = vccw_bus_id_key(&x->name.id);
    guint32 id_y = vccw_bus_id_key(&y->name.id);

    if (rank(x) != rank(y))
        return rank(x) - rank(y);
    if (id_x != id_y)
        return id_x < id_y ? -1 : 1;
    /* Two changes of one node stay in their order: the sort is stable. */
    return x->name.kind == VCCW_NODE_MDEV
               ? memcmp(&x->name.uuid, &y->name.uuid, sizeof(VccwUuid))
               : 0;
}

void
vccw_changes_report(VccwChanges *changes)
{
    g_array_sort(changes->made, compare_entries);
    g_array_append_vals(changes->queued, changes->made->data, changes->made->len);
    g_array_set_size(changes->made, 0);
    if (changes->reporting)
        return;
    changes->reporting = TRUE;
    for (guint i = 0; i < changes->queued->len; i++) {
        VccwChangeEntry entry = g_array_index(changes->queued, VccwChangeEntry, i);

        if (changes->func)
            changes->func(&entry.name, entry.change, changes->data);
    }
    g_array_set_size(changes->queued, 0);
    changes->reporting = FALSE;
}
