/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Starts what is marked to be started when its parent registers.
 *
 * There is one attempt for each registration of a subchannel; what fails is not tried
 * again until the next one, and its outcome can be asked for. mdevctl's own udev rule may
 * do the same at the same time: a device that is active afterwards counts as started,
 * whoever was first. Belongs to one thread, as the inventory and the store do.
 */

#include "base/jobs.h"
#include <virtccw/css.h>
#include <virtccw/mdev.h>

G_BEGIN_DECLS

typedef struct _VccwAutostart VccwAutostart;

/** VccwAutostartResult: what has become of an autostarted definition. */
typedef enum {
    VCCW_AUTOSTART_WAITING, /* not attempted yet */
    VCCW_AUTOSTART_STARTED,
    VCCW_AUTOSTART_FAILED,
} VccwAutostartResult;

/** VccwAutostartOutcome: the result, and why it is not STARTED. */
typedef struct {
    VccwAutostartResult result;
    char *reason; /* a complete message; NULL if it is STARTED */
} VccwAutostartOutcome;

/** vccw_autostart_outcome_clear: Releases what is in @outcome. */
void vccw_autostart_outcome_clear(VccwAutostartOutcome *outcome);

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(VccwAutostartOutcome, vccw_autostart_outcome_clear)

/** VccwAutostartFunc: told of the outcome of each attempt, STARTED or FAILED; an attempt
 * that takes too long is reported as FAILED, and once more when it is over. */
typedef void (*VccwAutostartFunc)(const VccwUuid *uuid,
                                  const VccwBusId *parent,
                                  const VccwAutostartOutcome *outcome,
                                  gpointer data);

/**
 * vccw_autostart_new:
 * @inventory: where the parents are; must outlive the autostarter
 * @store: where the definitions are; must outlive the autostarter
 * @jobs: runs the attempts, each with the key "mdev:UUID"; must outlive the autostarter
 * @host: copied
 *
 * Returns: (transfer full): an autostarter that has nothing to do yet.
 */
VccwAutostart *vccw_autostart_new(VccwInventory *inventory,
                                  VccwStore *store,
                                  VccwJobs *jobs,
                                  const VccwMdevHost *host);

/**
 * VccwAutostartCheck: whether a definition may be started; runs in a worker thread.
 *
 * Returns: FALSE with an error, which becomes the outcome; with VCCW_ERROR_CONFLICT
 *   nothing does: it is not its turn.
 */
typedef gboolean (*VccwAutostartCheck)(const VccwMdevConfig *config,
                                       gpointer data,
                                       GError **error);

/** vccw_autostart_set_check: Has @check asked with @data before each start. */
void vccw_autostart_set_check(VccwAutostart *autostart,
                              VccwAutostartCheck check,
                              gpointer data);

/** vccw_autostart_free: Attempts that are under way go on, and nobody is told. NULL is
 * fine. */
void vccw_autostart_free(VccwAutostart *autostart);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(VccwAutostart, vccw_autostart_free)

/** vccw_autostart_set_func: Has @func called with @data at the end of each attempt. */
void
vccw_autostart_set_func(VccwAutostart *autostart, VccwAutostartFunc func, gpointer data);

/**
 * vccw_autostart_registered: Starts what is to be autostarted on @parent and is not
 * active there, one after another in the order of the UUIDs: so the first one gets the
 * only instance. To be called at VCCW_CHANGE_REGISTERED.
 */
void vccw_autostart_registered(VccwAutostart *autostart, const VccwBusId *parent);

/** vccw_autostart_unregistered: @parent is gone or left its driver: what was not
 * attempted yet waits for its next registration, and outcomes are forgotten. */
void vccw_autostart_unregistered(VccwAutostart *autostart, const VccwBusId *parent);

/** vccw_autostart_forget: Forgets the outcome of one definition, and does not attempt it
 * if that has not begun: it is undefined, no longer autostarted, or started by hand. */
void vccw_autostart_forget(VccwAutostart *autostart,
                           const VccwUuid *uuid,
                           const VccwBusId *parent);

/**
 * vccw_autostart_outcome:
 * @ret_outcome: (out): cleared by the caller
 *
 * Returns: FALSE if there is nothing to tell: it is not defined, not autostarted, or was
 *   marked after its parent had registered and so will be attempted at the next time.
 */
gboolean vccw_autostart_outcome(VccwAutostart *autostart,
                                const VccwUuid *uuid,
                                const VccwBusId *parent,
                                VccwAutostartOutcome *ret_outcome);

G_END_DECLS
