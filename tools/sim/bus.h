/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The driver core: which driver gets which device, binding, unbinding, adding, removing.
 */

#include "model.h"

/** vccw_sim_bus_new: Returns: (transfer full): a bus without devices and drivers. */
VccwSimBus *vccw_sim_bus_new(VccwSim *sim, const char *name);

/** vccw_sim_bus_free: drops @bus and its drivers. */
void vccw_sim_bus_free(VccwSim *sim, VccwSimBus *bus);

/**
 * vccw_sim_bus_add_driver:
 * @module: (nullable): static name of its module
 * @ops: static
 * Returns: (transfer none): the driver, new or already there.
 */
VccwSimDriver *vccw_sim_bus_add_driver(VccwSim *sim,
                                       VccwSimBus *bus,
                                       const char *name,
                                       const char *module,
                                       const VccwSimDriverOps *ops);

/** vccw_sim_bus_driver: Returns: (transfer none): the driver of that name, or NULL. */
VccwSimDriver *vccw_sim_bus_driver(const VccwSimBus *bus, const char *name);

/**
 * vccw_sim_bus_probe: the attribute drivers_probe.
 * @text: what was written, @len bytes
 * Returns: 0, also when no driver took the device; -ENODEV when there is no such device.
 */
int vccw_sim_bus_probe(VccwSim *sim, VccwSimBus *bus, const char *text, gsize len);

/** vccw_sim_driver_bind: the attribute bind. Returns: 0 or a negative errno. */
int
vccw_sim_driver_bind(VccwSim *sim, VccwSimDriver *driver, const char *text, gsize len);

/**
 * vccw_sim_driver_unbind: the attribute unbind.
 * @ret_ticket: (out) (optional) (transfer full): set when the caller has to wait
 * Returns: 0 or a negative errno.
 */
int vccw_sim_driver_unbind(VccwSim *sim,
                           VccwSimDriver *driver,
                           const char *text,
                           gsize len,
                           VccwSimTicket **ret_ticket);

/** vccw_sim_dev_init: prepares a device that is not on its bus yet; @devpath is taken. */
void vccw_sim_dev_init(VccwSim *sim,
                       VccwSimDev *dev,
                       VccwSimKind kind,
                       const char *name,
                       VccwSimBus *bus,
                       char *devpath);

/** vccw_sim_dev_clear: what vccw_sim_dev_init() made; writers who wait get -ENODEV. */
void vccw_sim_dev_clear(VccwSim *sim, VccwSimDev *dev);

/** vccw_sim_dev_add: on the bus, "add" uevent, then the first driver that fits. */
void vccw_sim_dev_add(VccwSim *sim, VccwSimDev *dev, gboolean autoprobe);

/** vccw_sim_dev_attach: binds @driver. Returns: 0 or a negative errno (-EBUSY: bound). */
int vccw_sim_dev_attach(VccwSim *sim, VccwSimDev *dev, VccwSimDriver *driver);

/** vccw_sim_dev_probe: tries every driver of the bus in order; nothing when bound. */
void vccw_sim_dev_probe(VccwSim *sim, VccwSimDev *dev);

/**
 * vccw_sim_dev_detach: unbinds whatever driver is bound.
 * Returns: FALSE when it goes on later (a user has the mdev open).
 */
gboolean vccw_sim_dev_detach(VccwSim *sim, VccwSimDev *dev);

/** vccw_sim_dev_released: the driver's remove is through at last. May free @dev. */
void vccw_sim_dev_released(VccwSim *sim, VccwSimDev *dev);

/**
 * vccw_sim_dev_del: takes the device off its bus and drops it; @dev may be free
 * afterwards. Returns: FALSE when it goes on later.
 */
gboolean vccw_sim_dev_del(VccwSim *sim, VccwSimDev *dev);

/** vccw_sim_dev_wait: Returns: (transfer full): a ticket for the end of the release. */
VccwSimTicket *vccw_sim_dev_wait(VccwSimDev *dev);

/**
 * vccw_sim_dev_uevent:
 * @extra: (nullable): one more "KEY=VALUE", before the device's own
 */
void vccw_sim_dev_uevent(VccwSim *sim,
                         const VccwSimDev *dev,
                         const char *action,
                         const char *extra);

/** vccw_sim_dev_env: Returns: (transfer full): DRIVER= and the bus's variables. */
GPtrArray *vccw_sim_dev_env(const VccwSimDev *dev);
