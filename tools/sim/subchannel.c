/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Subchannels and what their drivers do with them.
 *
 * io_subchannel makes a ccw device out of what is behind the subchannel, vfio_ccw makes
 * the subchannel a parent of mediated devices; both take I/O subchannels, so without an
 * override the first in order, io_subchannel, wins. The device behind is a property of
 * the hardware (the spec), which is why dev_busid stays readable whatever the driver.
 */

#include "subchannel.h"

#include "block.h"
#include "bus.h"
#include "mdev.h"
#include "spec.h"

#include <errno.h>
#include <string.h>

static gboolean
overridden(const VccwSimDriver *driver, const VccwSimDev *dev)
{
    const VccwSimSubchannel *sch = (const VccwSimSubchannel *)dev;

    return sch->override && !g_str_equal(sch->override, driver->object.name);
}

static gboolean
match_io(const VccwSimDriver *driver, const VccwSimDev *dev)
{
    return !overridden(driver, dev) && ((const VccwSimSubchannel *)dev)->spec->type == 0;
}

static gboolean
match_chsc(const VccwSimDriver *driver, const VccwSimDev *dev)
{
    return !overridden(driver, dev) && ((const VccwSimSubchannel *)dev)->spec->type == 1;
}

static gboolean
match_adm(const VccwSimDriver *driver, const VccwSimDev *dev)
{
    return !overridden(driver, dev) && ((const VccwSimSubchannel *)dev)->spec->type == 3;
}

static gboolean
match_ccw(const VccwSimDriver *driver, const VccwSimDev *dev)
{
    const VccwSimCcw *ccw = (const VccwSimCcw *)dev;

    return g_strcmp0(ccw->parent->spec->driver, driver->object.name) == 0;
}

static gboolean
remove_ccw(VccwSim *sim, VccwSimDev *dev)
{
    VccwSimCcw *ccw = (VccwSimCcw *)dev;

    if (ccw->online)
        vccw_sim_block_emit(sim, ccw, "remove");
    ccw->online = FALSE;
    return TRUE;
}

static const VccwSimDriverOps ccw_ops = { .match = match_ccw, .remove = remove_ccw };

/* Whether all its paths have gone; one that never had any is not so. */
static gboolean
is_cut_off(const VccwSimSubchannel *sch)
{
    return sch->spec->pim && !sch->vpm;
}

/* Recognition of the device runs after the bind in the kernel, so its "add" follows. */
static void
recognise(VccwSim *sim, VccwSimDev *dev)
{
    VccwSimSubchannel *sch = (VccwSimSubchannel *)dev;
    VccwSimCcw *ccw;

    if (!sch->spec->device || is_cut_off(sch) ||
        g_hash_table_contains(sim->ccw->devices, sch->spec->device))
        return;
    ccw = g_new0(VccwSimCcw, 1);
    ccw->parent = sch;
    sch->ccw = ccw;
    if (sch->spec->driver)
        vccw_sim_bus_add_driver(sim, sim->ccw, sch->spec->driver, NULL, &ccw_ops);
    vccw_sim_dev_init(sim, &ccw->dev, VCCW_SIM_CCW, sch->spec->device, sim->ccw,
                      g_strdup_printf("%s/%s", dev->devpath, sch->spec->device));
    vccw_sim_dev_add(sim, &ccw->dev, TRUE);
    ccw->online = sch->spec->online && ccw->dev.driver;
    if (ccw->online)
        vccw_sim_block_emit(sim, ccw, "add");
}

static gboolean
remove_io(VccwSim *sim, VccwSimDev *dev)
{
    VccwSimSubchannel *sch = (VccwSimSubchannel *)dev;

    if (sch->ccw)
        vccw_sim_dev_del(sim, &sch->ccw->dev);
    return TRUE;
}

static const VccwSimDriverOps io_ops = {
    .match = match_io,
    .bound = recognise,
    .remove = remove_io,
};
static const VccwSimDriverOps chsc_ops = { .match = match_chsc };
static const VccwSimDriverOps adm_ops = { .match = match_adm };
static const VccwSimDriverOps vfio_ops = {
    .match = match_io,
    .probe = vccw_sim_mdev_parent_probe,
    .remove = vccw_sim_mdev_parent_remove,
};

void
vccw_sim_subchannel_drivers(VccwSim *sim)
{
    static const char *const ccw_drivers[] = { "3270",      "ctcm",      "dasd-eckd",
                                               "dasd-fba",  "lcs",       "qeth",
                                               "tape_34xx", "tape_3590", "virtio_ccw",
                                               "zfcp" };

    vccw_sim_bus_add_driver(sim, sim->css, "io_subchannel", NULL, &io_ops);
    vccw_sim_bus_add_driver(sim, sim->css, "chsc_subchannel", NULL, &chsc_ops);
    vccw_sim_bus_add_driver(sim, sim->css, "eadm_subchannel", NULL, &adm_ops);
    vccw_sim_bus_add_driver(sim, sim->css, "vfio_ccw", "vfio_ccw", &vfio_ops);
    for (guint i = 0; i < G_N_ELEMENTS(ccw_drivers); i++)
        vccw_sim_bus_add_driver(sim, sim->ccw, ccw_drivers[i], NULL, &ccw_ops);
}

