/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* A simulated host around a command: namespaces, mounts, the server, the command's end.
 */

#include "model.h"

typedef struct {
    char *etc;      /* folder of --etc, or NULL */
    gboolean user;  /* a user namespace even for root */
    gboolean root;  /* none: refuse unless root */
    char **command; /* NULL-ended, not empty */
} VccwSimHostOptions;

/**
 * vccw_sim_host_run: runs the command on a host whose channel subsystem is @sim.
 * @sim: (transfer full): with what to boot, not booted
 * @ret_status: (out): the command's status as a shell says it
 * Returns: FALSE with an error when the host could not be made.
 */
gboolean vccw_sim_host_run(VccwSim *sim,
                           const VccwSimHostOptions *options,
                           int *ret_status,
                           GError **error);
