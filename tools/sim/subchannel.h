/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Subchannels, the ccw devices behind them, and channel paths. */

#include "model.h"

/** vccw_sim_subchannel_drivers: registers bus css's drivers. */
void vccw_sim_subchannel_drivers(VccwSim *sim);

/**
 * vccw_sim_subchannel_add: as if the machine had reported a new subchannel.
 * @spec: copied
 * Returns: (transfer none): the subchannel; NULL when its bus-ID is taken, or the
 * device's.
 */
VccwSimSubchannel *vccw_sim_subchannel_add(VccwSim *sim, const VccwSimSpec *spec);

/**
 * vccw_sim_subchannel_remove: as if the machine had reported that it is gone.
 * Returns: FALSE when that waits for the user of an mdev.
 */
gboolean vccw_sim_subchannel_remove(VccwSim *sim, VccwSimSubchannel *sch);

/** vccw_sim_subchannel_free: bus css's release. */
void vccw_sim_subchannel_free(VccwSim *sim, VccwSimDev *dev);

/** vccw_sim_subchannel_env: bus css's uevent variables. */
void vccw_sim_subchannel_env(const VccwSimDev *dev, GPtrArray *env);

/** vccw_sim_subchannel_override: the attribute driver_override. Returns: 0 or -errno. */
int vccw_sim_subchannel_override(VccwSimSubchannel *sch, const char *text, gsize len);

/** vccw_sim_subchannel_on: TRUE when bound to the driver of that name. */
gboolean vccw_sim_subchannel_on(const VccwSimSubchannel *sch, const char *driver);

/** vccw_sim_subchannel_update: what "set" changed in the spec takes effect: another
 * device number behind a subchannel on io_subchannel brings a new ccw device. A
 * subchannel on vfio_ccw goes if there is none any more: do not use it afterwards. */
void vccw_sim_subchannel_update(VccwSim *sim, VccwSimSubchannel *sch);

/** vccw_sim_subchannel_look: its paths (vpm) have changed: on io_subchannel a device that
 * is offline goes with the last of them, and comes with the first. */
void vccw_sim_subchannel_look(VccwSim *sim, VccwSimSubchannel *sch);

/** vccw_sim_ccw_free: bus ccw's release. */
void vccw_sim_ccw_free(VccwSim *sim, VccwSimDev *dev);

/** vccw_sim_ccw_env: bus ccw's uevent variables. */
void vccw_sim_ccw_env(const VccwSimDev *dev, GPtrArray *env);

/** vccw_sim_ccw_modalias: Returns: (transfer full): "ccw:t3990mE9dt3390dm0C". */
char *vccw_sim_ccw_modalias(const VccwSimCcw *ccw);

/** vccw_sim_ccw_set_online: Returns: 0, -EINVAL (no driver, or is so already), -EBUSY. */
int vccw_sim_ccw_set_online(VccwSim *sim, VccwSimCcw *ccw, gboolean online);

/** vccw_sim_ccw_online_store: the attribute online. Returns: 0 or a negative errno. */
int vccw_sim_ccw_online_store(VccwSim *sim, VccwSimCcw *ccw, const char *text, gsize len);

/** vccw_sim_chp_ensure: Returns: (transfer none): the channel path, made when missing. */
VccwSimChp *vccw_sim_chp_ensure(VccwSim *sim, guint8 id);

/** vccw_sim_chp_free: drops @chp. */
void vccw_sim_chp_free(VccwSim *sim, VccwSimChp *chp);

/** vccw_sim_chp_vary: the attribute status: logically on or off. Returns: 0 or -errno. */
int vccw_sim_chp_vary(VccwSim *sim, VccwSimChp *chp, const char *text, gsize len);

/** vccw_sim_chp_configure: the attribute configure: 0 takes the path away, 1 gives it. */
int vccw_sim_chp_configure(VccwSim *sim, VccwSimChp *chp, const char *text, gsize len);
