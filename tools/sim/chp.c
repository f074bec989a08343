/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Channel paths. Varying one off is Linux's own decision: only the verified-path mask of
 * the subchannels on io_subchannel loses it. Configuring it off takes it from the
 * machine: the available-path mask loses it too, and a guest behind vfio_ccw notices.
 */

#include "model.h"
#include "subchannel.h"

#include <errno.h>
#include <string.h>

VccwSimChp *
vccw_sim_chp_ensure(VccwSim *sim, guint8 id)
{
    g_autofree char *name = g_strdup_printf("chp0.%02x", id);
    VccwSimChp *chp = g_hash_table_lookup(sim->chps, name);

    if (chp)
        return chp;
    chp = g_new0(VccwSimChp, 1);
    vccw_sim_object_init(sim, &chp->object, VCCW_SIM_CHP, name);
    chp->id = id;
    chp->type = 0x1b;
    chp->online = chp->configured = TRUE;
    chp->shared = 1;
    chp->chid = 0x0100 + id;
    g_hash_table_insert(sim->chps, chp->object.name, chp);
    return chp;
}

void
vccw_sim_chp_free(VccwSim *sim, VccwSimChp *chp)
{
    g_hash_table_remove(sim->chps, chp->object.name);
    vccw_sim_object_clear(sim, &chp->object);
    g_free(chp);
}

/* The state of @chp changed: every subchannel that it serves looks again. */
static void
propagate(VccwSim *sim, const VccwSimChp *chp, gboolean hardware)
{
    GHashTableIter iter;
    VccwSimSubchannel *sch;

    g_hash_table_iter_init(&iter, sim->subchannels);
    while (g_hash_table_iter_next(&iter, NULL, (gpointer *)&sch)) {
        for (guint i = 0; i < VCCW_SIM_PATHS; i++) {
            guint8 bit = 0x80 >> i;

            if (!(sch->spec->pim & bit) || sch->spec->chpids[i] != chp->id)
                continue;
            if (hardware && chp->configured)
                sch->spec->pam |= bit;
            else if (hardware)
                sch->spec->pam &= ~bit;
            if (chp->online && chp->configured)
                sch->vpm |= bit & sch->spec->pam & sch->spec->pom;
            else
                sch->vpm &= ~bit;
            vccw_sim_subchannel_look(sim, sch);
        }
    }
}

int
vccw_sim_chp_vary(VccwSim *sim, VccwSimChp *chp, const char *text, gsize len)
{
    g_autofree char *word = g_strstrip(g_strndup(text, len));

    if (!*word)
        return 0;
    if (g_ascii_strncasecmp(word, "on", 2) == 0 || g_str_equal(word, "1"))
        chp->online = TRUE;
    else if (g_ascii_strncasecmp(word, "off", 3) == 0 || g_str_equal(word, "0"))
        chp->online = FALSE;
    else
        return -EINVAL;
    propagate(sim, chp, FALSE);
    return 0;
}

int
vccw_sim_chp_configure(VccwSim *sim, VccwSimChp *chp, const char *text, gsize len)
{
    guint64 value;

    if (!vccw_sim_parse_number(text, len, 10, &value) || value > 1)
        return -EINVAL;
    chp->configured = value == 1;
    propagate(sim, chp, TRUE);
    return 0;
}
