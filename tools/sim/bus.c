/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * The driver core, as far as user space can tell it apart.
 *
 * Order is what matters here: "add" before any driver is tried; the driver link before
 * probe; "bind" after probe; on the way out the links first, then the driver's remove,
 * then "unbind", then "remove". A release that has to wait leaves the device "releasing":
 * its driver link is gone, the driver pointer is still there, and whoever wants to bind
 * or unbind it gets a ticket, as a kernel thread would wait for the device lock.
 */

#include "bus.h"

#include <errno.h>

VccwSimBus *
vccw_sim_bus_new(VccwSim *sim, const char *name)
{
    VccwSimBus *bus = g_new0(VccwSimBus, 1);

    vccw_sim_object_init(sim, &bus->object, VCCW_SIM_BUS, name);
    bus->devices = g_hash_table_new(g_str_hash, g_str_equal);
    bus->drivers = g_ptr_array_new();
    bus->autoprobe = TRUE;
    return bus;
}

static void
driver_free(VccwSim *sim, VccwSimDriver *driver)
{
    vccw_sim_object_clear(sim, &driver->object);
    g_hash_table_unref(driver->devices);
    g_free(driver);
}

void
vccw_sim_bus_free(VccwSim *sim, VccwSimBus *bus)
{
    for (guint i = 0; i < bus->drivers->len; i++)
        driver_free(sim, g_ptr_array_index(bus->drivers, i));
    g_ptr_array_unref(bus->drivers);
    g_hash_table_unref(bus->devices);
    vccw_sim_object_clear(sim, &bus->object);
    g_free(bus);
}

VccwSimDriver *
vccw_sim_bus_driver(const VccwSimBus *bus, const char *name)
{
    for (guint i = 0; i < bus->drivers->len; i++) {
        VccwSimDriver *driver = g_ptr_array_index(bus->drivers, i);

        if (g_str_equal(driver->object.name, name))
            return driver;
    }
    return NULL;
}

VccwSimDriver *
vccw_sim_bus_add_driver(VccwSim *sim,
                        VccwSimBus *bus,
                        const char *name,
                        const char *module,
                        const VccwSimDriverOps *ops)
{
    VccwSimDriver *driver = vccw_sim_bus_driver(bus, name);

    if (driver)
        return driver;
    driver = g_new0(VccwSimDriver, 1);
    vccw_sim_object_init(sim, &driver->object, VCCW_SIM_DRIVER, name);
    driver->bus = bus;
    driver->module = module;
    driver->ops = ops;
    driver->devices = g_hash_table_new(g_str_hash, g_str_equal);
    g_ptr_array_add(bus->drivers, driver);
    return driver;
}

void
vccw_sim_dev_init(VccwSim *sim,
                  VccwSimDev *dev,
                  VccwSimKind kind,
                  const char *name,
                  VccwSimBus *bus,
                  char *devpath)
{
    vccw_sim_object_init(sim, &dev->object, kind, name);
    dev->bus = bus;
    dev->devpath = devpath;
    dev->tickets = g_ptr_array_new_with_free_func((GDestroyNotify)vccw_sim_ticket_unref);
}

static void
finish_tickets(VccwSimDev *dev, int result)
{
    for (guint i = 0; i < dev->tickets->len; i++) {
        VccwSimTicket *ticket = g_ptr_array_index(dev->tickets, i);

        ticket->done = TRUE;
        ticket->result = result;
    }
    g_ptr_array_set_size(dev->tickets, 0);
}

void
vccw_sim_dev_clear(VccwSim *sim, VccwSimDev *dev)
{
    finish_tickets(dev, -ENODEV);
    g_ptr_array_unref(dev->tickets);
    g_hash_table_remove(dev->bus->devices, dev->object.name);
    if (dev->driver)
        g_hash_table_remove(dev->driver->devices, dev->object.name);
    g_free(dev->devpath);
    vccw_sim_object_clear(sim, &dev->object);
}

VccwSimTicket *
vccw_sim_dev_wait(VccwSimDev *dev)
{
    VccwSimTicket *ticket = vccw_sim_ticket_new();

    g_atomic_ref_count_inc(&ticket->refs);
    g_ptr_array_add(dev->tickets, ticket);
    return ticket;
}

GPtrArray *
vccw_sim_dev_env(const VccwSimDev *dev)
{
    GPtrArray *env = g_ptr_array_new_with_free_func(g_free);

    if (dev->driver)
        g_ptr_array_add(env, g_strdup_printf("DRIVER=%s", dev->driver->object.name));
    if (dev->bus->uevent)
        dev->bus->uevent(dev, env);
    return env;
}

