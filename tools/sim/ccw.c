/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Ccw devices: what io_subchannel makes of the device behind a subchannel, and their one
 * attribute with an effect, "online". The kernel emits no uevent when that changes.
 */

#include "block.h"
#include "bus.h"
#include "subchannel.h"

#include <errno.h>
#include <string.h>

char *
vccw_sim_ccw_modalias(const VccwSimCcw *ccw)
{
    const VccwSimSpec *spec = ccw->parent->spec;

    if (!spec->dev_type)
        return g_strdup_printf("ccw:t%04Xm%02Xdtdm", spec->cu_type, spec->cu_model);
    return g_strdup_printf("ccw:t%04Xm%02Xdt%04Xdm%02X", spec->cu_type, spec->cu_model,
                           spec->dev_type, spec->dev_model);
}

void
vccw_sim_ccw_env(const VccwSimDev *dev, GPtrArray *env)
{
    const VccwSimCcw *ccw = (const VccwSimCcw *)dev;
    const VccwSimSpec *spec = ccw->parent->spec;
    g_autofree char *modalias = vccw_sim_ccw_modalias(ccw);

    g_ptr_array_add(env, g_strdup_printf("CU_TYPE=%04X", spec->cu_type));
    g_ptr_array_add(env, g_strdup_printf("CU_MODEL=%02X", spec->cu_model));
    g_ptr_array_add(env, g_strdup_printf("DEV_TYPE=%04X", spec->dev_type));
    g_ptr_array_add(env, g_strdup_printf("DEV_MODEL=%02X", spec->dev_model));
    g_ptr_array_add(env, g_strdup_printf("MODALIAS=%s", modalias));
}

void
vccw_sim_ccw_free(VccwSim *sim, VccwSimDev *dev)
{
    VccwSimCcw *ccw = (VccwSimCcw *)dev;

    ccw->parent->ccw = NULL;
    vccw_sim_dev_clear(sim, dev);
    g_free(ccw);
}

int
vccw_sim_ccw_set_online(VccwSim *sim, VccwSimCcw *ccw, gboolean online)
{
    if (!ccw->dev.driver || ccw->online == online)
        return -EINVAL;
    if (!online && (ccw->parent->spec->busy || vccw_sim_block_held(ccw)))
        return -EBUSY;
    if (online && ccw->parent->spec->inoperative)
        return -ENODEV;
    ccw->online = online;
    vccw_sim_block_emit(sim, ccw, online ? "add" : "remove");
    return 0;
}

int
vccw_sim_ccw_online_store(VccwSim *sim, VccwSimCcw *ccw, const char *text, gsize len)
{
    guint64 value;

    if (len <= strlen("force\n") && strncmp(text, "force\n", len) == 0)
        value = 1;
    else if (!vccw_sim_parse_number(text, len, 16, &value) || value > 1)
        return -EINVAL;
    return vccw_sim_ccw_set_online(sim, ccw, value == 1);
}
