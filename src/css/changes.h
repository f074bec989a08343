/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Changes that have been made to the inventory and wait to be reported.
 */

#include <virtccw/css.h>

G_BEGIN_DECLS

/** VccwChanges: a queue of changes and the listener that they are for. */
typedef struct {
    VccwInventoryFunc func; /* or NULL */
    gpointer data;
    GArray *made;   /* VccwChangeEntry: by the operation that is going on */
    GArray *queued; /* VccwChangeEntry: in the order of reporting */
    gboolean reporting;
} VccwChanges;

/** vccw_changes_init: Makes @changes an empty queue without a listener. */
void vccw_changes_init(VccwChanges *changes);

/** vccw_changes_clear: Releases what @changes holds, and reports nothing more. */
void vccw_changes_clear(VccwChanges *changes);

/** vccw_changes_add: Notes that @change happened to @name. */
void vccw_changes_add(VccwChanges *changes, VccwNodeName name, VccwChange change);

/**
 * vccw_changes_report: Ends an operation: reports what was added since the last one.
 * Called from within the listener it leaves that to the report that is going on.
 */
void vccw_changes_report(VccwChanges *changes);

G_END_DECLS
