/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * The running simulator: the model under one lock, its faults, its log, its uevents.
 *
 * Every thread (of the file system, of the control socket) locks, works on the model, and
 * unlocks, which emits what the model queued. Nobody waits with the lock held.
 */

#include "fault.h"
#include "model.h"
#include "netlink.h"
#include "tree.h"

typedef struct {
    VccwSim *sim;
    GMutex lock;
    GCond changed; /* something happened that somebody may wait for */
    gboolean wake; /* … so tell them at the next unlock; uevents tell them anyway */
    VccwSimFaults faults;
    VccwSimNetlink netlink;
    GQueue log;          /* of strings, oldest first */
    GHashTable *holders; /* UUID → socket of the process that holds it open */
    int proc;            /* the host's /proc, -1 if not needed */
    int spawn;           /* socket to the one who starts programs inside, or -1 */
    char *overrides;     /* driverctl's folder, NULL: nobody does what its unit does */
    char *definitions;   /* mdevctl's folder, NULL: the same */
    char *rules;        /* udev's folder, NULL: nobody follows what chzdev writes there */
    gboolean autostart; /* be mdevctl's udev rule */
} VccwSimServer;

/** vccw_sim_server_new: Returns: (transfer full): a server for @sim, which it takes. */
VccwSimServer *vccw_sim_server_new(VccwSim *sim);

/** vccw_sim_server_free: accepts NULL. */
void vccw_sim_server_free(VccwSimServer *server);

/** vccw_sim_server_lock: begins work on the model. */
void vccw_sim_server_lock(VccwSimServer *server);

/** vccw_sim_server_unlock: emits the effects, wakes those who wait for them, ends. */
void vccw_sim_server_unlock(VccwSimServer *server);

/**
 * vccw_sim_server_wait: emits the effects and lets others work, until something changes
 * or a tenth of a second has passed. The lock is held again afterwards.
 * @pid: the thread on whose behalf, 0 for none
 * Returns: FALSE when that one has been killed.
 */
gboolean vccw_sim_server_wait(VccwSimServer *server, pid_t pid);

/**
 * vccw_sim_server_fault: applies the faults for an operation; may take as long as they
 * say. The lock is held before and after, but not all the time.
 * @number: of the node
 * @text: what is being written, or NULL
 * Returns: 0 to go on, or a negative errno.
 */
int vccw_sim_server_fault(VccwSimServer *server,
                          guint64 number,
                          const char *operation,
                          const char *text,
                          gsize len,
                          pid_t pid);

/** vccw_sim_server_write: a whole write, faults, waiting and log included; as for
 * vccw_sim_server_fault(). Returns: 0 or a negative errno. */
int vccw_sim_server_write(VccwSimServer *server,
                          guint64 number,
                          const char *text,
                          gsize len,
                          pid_t pid);

/** vccw_sim_server_load_overrides: does what driverctl's boot unit does for subchannel
 * @name (NULL: all) with what driverctl's folder says. The lock is held. */
void vccw_sim_server_load_overrides(VccwSimServer *server, const char *name);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(VccwSimServer, vccw_sim_server_free)
