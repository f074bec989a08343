/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Faults that the user asked for: an operation on a path fails, is slow, or hangs. */

#include <glib.h>

/** VccwSimFault: one rule. Held by the table and by whoever is in its grip. */
typedef struct {
    gatomicrefcount refs;
    char *glob;      /* of paths below /sys, or dev/vfio/… */
    char *operation; /* "read", "write", "open" */
    int errnum;      /* what the operation answers; 0: it goes on as usual */
    gint64 delay;    /* µs before that */
    gboolean hang;   /* until lifted */
    guint left;      /* how many more times; 0: for ever */
    gboolean spent;  /* so often it was; it stays only to be lifted */
    gboolean lifted;
} VccwSimFault;

typedef struct {
    GPtrArray *rules; /* VccwSimFault */
} VccwSimFaults;

/** vccw_sim_faults_init: an empty table. */
void vccw_sim_faults_init(VccwSimFaults *faults);

/** vccw_sim_faults_clear: lifts all rules and frees the table. */
void vccw_sim_faults_clear(VccwSimFaults *faults);

/**
 * vccw_sim_faults_add:
 * @words: NULL-ended: PATHGLOB OPERATION then some of "hang", errno=NAME, count=N,
 * delay=S Returns: FALSE with an error when that is not a rule.
 */
gboolean
vccw_sim_faults_add(VccwSimFaults *faults, const char *const *words, GError **error);

/**
 * vccw_sim_faults_lift:
 * @glob: as given when added, NULL for all
 * Returns: how many rules were lifted.
 */
guint vccw_sim_faults_lift(VccwSimFaults *faults, const char *glob);

/**
 * vccw_sim_faults_match: the first rule for that operation on any of these paths; its
 * count goes down, and it leaves the table when that was the last time.
 * @paths: of strings
 * Returns: (transfer full) (nullable): the rule
 */
VccwSimFault *vccw_sim_faults_match(VccwSimFaults *faults,
                                    const char *operation,
                                    const GPtrArray *paths);

/** vccw_sim_fault_unref: drops one reference; accepts NULL. */
void vccw_sim_fault_unref(VccwSimFault *fault);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(VccwSimFault, vccw_sim_fault_unref)
