/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * What an inventory is made of, for the files that make it.
 */

#include "css/changes.h"
#include "css/listener.h"
#include "css/paths.h"
#include "css/table.h"

G_BEGIN_DECLS

enum { VCCW_SUBCHANNELS, VCCW_DEVICES, VCCW_MDEVS, VCCW_N_TABLES };

struct _VccwInventory {
    char *sysfs;
    int root; /* descriptor of @sysfs */
    GMainContext *context;
    VccwTable tables[VCCW_N_TABLES];
    VccwChanges changes;
    VccwPathWatch *paths;   /* the same; or NULL where that is not to be had */
    VccwListener *listener; /* NULL before vccw_inventory_listen() */
    guint64 as_of;          /* number of the newest uevent before the present update */
    GSource *release;       /* will free retired records, or NULL */

    /* What is to be read again (recheck.c). */
    GHashTable *in_flux; /* VccwNodeName * → how many more times to read it */
    gboolean scan_again;
    GSource *recheck; /* the timer for those two, or NULL */
};

G_END_DECLS