gboolean
vccw_sim_subchannel_on(const VccwSimSubchannel *sch, const char *driver)
{
    return sch->dev.driver && !sch->dev.releasing &&
           g_str_equal(sch->dev.driver->object.name, driver);
}

void
vccw_sim_subchannel_env(const VccwSimDev *dev, GPtrArray *env)
{
    guint type = ((const VccwSimSubchannel *)dev)->spec->type;

    g_ptr_array_add(env, g_strdup_printf("ST=%01X", type));
    g_ptr_array_add(env, g_strdup_printf("MODALIAS=css:t%01X", type));
}

/* Keeps VccwSim.behind in step with the device number that the spec names now. */
static void
set_behind(VccwSim *sim, VccwSimSubchannel *sch, const char *device)
{
    if (sch->behind && g_hash_table_lookup(sim->behind, sch->behind) == sch)
        g_hash_table_remove(sim->behind, sch->behind);
    g_free(sch->behind);
    sch->behind = g_strdup(device);
    if (device)
        g_hash_table_insert(sim->behind, sch->behind, sch);
}

static void
settle(VccwSim *sim, VccwSimSubchannel *sch)
{
    for (guint i = 0; i < VCCW_SIM_PATHS; i++) {
        VccwSimChp *chp;

        if (!(sch->spec->pim & (0x80 >> i)))
            continue;
        chp = vccw_sim_chp_ensure(sim, sch->spec->chpids[i]);
        if (chp->online)
            sch->vpm |= 0x80 >> i;
    }
    sch->vpm &= sch->spec->pam & sch->spec->pom;
}

VccwSimSubchannel *
vccw_sim_subchannel_add(VccwSim *sim, const VccwSimSpec *spec)
{
    VccwSimSubchannel *sch;

    if (g_hash_table_contains(sim->subchannels, spec->bus_id) ||
        (spec->device && g_hash_table_contains(sim->behind, spec->device)))
        return NULL;
    sch = g_new0(VccwSimSubchannel, 1);
    sch->spec = vccw_sim_spec_copy(spec);
    sch->override = g_strdup(spec->override);
    sch->mdevs = g_hash_table_new(g_str_hash, g_str_equal);
    settle(sim, sch);
    set_behind(sim, sch, spec->device);
    vccw_sim_dev_init(sim, &sch->dev, VCCW_SIM_SUBCHANNEL, spec->bus_id, sim->css,
                      g_strdup_printf("/devices/css0/%s", spec->bus_id));
    g_hash_table_insert(sim->subchannels, sch->dev.object.name, sch);
    vccw_sim_dev_add(sim, &sch->dev, !spec->unbound);
    return sch;
}

gboolean
vccw_sim_subchannel_remove(VccwSim *sim, VccwSimSubchannel *sch)
{
    return vccw_sim_dev_del(sim, &sch->dev);
}

void
vccw_sim_subchannel_free(VccwSim *sim, VccwSimDev *dev)
{
    VccwSimSubchannel *sch = (VccwSimSubchannel *)dev;

    g_hash_table_remove(sim->subchannels, dev->object.name);
    set_behind(sim, sch, NULL);
    vccw_sim_dev_clear(sim, dev);
    g_hash_table_unref(sch->mdevs);
    g_free(sch->override);
    vccw_sim_spec_free(sch->spec);
    g_free(sch);
}

int
vccw_sim_subchannel_override(VccwSimSubchannel *sch, const char *text, gsize len)
{
    const char *end;

    if (len >= 4095)
        return -EINVAL;
    end = memchr(text, '\n', len);
    if (end)
        len = end - text;
    g_clear_pointer(&sch->override, g_free);
    if (len)
        sch->override = g_strndup(text, len);
    return 0;
}

void
vccw_sim_subchannel_update(VccwSim *sim, VccwSimSubchannel *sch)
{
    sch->vpm = 0;
    settle(sim, sch);
    set_behind(sim, sch, sch->spec->device);
    /* To vfio_ccw a subchannel whose device has gone is not operational, and goes too. */
    if (!sch->spec->device && vccw_sim_subchannel_on(sch, "vfio_ccw")) {
        vccw_sim_dev_del(sim, &sch->dev);
        return;
    }
    if (!vccw_sim_subchannel_on(sch, "io_subchannel"))
        return;
    if (sch->ccw && g_strcmp0(sch->ccw->dev.object.name, sch->spec->device) != 0)
        vccw_sim_dev_del(sim, &sch->ccw->dev);
    if (!sch->ccw)
        recognise(sim, &sch->dev);
}

void
vccw_sim_subchannel_look(VccwSim *sim, VccwSimSubchannel *sch)
{
    if (!vccw_sim_subchannel_on(sch, "io_subchannel"))
        return;
    if (!sch->ccw)
        recognise(sim, &sch->dev);
    else if (is_cut_off(sch) && !sch->ccw->online)
        vccw_sim_dev_del(sim, &sch->ccw->dev);
}
