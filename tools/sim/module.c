/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * A kernel may have vfio_ccw as a module that nobody has loaded yet: then neither its
 * driver nor the bus and the classes of mediated devices are there.
 */

#include "module.h"

#include "bus.h"

static void
driver_uevent(VccwSim *sim, const char *action, const VccwSimDriver *driver)
{
    g_autofree char *devpath = g_strdup_printf(
        "/bus/%s/drivers/%s", driver->bus->object.name, driver->object.name);

    vccw_sim_emit(sim, action, devpath, "drivers", NULL);
}

static void
set_absent(VccwSim *sim, gboolean absent)
{
    GHashTableIter iter;
    VccwSimModule *module;

    sim->root->without_vfio = sim->mdev->absent = absent;
    vccw_sim_bus_driver(sim->css, "vfio_ccw")->absent = absent;
    g_hash_table_iter_init(&iter, sim->modules);
    while (g_hash_table_iter_next(&iter, NULL, (gpointer *)&module))
        module->absent = absent;
}

static gboolean
is_used(VccwSim *sim)
{
    GHashTableIter iter;
    VccwSimMdev *mdev;

    g_hash_table_iter_init(&iter, sim->mdevs);
    while (g_hash_table_iter_next(&iter, NULL, (gpointer *)&mdev))
        if (mdev->used)
            return TRUE;
    return FALSE;
}

static void
load(VccwSim *sim, const VccwSimDriver *driver)
{
    g_autoptr(GList) devices = g_hash_table_get_values(sim->css->devices);

    set_absent(sim, FALSE);
    vccw_sim_emit(sim, "add", "/module/vfio_ccw", "module", NULL);
    driver_uevent(sim, "add", driver);
    for (GList *item = devices; item; item = item->next)
        vccw_sim_dev_probe(sim, item->data);
}

static void
unload(VccwSim *sim, const VccwSimDriver *driver)
{
    g_autoptr(GList) devices = g_hash_table_get_values(driver->devices);

    for (GList *item = devices; item; item = item->next)
        vccw_sim_dev_detach(sim, item->data);
    driver_uevent(sim, "remove", driver);
    vccw_sim_emit(sim, "remove", "/module/vfio_ccw", "module", NULL);
    set_absent(sim, TRUE);
}

gboolean
vccw_sim_module_set(VccwSim *sim, gboolean loaded)
{
    const VccwSimDriver *driver = vccw_sim_bus_driver(sim->css, "vfio_ccw");

    if (driver->absent != loaded)
        return TRUE;
    if (!loaded && is_used(sim))
        return FALSE;
    if (loaded)
        load(sim, driver);
    else
        unload(sim, driver);
    return TRUE;
}
