/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The state as text: sorted, one object a line, as the control verb "dump" shows it. */

#include "model.h"
#include "spec.h"

#include <string.h>

static int
by_name(gconstpointer a, gconstpointer b)
{
    const VccwSimObject *const *left = a, *const *right = b;

    return strcmp((*left)->name, (*right)->name);
}

static GPtrArray *
sorted(GHashTable *table)
{
    GPtrArray *array = g_ptr_array_new();
    GHashTableIter iter;
    gpointer object;

    g_hash_table_iter_init(&iter, table);
    while (g_hash_table_iter_next(&iter, NULL, &object))
        g_ptr_array_add(array, object);
    g_ptr_array_sort(array, by_name);
    return array;
}

static void
dump_subchannel(const VccwSimSubchannel *sch, GString *out)
{
    vccw_sim_spec_print(sch->spec, out);
    g_string_append_printf(out, " : driver=%s override=%s vpm=%02x",
                           sch->dev.driver ? sch->dev.driver->object.name : "none",
                           sch->override ? sch->override : "(null)", sch->vpm);
    if (sch->dev.releasing)
        g_string_append(out, " releasing");
    if (sch->dev.unplugged)
        g_string_append(out, " unplugged");
    g_string_append_c(out, '\n');
    if (sch->ccw)
        g_string_append_printf(out, "ccw %s subchannel=%s driver=%s online=%d\n",
                               sch->ccw->dev.object.name, sch->dev.object.name,
                               sch->ccw->dev.driver ? sch->ccw->dev.driver->object.name
                                                    : "none",
                               sch->ccw->online);
}

char *
vccw_sim_dump(VccwSim *sim)
{
    GString *out = g_string_new(NULL);
    g_autoptr(GPtrArray) chps = sorted(sim->chps);
    g_autoptr(GPtrArray) subchannels = sorted(sim->subchannels);
    g_autoptr(GPtrArray) mdevs = sorted(sim->mdevs);

    for (guint i = 0; i < chps->len; i++) {
        const VccwSimChp *chp = g_ptr_array_index(chps, i);

        g_string_append_printf(out,
                               "chp %02x type=%x online=%d configured=%d shared=%x "
                               "chid=%04x\n",
                               chp->id, chp->type, chp->online, chp->configured,
                               chp->shared, chp->chid);
    }
    for (guint i = 0; i < subchannels->len; i++)
        dump_subchannel(g_ptr_array_index(subchannels, i), out);
    for (guint i = 0; i < mdevs->len; i++) {
        const VccwSimMdev *mdev = g_ptr_array_index(mdevs, i);

        g_string_append_printf(out, "mdev %s subchannel=%s group=%u%s%s\n",
                               mdev->dev.object.name, mdev->parent->dev.object.name,
                               mdev->group,
                               mdev->used   ? " used"
                               : mdev->open ? " open"
                                            : "",
                               mdev->going ? " going" : "");
    }
    return g_string_free(out, FALSE);
}