void
vccw_sim_dev_uevent(VccwSim *sim,
                    const VccwSimDev *dev,
                    const char *action,
                    const char *extra)
{
    GPtrArray *env = vccw_sim_dev_env(dev);

    if (extra)
        g_ptr_array_insert(env, 0, g_strdup(extra));
    vccw_sim_emit(sim, action, dev->devpath, dev->bus->object.name, env);
}

int
vccw_sim_dev_attach(VccwSim *sim, VccwSimDev *dev, VccwSimDriver *driver)
{
    int ret = 0;

    if (dev->driver)
        return -EBUSY;
    if (dev->unplugged)
        return -ENODEV;
    dev->driver = driver;
    if (driver->ops->probe)
        ret = driver->ops->probe(sim, dev);
    if (ret < 0) {
        dev->driver = NULL;
        return ret;
    }
    g_hash_table_insert(driver->devices, dev->object.name, dev);
    vccw_sim_dev_uevent(sim, dev, "bind", NULL);
    if (driver->ops->bound)
        driver->ops->bound(sim, dev);
    return 0;
}

static gboolean
fits(const VccwSimDriver *driver, const VccwSimDev *dev)
{
    return !driver->absent && driver->ops->match && driver->ops->match(driver, dev);
}

void
vccw_sim_dev_probe(VccwSim *sim, VccwSimDev *dev)
{
    for (guint i = 0; i < dev->bus->drivers->len && !dev->driver; i++) {
        VccwSimDriver *driver = g_ptr_array_index(dev->bus->drivers, i);

        if (fits(driver, dev))
            vccw_sim_dev_attach(sim, dev, driver);
    }
}

void
vccw_sim_dev_add(VccwSim *sim, VccwSimDev *dev, gboolean autoprobe)
{
    g_hash_table_insert(dev->bus->devices, dev->object.name, dev);
    vccw_sim_dev_uevent(sim, dev, "add", NULL);
    if (autoprobe && dev->bus->autoprobe)
        vccw_sim_dev_probe(sim, dev);
}

void
vccw_sim_dev_released(VccwSim *sim, VccwSimDev *dev)
{
    dev->driver = NULL;
    dev->releasing = FALSE;
    vccw_sim_dev_uevent(sim, dev, "unbind", NULL);
    finish_tickets(dev, 0);
    if (dev->unplugged) {
        vccw_sim_dev_uevent(sim, dev, "remove", NULL);
        dev->bus->release(sim, dev);
    }
}

gboolean
vccw_sim_dev_detach(VccwSim *sim, VccwSimDev *dev)
{
    VccwSimDriver *driver = dev->driver;

    if (dev->releasing)
        return FALSE;
    if (!driver)
        return TRUE;
    g_hash_table_remove(driver->devices, dev->object.name);
    dev->releasing = TRUE;
    if (driver->ops->remove && !driver->ops->remove(sim, dev))
        return FALSE;
    vccw_sim_dev_released(sim, dev);
    return TRUE;
}

gboolean
vccw_sim_dev_del(VccwSim *sim, VccwSimDev *dev)
{
    g_hash_table_remove(dev->bus->devices, dev->object.name);
    dev->unplugged = TRUE;
    if (dev->driver)
        return vccw_sim_dev_detach(sim, dev);
    vccw_sim_dev_uevent(sim, dev, "remove", NULL);
    dev->bus->release(sim, dev);
    return TRUE;
}

/* The device of that name on the bus, compared as sysfs does. */
static VccwSimDev *
find(VccwSimBus *bus, const char *text, gsize len)
{
    g_autofree char *name = NULL;

    if (len && text[len - 1] == '\n')
        len--;
    name = g_strndup(text, len);
    return g_hash_table_lookup(bus->devices, name);
}

int
vccw_sim_bus_probe(VccwSim *sim, VccwSimBus *bus, const char *text, gsize len)
{
    VccwSimDev *dev = find(bus, text, len);

    if (!dev)
        return -ENODEV;
    vccw_sim_dev_probe(sim, dev);
    return 0;
}

int
vccw_sim_driver_bind(VccwSim *sim, VccwSimDriver *driver, const char *text, gsize len)
{
    VccwSimDev *dev = find(driver->bus, text, len);

    if (!dev || !fits(driver, dev))
        return -ENODEV;
    return vccw_sim_dev_attach(sim, dev, driver);
}

int
vccw_sim_driver_unbind(VccwSim *sim,
                       VccwSimDriver *driver,
                       const char *text,
                       gsize len,
                       VccwSimTicket **ret_ticket)
{
    VccwSimDev *dev = find(driver->bus, text, len);

    if (!dev || dev->driver != driver)
        return -ENODEV;
    if (!vccw_sim_dev_detach(sim, dev) && ret_ticket)
        *ret_ticket = vccw_sim_dev_wait(dev);
    return 0;
}
